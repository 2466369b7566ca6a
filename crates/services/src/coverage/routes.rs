//! Routes: which devices' packets go to which customer.

use super::{
    error::CoverageError,
    event::CoverageEvent,
    message::{ADDRESSES_LEAST, EuiPair, Range, RouteTerms, SessionFilter, TEXT_MAX},
    rows::{ByOui, Copies, EuiOf, FilterOf, RangeEnd, Route, addresses_of},
    service::Coverage,
};
use crate::context::Context;
use depin_quantity::{Address, Seed, UnitId};

/// Most entries of one kind that are listed under a route.
const LISTED_MOST: u32 = 100_000;
/// Most routes of one OUI.
const ROUTES_MOST: u32 = 1_000;
/// Most copies of a packet that a route may pay for.
const COPIES_MOST: u32 = 1_000;

/// Refuses a route that no packet could be sent by.
pub(super) fn check_terms(terms: &RouteTerms) -> Result<(), CoverageError> {
    let server = terms.server.as_str();
    let port = server.rsplit_once(':').filter(|(host, _)| !host.is_empty()).and_then(|(_, port)| port.parse::<u16>().ok());
    let printable = server.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\'));
    if server.len() > TEXT_MAX || !printable || port.is_none_or(|port| port == 0) {
        return Err(CoverageError::Server(server.chars().take(TEXT_MAX).collect()));
    }
    if terms.max_copies == 0 || terms.max_copies > COPIES_MOST {
        return Err(CoverageError::MaxCopies { given: terms.max_copies, most: COPIES_MOST });
    }
    Ok(())
}

/// Refuses addresses that are too few, or an odd number of them.
pub(super) fn check_range(range: &Range) -> Result<(), CoverageError> {
    let Range { start, end } = *range;
    let count = u64::from(end).checked_sub(start.into()).map(|last| last + 1);
    let fits = count.is_some_and(|count| count >= ADDRESSES_LEAST.into() && count.is_multiple_of(2));
    if fits { Ok(()) } else { Err(CoverageError::Range { start, end }) }
}

impl Context<'_, Coverage> {
    pub(super) fn add_route(&mut self, sender: Address, oui: u32, terms: &RouteTerms, unique: Seed) -> Result<(), CoverageError> {
        check_terms(terms)?;
        let mut row = self.own_oui(sender, oui)?;
        if row.routes >= ROUTES_MOST {
            return Err(CoverageError::Listed { what: "routes of an OUI", most: ROUTES_MOST });
        }
        row.routes += 1;
        let route = UnitId::derive("depin-coverage-route", &[&oui.to_be_bytes(), &unique.get()]);
        self.state().put(&oui, &row);
        self.state().put(&(oui, route), &ByOui);
        self.state().put(&route, &Route { oui, terms: terms.clone(), euis: 0, ranges: 0, filters: 0 });
        self.totals(|totals| totals.routes += 1);
        self.emit(CoverageEvent::RouteChanged { route, oui, owner: sender });
        Ok(())
    }

    /// A route of the sender's.
    fn own_route(&mut self, sender: Address, route: UnitId) -> Result<Route, CoverageError> {
        let row = self.route(route)?;
        self.own_oui(sender, row.oui)?;
        Ok(row)
    }

    /// Writes a route that its owner changed.
    fn changed(&mut self, sender: Address, route: UnitId, row: &Route) {
        self.state().put(&route, row);
        self.emit(CoverageEvent::RouteChanged { route, oui: row.oui, owner: sender });
    }

    pub(super) fn change_route(&mut self, sender: Address, route: UnitId, terms: &RouteTerms) -> Result<(), CoverageError> {
        check_terms(terms)?;
        let row = Route { terms: terms.clone(), ..self.own_route(sender, route)? };
        self.changed(sender, route, &row);
        Ok(())
    }

    /// A route that something is listed under stays, so that taking it away is bounded work.
    pub(super) fn remove_route(&mut self, sender: Address, route: UnitId) -> Result<(), CoverageError> {
        let row = self.own_route(sender, route)?;
        let listed = row.euis + row.ranges + row.filters;
        if listed > 0 {
            return Err(CoverageError::RouteInUse { route, listed });
        }
        let mut oui = self.oui(row.oui)?;
        oui.routes = oui.routes.saturating_sub(1);
        self.state().put(&row.oui, &oui);
        self.state().delete::<ByOui>(&(row.oui, route));
        self.state().delete::<Route>(&route);
        self.totals(|totals| totals.routes = totals.routes.saturating_sub(1));
        self.emit(CoverageEvent::RouteRemoved { route, oui: row.oui, owner: sender });
        Ok(())
    }

    pub(super) fn change_euis(
        &mut self,
        sender: Address,
        route: UnitId,
        add: &[EuiPair],
        remove: &[EuiPair],
    ) -> Result<(), CoverageError> {
        let mut row = self.own_route(sender, route)?;
        let key = |pair: &EuiPair| (route, pair.app_eui, pair.dev_eui);
        for pair in remove {
            if !self.state().has::<EuiOf>(&key(pair)) {
                return Err(CoverageError::NotListed { route, what: "EUI pair" });
            }
            self.state().delete::<EuiOf>(&key(pair));
            row.euis = row.euis.saturating_sub(1);
        }
        for pair in add {
            if self.state().has::<EuiOf>(&key(pair)) {
                return Err(CoverageError::ListedTwice { route, what: "EUI pair" });
            }
            row.euis = one_more(row.euis)?;
            self.state().put(&key(pair), &EuiOf);
        }
        self.changed(sender, route, &row);
        Ok(())
    }

    /// How many addresses an OUI has after a change, where the network bounds that.
    fn count_addresses(&mut self, oui: u32, add: &[Range], remove: &[Range]) -> Result<(), CoverageError> {
        let Some(most) = self.params().addresses.map(|addresses| addresses.most) else { return Ok(()) };
        let sum = |ranges: &[Range]| ranges.iter().map(|range| u64::from(range.end - range.start) + 1).sum::<u64>();
        let place = addresses_of(oui);
        let Copies(before) = self.state().get::<Copies>(&place).unwrap_or_default();
        let wanted = (u64::from(before) + sum(add)).saturating_sub(sum(remove));
        match u32::try_from(wanted) {
            Ok(wanted) if wanted <= most => {
                if wanted == 0 {
                    self.state().delete::<Copies>(&place);
                } else {
                    self.state().put(&place, &Copies(wanted));
                }
                Ok(())
            }
            _ => Err(CoverageError::Addresses { oui, wanted, most }),
        }
    }

    /// No two routes share an address, of whichever customers they are. Order of refusals: range, route, owner, listed, taken, how many.
    pub(super) fn change_ranges(
        &mut self,
        sender: Address,
        route: UnitId,
        add: &[Range],
        remove: &[Range],
    ) -> Result<(), CoverageError> {
        add.iter().try_for_each(check_range)?;
        let mut row = self.own_route(sender, route)?;
        for Range { start, end } in remove {
            if self.state().get::<RangeEnd>(end) != Some(RangeEnd { start: *start, route }) {
                return Err(CoverageError::NotListed { route, what: "range of addresses" });
            }
            self.state().delete::<RangeEnd>(end);
            row.ranges = row.ranges.saturating_sub(1);
        }
        for Range { start, end } in add {
            if let Some((other_end, other)) = self.state().first_from::<RangeEnd>(start).filter(|(_, other)| other.start <= *end)
            {
                return Err(CoverageError::RangeTaken { start: other.start, end: other_end, by: other.route });
            }
            row.ranges = one_more(row.ranges)?;
            self.state().put(end, &RangeEnd { start: *start, route });
        }
        self.count_addresses(row.oui, add, remove)?;
        self.changed(sender, route, &row);
        Ok(())
    }

    pub(super) fn change_filters(
        &mut self,
        sender: Address,
        route: UnitId,
        add: &[SessionFilter],
        remove: &[SessionFilter],
    ) -> Result<(), CoverageError> {
        let mut row = self.own_route(sender, route)?;
        let key = |filter: &SessionFilter| (route, filter.devaddr, filter.key);
        for filter in remove {
            if !self.state().has::<FilterOf>(&key(filter)) {
                return Err(CoverageError::NotListed { route, what: "session-key filter" });
            }
            self.state().delete::<FilterOf>(&key(filter));
            row.filters = row.filters.saturating_sub(1);
        }
        for filter in add {
            if self.state().has::<FilterOf>(&key(filter)) {
                return Err(CoverageError::ListedTwice { route, what: "session-key filter" });
            }
            row.filters = one_more(row.filters)?;
            self.state().put(&key(filter), &FilterOf(filter.max_copies));
        }
        self.changed(sender, route, &row);
        Ok(())
    }
}

const fn one_more(listed: u32) -> Result<u32, CoverageError> {
    if listed >= LISTED_MOST {
        return Err(CoverageError::Listed { what: "entries of one kind under a route", most: LISTED_MOST });
    }
    Ok(listed + 1)
}
