//! What the service remembers.

use super::{
    ids::{BidId, DeploymentId, GroupId, OrderId},
    states::{BidState, DeploymentState, GroupState, LeaseState, OrderState, Reason},
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::Money;
use depin_quantity::{Address, ContentHash, Decimal18, Instant, Name, Span, UnitId, Units};
use depin_sdl::{Attribute, Group, Price};
use depin_state::{KeyBytes, Row, RowKey};
use serde::{Deserialize, Serialize};

/// A registered provider. One that left stays known, so that it cannot register twice.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Provider {
    /// Name for tables.
    pub name: Name,
    /// Where tenants reach its gateway; empty when it does not say.
    pub url: String,
    /// What it says of itself.
    pub attributes: Vec<Attribute>,
    /// When it registered first.
    pub since: Instant,
    /// Whether it takes part.
    pub active: bool,
    /// Whether it has a pledge locked.
    pub pledged: bool,
    /// Whether a fault made its pledge smaller than the network asks.
    pub below_pledge: bool,
    /// Bids that are open.
    pub bids: u32,
    /// Leases that run.
    pub leases: u32,
    /// What runs, as one number.
    pub leased_units: u128,
    /// Failures that were ever found.
    pub failures: u32,
}

impl Row for Provider {
    const TABLE: u8 = 0x40;
    type Key = Address;
}

/// What an auditor vouches for about a provider: provider, auditor.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct AuditedAttributes {
    /// Each key once.
    pub attributes: Vec<Attribute>,
}

impl Row for AuditedAttributes {
    const TABLE: u8 = 0x41;
    type Key = (Address, Address);
}

/// How a deployment's money is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "funds")]
pub enum Funds {
    /// Its escrow is open.
    Open,
    /// The escrow ran out; leases are being closed.
    Gone,
    /// The escrow ran out; a deposit resumes it.
    Suspended {
        /// Until when.
        until: Instant,
    },
    /// Over.
    Closed,
}

/// A deployment. Its money is in the escrow of its id's unit.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Deployment {
    /// How far it is.
    pub state: DeploymentState,
    /// The hash of its manifest.
    pub hash: ContentHash,
    /// What prices are stated in.
    pub denom: String,
    /// What it is paid in.
    pub currency: Name,
    /// Least notice that a provider promises.
    pub reclaim_window: Option<Span>,
    /// How many groups it has.
    pub groups: u32,
    /// Leases that run.
    pub leases: u32,
    /// How its money is.
    pub funds: Funds,
    /// What an escrow that ran out still owes to providers.
    pub owed: Units,
    /// When it was created.
    pub created: Instant,
    /// When it was closed.
    pub closed: Option<Instant>,
}

impl Row for Deployment {
    const TABLE: u8 = 0x42;
    type Key = DeploymentId;
}

/// A group of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct DeployedGroup {
    /// How far it is.
    pub state: GroupState,
    /// What it orders.
    pub group: Group,
    /// Orders that it ever had. While it is open, the last of them is open or active.
    pub orders: u32,
}

impl Row for DeployedGroup {
    const TABLE: u8 = 0x43;
    type Key = GroupId;
}

/// An order of a group.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Order {
    /// How far it is.
    pub state: OrderState,
    /// Bids that were ever made on it.
    pub bids: u32,
    /// Whose bid was taken.
    pub lease: Option<Address>,
    /// When it was created.
    pub created: Instant,
    /// When it was closed.
    pub closed: Option<Instant>,
}

impl Row for Order {
    const TABLE: u8 = 0x44;
    type Key = OrderId;
}

/// A bid, and the lease that it became.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Bid {
    /// How far it is.
    pub state: BidState,
    /// What it asks for a block.
    pub price: Price,
    /// The same in what it is paid in.
    pub rate: Money,
    /// Notice that the provider promises.
    pub reclaim_window: Option<Span>,
    /// When it was made.
    pub created: Instant,
    /// When it ends, if nobody takes it.
    pub until: Instant,
    /// When it was closed or lost.
    pub closed: Option<Instant>,
    /// The lease.
    pub lease: Option<Lease>,
}

impl Row for Bid {
    const TABLE: u8 = 0x45;
    type Key = BidId;
}

/// What a bid that was taken has besides.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Lease {
    /// How far it is.
    pub state: LeaseState,
    /// Its resources as one number.
    pub units: u128,
    /// When it began.
    pub created: Instant,
    /// When the tenant's time for its manifest ends.
    pub manifest_until: Instant,
    /// When its provider may end it, after notice.
    pub reclaim_until: Option<Instant>,
    /// When it ended.
    pub closed: Option<Instant>,
    /// Why it ended, or why notice was given.
    pub reason: Option<Reason>,
    /// What it was paid in all, before the network's part; known when it has ended.
    pub paid: Units,
}

/// How available a lease was that is paid by that, so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Availability {
    /// When its first period began.
    pub began: Instant,
    /// The first period that is not decided.
    pub next: u64,
    /// Probes of all periods that were reported.
    pub probes: u64,
    /// Of these, how many were answered.
    pub answered: u64,
    /// Periods that nobody reported in time.
    pub unreported: u64,
}

/// What something is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum IndexKey {
    /// A provider's name.
    Name(Name),
    /// An order that is open.
    OpenOrder(OrderId),
    /// A provider's bid.
    BidOf(Address, OrderId),
    /// A lease of its provider, and of its tenant.
    LeaseOf(Address, OrderId),
    /// The deployment of an escrow.
    Escrow(UnitId),
    /// The lease of a stream that runs.
    Stream(UnitId),
    /// A grant: of whom, to whom.
    Grant(Address, Address),
    /// The generation of a tenant's tokens.
    Tokens(Address),
    /// How available a lease is that is paid by that.
    Availability(BidId),
}

/// A number from 1 on, then the parts.
impl RowKey for IndexKey {
    fn write(&self, out: &mut KeyBytes) {
        match *self {
            Self::Name(name) => (1u8, name).write(out),
            Self::OpenOrder(order) => (2u8, order).write(out),
            Self::BidOf(provider, order) => (3u8, provider, order).write(out),
            Self::LeaseOf(provider, order) => (4u8, provider, order).write(out),
            Self::Escrow(id) => (5u8, id).write(out),
            Self::Stream(id) => (6u8, id).write(out),
            Self::Grant(granter, grantee) => (7u8, granter, grantee).write(out),
            Self::Tokens(tenant) => (8u8, tenant).write(out),
            Self::Availability(lease) => (9u8, lease).write(out),
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some(match u8::read(bytes)? {
            1 => Self::Name(Name::read(bytes)?),
            2 => Self::OpenOrder(OrderId::read(bytes)?),
            3 => Self::BidOf(Address::read(bytes)?, OrderId::read(bytes)?),
            4 => Self::LeaseOf(Address::read(bytes)?, OrderId::read(bytes)?),
            5 => Self::Escrow(UnitId::read(bytes)?),
            6 => Self::Stream(UnitId::read(bytes)?),
            7 => Self::Grant(Address::read(bytes)?, Address::read(bytes)?),
            8 => Self::Tokens(Address::read(bytes)?),
            9 => Self::Availability(BidId::read(bytes)?),
            _ => return None,
        })
    }
}

/// What is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Found {
    /// The key says it all.
    Listed,
    /// Whose name it is: one provider that takes part has it alone.
    Account(Address),
    /// A deployment.
    Deployment(DeploymentId),
    /// A bid.
    Bid(BidId),
    /// What is left of a grant.
    Grant(Name, Decimal18),
    /// How often a tenant revoked its tokens.
    Generation(u64),
    /// How available a lease was.
    Availability(Availability),
}

impl Row for Found {
    const TABLE: u8 = 0x46;
    type Key = IndexKey;
}

/// Running sums. Those that were ever counted stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct LeasingTotals {
    /// Providers that take part.
    pub providers: u32,
    /// Deployments that are active.
    pub active_deployments: u32,
    /// Orders that are open.
    pub open_orders: u32,
    /// Bids that are open.
    pub open_bids: u32,
    /// Leases that run.
    pub running_leases: u32,
    /// What runs, as one number.
    pub leased_units: u128,
    /// Deployments that were ever created.
    pub deployments: u64,
    /// Bids that were ever made.
    pub bids: u64,
    /// Leases that ever began.
    pub leases: u64,
    /// Leases that ended because their money ran out.
    pub leases_out_of_funds: u64,
}

impl Row for LeasingTotals {
    const TABLE: u8 = 0x47;
    type Key = ();
}

/// The table of jobs that are due.
pub(super) const DUE: u8 = 0x48;
