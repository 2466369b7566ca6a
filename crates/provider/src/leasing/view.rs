//! What a provider of leases knows of the ledger, and of its tenants' patience.

use super::{capacity::Inventory, desk::Standing, waiting::Waiting};
use crate::operator::{DirtySet, RoundError};
use depin_client::{
    Client, ClientError,
    api::{Amount, BidQuery, EventRecord, LeaseQuery, LeasingBid, LeasingLease, LeasingNetwork, LeasingOrder, LeasingProvider},
    whole_list,
};
use depin_quantity::{Address, Instant, UnitId};
use depin_sdl::Group;
use depin_services::leasing::{BidId, BidState, LeaseState, OrderId, Reason, SignedReport};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Entries of one page, and pages that are read of one list.
const PAGE: u32 = 200;
const PAGES_MAX: usize = 200;
/// Orders about which it is remembered what was decided.
const VERDICTS_MAX: usize = 4_096;

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A bid was made, at this price.
    Bid(String),
    /// There is no bid, and will be none as long as settings and entry are the same.
    No(String),
    /// There is no bid now: something may be free again.
    NotNow(String),
    /// There is no price now: it is asked for again when everything is read anew.
    Later(String),
}

impl Verdict {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Bid(price) => format!("bid {price}"),
            Self::No(why) | Self::NotNow(why) | Self::Later(why) => why.clone(),
        }
    }
}

/// What a balance pays of the deposits that bids need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Deposits {
    /// Bids need none, or it is not known yet what they need.
    #[default]
    Free,
    /// So many.
    Paid(u128),
    /// None; in words.
    Short(String),
}

impl Deposits {
    /// Of a balance.
    fn of(address: Address, deposit: &Amount, balances: &[Amount]) -> Self {
        let (needed, has) = (deposit.units.get(), balances.iter().find(|balance| balance.token == deposit.token));
        let units = has.map_or(0, |has| has.units.get());
        match units.checked_div(needed) {
            None => Self::Free,
            Some(0) => {
                let told = has.map_or_else(|| format!("0 {}", deposit.token), |has| has.display.clone());
                Self::Short(format!(
                    "the balance of {told} does not pay the deposit of a bid, {}; nothing is bid on: send tokens to {address}",
                    deposit.display
                ))
            }
            Some(count) => Self::Paid(count),
        }
    }

    /// Takes one for a bid; why there is none.
    pub(super) fn take(&mut self) -> Result<(), String> {
        match self {
            Self::Free => Ok(()),
            Self::Paid(count) if *count > 0 => {
                *count -= 1;
                Ok(())
            }
            Self::Paid(_) => Err("the balance pays the deposits of no more bids now".to_owned()),
            Self::Short(why) => Err(why.clone()),
        }
    }
}

/// What is known. Times are the ledger's.
#[derive(Default)]
pub struct View {
    /// The provider's address.
    pub address: Address,
    /// The provider's entry; none before it registered.
    pub entry: Option<LeasingProvider>,
    /// What the network allows.
    pub network: Option<LeasingNetwork>,
    /// Orders that take bids.
    pub orders: BTreeMap<OrderId, LeasingOrder>,
    /// Its bids that are open.
    pub bids: BTreeMap<OrderId, LeasingBid>,
    /// Its leases that run.
    pub leases: BTreeMap<BidId, LeasingLease>,
    /// What was decided about orders that are open.
    pub verdicts: BTreeMap<OrderId, Verdict>,
    /// What there is, and what is set aside.
    pub inventory: Inventory,
    /// Bids for which there is no room.
    pub crowded: BTreeSet<BidId>,
    /// Leases to end, with the reason.
    pub ending: BTreeMap<BidId, Reason>,
    /// Leases to collect from now.
    pub collect: Vec<BidId>,
    /// Reports of availability to hand in, which tenants signed.
    pub reports: Vec<SignedReport>,
    /// When was collected last.
    pub collected: Option<Instant>,
    /// When the ledger was looked at.
    pub now: Instant,
    /// How many deposits of bids its balance pays, and what is wrong when it pays none. Fees are looked after by every operator.
    pub(super) deposits: Deposits,
    /// What orders ask for that leases and bids of this provider are on.
    pub(super) groups: BTreeMap<OrderId, Group>,
    /// How long tenants were waited for.
    pub(super) waiting: Waiting,
    /// Leases that run, those of them whose manifest is here, and those that run well.
    pub(super) running: (u64, u64, u64),
}

/// Whatever happens on the market may concern a provider, but for what others bid.
pub(super) fn dirtied(event: &EventRecord) -> DirtySet {
    match event.kind.as_str() {
        "bid-created" | "grant-changed" => DirtySet::default(),
        _ => DirtySet { entry: true, ..DirtySet::default() },
    }
}

impl View {
    /// Units of all orders that may be bid on, and of its bids and leases.
    pub(super) fn units(&self) -> BTreeSet<UnitId> {
        let orders = self.orders.keys().map(|order| order.bid(self.address));
        let bids = self.bids.values().map(|bid| bid.id);
        orders.chain(bids).chain(self.leases.keys().copied()).map(|id| id.unit()).collect()
    }

    /// Reads the market anew. Gives the leases that were known and are over, each with why.
    pub(super) async fn read(
        &mut self,
        client: &Client,
        known: BTreeSet<BidId>,
        all: bool,
    ) -> Result<BTreeMap<BidId, String>, RoundError> {
        let leasing = client.leasing();
        if all || self.network.is_none() {
            self.network = Some(leasing.network().await?);
        }
        self.deposits = match self.network.as_ref().and_then(|network| network.bid_deposit.as_ref()) {
            Some(deposit) => Deposits::of(self.address, deposit, &client.account(self.address).await?.balances),
            None => Deposits::Free,
        };
        let before = self.entry.take();
        self.entry = leasing.provider(self.address).await?;
        if before.map(|entry| (entry.attributes, entry.audits))
            != self.entry.as_ref().map(|entry| (entry.attributes.clone(), entry.audits.clone()))
        {
            self.verdicts.retain(|_, verdict| matches!(verdict, Verdict::Bid(_)));
        }
        self.leases = leases(client, self.address).await?;
        let own = self.address;
        let bids = whole_list(PAGES_MAX, |after| async move {
            let query = BidQuery { provider: own, state: Some(BidState::Open), after, limit: Some(PAGE) };
            leasing.bids_of(&query).await
        });
        self.bids = bids.await?.into_iter().map(|bid| (bid.id.order, bid)).collect();
        for (order, bid) in &self.bids {
            self.verdicts.insert(*order, Verdict::Bid(format!("{} {}", bid.price.amount, bid.price.denom)));
        }
        let orders = whole_list(PAGES_MAX, |after| async move { leasing.open_orders(after.as_deref(), Some(PAGE)).await });
        self.orders = orders.await?.into_iter().map(|order| (order.id, order)).collect();
        self.verdicts.retain(|order, verdict| self.orders.contains_key(order) && !(all && matches!(verdict, Verdict::Later(_))));
        self.read_groups(client).await?;
        let mut over = BTreeMap::new();
        for lease in known.into_iter().filter(|lease| !self.leases.contains_key(lease)) {
            // One that this node does not know yet is not over: it may be behind.
            if let Some(found) = leasing.lease(lease).await?.filter(|found| !found.state.runs()) {
                over.insert(lease, why_over(&found));
            }
        }
        Ok(over)
    }

    async fn read_groups(&mut self, client: &Client) -> Result<(), ClientError> {
        let mine: BTreeSet<OrderId> = self.bids.keys().copied().chain(self.leases.keys().map(|lease| lease.order)).collect();
        self.groups.retain(|order, _| mine.contains(order));
        for order in mine {
            if self.groups.contains_key(&order) {
                continue;
            }
            let group = match self.orders.get(&order) {
                Some(known) => Some(known.group.clone()),
                None => client.leasing().order(order).await?.map(|order| order.group),
            };
            self.groups.extend(group.map(|group| (order, group)));
        }
        Ok(())
    }

    /// Notes what was decided about an order.
    pub(super) fn decided(&mut self, order: OrderId, verdict: Verdict) {
        if self.verdicts.len() >= VERDICTS_MAX {
            self.verdicts.retain(|_, verdict| matches!(verdict, Verdict::Bid(_)));
        }
        self.verdicts.insert(order, verdict);
    }

    /// What tenants are told of the provider.
    pub(super) fn standing(&self, domain: Option<String>, reclaim: Option<u64>) -> Standing {
        Standing {
            leases: self.leases.len() as u64,
            orders: self.bids.len() as u64,
            // Whoever answers for it counts them anew.
            deployments: 0,
            inventory: self.inventory_json(),
            domain,
            reclamation_seconds: reclaim,
        }
    }

    /// As upstream's inventory says it: each lease, each bid that waits, and what is free of the one machine.
    fn inventory_json(&self) -> Value {
        let told = |part: super::Capacity| json!({ "cpu": part.cpu_milli, "gpu": part.gpus, "memory": part.memory, "storage_ephemeral": part.storage });
        let of = |orders: &mut dyn Iterator<Item = OrderId>| -> Vec<Value> {
            orders.filter_map(|order| self.inventory.of(order)).map(told).collect()
        };
        json!({
            "active": of(&mut self.leases.keys().map(|lease| lease.order)),
            "pending": of(&mut self.bids.keys().copied()),
            "available": { "nodes": [{ "allocatable": told(self.inventory.total()), "available": told(self.inventory.free()) }] },
        })
    }
}

/// All leases of a provider that run.
async fn leases(client: &Client, provider: Address) -> Result<BTreeMap<BidId, LeasingLease>, ClientError> {
    let mut found = BTreeMap::new();
    for state in [LeaseState::Active, LeaseState::Reclaiming] {
        let page = |after| async move {
            let query = LeaseQuery { account: provider, state: Some(state), after, limit: Some(PAGE) };
            client.leasing().leases(&query).await
        };
        let listed = whole_list(PAGES_MAX, page).await?;
        found.extend(listed.into_iter().filter(|lease| lease.id.provider == provider).map(|lease| (lease.id, lease)));
    }
    Ok(found)
}

/// Why a lease is over, in words.
fn why_over(lease: &LeasingLease) -> String {
    match lease.reason {
        Some(Reason::Owner) => "its tenant ended it".to_owned(),
        Some(Reason::InsufficientFunds) => "its tenant's money ran out".to_owned(),
        Some(Reason::ManifestTimeout) => "its tenant sent no manifest in time".to_owned(),
        Some(reason) => format!("this provider ended it: {}", reason.word()),
        None => "the ledger has it as over".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::{Name, Units};

    #[test]
    fn a_balance_pays_whole_deposits_alone() {
        let akt = |units| Amount::new(Name::literal("AKT"), Units::new(units), 6);
        let of = |balances: &[Amount]| Deposits::of(Address::new([7; 32]), &akt(500_000), balances);
        let mut two = of(&[akt(1_499_999)]);
        assert_eq!((two.take(), two.take()), (Ok(()), Ok(())));
        assert!(two.take().unwrap_err().contains("no more bids"));
        let short = of(&[akt(499_800)]).take().unwrap_err();
        assert!(short.contains("balance of 0.4998 AKT") && short.contains("0.5 AKT"), "{short}");
        assert!(of(&[]).take().unwrap_err().contains("balance of 0 AKT"));
        assert_eq!(Deposits::of(Address::new([7; 32]), &akt(0), &[]), Deposits::Free);
    }
}
