//! The access point's entry on the ledger: it joins, says where it is, and gives its hexes, part by part.

use super::{config::MobileConfig, view::View};
use crate::{coverage::is_same_location, operator::Registration};
use depin_client::{SigningKey, api::MobileAccessPoint};
use depin_ledger::Message;
use depin_quantity::{Address, Name};
use depin_services::{
    InnerSignature,
    coverage::{
        CoverageMessage, PublicKey, SignatureBytes,
        mobile::{HEXES_MAX, MobileMessage, NewAccessPoint, points::Kind},
    },
};

/// How the entry stands: in line with the settings, or which message brings it there.
pub(super) fn registration(config: &MobileConfig, owner: Address, chain_id: Name, view: &View, begun: bool) -> Registration {
    let access_point = config.access_point.address();
    let Some(entry) = &view.entry else { return differs(join(config, owner, chain_id)) };
    if entry.retired {
        return Registration::Removed;
    }
    if entry.owner != owner {
        let why = format!("this access point's key is joined by another account, {}; use a key of its own", entry.owner);
        return Registration::Contested { why };
    }
    if entry.kind != word(config.site.kind) {
        let why =
            format!("the ledger has it as {}, and its file says {}; a key keeps its kind", entry.kind, word(config.site.kind));
        return Registration::Contested { why };
    }
    if !entry.location.as_ref().is_some_and(|there| is_same_location(&config.location, there)) {
        if begun {
            let why = "somebody else with the owner's key asserted another location; it is left so";
            return Registration::Contested { why: why.to_owned() };
        }
        return differs(MobileMessage::Assert { access_point, location: config.location });
    }
    if entry.object >= view.object { Registration::InLine } else { differs(cover(config, access_point, entry, view.object)) }
}

/// The next part of the coverage object.
fn cover(config: &MobileConfig, access_point: Address, entry: &MobileAccessPoint, number: u32) -> MobileMessage {
    let parts = config.site.hexes.chunks(HEXES_MAX);
    let count = parts.len();
    let part = if entry.coming_object == number { (entry.coming_parts as usize).min(count.saturating_sub(1)) } else { 0 };
    let hexes = config.site.hexes.chunks(HEXES_MAX).nth(part).unwrap_or_default().to_vec();
    MobileMessage::Cover { access_point, number, part: part as u16, last: part + 1 == count, hexes }
}

fn differs(message: MobileMessage) -> Registration {
    let message = Box::new(Message::service(CoverageMessage::Mobile(message)));
    Registration::Differs { message, serving: false }
}

/// A kind as the API has it.
const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::IndoorWifi => "indoor-wifi",
        Kind::OutdoorWifi => "outdoor-wifi",
        Kind::IndoorCbrs => "indoor-cbrs",
        Kind::OutdoorCbrs => "outdoor-cbrs",
    }
}

/// A signature of the access point's, bound to the chain.
pub(super) fn signed(key: &SigningKey, chain_id: Name, bytes: &[u8]) -> SignatureBytes {
    SignatureBytes::new(key.sign(&InnerSignature::signed_bytes(chain_id, bytes)))
}

fn join(config: &MobileConfig, owner: Address, chain_id: Name) -> MobileMessage {
    let (key, blank) = (PublicKey::new(config.access_point.public_key()), SignatureBytes::new([0; 64]));
    let mut new = NewAccessPoint { key, owner, kind: config.site.kind, signature: blank };
    new.signature = signed(&config.access_point, chain_id, &new.signed());
    MobileMessage::Join(new)
}
