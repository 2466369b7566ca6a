//! Whole lists of the ledger, page by page.

use depin_client::{
    Client, ClientError,
    api::{CoverageOui, HotspotQuery},
    whole_list,
};
use depin_quantity::UnitId;
use std::collections::BTreeSet;

/// Entries of a page.
const PAGE: Option<u32> = Some(1_000);

/// Keys of all hotspots that take part and are not denied.
pub(super) async fn hotspots(client: &Client) -> Result<BTreeSet<[u8; 32]>, ClientError> {
    let ask = |after| async move {
        let query = HotspotQuery { after, limit: PAGE, ..HotspotQuery::default() };
        client.coverage().hotspots(&query).await
    };
    let active = whole_list(usize::MAX, ask).await?.into_iter().filter(|hotspot| !hotspot.retired && hotspot.denied.is_none());
    let key = |text: &str| hex::decode(text).ok()?.try_into().ok();
    Ok(active.filter_map(|hotspot| key(&hotspot.key)).collect())
}

/// All OUIs.
pub(super) async fn ouis(client: &Client) -> Result<Vec<CoverageOui>, ClientError> {
    whole_list(usize::MAX, |after| async move { client.coverage().ouis(after.as_deref(), PAGE).await }).await
}

/// The routes of an OUI, with the server of each and whether it takes packets of all its addresses.
pub(super) async fn routes(client: &Client, oui: u32) -> Result<Vec<(UnitId, String, bool)>, ClientError> {
    let routes =
        whole_list(usize::MAX, |after| async move { client.coverage().routes(oui, after.as_deref(), PAGE).await }).await?;
    Ok(routes.into_iter().map(|route| (route.id, route.server, route.active && !route.ignore_empty_skf)).collect())
}

/// The EUI pairs of a route: application EUI, device EUI.
pub(super) async fn euis(client: &Client, route: UnitId) -> Result<BTreeSet<(u64, u64)>, ClientError> {
    let pairs =
        whole_list(usize::MAX, |after| async move { client.coverage().eui_pairs(route, after.as_deref(), PAGE).await }).await?;
    let number = |text: &str| u64::from_str_radix(text, 16).ok();
    Ok(pairs.iter().filter_map(|pair| Some((number(&pair.app_eui)?, number(&pair.dev_eui)?))).collect())
}

/// The session-key filters of a route: address, key.
pub(super) async fn filters(client: &Client, route: UnitId) -> Result<BTreeSet<(u32, [u8; 16])>, ClientError> {
    let filters =
        whole_list(usize::MAX, |after| async move { client.coverage().filters(route, after.as_deref(), PAGE).await }).await?;
    let key = |text: &str| hex::decode(text).ok()?.try_into().ok();
    Ok(filters.iter().filter_map(|filter| Some((u32::from_str_radix(&filter.devaddr, 16).ok()?, key(&filter.key)?))).collect())
}

/// Whether a range of addresses is a route's; none when nobody has it.
pub(super) async fn range(client: &Client, (start, end): (u32, u32)) -> Result<Option<UnitId>, ClientError> {
    let ranges = whole_list(usize::MAX, |after| async move { client.coverage().ranges(after.as_deref(), PAGE).await }).await?;
    let number = |text: &str| u32::from_str_radix(text, 16).ok();
    Ok(ranges
        .iter()
        .find(|range| number(&range.start) == Some(start) && number(&range.end) == Some(end))
        .map(|range| range.route))
}
