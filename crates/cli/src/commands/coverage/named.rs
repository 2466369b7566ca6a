//! What every command about coverage works with: the node, names, whole lists.

use crate::{
    error::{CliError, Result},
    output::Output,
    remote::{Remote, STARTS_HOTSPOTS, name_in, needs_service},
};
use depin_client::{
    Coverage,
    api::{
        CoverageBeacon, CoverageEuiPair, CoverageFilter, CoverageHex, CoverageHotspot, CoverageOui, CoverageRange, CoverageRoute,
        HotspotQuery,
    },
    whole_list,
};
use depin_quantity::{Address, Instant, UnitId};
use std::collections::BTreeMap;

/// Entries of a page, and pages of one list.
const PAGE: Option<u32> = Some(1_000);
pub(super) const PAGES_MAX: usize = 256;

const UNKNOWN_ROUTE: &str = "`depin coverage route list` lists them; write an id, or the beginning of one";

/// See the module.
pub(super) struct Named<'a> {
    pub remote: &'a Remote,
    pub out: &'a Output,
    pub now: Instant,
    names: BTreeMap<Address, String>,
}

impl<'a> Named<'a> {
    pub(super) async fn new(remote: &'a Remote, out: &'a Output) -> Result<Self> {
        let status = remote.client.status().await?;
        needs_service(status.network, status.service, "coverage", STARTS_HOTSPOTS)?;
        Ok(Self { remote, out, now: Instant::new(status.time_ms), names: remote.names().await? })
    }

    pub(super) const fn coverage(&self) -> Coverage<'_> {
        self.remote.client.coverage()
    }

    /// The name of an account, or the ends of its address.
    pub(super) fn name(&self, address: Address) -> String {
        name_in(&self.names, address)
    }

    pub(super) async fn hotspots(&self, owner: Option<Address>) -> Result<Vec<CoverageHotspot>> {
        let ask = |after| async move {
            let query = HotspotQuery { owner, after, limit: PAGE };
            self.coverage().hotspots(&query).await
        };
        let mut found = whole_list(PAGES_MAX, ask).await?;
        found.sort_by_cached_key(|hotspot| {
            let name = self.name(hotspot.owner);
            (name.len(), name, hotspot.address)
        });
        Ok(found)
    }

    pub(super) async fn beacons(&self) -> Result<Vec<CoverageBeacon>> {
        Ok(whole_list(PAGES_MAX, |after| async move { self.coverage().beacons(after.as_deref(), PAGE).await }).await?)
    }

    pub(super) async fn hexes(&self) -> Result<Vec<CoverageHex>> {
        Ok(whole_list(PAGES_MAX, |after| async move { self.coverage().hexes(after.as_deref(), PAGE).await }).await?)
    }

    pub(super) async fn ouis(&self) -> Result<Vec<CoverageOui>> {
        Ok(whole_list(PAGES_MAX, |after| async move { self.coverage().ouis(after.as_deref(), PAGE).await }).await?)
    }

    pub(super) async fn routes(&self, oui: Option<u32>) -> Result<Vec<CoverageRoute>> {
        let ouis = match oui {
            Some(oui) => vec![oui],
            None => self.ouis().await?.into_iter().map(|oui| oui.oui).collect(),
        };
        let mut found = Vec::new();
        for oui in ouis {
            found.extend(
                whole_list(PAGES_MAX, |after| async move { self.coverage().routes(oui, after.as_deref(), PAGE).await }).await?,
            );
        }
        Ok(found)
    }

    /// Whose which device addresses are.
    pub(super) async fn ranges(&self) -> Result<Vec<CoverageRange>> {
        Ok(whole_list(PAGES_MAX, |after| async move { self.coverage().ranges(after.as_deref(), PAGE).await }).await?)
    }

    /// The session keys of a route.
    pub(super) async fn filters(&self, route: UnitId) -> Result<Vec<CoverageFilter>> {
        Ok(whole_list(PAGES_MAX, |after| async move { self.coverage().filters(route, after.as_deref(), PAGE).await }).await?)
    }

    /// The joins of a route.
    pub(super) async fn eui_pairs(&self, route: UnitId) -> Result<Vec<CoverageEuiPair>> {
        Ok(whole_list(PAGES_MAX, |after| async move { self.coverage().eui_pairs(route, after.as_deref(), PAGE).await }).await?)
    }

    /// The route of that id, or whose id alone begins so.
    pub(super) async fn route(&self, text: &str) -> Result<CoverageRoute> {
        let unknown = || CliError::refused("unknown-route", format_args!("there is no route `{text}`")).hint(UNKNOWN_ROUTE);
        if let Ok(id) = text.parse::<UnitId>() {
            return self.coverage().route(id).await?.ok_or_else(unknown);
        }
        let all = self.routes(None).await?;
        let id = by_beginning(text, all.iter().map(|route| route.id), "route", UNKNOWN_ROUTE)
            .map_err(|error| if error.code == "unknown-id" { unknown() } else { error })?;
        all.into_iter().find(|route| route.id == id).ok_or_else(unknown)
    }
}

/// The id that a text is, or that alone begins so.
pub(super) fn by_beginning(text: &str, all: impl IntoIterator<Item = UnitId>, what: &str, hint: &str) -> Result<UnitId> {
    let beginning = text.trim_end_matches('…').to_ascii_lowercase();
    let mut found = all.into_iter().filter(|id| !beginning.is_empty() && id.to_string().starts_with(&beginning));
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => Err(CliError::refused("unknown-id", format_args!("there is no {what} `{text}`")).hint(hint)),
        _ => Err(CliError::refused("ambiguous", format_args!("several begin with `{beginning}`")).hint("write more of the id")),
    }
}

/// Parts of 10^4 as a number.
pub(super) fn parts(units: u64) -> String {
    format!("{}.{:02}", units / 10_000, units % 10_000 / 100)
}
