//! What every command about leases works with: the node, names, whose deployment is meant.

use crate::{
    args::Who,
    error::{CliError, Result},
    output::{Output, Progress, shorten},
    remote::{Remote, name_in, needs_service},
    sending::submit,
};
use depin_client::{
    Leasing, Sender,
    api::{FinalReceipt, LeasingBid, LeasingDeployment, LeasingLease, Status},
};
use depin_economy::Money;
use depin_ledger::Message;
use depin_quantity::{Address, Decimal18, Instant, Name};
use depin_services::leasing::{DeploymentId, LeasingMessage, OrderId};
use serde::Serialize;
use std::collections::BTreeMap;

/// Pages of bids and leases that are read.
const PAGES_MAX: usize = 64;

/// What every command about leases works with.
pub struct Place<'a> {
    pub remote: &'a Remote,
    pub out: &'a Output,
    pub status: Status,
    names: BTreeMap<Address, String>,
}

/// What was done.
#[derive(Serialize)]
struct Done<T> {
    #[serde(flatten)]
    what: T,
    receipt: FinalReceipt,
}

impl<'a> Place<'a> {
    pub async fn new(remote: &'a Remote, out: &'a Output) -> Result<Self> {
        let status = remote.client.status().await?;
        let how = "name a node of a network that leases with --node; `depin lease check` needs none";
        needs_service(status.network, status.service, "leasing", how)?;
        let names = remote.names().await?;
        Ok(Self { remote, out, status, names })
    }

    pub const fn leasing(&self) -> Leasing<'_> {
        self.remote.client.leasing()
    }

    /// Whether the network is the one that this home runs, and this machine's: its providers are here too.
    pub fn is_home(&self) -> bool {
        let settings = &self.remote.settings;
        let own = settings.home.genesis().exists().then(|| settings.home.read_genesis().ok()).flatten();
        let node = self.remote.client.url();
        let here = ["http://127.", "http://[::1]", "http://localhost", "https://127.", "https://[::1]", "https://localhost"];
        own.is_some_and(|genesis| genesis.chain_id == self.status.chain_id) && here.iter().any(|start| node.starts_with(start))
    }

    pub const fn now(&self) -> Instant {
        Instant::new(self.status.time_ms)
    }

    /// The name of an account, or the ends of its address.
    pub fn name(&self, address: Address) -> String {
        name_in(&self.names, address)
    }

    /// The deployment of that number and owner.
    pub async fn deployment(&self, id: DeploymentId) -> Result<LeasingDeployment> {
        let found = self.leasing().deployment(id).await?;
        found.ok_or_else(|| {
            let whose = self.name(id.owner);
            CliError::refused("unknown-deployment", format_args!("{whose} has no deployment {}", id.dseq))
                .hint("`depin lease list --all` shows all of them")
        })
    }

    /// The same as it is named on the command line.
    pub async fn of(&self, dseq: u64, owner: &Who) -> Result<LeasingDeployment> {
        let owner = self.remote.address(owner).await?;
        self.deployment(DeploymentId { owner, dseq }).await
    }

    /// All bids on an order, the cheapest first.
    pub async fn bids(&self, order: OrderId) -> Result<Vec<LeasingBid>> {
        let page = |after: Option<String>| async move { self.leasing().bids(order, after.as_deref(), Some(500)).await };
        let mut bids = depin_client::whole_list(PAGES_MAX, page).await?;
        let asked = |bid: &LeasingBid| Decimal18::parse(&bid.price.amount).unwrap_or(Decimal18::new(u128::MAX));
        bids.sort_by_key(asked);
        Ok(bids)
    }

    /// All leases of a deployment, those that ended too.
    pub async fn leases(&self, id: DeploymentId) -> Result<Vec<LeasingLease>> {
        let page = |after: Option<String>| async move {
            let query = depin_client::api::LeaseQuery { account: id.owner, state: None, after, limit: Some(500) };
            self.leasing().leases(&query).await
        };
        let leases = depin_client::whole_list(PAGES_MAX, page).await?;
        Ok(leases.into_iter().filter(|lease| lease.id.deployment() == id).collect())
    }

    pub fn sender(&self, key: &str) -> Result<Sender> {
        self.remote.sender(key)
    }

    /// Sends a message and waits until it is final. What every ledger refuses is not sent.
    pub async fn send(&self, sender: &Sender, message: LeasingMessage, step: &str) -> Result<FinalReceipt> {
        message.check_bounds().map_err(|error| CliError::refused(error.code(), error))?;
        let mut progress = Progress::start(self.out);
        progress.step(step);
        let receipt = submit(sender, Message::service(message), self.out).await?;
        progress.done();
        Ok(receipt)
    }

    /// Prints what was done, with where it is on the ledger.
    pub fn report<T: Serialize>(&self, what: T, receipt: FinalReceipt, text: &str) -> Result<()> {
        let done = Done { what, receipt };
        self.out.result(&done, |_| {
            let FinalReceipt { height, fee, .. } = &done.receipt;
            format!("{text}\n(block {height}, fee {})", shorten(&fee.display))
        })
    }

    /// An amount as typed, in the deployment's token where none is named.
    pub fn money(typed: &crate::args::AmountArg, usual: Name) -> Result<Money> {
        let amount = Decimal18::parse(&typed.number).map_err(|error| CliError::refused("amount", error))?;
        Ok(Money { currency: typed.token.unwrap_or(usual), amount })
    }
}
