//! What a storage provider loses by being away, and its next deadlines.
//!
//! In: its deals and data sets, and the economy's rules for a sector that stays faulty. Out: fees and rewards of a day, and what the ends of
//! sectors and deals that never begin cost, as things stand: the same functions of the rules that the ledger will call. Absent on purpose:
//! what customers pay, which a faulty sector's deal goes on to bring until it is ended.

use crate::api::{
    App, Shared, Written,
    error::{ApiError, ApiResult},
    extract::Segment,
};
use axum::extract::State;
use depin_client::api::{Absence, AcceptedDeals, ErrorBody, ProofDeadline};
use depin_economy::{Account, Reads, StreamRule};
use depin_quantity::{Address, Instant, Name, Rounding, Span, UnitId, Units};
use depin_services::storage::{
    Challenged, DataSet, Deal, DealState, Faulty, StorageParams, continued_fault, read, terminated_fault, termination_burns_bond,
};
use depin_state::ReadState;
use std::collections::BTreeMap;

/// Sectors that are counted at most, and deadlines that are told.
const SECTORS_MAX: usize = 10_000;
const DEADLINES_MAX: usize = 20;
const DAY_MS: u128 = 86_400_000;

/// What a provider loses by being away from now on, as things stand: fees and rewards of a day, from when, and its next deadlines.
#[utoipa::path(get, path = "/v1/storage/providers/{address}/absence", tag = "storage",
    params(("address" = String, Path, description = "Its address")),
    responses((status = 200, body = Absence), (status = "default", body = ErrorBody)))]
pub(super) async fn absence(State(app): State<Shared>, Segment(address): Segment<Address>) -> ApiResult<Written> {
    app.storage()?;
    let now = app.now();
    let listed = app.list(move |app, state, reads| {
        let params = app.storage()?;
        if read::provider(state, address).is_none() {
            return Err(ApiError::not_found(format!("{address} is no provider")));
        }
        Ok(of_provider(app, (state, reads, params), address, now))
    });
    listed.await
}

fn of_provider(
    app: &App,
    (state, reads, params): (&dyn ReadState, &Reads<'_>, &StorageParams),
    address: Address,
    now: Instant,
) -> Absence {
    let span = |epochs: u64| Span::from_millis(params.epoch.get().saturating_mul(epochs));
    let period = span(params.proving_period);
    let sets: BTreeMap<u32, DataSet> = read::sets(state, address).collect();
    let lost = Lost::of((state, reads, params), address, (&sets, period));
    let mut deadlines: Vec<ProofDeadline> =
        sets.iter().map(|(number, set)| deadline(*number, set, span(params.window))).collect();
    deadlines.sort_by_key(|deadline| (deadline.closes.ms, deadline.set));
    deadlines.truncate(DEADLINES_MAX);
    let main = app.tokens.main;
    let pledge = reads.balance(Account::Pledge(address), main);
    let of_a_day = |each: Units| each.mul_div(DAY_MS, u128::from(period.get().max(1)), Rounding::Down);
    let some = |token: Option<Name>, units: Units| (!units.is_zero()).then(|| app.tokens.amount(token.unwrap_or(main), units));
    let time = |at: Option<Instant>| at.map(|at| at.max(now).into());
    Absence {
        sectors: lost.sectors,
        faulty: lost.faulty,
        more: lost.more,
        pledged: app.tokens.main(pledge),
        faulty_from: time(lost.faulty_from),
        charged_from: time(lost.charged_from),
        ended_from: time(lost.ended_from),
        ended_fees: some(lost.ended_token, lost.ended_fees),
        ended_bonds: some(lost.bond_token, lost.ended_bonds),
        accepted: lost.start_by.map(|at| AcceptedDeals {
            deals: lost.accepted,
            start_by: at.into(),
            bonds: app.tokens.amount(lost.bond_token.unwrap_or(main), lost.accepted_bonds),
        }),
        rewards_per_day: app.tokens.main(rewards_per_day(reads, address, main)),
        fees_per_day: app.tokens.amount(lost.token.unwrap_or(main), of_a_day(lost.each_period).unwrap_or(Units::new(u128::MAX))),
        deadlines,
    }
}

fn times(span: Span, count: u32) -> Span {
    Span::from_millis(span.get().saturating_mul(count.into()))
}

fn deadline(number: u32, set: &DataSet, length: Span) -> ProofDeadline {
    let window = set.window.as_ref();
    let opens = Instant::new(set.deadline.get().saturating_sub(length.get()));
    ProofDeadline {
        set: number,
        sectors: set.sectors.len() as u64,
        opens: window.map_or(opens, |window| window.opened).into(),
        closes: window.map_or(set.deadline, |window| window.closes).into(),
        open: window.is_some(),
        proven: window.is_some_and(|window| window.proven),
    }
}

/// What is lost, and when first: in proving periods in which all counted sectors stay faulty, when they are ended, and of deals that never
/// begin.
#[derive(Default)]
struct Lost {
    sectors: u64,
    faulty: u64,
    more: bool,
    faulty_from: Option<Instant>,
    charged_from: Option<Instant>,
    ended_from: Option<Instant>,
    token: Option<Name>,
    each_period: Units,
    ended_token: Option<Name>,
    ended_fees: Units,
    bond_token: Option<Name>,
    ended_bonds: Units,
    accepted: u64,
    start_by: Option<Instant>,
    accepted_bonds: Units,
}

impl Lost {
    fn of(
        (state, reads, params): (&dyn ReadState, &Reads<'_>, &StorageParams),
        address: Address,
        (sets, period): (&BTreeMap<u32, DataSet>, Span),
    ) -> Self {
        let mut lost = Self::default();
        for (id, deal) in read::deals_of_provider(state, address, None) {
            match &deal.state {
                DealState::Accepted => lost.add_accepted(reads, id, deal.start_by),
                DealState::Active { .. } if lost.sectors == SECTORS_MAX as u64 => {
                    lost.more = true;
                    break;
                }
                DealState::Active { faulty, .. } => {
                    lost.add_sector(reads, params, (id, &deal));
                    if let Some(set) = deal.set.and_then(|set| sets.get(&set)) {
                        lost.add_times(faulty.as_ref(), (id, set), (period, params.faulty_periods_max));
                    }
                }
                _ => {}
            }
        }
        lost
    }

    fn add_accepted(&mut self, reads: &Reads<'_>, id: UnitId, start_by: Instant) {
        self.accepted += 1;
        first(&mut self.start_by, start_by);
        if let Some(bond) = self.bond(reads, id, |_| true) {
            add(&mut self.accepted_bonds, bond);
        }
    }

    fn add_sector(&mut self, reads: &Reads<'_>, params: &StorageParams, (id, deal): (UnitId, &Deal)) {
        self.sectors += 1;
        self.faulty += u64::from(!deal.has_power());
        if let Some(fault) = continued_fault(params, id, deal) {
            self.token = reads.spec().fault(fault.kind).map(|rule| rule.token);
            add(&mut self.each_period, reads.fault_fee(&fault).unwrap_or_default());
        }
        if let Some(fault) = terminated_fault(params, id, deal) {
            self.ended_token = reads.spec().fault(fault.kind).map(|rule| rule.token);
            add(&mut self.ended_fees, reads.fault_fee(&fault).unwrap_or_default());
        }
        if let Some(bond) = self.bond(reads, id, termination_burns_bond) {
            add(&mut self.ended_bonds, bond);
        }
    }

    /// The bond of a deal, where the rule of its stream burns it.
    fn bond(&mut self, reads: &Reads<'_>, id: UnitId, burns: impl Fn(&StreamRule) -> bool) -> Option<Units> {
        let row = reads.stream(id)?.row;
        let rule = reads.spec().stream(row.kind).filter(|rule| burns(rule))?;
        self.bond_token = self.bond_token.or(rule.bond.as_ref().map(|bond| bond.token));
        Some(row.bond)
    }

    /// Counts periods as the ledger does: one more at each close that finds the sector faulty, and the last of them ends it.
    fn add_times(&mut self, faulty: Option<&Faulty>, (id, set): (UnitId, &DataSet), (period, most): (Span, u32)) {
        let (charged, ended) = if let Some(faulty) = faulty {
            let closes = set.window.as_ref().map_or(set.deadline, |window| window.closes);
            let left = most.saturating_sub(faulty.periods).saturating_sub(1);
            (closes, closes.later(times(period, left)))
        } else {
            let missed = missed(id, set, period);
            first(&mut self.faulty_from, missed);
            (missed.later(period), missed.later(times(period, most)))
        };
        first(&mut self.charged_from, charged);
        first(&mut self.ended_from, ended);
    }
}

/// When the next window that asks for a good sector, and has no answer yet, closes.
fn missed(id: UnitId, set: &DataSet, period: Span) -> Instant {
    let asked = |sectors: &[Challenged]| sectors.iter().any(|sector| sector.deal == id && !sector.skipped);
    let (closes, asks) = match (&set.window, &set.fixed) {
        (Some(window), _) => (window.closes, !window.proven && asked(&window.sectors)),
        (None, Some(fixed)) => (set.deadline, asked(fixed)),
        (None, None) => (set.deadline, true),
    };
    if asks { closes } else { closes.later(period) }
}

fn first(earliest: &mut Option<Instant>, at: Instant) {
    *earliest = Some(earliest.map_or(at, |earliest| earliest.min(at)));
}

fn add(sum: &mut Units, more: Units) {
    *sum = sum.plus(more).unwrap_or(Units::new(u128::MAX));
}

/// What the account's units would be rewarded for a day like the open period, in one token; rounded down by unit.
fn rewards_per_day(reads: &Reads<'_>, address: Address, token: Name) -> Units {
    let each = reads.rewards_due(address).into_iter().filter(|due| due.token == token).filter_map(|due| {
        let clock = reads.spec().clock(reads.spec().pool(due.pool)?.clock)?;
        due.expected?.mul_div(DAY_MS, u128::from(clock.every.get().max(1)), Rounding::Down).ok()
    });
    each.fold(Units::ZERO, |sum, units| sum.plus(units).unwrap_or(Units::new(u128::MAX)))
}
