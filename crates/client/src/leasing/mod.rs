//! The service `leasing`: its calls, and what goes over the wire: providers, deployments, orders, bids, leases, what the network allows.

use crate::{
    Client, ClientError,
    api::{Amount, Page, Price, Time},
    client::found,
    http::Query,
};
use depin_quantity::{Address, ContentHash, Name, UnitId};
use depin_sdl::{Attribute, Group};
use depin_services::leasing::{
    BidId, BidState, DeploymentId, DeploymentState, GroupId, GroupState, LeaseState, OrderId, OrderState, Reason,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// The calls of a network whose service is `leasing`; see [`Client::leasing`].
#[derive(Clone, Copy, Debug)]
pub struct Leasing<'a> {
    pub(crate) client: &'a Client,
}

impl Leasing<'_> {
    /// What the network allows, and sums.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn network(self) -> Result<LeasingNetwork, ClientError> {
        self.client.transport.get("/v1/leasing", &Query::default()).await
    }

    /// A page of providers, by address.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn providers(self, after: Option<&str>, limit: Option<u32>) -> Result<Page<LeasingProvider>, ClientError> {
        self.client.transport.get("/v1/leasing/providers", &Query::page(after, limit)).await
    }

    /// One provider; none when the address never registered.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn provider(self, address: Address) -> Result<Option<LeasingProvider>, ClientError> {
        found(self.client.transport.get(&format!("/v1/leasing/providers/{address}"), &Query::default()).await)
    }

    /// A page of deployments, by owner and number.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn deployments(self, query: &DeploymentQuery) -> Result<Page<LeasingDeployment>, ClientError> {
        let state = query.state.map(DeploymentState::word);
        let query = Query::page(query.after.as_deref(), query.limit).with("owner", query.owner).with("state", state);
        self.client.transport.get("/v1/leasing/deployments", &query).await
    }

    /// One deployment; none when it never was.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn deployment(self, id: DeploymentId) -> Result<Option<LeasingDeployment>, ClientError> {
        found(self.client.transport.get(&format!("/v1/leasing/deployments/{id}"), &Query::default()).await)
    }

    /// A page of orders that take bids, by owner and number.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn open_orders(self, after: Option<&str>, limit: Option<u32>) -> Result<Page<LeasingOrder>, ClientError> {
        self.client.transport.get("/v1/leasing/orders", &Query::page(after, limit)).await
    }

    /// One order; none when it never was.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn order(self, id: OrderId) -> Result<Option<LeasingOrder>, ClientError> {
        found(self.client.transport.get(&format!("/v1/leasing/orders/{id}"), &Query::default()).await)
    }

    /// A page of the bids on an order, by provider.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn bids(self, order: OrderId, after: Option<&str>, limit: Option<u32>) -> Result<Page<LeasingBid>, ClientError> {
        self.client.transport.get(&format!("/v1/leasing/orders/{order}/bids"), &Query::page(after, limit)).await
    }

    /// A page of the bids of a provider, by order.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn bids_of(self, query: &BidQuery) -> Result<Page<LeasingBid>, ClientError> {
        let state = query.state.map(BidState::word);
        let query = Query::page(query.after.as_deref(), query.limit).with("provider", Some(query.provider)).with("state", state);
        self.client.transport.get("/v1/leasing/bids", &query).await
    }

    /// A page of the leases of a provider or a tenant, by order.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn leases(self, query: &LeaseQuery) -> Result<Page<LeasingLease>, ClientError> {
        let state = query.state.map(LeaseState::word);
        let query = Query::page(query.after.as_deref(), query.limit).with("account", Some(query.account)).with("state", state);
        self.client.transport.get("/v1/leasing/leases", &query).await
    }

    /// What is known of an account as a tenant.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn tenant(self, address: Address) -> Result<LeasingTenant, ClientError> {
        self.client.transport.get(&format!("/v1/leasing/tenants/{address}"), &Query::default()).await
    }

    /// One lease; none when its bid was never taken.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn lease(self, id: BidId) -> Result<Option<LeasingLease>, ClientError> {
        found(self.client.transport.get(&format!("/v1/leasing/leases/{id}"), &Query::default()).await)
    }
}

/// An account as a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeasingTenant {
    /// Its address.
    #[schema(value_type = String)]
    pub address: Address,
    /// What its tokens must carry: how often it revoked those before.
    pub token_generation: u64,
}

/// What the network allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeasingNetwork {
    /// Tokens that leases are paid in.
    #[schema(value_type = Vec<String>)]
    pub currencies: Vec<Name>,
    /// What prices are stated in: denominations, each a millionth of a token, with that token.
    #[schema(value_type = BTreeMap<String, String>)]
    pub denoms: BTreeMap<String, Name>,
    /// Most bids on one order.
    pub bids_most: u32,
    /// How long a bid stands, by the wall clock.
    pub bid_open_for_ms: u64,
    /// How long a tenant has for its manifest, by the wall clock.
    pub manifest_within_ms: u64,
    /// Length of the block that prices are for.
    pub block_ms: u64,
    /// Shortest notice that a provider may promise; none where nobody promises any.
    pub reclaim_least_ms: Option<u64>,
    /// Longest notice.
    pub reclaim_most_ms: Option<u64>,
    /// How long a deposit resumes a deployment whose money ran out; none where it closes at once.
    pub resume_within_ms: Option<u64>,
    /// How leases are paid by their availability; none where they are paid whatever it is.
    pub availability: Option<LeasingAvailability>,
    /// Who says that providers failed.
    #[schema(value_type = Option<String>)]
    pub reporter: Option<Address>,
    /// What a provider pledges.
    pub pledge: Option<Amount>,
    /// The deposit of a bid.
    pub bid_deposit: Option<Amount>,
    /// Running sums, decimal digits.
    pub totals: BTreeMap<String, String>,
}

/// How a network pays leases by their availability. Times are ledger time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeasingAvailability {
    /// What one report is about.
    pub period_ms: u64,
    /// How long after a period its report is taken.
    pub within_ms: u64,
    /// What is paid of a period without one: `0%`.
    pub unreported: String,
}

/// How available a lease was so far, by what its tenant and its provider both signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeaseAvailability {
    /// When its first period began.
    pub began: Time,
    /// The first period that is not decided, from 0.
    pub next: u64,
    /// When that one is over; its report is taken from then.
    pub ends: Time,
    /// When it is too late for its report.
    pub closes: Time,
    /// Probes of all periods that were reported.
    pub probes: u64,
    /// Of these, how many were answered.
    pub answered: u64,
    /// Periods that nobody reported in time.
    pub unreported: u64,
    /// What the lease has accrued in periods that are not decided.
    pub waits: Amount,
}

/// What an auditor vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeasingAudit {
    /// Who.
    #[schema(value_type = String)]
    pub auditor: Address,
    /// What.
    #[schema(value_type = Vec<Object>)]
    pub attributes: Vec<Attribute>,
}

/// A registered provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeasingProvider {
    /// Its address.
    #[schema(value_type = String)]
    pub address: Address,
    /// Its name.
    #[schema(value_type = String)]
    pub name: Name,
    /// Where tenants reach its gateway; empty when it does not say.
    pub url: String,
    /// What it says of itself: `key` and `value` each.
    #[schema(value_type = Vec<Object>)]
    pub attributes: Vec<Attribute>,
    /// What auditors vouch for.
    pub audits: Vec<LeasingAudit>,
    /// Whether it takes part; a provider that left stays known.
    pub active: bool,
    /// Whether a fault left its pledge too small; it registers again to top it up.
    pub below_pledge: bool,
    /// Bids that are open.
    pub bids: u32,
    /// Leases that run.
    pub leases: u32,
    /// What runs, in thousandths of a processor thread, decimal digits.
    pub leased_units: String,
    /// Failures found.
    pub failures: u32,
    /// When it registered first.
    pub since: Time,
}

/// A price for a block, as deployment files state it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DenomPrice {
    /// The denomination.
    #[schema(example = "uakt")]
    pub denom: String,
    /// As a decimal number of it, exact.
    #[schema(example = "900.5")]
    pub amount: String,
}

/// A group of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeasingGroup {
    /// Its id.
    #[schema(value_type = String)]
    pub id: GroupId,
    /// How far it is.
    #[schema(value_type = String)]
    pub state: GroupState,
    /// What it orders, as deployment files' groups are written.
    #[schema(value_type = Object)]
    pub group: Group,
    /// Its last order.
    #[schema(value_type = String)]
    pub order: OrderId,
    /// How far that order is.
    #[schema(value_type = String)]
    pub order_state: OrderState,
    /// The lease of that order, if it has or had one.
    #[schema(value_type = Option<String>)]
    pub lease: Option<BidId>,
}

/// A deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeasingDeployment {
    /// Its id.
    #[schema(value_type = String)]
    pub id: DeploymentId,
    /// The id of its escrow, by which events of the economy name it.
    #[schema(value_type = String)]
    pub escrow: UnitId,
    /// How far it is.
    #[schema(value_type = String)]
    pub state: DeploymentState,
    /// SHA-256 of its manifest.
    #[schema(value_type = String)]
    pub hash: ContentHash,
    /// What its prices are stated in.
    pub denom: String,
    /// How its money is: `open`, `gone`, `suspended` or `closed`.
    pub funds: String,
    /// What no lease has earned.
    pub left: Amount,
    /// When the last block that it pays for ends, while leases run.
    pub lasts_until: Option<Time>,
    /// What stays owed to providers.
    pub owed: Amount,
    /// Until when a deposit resumes it, when its money ran out.
    pub resumes_until: Option<Time>,
    /// Least notice that its providers promise.
    pub reclaim_window_ms: Option<u64>,
    /// Its groups.
    pub groups: Vec<LeasingGroup>,
    /// Leases that run.
    pub leases: u32,
    /// When it was created.
    pub created: Time,
    /// When it was closed.
    pub closed: Option<Time>,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeasingOrder {
    /// Its id.
    #[schema(value_type = String)]
    pub id: OrderId,
    /// How far it is.
    #[schema(value_type = String)]
    pub state: OrderState,
    /// What is ordered.
    #[schema(value_type = Object)]
    pub group: Group,
    /// The most that it pays for a block.
    pub price: DenomPrice,
    /// SHA-256 of the deployment's manifest.
    #[schema(value_type = String)]
    pub hash: ContentHash,
    /// Least notice that a bid promises.
    pub reclaim_window_ms: Option<u64>,
    /// Bids that were ever made on it.
    pub bids: u32,
    /// Whose bid was taken.
    #[schema(value_type = Option<String>)]
    pub lease: Option<Address>,
    /// When it was created.
    pub created: Time,
    /// When it was closed.
    pub closed: Option<Time>,
}

/// A bid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeasingBid {
    /// Its id, and that of the lease that it becomes.
    #[schema(value_type = String)]
    pub id: BidId,
    /// Its provider's name.
    #[schema(value_type = String)]
    pub provider: Name,
    /// How far it is.
    #[schema(value_type = String)]
    pub state: BidState,
    /// What it asks for a block.
    pub price: DenomPrice,
    /// The same in whole tokens.
    pub rate: Price,
    /// Notice that the provider promises.
    pub reclaim_window_ms: Option<u64>,
    /// When it was made.
    pub created: Time,
    /// When it ends, if nobody takes it.
    pub until: Time,
    /// When it was closed or lost.
    pub closed: Option<Time>,
}

/// A lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeasingLease {
    /// Its id.
    #[schema(value_type = String)]
    pub id: BidId,
    /// Its provider's name.
    #[schema(value_type = String)]
    pub provider: Name,
    /// Where the provider's gateway is; empty when it does not say.
    pub url: String,
    /// How far it is.
    #[schema(value_type = String)]
    pub state: LeaseState,
    /// Why it ended, or why notice was given.
    #[schema(value_type = Option<String>)]
    pub reason: Option<Reason>,
    /// What it pays for a block.
    pub price: DenomPrice,
    /// The same in whole tokens.
    pub rate: Price,
    /// Its resources, in thousandths of a processor thread, decimal digits.
    pub units: String,
    /// What the provider collected, before the network's part.
    pub collected: Amount,
    /// What it has earned and not collected.
    pub earned: Amount,
    /// How available it was, while it runs on a network that pays by that.
    pub availability: Option<LeaseAvailability>,
    /// SHA-256 of the deployment's manifest.
    #[schema(value_type = String)]
    pub hash: ContentHash,
    /// When it began.
    pub created: Time,
    /// When the tenant's time for its manifest ends.
    pub manifest_until: Time,
    /// When its provider may end it, after notice.
    pub reclaim_until: Option<Time>,
    /// When it ended.
    pub closed: Option<Time>,
}

/// Parameters of `GET /v1/leasing/deployments`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeploymentQuery {
    /// Only of this tenant.
    #[param(value_type = Option<String>)]
    pub owner: Option<Address>,
    /// Only those that are so far: `active` or `closed`.
    #[param(value_type = Option<String>)]
    pub state: Option<DeploymentState>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Most entries in the answer.
    pub limit: Option<u32>,
}

/// Parameters of `GET /v1/leasing/bids`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct BidQuery {
    /// Whose.
    #[param(value_type = String)]
    pub provider: Address,
    /// Only those that are so far: `open`, `active`, `lost` or `closed`.
    #[param(value_type = Option<String>)]
    pub state: Option<BidState>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Most entries in the answer.
    pub limit: Option<u32>,
}

/// Parameters of `GET /v1/leasing/leases`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LeaseQuery {
    /// Whose: a provider's, or a tenant's.
    #[param(value_type = String)]
    pub account: Address,
    /// Only those that are so far: `active`, `insufficient-funds`, `closed` or `reclaiming`.
    #[param(value_type = Option<String>)]
    pub state: Option<LeaseState>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Most entries in the answer.
    pub limit: Option<u32>,
}
