//! What happens in a network: its economy and its service tell it into one list.

use crate::{EventInfo as _, Live, ServiceEvent};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::EventNames;
use depin_quantity::UnitId;
use serde::{
    Deserialize, Serialize,
    de::{self, DeserializeOwned, value::MapDeserializer},
};
use std::fmt;

/// What tells the events of the economy apart in JSON.
const ECONOMY_TAG: &str = "event";
/// What tells those of a service apart.
const SERVICE_TAG: &str = "kind";

/// One happening, of the economy or of the service. In JSON, `of` says which: `economy`, or the service's name.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "of", content = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Tokens moved, rewards settled, prices set.
    Economy(depin_economy::Event),
    /// What the service is about: deals and proofs, orders and deliveries.
    #[serde(untagged)]
    Service(ServiceEvent),
}

impl Event {
    /// Everything that a question for events can name on a network of `service`: who tells, and what happens, in the words of JSON.
    pub fn kinds(service: &Live) -> Vec<String> {
        let (economy, own) = (variants::<depin_economy::Event>(ECONOMY_TAG), service.event_kinds());
        let sources = ["economy".to_owned(), service.description().name.to_string()];
        sources.into_iter().chain(economy.iter().chain(own).map(|kind| (*kind).to_owned())).collect()
    }

    /// The unit that it is about, if it is about one: a deal, an order, an escrow that goes by its id.
    pub fn subject(&self) -> Option<UnitId> {
        match self {
            Self::Economy(event) => event.subject(),
            Self::Service(event) => event.subject(),
        }
    }

    /// The accounts and ids that it names.
    pub fn names(&self) -> EventNames {
        match self {
            Self::Economy(event) => event.names(),
            Self::Service(event) => EventNames { accounts: event.accounts(), units: event.subject().into_iter().collect() },
        }
    }
}

/// The kinds of a service's events.
pub(crate) fn kinds_of<T: DeserializeOwned>() -> &'static [&'static str] {
    variants::<T>(SERVICE_TAG)
}

/// Names of the variants of an enum that JSON tells apart by `tag`: what is expected where another stands. No second list that could be
/// another.
fn variants<T: DeserializeOwned>(tag: &'static str) -> &'static [&'static str] {
    match T::deserialize(MapDeserializer::<_, Expected>::new(std::iter::once((tag, "")))) {
        Ok(_) => &[],
        Err(Expected(names)) => names,
    }
}

/// What an enum would have taken.
#[derive(Debug)]
struct Expected(&'static [&'static str]);

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

impl std::error::Error for Expected {}

impl de::Error for Expected {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(&[])
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self(expected)
    }
}

impl From<depin_economy::Event> for Event {
    fn from(event: depin_economy::Event) -> Self {
        Self::Economy(event)
    }
}

impl From<ServiceEvent> for Event {
    fn from(event: ServiceEvent) -> Self {
        Self::Service(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::StorageEvent;
    use depin_quantity::{Address, Units};

    /// Programs read these names in receipts.
    #[test]
    fn an_event_says_in_json_whose_it_is() {
        let (client, provider) = (Address::new([1; 32]), Address::new([2; 32]));
        let accepted = StorageEvent::DealAccepted { deal: UnitId::new([3; 32]), client, provider };
        let economy = depin_economy::Event::BaseFeeChanged { base_fee: Units::new(u128::MAX) };
        for (event, of, kind) in
            [(Event::Service(accepted.into()), "storage", "/event/kind"), (Event::Economy(economy), "economy", "/event/event")]
        {
            let json = serde_json::to_value(&event).unwrap();
            assert_eq!(json["of"], of);
            let (tag, names) = match of {
                "economy" => (ECONOMY_TAG, variants::<depin_economy::Event>(ECONOMY_TAG)),
                _ => (SERVICE_TAG, kinds_of::<StorageEvent>()),
            };
            let name = json["event"][tag].as_str().unwrap();
            assert!(names.contains(&name) && names.len() > 10, "{name}: {names:?}");
            assert!(json.pointer(kind).is_some(), "{json}");
            assert_eq!(serde_json::from_str::<Event>(&json.to_string()).unwrap(), event);
        }
    }
}
