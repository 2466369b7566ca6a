//! Beacons that the ledger drew, as its events tell them.

use depin_client::api::EventRecord;
use depin_quantity::Address;
use depin_services::coverage::Randomness;

/// The randomness of one beacon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    pub hotspot: Address,
    pub entropy: Randomness,
    /// When it was drawn, in seconds.
    pub timestamp: u64,
    /// Until when its reports are sealed, ledger time in ms.
    pub until_ms: u64,
}

/// A beacon that can be reported.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub drawn: Drawn,
    /// Whether it was reported from here.
    pub reported: bool,
}

/// Who asks for a beacon by an event; nobody by another one.
pub(super) fn asked(event: &EventRecord) -> Option<Address> {
    let inner = event.event.get("event").unwrap_or(&event.event);
    if event.kind == "beacon-asked" { inner.get("hotspot")?.as_str()?.parse().ok() } else { None }
}

impl Drawn {
    /// What an event says; none for another event.
    pub(super) fn of(event: &EventRecord) -> Option<Self> {
        let inner = event.event.get("event").unwrap_or(&event.event);
        let text = |key: &str| inner.get(key)?.as_str();
        let number = |key: &str| inner.get(key)?.as_u64();
        if event.kind != "beacon-drawn" {
            return None;
        }
        Some(Self {
            hotspot: text("hotspot")?.parse().ok()?,
            entropy: text("entropy")?.parse().ok()?,
            timestamp: number("timestamp")?,
            until_ms: number("until")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::Instant;
    use depin_services::{Event, ServiceEvent, coverage::CoverageEvent};

    #[test]
    fn what_the_ledger_says_of_a_draw_is_read() {
        let (hotspot, entropy) = (Address::new([3; 32]), Randomness::new([7; 32]));
        let told =
            CoverageEvent::BeaconDrawn { hotspot, entropy, timestamp: 1_790_000_000, until: Instant::new(1_790_000_240_000) };
        let event = serde_json::to_value(Event::Service(ServiceEvent::from(told))).unwrap();
        let kind = "beacon-drawn".to_owned();
        let (time, accounts) = (Instant::new(0).into(), vec![hotspot]);
        let record = EventRecord { position: 1, height: 1, time, transaction: None, kind, accounts, subject: None, event };
        let drawn = Drawn { hotspot, entropy, timestamp: 1_790_000_000, until_ms: 1_790_000_240_000 };
        assert_eq!(Drawn::of(&record), Some(drawn));
        assert_eq!(asked(&record), None);
        assert_eq!(Drawn::of(&EventRecord { kind: "beacon-judged".to_owned(), ..record.clone() }), None);
        let event = serde_json::to_value(Event::Service(ServiceEvent::from(CoverageEvent::BeaconAsked { hotspot }))).unwrap();
        let record = EventRecord { kind: "beacon-asked".to_owned(), event, ..record };
        assert_eq!((asked(&record), Drawn::of(&record)), (Some(hotspot), None));
    }
}
