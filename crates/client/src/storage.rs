//! The storage service: its calls, and what goes over the wire: providers, deals, data sets, faults, quotes.

use crate::{
    Client, ClientError,
    api::{Amount, Page, Time},
    client::found,
    http::Query,
};
use depin_quantity::{Address, Name, Seed, UnitId};
use depin_services::storage::piece::Commitment;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The calls of a storage network; see [`Client::storage`].
#[derive(Clone, Copy, Debug)]
pub struct Storage<'a> {
    pub(crate) client: &'a Client,
}

impl Storage<'_> {
    /// A page of providers, in order of address.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn providers(self, after: Option<Address>, limit: Option<u32>) -> Result<ProviderList, ClientError> {
        let query = Query::default().with("after", after).with("limit", limit);
        self.client.transport.get("/v1/storage/providers", &query).await
    }

    /// Providers page after page, in order of address, until there are `most` of them or no more; `next` says which.
    ///
    /// Registering costs little, so the list may be long, and most of it nobody's: whoever chooses among providers reads on by
    /// [`Storage::providers`] from a place of its own.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn all_providers(self, most: usize) -> Result<ProviderList, ClientError> {
        let mut all = self.providers(None, None).await?;
        while let Some(after) = all.next.filter(|_| all.items.len() < most) {
            let page = self.providers(Some(after), None).await?;
            all.items.extend(page.items);
            // A node that answers with the place asked from, or one before it, would have us ask for ever.
            all.next = page.next.filter(|next| *next > after);
        }
        if all.items.len() > most {
            all.items.truncate(most);
            all.next = all.items.last().map(|last| last.address);
        }
        Ok(all)
    }

    /// One provider; none when the address is not registered.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn provider(self, address: Address) -> Result<Option<Provider>, ClientError> {
        found(self.client.transport.get(&format!("/v1/storage/providers/{address}"), &Query::default()).await)
    }

    /// What a provider loses by being away from now on, and its next deadlines; none when the address is not registered.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn absence(self, address: Address) -> Result<Option<Absence>, ClientError> {
        found(self.client.transport.get(&format!("/v1/storage/providers/{address}/absence"), &Query::default()).await)
    }

    /// A page of deals.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn deals(self, query: &DealQuery) -> Result<Page<Deal>, ClientError> {
        let query = Query::default()
            .with("client", query.client)
            .with("provider", query.provider)
            .with("state", query.state.map(DealStage::as_str))
            .with("after", query.after.as_deref())
            .with("limit", query.limit);
        self.client.transport.get("/v1/storage/deals", &query).await
    }

    /// All deals that `query` names, page after page; its `after` is where to begin.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn all_deals(self, mut query: DealQuery) -> Result<Vec<Deal>, ClientError> {
        let mut all = Vec::new();
        loop {
            let page = self.deals(&query).await?;
            all.extend(page.items);
            match page.next {
                // A node that answers with the place asked from would have us ask for ever.
                Some(next) if query.after.as_ref() != Some(&next) => query.after = Some(next),
                _ => return Ok(all),
            }
        }
    }

    /// One deal; none when there is none of that id, or it closed long ago.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn deal(self, id: UnitId) -> Result<Option<Deal>, ClientError> {
        found(self.client.transport.get(&format!("/v1/storage/deals/{id}"), &Query::default()).await)
    }

    /// Data sets of a provider, or of all.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn sets(self, provider: Option<Address>) -> Result<Page<DataSet>, ClientError> {
        self.client.transport.get("/v1/storage/sets", &Query::default().with("provider", provider)).await
    }

    /// All data sets of a provider, or of all, page after page.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn all_sets(self, provider: Option<Address>) -> Result<Vec<DataSet>, ClientError> {
        let (mut all, mut after) = (Vec::new(), None::<String>);
        loop {
            let query = Query::default().with("provider", provider).with("after", after.as_deref());
            let page: Page<DataSet> = self.client.transport.get("/v1/storage/sets", &query).await?;
            all.extend(page.items);
            match page.next {
                Some(next) if after.as_ref() != Some(&next) => after = Some(next),
                _ => return Ok(all),
            }
        }
    }

    /// Sectors that cannot be proven at present, of a provider or of all.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn faults(self, provider: Option<Address>) -> Result<Page<Fault>, ClientError> {
        self.client.transport.get("/v1/storage/faults", &Query::default().with("provider", provider)).await
    }

    /// What storing costs.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn quote(self, query: &QuoteQuery) -> Result<Quote, ClientError> {
        let query = Query::default()
            .with("size_bytes", Some(query.size_bytes))
            .with("term_epochs", Some(query.term_epochs))
            .with("copies", query.copies.as_deref());
        self.client.transport.get("/v1/storage/quote", &query).await
    }
}

/// What a provider asks for, and what it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ask {
    /// Price per GiB of padded piece and epoch.
    pub price: Amount,
    /// The same for verified deals.
    pub verified_price: Amount,
    /// Smallest padded piece taken, bytes.
    pub piece_min_bytes: u64,
    /// Largest padded piece taken, bytes.
    pub piece_max_bytes: u64,
    /// Shortest term taken, epochs.
    pub term_min_epochs: u64,
    /// Longest term taken, epochs.
    pub term_max_epochs: u64,
    /// Whether new deals are taken at all.
    pub open: bool,
}

/// A registered provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Provider {
    /// Its address.
    #[schema(value_type = String)]
    pub address: Address,
    /// Its name.
    #[schema(value_type = String)]
    pub name: Name,
    /// Base URL under which pieces are put and fetched.
    pub url: String,
    /// Bytes offered in all.
    pub capacity_bytes: u64,
    /// Padded bytes of accepted and active deals.
    pub promised_bytes: u64,
    /// Accepted and active deals.
    pub deals: u32,
    /// What it asks.
    pub ask: Ask,
    /// When it registered.
    pub since: Time,
}

/// `GET /v1/storage/providers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderList {
    /// Those of this page, in order of address.
    pub items: Vec<Provider>,
    /// Where the next page begins: the `after` to ask for it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub next: Option<Address>,
    /// Sums over the network.
    pub totals: StorageTotals,
}

/// Sums over all sectors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StorageTotals {
    /// Registered providers.
    #[serde(default)]
    pub providers: u64,
    /// Deals proposed so far.
    pub proposed: u64,
    /// Active deals.
    pub active: u64,
    /// Sectors faulty now.
    pub faulty: u64,
    /// Raw bytes with power, decimal digits.
    pub raw_bytes: String,
    /// Quality-adjusted bytes with power, decimal digits.
    pub quality_bytes: String,
}

/// Where a deal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DealStage {
    /// Escrowed, waiting for the provider.
    Proposed,
    /// Taken by the provider, waiting for its first proof.
    Accepted,
    /// Proven and paid.
    Active,
    /// Active, but not proven at present: no power, a fee for every proving period.
    Faulty,
    /// The provider declined it.
    Refused,
    /// It was not accepted and proven in time.
    Expired,
    /// Over: completed, ended by both, given up, or faulty for too long.
    Ended,
}

impl DealStage {
    /// Whether nothing more can become of the deal.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Refused | Self::Expired | Self::Ended)
    }

    /// The text of it in JSON and in queries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Accepted => "accepted",
            Self::Active => "active",
            Self::Faulty => "faulty",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Ended => "ended",
        }
    }
}

/// A challenge to one sector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Challenge {
    /// What the challenged leaves are drawn from.
    #[schema(value_type = String)]
    pub seed: Seed,
    /// How many leaves an answer must hold.
    pub leaves: u32,
}

/// One piece with one provider for one term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deal {
    /// Its id.
    #[schema(value_type = String)]
    pub id: UnitId,
    /// Who pays.
    #[schema(value_type = String)]
    pub client: Address,
    /// Who stores.
    #[schema(value_type = String)]
    pub provider: Address,
    /// CID of the piece.
    #[schema(value_type = String)]
    pub piece: Commitment,
    /// Its padded size.
    pub size_bytes: u64,
    /// Price per epoch for the whole piece.
    pub price: Amount,
    /// Epochs from activation to end, extensions included.
    pub term_epochs: u64,
    /// Whether DataCap was spent on it.
    pub verified: bool,
    /// Free text of the client.
    pub label: String,
    /// Where it stands.
    pub state: DealStage,
    /// Why it was refused or ended, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was proposed.
    pub proposed: Time,
    /// When it must be active.
    pub start_by: Time,
    /// When it was first proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// When its term ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// When it closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Time>,
    /// Its fault, while faulty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Number of the provider's data set that its sector is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<u32>,
    /// The challenge to its sector, while one is to be answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
    /// Epochs that the client wants to add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension_epochs: Option<u64>,
    /// Whether the client wants it to end.
    pub end_asked: bool,
    /// What is left in its escrow, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escrow: Option<Amount>,
}

/// A sector that cannot be proven at present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fault {
    /// Its deal.
    #[schema(value_type = String)]
    pub deal: UnitId,
    /// Who stores.
    #[schema(value_type = String)]
    pub provider: Address,
    /// CID of the piece.
    #[schema(value_type = String)]
    pub piece: Commitment,
    /// Since when.
    pub since: Time,
    /// Proving periods that closed while it was faulty.
    pub periods: u32,
    /// Whether the provider said so itself.
    pub declared: bool,
    /// Whether the provider says that it is back.
    pub recovering: bool,
}

/// `GET /v1/storage/providers/{address}/absence`: what a provider loses by being away from now on, as things stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Absence {
    /// Active sectors that this counts, faulty ones among them.
    pub sectors: u64,
    /// Those that are faulty already.
    pub faulty: u64,
    /// Whether the provider has more sectors than are counted here.
    pub more: bool,
    /// Collateral of all its sectors.
    pub pledged: Amount,
    /// When the first sector that is good now is faulty, for want of an answer to its window: it earns no rewards from then on. None where no
    /// sector is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faulty_from: Option<Time>,
    /// When the first fee for a fault is charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charged_from: Option<Time>,
    /// When the first sectors are ended for being faulty, and their deals with them. Periods that a sector missed already count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_from: Option<Time>,
    /// Fees for the ends of all of these sectors, as if they were ended now; they come on top of the fees of a day. Null without any.
    #[serde(default)]
    pub ended_fees: Option<Amount>,
    /// Bonds of their deals that are burnt when the sectors are ended. Null without any.
    #[serde(default)]
    pub ended_bonds: Option<Amount>,
    /// Deals that it accepted and has not proven yet. Null without any.
    #[serde(default)]
    pub accepted: Option<AcceptedDeals>,
    /// Rewards of a day that are not earned.
    pub rewards_per_day: Amount,
    /// Fees for faults of a day, once all of the sectors are faulty for more than a proving period.
    pub fees_per_day: Amount,
    /// The next deadlines, the nearest first.
    pub deadlines: Vec<ProofDeadline>,
}

/// Deals that their provider accepted and must still prove for the first time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AcceptedDeals {
    /// How many.
    pub deals: u64,
    /// When the first of them must be active.
    pub start_by: Time,
    /// Their bonds, which are burnt for those that are not active in time.
    pub bonds: Amount,
}

/// When a data set must be proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProofDeadline {
    /// Number of the data set.
    pub set: u32,
    /// Its sectors.
    pub sectors: u64,
    /// When its window opens, or opened.
    pub opens: Time,
    /// When its window closes.
    pub closes: Time,
    /// Whether the window is open.
    pub open: bool,
    /// Whether the open window is answered.
    pub proven: bool,
}

/// A challenged sector of an open window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChallengedSector {
    /// Its deal.
    #[schema(value_type = String)]
    pub deal: UnitId,
    /// CID of the piece.
    #[schema(value_type = String)]
    pub piece: Commitment,
    /// Padded size.
    pub size_bytes: u64,
    /// Declared faulty or ended since the window opened: challenges that fall on it need no answer.
    #[serde(default)]
    pub skipped: bool,
}

/// A proof window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Window {
    /// Seed of the challenges.
    #[schema(value_type = String)]
    pub seed: Seed,
    /// When it opened.
    pub opened: Time,
    /// When it closes.
    pub closes: Time,
    /// The sectors challenged, in the order in which their leaves are counted.
    pub sectors: Vec<ChallengedSector>,
    /// Whether a good answer came.
    pub proven: bool,
}

/// Sectors of one client that a provider proves together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DataSet {
    /// Whose.
    #[schema(value_type = String)]
    pub provider: Address,
    /// Whose deals it holds: those of one client alone.
    #[schema(value_type = String)]
    pub client: Address,
    /// Its number.
    pub set: u32,
    /// Deals of the active sectors, in the order in which they came.
    #[schema(value_type = Vec<String>)]
    pub sectors: Vec<UnitId>,
    /// End of the present proving period.
    pub deadline: Time,
    /// The open window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Windows answered so far.
    pub proven: u64,
    /// Windows missed so far.
    pub missed: u64,
    /// How many leaves its window asks for; those that fall on skipped sectors need no answer.
    pub leaves: u32,
}

/// Parameters of `GET /v1/storage/deals`. Those given must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DealQuery {
    /// Deals that this account pays for.
    #[param(value_type = Option<String>)]
    pub client: Option<Address>,
    /// Deals of this provider.
    #[param(value_type = Option<String>)]
    pub provider: Option<Address>,
    /// Deals in this state.
    #[param(value_type = Option<String>)]
    pub state: Option<DealStage>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Most deals in the answer.
    pub limit: Option<u32>,
}

/// Parameters of `GET /v1/storage/quote`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct QuoteQuery {
    /// Bytes of data to store.
    pub size_bytes: u64,
    /// For how many epochs.
    pub term_epochs: u64,
    /// Data shards and all shards, `2-of-3`, or a number of full copies; the gateway's default when absent.
    pub copies: Option<String>,
}

/// `GET /v1/storage/quote`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quote {
    /// Bytes of data.
    pub size_bytes: u64,
    /// Term in epochs.
    pub term_epochs: u64,
    /// Padded bytes that providers store in all.
    pub stored_bytes: u64,
    /// What redundancy and padding add, decimal text: `0.512` is 51.2 %.
    pub overhead: String,
    /// Cost of the whole term.
    pub cost: Amount,
    /// The same in USD, decimal text; none without a fresh price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<String>,
    /// Cost of one TiB of data for 30 days.
    pub per_tib_month: Amount,
    /// The same in USD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_tib_month_usd: Option<String>,
    /// Providers whose asks were taken, cheapest first.
    #[schema(value_type = Vec<String>)]
    pub providers: Vec<Address>,
}
