//! What an operator knows of the ledger.

use super::config::DisputePolicy;
use crate::operator::{DirtySet, Look, RoundError};
use depin_client::{
    Client, ClientError,
    api::{EventRecord, MeteredDispute, MeteredOperator, MeteredOrder, OrderQuery, OrderStage},
};
use depin_quantity::{Address, UnitId};
use depin_services::metered::Evidence;
use std::collections::{BTreeMap, BTreeSet};

/// A dispute about a batch of this operator, with the evidence that the batch was reported with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDispute {
    /// The dispute.
    pub dispute: MeteredDispute,
    /// The batch's own evidence; none when the batch could not be read.
    pub evidence: Option<Evidence>,
}

/// What is known: the operator's entry, its orders that are not over, its disputes.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The operator's entry; none before it registered.
    pub entry: Option<MeteredOperator>,
    /// Orders that are not over.
    pub orders: BTreeMap<UnitId, MeteredOrder>,
    /// Disputes that are not decided, by batch.
    pub disputes: BTreeMap<UnitId, KnownDispute>,
    /// What is done about disputes; none before the first look.
    pub policy: Option<DisputePolicy>,
    /// How far the history of decisions was read; none before the first look.
    pub seen: Option<u64>,
    /// Disputes that were lost while the operator did not run.
    pub lost_away: u64,
}

/// An event makes its order, its batch and the operator's entry dirty.
pub(super) fn dirtied(event: &EventRecord) -> DirtySet {
    let inner = event.event.get("event").unwrap_or(&event.event);
    let id = |key: &str| inner.get(key)?.as_str()?.parse::<UnitId>().ok();
    DirtySet::units(["order", "batch"].into_iter().filter_map(id))
}

impl View {
    /// Reads what is dirty; gives the units to plan about. A dirty id may be an order's or a batch's.
    pub(super) async fn refresh(&mut self, look: Look<'_>) -> Result<BTreeSet<UnitId>, RoundError> {
        let metered = look.client.metered();
        self.entry = metered.operator(look.address).await?;
        if look.dirty.all {
            self.orders = all_orders(look.client, look.address).await?;
            self.disputes = all_disputes(look.client, look.address).await?;
            return Ok(self.disputes.keys().copied().collect());
        }
        for id in &look.dirty.units {
            let (order, dispute) = futures::try_join!(metered.order(*id), metered.dispute(*id))?;
            match order.filter(|order| order.operator == look.address && order.state != OrderStage::Closed) {
                Some(order) => drop(self.orders.insert(*id, order)),
                None => drop(self.orders.remove(id)),
            }
            match dispute.filter(|dispute| dispute.operator == look.address) {
                Some(dispute) => drop(self.disputes.insert(*id, with_evidence(look.client, dispute).await?)),
                None => drop(self.disputes.remove(id)),
            }
        }
        Ok(look.dirty.units.iter().filter(|id| self.disputes.contains_key(id)).copied().collect())
    }
}

async fn with_evidence(client: &Client, dispute: MeteredDispute) -> Result<KnownDispute, ClientError> {
    let batch = client.metered().batch(dispute.batch).await?;
    let evidence = batch.map(|batch| Evidence { hash: batch.evidence.hash, pointer: batch.evidence.pointer });
    Ok(KnownDispute { dispute, evidence })
}

async fn all_orders(client: &Client, operator: Address) -> Result<BTreeMap<UnitId, MeteredOrder>, ClientError> {
    let mut orders = BTreeMap::new();
    for stage in [OrderStage::Open, OrderStage::Ending] {
        let mut query = OrderQuery { operator: Some(operator), state: Some(stage), limit: Some(1_000), ..OrderQuery::default() };
        loop {
            let page = client.metered().orders(&query).await?;
            orders.extend(page.items.into_iter().map(|order| (order.id, order)));
            if page.next.is_none() || page.next == query.after {
                break;
            }
            query.after = page.next;
        }
    }
    Ok(orders)
}

async fn all_disputes(client: &Client, operator: Address) -> Result<BTreeMap<UnitId, KnownDispute>, ClientError> {
    let (mut disputes, mut after) = (BTreeMap::new(), None::<String>);
    loop {
        let page = client.metered().disputes(after.as_deref(), Some(1_000)).await?;
        for dispute in page.items.into_iter().filter(|dispute| dispute.operator == operator) {
            disputes.insert(dispute.batch, with_evidence(client, dispute).await?);
        }
        if page.next.is_none() || page.next == after {
            return Ok(disputes);
        }
        after = page.next;
    }
}
