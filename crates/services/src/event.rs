//! What happens in a network: its economy and its service tell it into one list.

use crate::ServiceEvent;
use borsh::{BorshDeserialize, BorshSerialize};
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
    use depin_quantity::{Address, UnitId, Units};

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
