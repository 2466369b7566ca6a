//! What happened in the service, for receipts and the index.

use super::{
    ids::{BidId, DeploymentId, GroupId, OrderId},
    states::{BidState, Failing, LeaseState, Reason},
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, ContentHash, Instant, Name, Share, UnitId, Units};
use depin_sdl::Price;
use serde::{Deserialize, Serialize};

/// One happening.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum LeasingEvent {
    /// A provider registered or changed what it says of itself.
    ProviderChanged {
        /// Who.
        provider: Address,
    },
    /// A provider left.
    ProviderLeft {
        /// Who.
        provider: Address,
    },
    /// An auditor gave its word about a provider, or took it back.
    AttributesSigned {
        /// About whom.
        provider: Address,
        /// Who.
        auditor: Address,
        /// Attributes that it vouches for now.
        attributes: u32,
    },
    /// A provider failed.
    ProviderFailed {
        /// Who.
        provider: Address,
        /// How.
        failing: Failing,
    },
    /// A tenant ordered a deployment.
    DeploymentCreated {
        /// Which.
        deployment: DeploymentId,
        /// The hash of its manifest.
        hash: ContentHash,
        /// What it is paid in.
        currency: Name,
        /// The first deposit, in base units.
        deposit: Units,
    },
    /// Providers are to run another manifest.
    DeploymentUpdated {
        /// Which.
        deployment: DeploymentId,
        /// The hash of the new manifest.
        hash: ContentHash,
    },
    /// Somebody deposited more.
    DeploymentFunded {
        /// Which.
        deployment: DeploymentId,
        /// Who asked for it.
        by: Address,
        /// What it is paid in.
        currency: Name,
        /// How much, in base units.
        amount: Units,
    },
    /// The money of a deployment ends soon.
    FundsLow {
        /// Which.
        deployment: DeploymentId,
        /// When the last block that it pays for ends.
        until: Instant,
    },
    /// The money of a deployment is gone.
    FundsGone {
        /// Which.
        deployment: DeploymentId,
        /// What stays owed to providers, in base units.
        owed: Units,
        /// Until when a deposit resumes it, where the network lets one.
        resumes_until: Option<Instant>,
    },
    /// A deployment is over.
    DeploymentClosed {
        /// Which.
        deployment: DeploymentId,
    },
    /// A group was ordered again.
    GroupStarted {
        /// Which.
        group: GroupId,
    },
    /// A group waits for its owner.
    GroupPaused {
        /// Which.
        group: GroupId,
    },
    /// A group is over.
    GroupClosed {
        /// Which.
        group: GroupId,
    },
    /// An order takes bids.
    OrderCreated {
        /// Which.
        order: OrderId,
    },
    /// An order is over.
    OrderClosed {
        /// Which.
        order: OrderId,
    },
    /// A provider bid.
    BidCreated {
        /// Its bid.
        bid: BidId,
        /// What it asks for a block.
        price: Price,
    },
    /// A bid is over, and its deposit is back.
    BidClosed {
        /// Which.
        bid: BidId,
        /// How it ended.
        state: BidState,
    },
    /// A tenant took a bid.
    LeaseCreated {
        /// Which.
        lease: BidId,
        /// What it pays for a block.
        price: Price,
    },
    /// A lease is over.
    LeaseClosed {
        /// Which.
        lease: BidId,
        /// How it ended.
        state: LeaseState,
        /// Why.
        reason: Reason,
    },
    /// A provider gave notice.
    LeaseReclaimStarted {
        /// Which lease.
        lease: BidId,
        /// When the provider may end it.
        until: Instant,
        /// Why.
        reason: Reason,
    },
    /// Somebody may deposit out of another's wallet, or no longer.
    GrantChanged {
        /// Whose wallet.
        granter: Address,
        /// Who may.
        grantee: Address,
    },
    /// A tenant's tokens are good no more.
    TokensRevoked {
        /// Whose.
        tenant: Address,
        /// What tokens that are given out from now on carry.
        generation: u64,
    },
    /// It is decided what a lease is paid for a period, by its availability.
    AvailabilityDecided {
        /// Which lease.
        lease: BidId,
        /// Which period, from 0.
        period: u64,
        /// Probes that both parties signed; none when nobody reported the period in time.
        probes: u32,
        /// Of these, how many were answered.
        answered: u32,
        /// What is paid of the price.
        share: Share,
        /// What went back to the escrow, in base units.
        unearned: Units,
    },
}

/// What an event is about.
enum About {
    Account(Address),
    Two(Address, Address),
    Deployment(DeploymentId),
    Bid(BidId),
}

impl LeasingEvent {
    /// Name of what happened, as its JSON says.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ProviderChanged { .. } => "provider-changed",
            Self::ProviderLeft { .. } => "provider-left",
            Self::AttributesSigned { .. } => "attributes-signed",
            Self::ProviderFailed { .. } => "provider-failed",
            Self::DeploymentCreated { .. } => "deployment-created",
            Self::DeploymentUpdated { .. } => "deployment-updated",
            Self::DeploymentFunded { .. } => "deployment-funded",
            Self::FundsLow { .. } => "funds-low",
            Self::FundsGone { .. } => "funds-gone",
            Self::DeploymentClosed { .. } => "deployment-closed",
            Self::GroupStarted { .. } => "group-started",
            Self::GroupPaused { .. } => "group-paused",
            Self::GroupClosed { .. } => "group-closed",
            Self::OrderCreated { .. } => "order-created",
            Self::OrderClosed { .. } => "order-closed",
            Self::BidCreated { .. } => "bid-created",
            Self::BidClosed { .. } => "bid-closed",
            Self::LeaseCreated { .. } => "lease-created",
            Self::LeaseClosed { .. } => "lease-closed",
            Self::LeaseReclaimStarted { .. } => "lease-reclaim-started",
            Self::AvailabilityDecided { .. } => "availability-decided",
            Self::GrantChanged { .. } => "grant-changed",
            Self::TokensRevoked { .. } => "tokens-revoked",
        }
    }

    const fn about(&self) -> About {
        match self {
            Self::TokensRevoked { tenant, .. } => About::Account(*tenant),
            Self::ProviderChanged { provider } | Self::ProviderLeft { provider } | Self::ProviderFailed { provider, .. } => {
                About::Account(*provider)
            }
            Self::AttributesSigned { provider, auditor, .. } => About::Two(*provider, *auditor),
            Self::GrantChanged { granter, grantee } => About::Two(*granter, *grantee),
            Self::DeploymentCreated { deployment, .. }
            | Self::DeploymentUpdated { deployment, .. }
            | Self::DeploymentFunded { deployment, .. }
            | Self::FundsLow { deployment, .. }
            | Self::FundsGone { deployment, .. }
            | Self::DeploymentClosed { deployment } => About::Deployment(*deployment),
            Self::GroupStarted { group } | Self::GroupPaused { group } | Self::GroupClosed { group } => {
                About::Deployment(group.deployment)
            }
            Self::OrderCreated { order } | Self::OrderClosed { order } => About::Deployment(order.group.deployment),
            Self::BidCreated { bid, .. } | Self::BidClosed { bid, .. } => About::Bid(*bid),
            Self::LeaseCreated { lease, .. }
            | Self::LeaseClosed { lease, .. }
            | Self::AvailabilityDecided { lease, .. }
            | Self::LeaseReclaimStarted { lease, .. } => About::Bid(*lease),
        }
    }

    /// The deployment that it is about, if it is about one.
    pub const fn deployment(&self) -> Option<DeploymentId> {
        match self.about() {
            About::Deployment(id) => Some(id),
            About::Bid(bid) => Some(bid.order.group.deployment),
            About::Account(_) | About::Two(..) => None,
        }
    }

    /// The id of the deployment's escrow.
    pub fn subject(&self) -> Option<UnitId> {
        self.deployment().map(|deployment| deployment.unit())
    }

    /// The accounts that it is about.
    pub fn accounts(&self) -> Vec<Address> {
        match self.about() {
            About::Account(one) => vec![one],
            About::Two(one, other) if one == other => vec![one],
            About::Two(one, other) => vec![one, other],
            About::Deployment(id) => vec![id.owner],
            About::Bid(id) => vec![id.owner(), id.provider],
        }
    }
}
