//! States and reasons, with the numbers by which the chain of their origin knows them.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// An enum that is stored as its number and written as its word.
macro_rules! states {
    ($($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $state:ident = $number:literal, $word:literal;)+ })+) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
        )]
        #[borsh(use_discriminant = true)]
        #[serde(rename_all = "kebab-case")]
        #[repr(u8)]
        pub enum $name {
            $($(#[$about])* $state = $number,)+
        }

        impl $name {
            /// Its word, as JSON has it.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$state => $word,)+
                }
            }
        }
    )+};
}

states! {
    /// How far a deployment is.
    DeploymentState {
        /// Its groups may have leases.
        Active = 1, "active";
        /// It is over.
        Closed = 2, "closed";
    }
    /// How far a group is.
    GroupState {
        /// It is on order, or leased.
        Open = 1, "open";
        /// It waits for its owner to start it.
        Paused = 2, "paused";
        /// Its deployment's money ran out.
        InsufficientFunds = 3, "insufficient-funds";
        /// It is over.
        Closed = 4, "closed";
    }
    /// How far an order is.
    OrderState {
        /// It takes bids.
        Open = 1, "open";
        /// It has a lease.
        Active = 2, "active";
        /// It is over.
        Closed = 3, "closed";
    }
    /// How far a bid is.
    BidState {
        /// The tenant may take it.
        Open = 1, "open";
        /// It is a lease.
        Active = 2, "active";
        /// The tenant took another.
        Lost = 3, "lost";
        /// It is over.
        Closed = 4, "closed";
    }
    /// How far a lease is.
    LeaseState {
        /// It is paid.
        Active = 1, "active";
        /// Its money ran out.
        InsufficientFunds = 2, "insufficient-funds";
        /// It is over.
        Closed = 3, "closed";
        /// It is paid, and ends when its reclaim window does.
        Reclaiming = 4, "reclaiming";
    }
}

impl LeaseState {
    /// Whether it is paid.
    pub const fn runs(self) -> bool {
        matches!(self, Self::Active | Self::Reclaiming)
    }
}

/// Why a lease ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The tenant ended it.
    Owner,
    /// The provider could not keep it running.
    Unstable,
    /// The provider takes the machines away.
    Decommission,
    /// The provider ended it and gave no reason.
    Unspecified,
    /// The tenant never sent its manifest.
    ManifestTimeout,
    /// Its money ran out.
    InsufficientFunds,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Owner, Self::Unstable, Self::Decommission, Self::Unspecified, Self::ManifestTimeout, Self::InsufficientFunds];

    /// Its number on the chain of its origin: below 10,000 the owner's, below 20,000 the provider's, then the network's.
    pub const fn number(self) -> u32 {
        match self {
            Self::Owner => 1,
            Self::Unstable => 10_000,
            Self::Decommission => 10_001,
            Self::Unspecified => 10_002,
            Self::ManifestTimeout => 10_003,
            Self::InsufficientFunds => 20_000,
        }
    }

    /// Its word, as JSON and the network's file have it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Unstable => "unstable",
            Self::Decommission => "decommission",
            Self::Unspecified => "unspecified",
            Self::ManifestTimeout => "manifest-timeout",
            Self::InsufficientFunds => "insufficient-funds",
        }
    }

    /// Whether a provider may give it.
    pub const fn is_providers(self) -> bool {
        matches!(self.number(), 10_000..20_000)
    }
}

/// How a provider failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failing {
    /// A lease is paid and its services do not answer.
    Unserved,
    /// It vanished with leases running, and takes part no more.
    Abandoned,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// chain-sdk `proto/node/akash/{deployment,market}`.
    #[test]
    fn states_have_the_numbers_and_words_of_their_origin() {
        let bytes = |state: LeaseState| borsh::to_vec(&state).unwrap();
        assert_eq!(bytes(LeaseState::Active), [1]);
        assert_eq!(bytes(LeaseState::InsufficientFunds), [2]);
        assert_eq!(bytes(LeaseState::Reclaiming), [4]);
        assert_eq!(borsh::to_vec(&GroupState::Closed).unwrap(), [4]);
        for state in [GroupState::Open, GroupState::Paused, GroupState::InsufficientFunds, GroupState::Closed] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.word());
        }
    }

    #[test]
    fn a_provider_gives_reasons_of_its_own_range() {
        let given: Vec<&str> = Reason::ALL.into_iter().filter(|reason| reason.is_providers()).map(Reason::word).collect();
        assert_eq!(given, ["unstable", "decommission", "unspecified", "manifest-timeout"]);
    }
}
