//! Who asks: the signature headers of uploads and deletes.
//!
//! Requests carry the time of signing and are good for 15 minutes around it. Within that time anybody who saw an upload's request could
//! send it again, so each is followed once (`seen`). What a restart forgets is harmless:
//! - An upload replayed stores the same bytes of the same client at the same provider, which costs the sender the whole
//!   body. While the piece is there, the replay changes nothing; after a delete it brings the piece back until the hold ends. No deal, no payment, no other piece is touched.
//! - A delete replayed is refused when it was signed before the upload that it would undo (the store compares the times), and
//!   finds nothing to undo otherwise. It needs no list.

use super::error::unauthorized;
use crate::operator::ApiError;
use crate::storage::request::{
    HEADER_CLIENT, HEADER_KEY, HEADER_SIGNATURE, HEADER_TIME, ProviderRequest, RequestKind, Signatures,
};
use axum::http::HeaderMap;
use depin_quantity::{Address, Name};
use depin_services::storage::piece::Commitment;

/// How far a request's time may lie from this machine's, either way: 15 minutes.
pub(super) const SKEW_MS_MAX: u64 = 15 * 60 * 1000;

/// A client whose signature was checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub(super) client: Address,
    pub(super) signed_at_ms: u64,
    /// Of what was signed, and by whom.
    pub(super) digest: [u8; 32],
}

/// What the provider knows about itself and now.
pub(super) struct Here<'a> {
    pub(super) chain_id: Name,
    pub(super) provider: Address,
    pub(super) now_ms: u64,
    pub(super) signatures: &'a dyn Signatures,
}

/// Checks the four headers: present, well formed, key fits address, time near, signature good; the first that fails is told.
pub(super) fn caller(
    headers: &HeaderMap,
    here: &Here<'_>,
    kind: RequestKind,
    cid: &Commitment,
    payload_bytes: u64,
) -> Result<Caller, ApiError> {
    let client: Address = text(headers, HEADER_CLIENT)?.parse().map_err(|error| malformed(HEADER_CLIENT, error))?;
    let key: [u8; 32] = digits(headers, HEADER_KEY)?;
    let time = text(headers, HEADER_TIME)?;
    let time_ms: u64 = time.parse().map_err(|error| malformed(HEADER_TIME, error))?;
    let signature: [u8; 64] = digits(headers, HEADER_SIGNATURE)?;
    if here.signatures.address_of(&key) != client {
        let message = format!("{HEADER_KEY} is not the key of {client}");
        return Err(unauthorized("wrong-key", message, "send the address that belongs to the key"));
    }
    if time_ms.abs_diff(here.now_ms) > SKEW_MS_MAX {
        let message = format!(
            "the request was signed at {time_ms} ms, here it is {} ms; at most {SKEW_MS_MAX} ms may lie between",
            here.now_ms
        );
        return Err(unauthorized("wrong-time", message, "set the clock, and sign the request when it is sent"));
    }
    let request = ProviderRequest { kind, chain_id: here.chain_id, provider: here.provider, cid: *cid, payload_bytes, time_ms };
    let signed = request.signed_bytes();
    if !here.signatures.verify(&key, &signed, &signature) {
        let message = format!("the signature does not fit a {} of this piece at this provider", kind.domain());
        let hint = "sign domain, chain id, provider address, piece cid, payload length and time exactly as documented";
        return Err(unauthorized("wrong-signature", message, hint));
    }
    let digest = *blake3::Hasher::new().update(&key).update(&signed).finalize().as_bytes();
    Ok(Caller { client, signed_at_ms: time_ms, digest })
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, ApiError> {
    let hint = "sign the request: x-depin-client, x-depin-key, x-depin-time, x-depin-signature";
    let value = headers.get(name);
    let value = value.ok_or_else(|| unauthorized("not-signed", format!("header {name} is missing"), hint))?;
    value.to_str().map_err(|error| malformed(name, error))
}

fn digits<const N: usize>(headers: &HeaderMap, name: &'static str) -> Result<[u8; N], ApiError> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text(headers, name)?, &mut bytes)
        .map_err(|error| malformed(name, format!("{error}; it must have {} hex digits", 2 * N)))?;
    Ok(bytes)
}

fn malformed(name: &'static str, error: impl std::fmt::Display) -> ApiError {
    let message = format!("header {name} is malformed: {error}");
    ApiError::bad_request("bad-header", message, "write the header as documented")
}
