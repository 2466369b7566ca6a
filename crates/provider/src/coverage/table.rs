//! Reads all routes of a ledger.

use super::routing::{RouteEntry, RoutingTable};
use depin_client::{Client, ClientError, api::CoverageOui, whole_list};
use depin_quantity::UnitId;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::watch;

/// Entries of a page.
const PAGE: Option<u32> = Some(1_000);

/// The routes as they were read last.
#[derive(Debug)]
pub(super) struct KnownRoutes {
    table: RwLock<RoutingTable>,
    /// Whether they were ever read.
    known: watch::Sender<bool>,
}

impl KnownRoutes {
    pub(super) fn new() -> Self {
        Self { table: RwLock::default(), known: watch::Sender::new(false) }
    }

    pub(super) fn get(&self) -> RwLockReadGuard<'_, RoutingTable> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, table: RoutingTable) {
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = table;
        self.known.send_replace(true);
    }

    /// Resolves when they were read once.
    pub(super) async fn known(&self) {
        // The sender lives as long as this does.
        let _ = self.known.subscribe().wait_for(|known| *known).await;
    }
}

/// How many units an OUI can still pay; any number, where it has something and what one costs is not known now.
fn units_left(oui: &CoverageOui) -> u64 {
    let left = oui.balance.units.minus_or_zero(oui.pending.units).get();
    let cost = oui.unit_cost.as_ref().map_or(0, |cost| cost.units.get());
    match left.checked_div(cost) {
        Some(units) => u64::try_from(units).unwrap_or(u64::MAX),
        None if left > 0 => u64::MAX,
        None => 0,
    }
}

fn number(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    hex::decode(text).ok()?.try_into().ok()
}

/// All routes with what is listed under them.
pub(super) async fn read(client: &Client) -> Result<RoutingTable, ClientError> {
    let coverage = client.coverage();
    let mut table = RoutingTable { unit_bytes: coverage.network().await?.unit_bytes, ..RoutingTable::default() };
    for oui in whole_list(usize::MAX, |after| async move { coverage.ouis(after.as_deref(), PAGE).await }).await? {
        let keys: Vec<[u8; 32]> = oui.keys.iter().filter_map(|key| bytes(key)).collect();
        for route in whole_list(usize::MAX, |after| async move { coverage.routes(oui.oui, after.as_deref(), PAGE).await }).await?
        {
            let active = route.active && !oui.disabled;
            let (server, ignore_empty) = (route.server, route.ignore_empty_skf);
            let (oui, units_left) = (oui.oui, units_left(&oui));
            table.routes.insert(route.id, RouteEntry { oui, server, keys: keys.clone(), active, units_left, ignore_empty });
            if route.euis > 0 {
                read_joins(client, route.id, &mut table).await?;
            }
            if route.filters > 0 {
                read_filters(client, route.id, &mut table).await?;
            }
        }
    }
    for range in whole_list(usize::MAX, |after| async move { coverage.ranges(after.as_deref(), PAGE).await }).await? {
        let bounds = number(&range.start).zip(number(&range.end));
        if let Some((Ok(start), Ok(end))) = bounds.map(|(start, end)| (u32::try_from(start), u32::try_from(end))) {
            table.ranges.insert(end, (start, range.route));
        }
    }
    Ok(table)
}

async fn read_joins(client: &Client, route: UnitId, table: &mut RoutingTable) -> Result<(), ClientError> {
    for pair in
        whole_list(usize::MAX, |after| async move { client.coverage().eui_pairs(route, after.as_deref(), PAGE).await }).await?
    {
        if let Some(euis) = number(&pair.app_eui).zip(number(&pair.dev_eui)) {
            table.joins.entry(euis).or_default().push(route);
        }
    }
    Ok(())
}

async fn read_filters(client: &Client, route: UnitId, table: &mut RoutingTable) -> Result<(), ClientError> {
    for filter in
        whole_list(usize::MAX, |after| async move { client.coverage().filters(route, after.as_deref(), PAGE).await }).await?
    {
        if let Some((Ok(address), key)) = number(&filter.devaddr).map(u32::try_from).zip(bytes(&filter.key)) {
            table.filters.entry((route, address)).or_default().push(key);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::api::Amount;
    use depin_quantity::{Address, Instant, Name, Units};

    #[test]
    fn an_oui_with_less_than_a_unit_costs_can_pay_none() {
        let amount = |units: u128| Amount::new(Name::literal("DC"), Units::new(units), 0);
        let of = |balance, pending, cost: Option<u128>| {
            units_left(&CoverageOui {
                oui: 1,
                owner: Address::new([1; 32]),
                keys: Vec::new(),
                since: Instant::new(0).into(),
                price: None,
                unit_cost: cost.map(amount),
                balance: amount(balance),
                pending: amount(pending),
                disabled: false,
                routes: 1,
                claims: 0,
                claims_refused: 0,
                claims_unanswered: 0,
                packets: 0,
                packets_refused: 0,
                spent: amount(0),
            })
        };
        assert_eq!([of(100, 0, Some(10)), of(19, 0, Some(10)), of(9, 0, Some(10)), of(19, 10, Some(10))], [10, 1, 0, 0]);
        assert_eq!([of(1, 0, None), of(1, 1, None), of(1, 0, Some(0))], [u64::MAX, 0, u64::MAX], "its price is not known");
    }
}
