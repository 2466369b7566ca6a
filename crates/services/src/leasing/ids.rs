//! Ids as the network's tools write them: owner, number of the deployment, of its group, of the group's order, and who bids.

use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, ParseError, UnitId};
use depin_state::{KeyBytes, RowKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// A deployment: its owner, and the number that the owner chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct DeploymentId {
    /// Who deploys and pays.
    pub owner: Address,
    /// Not zero, once per owner; by convention the height of a block.
    pub dseq: u64,
}

/// A group of a deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct GroupId {
    /// Of which deployment.
    pub deployment: DeploymentId,
    /// Its place in it, from 1.
    pub gseq: u32,
}

/// An order of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct OrderId {
    /// Of which group.
    pub group: GroupId,
    /// The how manieth of it, from 1.
    pub oseq: u32,
}

/// A bid on an order, and the lease that it becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct BidId {
    /// On which order.
    pub order: OrderId,
    /// Who bids.
    pub provider: Address,
}

impl DeploymentId {
    /// The id of its escrow, by which events of the economy name it too.
    pub fn unit(&self) -> UnitId {
        UnitId::derive("depin-leasing-deployment", &[&self.owner.get(), &self.dseq.to_be_bytes()])
    }

    /// One of its groups.
    pub const fn group(self, gseq: u32) -> GroupId {
        GroupId { deployment: self, gseq }
    }
}

impl GroupId {
    /// One of its orders.
    pub const fn order(self, oseq: u32) -> OrderId {
        OrderId { group: self, oseq }
    }
}

impl OrderId {
    /// The deployment that it is of.
    pub const fn deployment(&self) -> DeploymentId {
        self.group.deployment
    }

    /// A provider's bid on it.
    pub const fn bid(self, provider: Address) -> BidId {
        BidId { order: self, provider }
    }
}

impl BidId {
    /// The deployment that it is about.
    pub const fn deployment(&self) -> DeploymentId {
        self.order.group.deployment
    }

    /// Who ordered.
    pub const fn owner(&self) -> Address {
        self.order.group.deployment.owner
    }

    /// The id of its deposit, and of the lease's stream.
    pub fn unit(&self) -> UnitId {
        let OrderId { group: GroupId { deployment: DeploymentId { owner, dseq }, gseq }, oseq } = self.order;
        let numbers: [&[u8]; 3] = [&dseq.to_be_bytes(), &gseq.to_be_bytes(), &oseq.to_be_bytes()];
        UnitId::derive("depin-leasing-bid", &[&owner.get(), numbers[0], numbers[1], numbers[2], &self.provider.get()])
    }
}

/// Writes, reads and keys of an id: its parts in order, with slashes between.
macro_rules! id {
    ($name:ident, $wanted:literal, $example:literal, ($($part:ident: $type:ty),+) => $make:expr, $of:ident => ($($value:expr),+)) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let $of = self;
                let parts = [$($value.to_string()),+];
                f.pad(&parts.join("/"))
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                let error = || ParseError::new(text, $wanted, $example);
                let mut parts = text.split('/');
                $(let $part: $type = parts.next().ok_or_else(error)?.parse().map_err(|_| error())?;)+
                if parts.next().is_some() { Err(error()) } else { Ok($make) }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as Deserialize>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }

        impl RowKey for $name {
            fn write(&self, out: &mut KeyBytes) {
                let $of = self;
                $($value.write(out);)+
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                $(let $part = <$type>::read(bytes)?;)+
                Some($make)
            }
        }
    };
}

id!(
    DeploymentId, "a deployment, OWNER/DSEQ", "depin1…/1234",
    (owner: Address, dseq: u64) => DeploymentId { owner, dseq },
    id => (id.owner, id.dseq)
);
id!(
    GroupId, "a group, OWNER/DSEQ/GSEQ", "depin1…/1234/1",
    (owner: Address, dseq: u64, gseq: u32) => DeploymentId { owner, dseq }.group(gseq),
    id => (id.deployment.owner, id.deployment.dseq, id.gseq)
);
id!(
    OrderId, "an order, OWNER/DSEQ/GSEQ/OSEQ", "depin1…/1234/1/1",
    (owner: Address, dseq: u64, gseq: u32, oseq: u32) => DeploymentId { owner, dseq }.group(gseq).order(oseq),
    id => (id.group.deployment.owner, id.group.deployment.dseq, id.group.gseq, id.oseq)
);
id!(
    BidId, "a bid or lease, OWNER/DSEQ/GSEQ/OSEQ/PROVIDER", "depin1…/1234/1/1/depin1…",
    (owner: Address, dseq: u64, gseq: u32, oseq: u32, provider: Address)
        => DeploymentId { owner, dseq }.group(gseq).order(oseq).bid(provider),
    id => (id.order.group.deployment.owner, id.order.group.deployment.dseq, id.order.group.gseq, id.order.oseq, id.provider)
);

#[cfg(test)]
mod tests {
    use super::*;
    use depin_state::KeyBytes;

    fn bid(owner: u8, dseq: u64, gseq: u32, oseq: u32, provider: u8) -> BidId {
        let deployment = DeploymentId { owner: Address::new([owner; 32]), dseq };
        deployment.group(gseq).order(oseq).bid(Address::new([provider; 32]))
    }

    #[test]
    fn ids_are_written_with_slashes_and_read_again() {
        let id = bid(1, 12, 3, 4, 5);
        let text = id.to_string();
        assert_eq!(text, format!("{}/12/3/4/{}", id.owner(), id.provider));
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(id.order.to_string().parse(), Ok(id.order));
        assert_eq!(id.order.group.to_string().parse(), Ok(id.order.group));
        assert_eq!(id.deployment().to_string().parse(), Ok(id.deployment()));
        for wrong in ["", "/", "1/2", &text[1..], &format!("{text}/1"), &text.replace("/12/", "/-1/"), &text.replace("/3/", "//")]
        {
            assert!(wrong.parse::<BidId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn keys_sort_as_ids_do() {
        let ids = [
            bid(1, 2, 3, 4, 5),
            bid(1, 2, 3, 4, 6),
            bid(1, 2, 3, 5, 1),
            bid(1, 2, 300, 1, 1),
            bid(1, 300, 1, 1, 1),
            bid(2, 1, 1, 1, 1),
        ];
        let keys = ids.map(|id| {
            let mut key = KeyBytes::new();
            id.write(&mut key);
            assert_eq!(BidId::read(&mut &key[..]), Some(id));
            key.to_vec()
        });
        assert!(ids.is_sorted() && keys.is_sorted());
    }

    #[test]
    fn no_two_ids_share_a_unit() {
        assert_ne!(bid(1, 2, 3, 4, 5).unit(), bid(1, 2, 4, 3, 5).unit());
        assert_ne!(bid(1, 2, 3, 4, 5).deployment().unit(), bid(1, 3, 3, 4, 5).deployment().unit());
    }
}
