//! What a storage provider loses by being away, and its next deadlines.
//!
//! In: its sectors and data sets, and the economy's rules for a sector that stays faulty. Out: fees and rewards of a day as things stand: the
//! same functions of the rules that the ledger will call. Absent on purpose: what customers pay, which a faulty sector's deal goes on to
//! bring until it is ended.

use crate::api::{
    App, Shared, Written,
    error::{ApiError, ApiResult},
    extract::Segment,
};
use axum::extract::State;
use depin_client::api::{Absence, ErrorBody, ProofDeadline};
use depin_economy::{Account, Reads};
use depin_quantity::{Address, Instant, Name, Rounding, Span, Units};
use depin_services::storage::{DataSet, DealState, StorageParams, continued_fault, read};
use depin_state::ReadState;

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
    let fees = fees(state, reads, params, address);
    let mut deadlines: Vec<ProofDeadline> =
        read::sets(state, address).map(|(number, set)| deadline(number, &set, span(params.window))).collect();
    deadlines.sort_by_key(|deadline| (deadline.closes.ms, deadline.set));
    let unanswered = deadlines.iter().find(|deadline| !deadline.proven && deadline.sectors > 0);
    let faulty_from = unanswered.map(|deadline| Instant::new(deadline.closes.ms));
    // What is faulty already is charged when its own set's period ends, which is the nearest of all deadlines at the earliest.
    let next = deadlines.first().map(|deadline| Instant::new(deadline.closes.ms));
    let charged_from = if fees.faulty > 0 { next } else { faulty_from.map(|at| at.later(period)) };
    let ended_from = faulty_from.map(|at| at.later(times(period, params.faulty_periods_max)));
    deadlines.truncate(DEADLINES_MAX);
    let main = app.tokens.main;
    let pledge = reads.balance(Account::Pledge(address), main);
    let of_a_day = |each: Units| each.mul_div(DAY_MS, u128::from(period.get().max(1)), Rounding::Down);
    Absence {
        sectors: fees.sectors,
        faulty: fees.faulty,
        more: fees.more,
        pledged: app.tokens.main(pledge),
        faulty_from: faulty_from.map(|at| at.max(now).into()),
        charged_from: charged_from.map(|at| at.max(now).into()),
        ended_from: ended_from.map(|at| at.max(now).into()),
        rewards_per_day: app.tokens.main(rewards_per_day(reads, address, main)),
        fees_per_day: app.tokens.amount(fees.token.unwrap_or(main), of_a_day(fees.each_period).unwrap_or(Units::new(u128::MAX))),
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

/// Fees of one proving period in which all counted sectors stay faulty.
struct Fees {
    sectors: u64,
    faulty: u64,
    more: bool,
    token: Option<Name>,
    each_period: Units,
}

fn fees(state: &dyn ReadState, reads: &Reads<'_>, params: &StorageParams, address: Address) -> Fees {
    let mut fees = Fees { sectors: 0, faulty: 0, more: false, token: None, each_period: Units::ZERO };
    for (id, deal) in read::deals_of_provider(state, address, None) {
        let DealState::Active { faulty, .. } = &deal.state else { continue };
        if fees.sectors == SECTORS_MAX as u64 {
            fees.more = true;
            break;
        }
        fees.sectors += 1;
        fees.faulty += u64::from(faulty.is_some());
        let Some(fault) = continued_fault(params, id, &deal) else { continue };
        fees.token = reads.spec().fault(fault.kind).map(|rule| rule.token);
        let fee = reads.fault_fee(&fault).unwrap_or_default();
        fees.each_period = fees.each_period.plus(fee).unwrap_or(Units::new(u128::MAX));
    }
    fees
}

/// What the account's units would be rewarded for a day like the open period, in one token; rounded down by unit.
fn rewards_per_day(reads: &Reads<'_>, address: Address, token: Name) -> Units {
    let each = reads.rewards_due(address).into_iter().filter(|due| due.token == token).filter_map(|due| {
        let clock = reads.spec().clock(reads.spec().pool(due.pool)?.clock)?;
        due.expected?.mul_div(DAY_MS, u128::from(clock.every.get().max(1)), Rounding::Down).ok()
    });
    each.fold(Units::ZERO, |sum, units| sum.plus(units).unwrap_or(Units::new(u128::MAX)))
}
