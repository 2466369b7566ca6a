//! Bearer tokens of accounts (JWT, EdDSA): form, signature and times, whatever they allow.
//!
//! In: an account's key and claims; or a text that somebody sent. Out: a token; or its claims and the account that signed it. The key itself is
//! in the header (`jwk`), since an address is its hash. Called by the modules whose claims they are: leases and clusters. Absent on purpose:
//! what a token allows.

use crate::{SigningKey, lease::TokenError};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use depin_quantity::Address;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
    jwk::{AlgorithmParameters, CommonParameters, EllipticCurve, Jwk, OctetKeyPairParameters, OctetKeyPairType},
};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// Longest token that is read, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8 << 10;
/// How long a token is good, where nothing else is said.
pub const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// The longest that a token may be good.
pub const LIFETIME_MAX: Duration = Duration::from_secs(60 * 60);
/// How far the clocks of who makes a token and of the provider may be apart, seconds.
pub const LEEWAY_SECS: u64 = 30;

/// Whether times are good at `now`, all in seconds since 1970.
pub(crate) fn check_time(iat: u64, nbf: u64, exp: u64, now: u64) -> Result<(), TokenError> {
    let begins = nbf.max(iat);
    if begins > now.saturating_add(LEEWAY_SECS) {
        return Err(TokenError::Early { nbf: begins, now });
    }
    if exp.saturating_add(LEEWAY_SECS) <= now {
        return Err(TokenError::Expired { exp, now });
    }
    let seconds = exp.saturating_sub(nbf.min(iat));
    if seconds > LIFETIME_MAX.as_secs() { Err(TokenError::TooLong { seconds }) } else { Ok(()) }
}

/// Claims that an account signs.
pub(crate) trait Signed: Serialize + DeserializeOwned + Clone {
    /// The account that they name as the one that signed them.
    fn signer(&self) -> Address;
    /// Whether somebody would take them.
    fn check_form(&self) -> Result<(), TokenError>;
}

/// A token of claims, signed.
pub(crate) fn mint<T: Signed>(key: &SigningKey, claims: &T) -> Result<String, TokenError> {
    claims.check_form()?;
    sign(key, claims)
}

/// What a token says, when it is signed by the account that it names and its form is good.
pub(crate) fn read<T: Signed>(token: &str) -> Result<T, TokenError> {
    let (signer, claims) = open::<T>(token)?;
    if signer != claims.signer() {
        return Err(TokenError::Signature);
    }
    claims.check_form()?;
    Ok(claims)
}

/// Signs claims with an account's key.
fn sign<T: Serialize>(key: &SigningKey, claims: &T) -> Result<String, TokenError> {
    let mut header = Header::new(Algorithm::EdDSA);
    header.jwk = Some(Jwk {
        common: CommonParameters::default(),
        algorithm: AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
            key_type: OctetKeyPairType::OctetKeyPair,
            curve: EllipticCurve::Ed25519,
            x: URL_SAFE_NO_PAD.encode(key.public_key()),
        }),
    });
    let token = encode(&header, claims, &EncodingKey::from_ed_der(&key.pkcs8()));
    let token = token.map_err(|error| TokenError::Form(error.to_string()))?;
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Claims(format!("it would have {} bytes, and {TOKEN_BYTES_MAX} are the most", token.len())));
    }
    Ok(token)
}

/// The claims of a token, and the account whose key signed it.
fn open<T: DeserializeOwned + Clone>(token: &str) -> Result<(Address, T), TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Form(format!("it has {} bytes, and {TOKEN_BYTES_MAX} are the most", token.len())));
    }
    let form = |error: jsonwebtoken::errors::Error| TokenError::Form(shortened(&error.to_string()));
    let header = decode_header(token).map_err(|error| match error.kind() {
        // Its words list all algorithms that the library knows.
        jsonwebtoken::errors::ErrorKind::Json(_) => {
            TokenError::Form("its header is none of a token that is signed by EdDSA with the key of an account".to_owned())
        }
        _ => form(error),
    })?;
    if header.alg != Algorithm::EdDSA {
        return Err(TokenError::Form(format!("it is signed by {:?}, and EdDSA is taken", header.alg)));
    }
    let Some(Jwk { algorithm: AlgorithmParameters::OctetKeyPair(shown), .. }) = header.jwk else {
        return Err(TokenError::Form("its header has no Ed25519 key of its account (`jwk`)".to_owned()));
    };
    let key: [u8; 32] = URL_SAFE_NO_PAD
        .decode(&shown.x)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .filter(|_| shown.curve == EllipticCurve::Ed25519)
        .ok_or_else(|| TokenError::Form("the key in its header is no Ed25519 key".to_owned()))?;
    let mut rules = Validation::new(Algorithm::EdDSA);
    // Times and audience are checked by the provider's own clock and name, after the signature.
    (rules.validate_exp, rules.validate_nbf, rules.validate_aud) = (false, false, false);
    rules.required_spec_claims.clear();
    let decoded = decode::<T>(token, &DecodingKey::from_ed_der(&key), &rules).map_err(|error| match error.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature => TokenError::Signature,
        jsonwebtoken::errors::ErrorKind::Json(why) => TokenError::Claims(shortened(&why.to_string())),
        _ => form(error),
    })?;
    Ok((Address::of_public_key(&key), decoded.claims))
}

pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(120).collect()
}
