//! What happens in a network: its economy and its service tell it into one list.

use crate::{EventInfo as _, ServiceEvent};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::EventNames;
use depin_quantity::UnitId;
use serde::{Deserialize, Serialize};

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
            assert!(json.pointer(kind).is_some(), "{json}");
            assert_eq!(serde_json::from_str::<Event>(&json.to_string()).unwrap(), event);
        }
    }
}
