//! The hotspot's entry on the ledger.

use super::{config::CoverageConfig, view::View};
use crate::operator::Registration;
use depin_client::{
    SigningKey,
    api::{CoverageHotspot, CoverageLocation},
};
use depin_ledger::Message;
use depin_quantity::{Address, Name};
use depin_services::{
    InnerSignature,
    coverage::{CoverageMessage, Location, NewHotspot, PublicKey, Region, SignatureBytes},
};

/// How the entry stands: in line with the settings, or which message brings it there. First the hotspot joins, then it says where it is.
///
/// One that is retired does not come back; another's key is not this account's to use. A location that was this one and is another now was
/// asserted by somebody else who has the owner's key: it is left as it is, since each one costs a fee.
pub(super) fn registration(config: &CoverageConfig, owner: Address, chain_id: Name, view: &View, begun: bool) -> Registration {
    let hotspot = config.hotspot.address();
    match &view.entry {
        None => differs(join(&config.hotspot, owner, config.full, chain_id), false),
        Some(entry) if entry.retired => Registration::Removed,
        Some(entry) if entry.owner != owner => Registration::Contested {
            why: format!("this hotspot's key is joined by another account, {}; use a key of its own", entry.owner),
        },
        Some(entry) if entry.denied.is_some() => {
            Registration::Contested { why: "the hotspot stands on the denylist; its owner can appeal".to_owned() }
        }
        Some(entry) if is_same(&config.location, entry) => Registration::InLine,
        Some(entry) if begun => Registration::Contested { why: moved(entry) },
        Some(_) => differs(CoverageMessage::AssertLocation { hotspot, location: config.location }, false),
    }
}

fn differs(message: CoverageMessage, serving: bool) -> Registration {
    Registration::Differs { message: Box::new(Message::service(message)), serving }
}

fn join(key: &SigningKey, owner: Address, full: bool, chain_id: Name) -> CoverageMessage {
    let blank = SignatureBytes::new([0; 64]);
    let mut new = NewHotspot { key: PublicKey::new(key.public_key()), owner, full, signature: blank };
    new.signature = SignatureBytes::new(key.sign(&InnerSignature::signed_bytes(chain_id, &new.signed())));
    CoverageMessage::Onboard(new)
}

/// Whether the ledger has this location.
pub(super) fn is_same(location: &Location, entry: &CoverageHotspot) -> bool {
    entry.location.as_ref().is_some_and(|there| is_same_location(location, there))
}

/// Whether the ledger's location is this one.
pub(crate) fn is_same_location(location: &Location, there: &CoverageLocation) -> bool {
    let region = match location.region {
        Region::Eu868 => "eu868",
        Region::Us915 => "us915",
    };
    let cell = u64::from_str_radix(&there.cell, 16) == Ok(location.cell);
    cell && (there.gain, there.elevation, there.region.as_str()) == (location.gain, location.elevation, region)
}

fn moved(entry: &CoverageHotspot) -> String {
    let place =
        entry.location.as_ref().map_or_else(String::new, |there| format!(" {:.5},{:.5}", there.latitude, there.longitude));
    format!(
        "somebody else with the owner's key asserted another location:{place}; it is left so. If another daemon runs with the key, stop \
         one of the two; start this one again to assert its own"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::OperatorConfig;
    use depin_quantity::Instant;
    use depin_services::coverage::cell_at;
    use std::path::PathBuf;

    fn config() -> CoverageConfig {
        let location = Location { cell: cell_at(52.52, 13.405).unwrap(), gain: 30, elevation: 10, region: Region::Eu868 };
        CoverageConfig::new(OperatorConfig::new(Name::literal("roof")), PathBuf::new(), SigningKey::from_seed(&[5; 32]), location)
    }

    fn owner() -> Address {
        Address::new([1; 32])
    }

    fn stands(entry: Option<CoverageHotspot>, begun: bool) -> Registration {
        registration(&config(), owner(), Name::literal("chain"), &View { entry, ..View::default() }, begun)
    }

    fn entry() -> CoverageHotspot {
        let config = config();
        let (latitude, longitude) = config.location.degrees();
        CoverageHotspot {
            address: config.hotspot.address(),
            key: hex::encode(config.hotspot.public_key()),
            owner: owner(),
            full: true,
            retired: false,
            since: Instant::new(0).into(),
            location: Some(depin_client::api::CoverageLocation {
                cell: format!("{:x}", config.location.cell),
                latitude,
                longitude,
                gain: 30,
                elevation: 10,
                region: "eu868".to_owned(),
            }),
            asserted: 1,
            denied: None,
            claims: 0,
            packets: 0,
            units: "0".to_owned(),
            beacons: 0,
            witnessed: 0,
            last_beacon: None,
            counted_until: None,
            beaconing: false,
        }
    }

    #[test]
    fn a_hotspot_joins_then_says_where_it_is_and_then_is_left_alone() {
        assert!(matches!(stands(None, false), Registration::Differs { serving: false, .. }));
        let bare = CoverageHotspot { location: None, ..entry() };
        let Registration::Differs { message, .. } = stands(Some(bare), false) else { panic!() };
        assert_eq!(message.name(), "assert-location");
        assert!(matches!(stands(Some(entry()), true), Registration::InLine));
    }

    #[test]
    fn anothers_hotspot_one_that_is_denied_and_one_that_somebody_moved_are_left_as_they_are() {
        let others = CoverageHotspot { owner: Address::new([2; 32]), ..entry() };
        let denied = CoverageHotspot { denied: Some(depin_quantity::UnitId::new([3; 32])), ..entry() };
        let moved = CoverageHotspot {
            location: entry().location.map(|there| depin_client::api::CoverageLocation { gain: 80, ..there }),
            ..entry()
        };
        for (row, told) in [(others, "another account"), (denied, "denylist"), (moved.clone(), "another location")] {
            let Registration::Contested { why } = stands(Some(row), true) else { panic!("{told}") };
            assert!(why.contains(told), "{why}");
        }
        assert!(matches!(stands(Some(moved), false), Registration::Differs { .. }), "a new start asserts its own");
        assert!(matches!(stands(Some(CoverageHotspot { retired: true, ..entry() }), true), Registration::Removed));
    }
}
