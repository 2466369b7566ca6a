//! What came into an account and went out of it, by day.
//!
//! In: the postings of the event index. Out: sums by day of ledger time, source and token. A posting between two of the account's own places
//! (a reward that vests) is no flow; a burnt bond is one of its deal's provider. Absent on purpose: dollars, since a price of a day is
//! nobody's statement here.

use super::{
    App, Shared, Written,
    error::{ApiError, ApiResult},
    extract::{Params, Segment},
};
use crate::index::{EventRecord, Filter};
use axum::extract::State;
use depin_client::api::{AccountDay, AccountDays, ErrorBody, Flow, FlowSource};
use depin_economy::{Account, Event as Said, Reason};
use depin_ledger::Event;
use depin_quantity::{Address, Instant, Name, Span, UnitId, Units};
use depin_services::{
    ServiceEvent,
    storage::{CloseReason, StorageEvent},
};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::IntoParams;

/// Days that are looked back when nothing is said, and at most.
const DAYS: u32 = 7;
const DAYS_MAX: u32 = 90;
/// Postings that are added up at most: what takes longer would keep others waiting.
const POSTINGS_MAX: usize = 100_000;
const DAY_MS: u64 = 86_400_000;

/// Parameters of an account's days.
#[derive(Clone, Debug, Default, serde::Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DaysQuery {
    /// How many days of ledger time, today included: 1 to 90, 7 when nothing is said.
    days: Option<u32>,
}

/// Sums by day, source and token: gained, spent.
type Sums = BTreeMap<(u64, FlowSource, Name), (Units, Units)>;

/// What a walk through an account's events finds.
#[derive(Default)]
struct Walked {
    sums: Sums,
    /// Deals that ended by the account's fault.
    failed: BTreeSet<UnitId>,
}

/// What came into an account and went out of it, by day of ledger time. Postings that the node gave up are not in it.
#[utoipa::path(get, path = "/v1/accounts/{address}/days", tag = "accounts",
    params(("address" = String, Path, description = "Its address"), DaysQuery),
    responses((status = 200, body = AccountDays), (status = "default", body = ErrorBody)))]
pub(super) async fn days(
    State(app): State<Shared>,
    Segment(address): Segment<Address>,
    Params(query): Params<DaysQuery>,
) -> ApiResult<Written> {
    let days = query.days.unwrap_or(DAYS);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(ApiError::bad_request(format!("`days` is {days}"), format!("ask for 1 to {DAYS_MAX} days")));
    }
    let today = app.now().get() / DAY_MS;
    let first = today.saturating_sub(u64::from(days) - 1);
    let turn = app.turn().await?;
    let since = Instant::new(first * DAY_MS);
    let filter = Filter { kinds: vec!["posting".to_owned(), "deal-closed".to_owned()], account: Some(address), unit: None };
    let add = move |walked: &mut Walked, record: EventRecord| {
        add(&mut walked.sums, address, &record);
        walked.failed.extend(failed(address, &record));
    };
    let walked = app.index.walk_since(since, POSTINGS_MAX, filter, add).await?;
    let walked = walked.ok_or_else(|| {
        let message = format!("the account has more than {POSTINGS_MAX} postings in these {days} days");
        ApiError::bad_request(message, "ask for fewer days with `days`, or read `/v1/events` page by page")
    })?;
    let sums = with_bonds(&app, walked, since).await?;
    app.written(turn, move |app| Ok(told(app, sums, first))).await
}

/// Adds the bonds that were burnt for deals which the account failed: such a posting names the deal and not the account.
async fn with_bonds(app: &App, walked: Walked, since: Instant) -> ApiResult<Sums> {
    let Walked { mut sums, failed } = walked;
    for deal in failed {
        let filter = Filter { kinds: vec!["posting".to_owned()], account: None, unit: Some(deal) };
        let add = move |burnt: &mut Sums, record: EventRecord| add_bond(burnt, deal, &record);
        let burnt = app.index.walk_since(since, POSTINGS_MAX, filter, add).await?.unwrap_or_default();
        for (key, (_, amount)) in burnt {
            let (_, spent) = sums.entry(key).or_default();
            *spent = spent.plus(amount).unwrap_or(Units::new(u128::MAX));
        }
    }
    Ok(sums)
}

fn told(app: &App, sums: Sums, first: u64) -> AccountDays {
    let mut days: Vec<AccountDay> = Vec::new();
    for ((day, source, token), (gained, spent)) in sums {
        let day = day_text(day);
        let flow = Flow { source, gained: app.tokens.amount(token, gained), spent: app.tokens.amount(token, spent) };
        match days.last_mut().filter(|last| last.day == day) {
            Some(last) => last.flows.push(flow),
            None => days.push(AccountDay { day, flows: vec![flow] }),
        }
    }
    AccountDays { days, since: day_text(first) }
}

/// `2026-11-22` of the number of a day since 1970.
fn day_text(day: u64) -> String {
    let text = Instant::new(0).later(Span::from_days(day)).to_rfc3339();
    text.split('T').next().unwrap_or_default().to_owned()
}

/// Adds a posting to the day's sums; what is no posting of this account's, or moves between its own places, adds nothing.
fn add(sums: &mut Sums, who: Address, record: &EventRecord) {
    let Ok(Event::Economy(Said::Posting { token, from, to, amount, reason })) = record.event() else { return };
    let source = source(reason);
    let own = |account: Account| match account {
        Account::Wallet(party) | Account::Vesting(party) => party == who,
        // Collateral that is taken never comes by the wallet.
        Account::Pledge(party) => party == who && source == FlowSource::Penalties,
        _ => false,
    };
    let (out, into) = (own(from), own(to));
    if out == into {
        return;
    }
    let (gained, spent) = sums.entry((record.time.get() / DAY_MS, source, token)).or_default();
    let sum = if into { gained } else { spent };
    *sum = sum.plus(amount).unwrap_or(Units::new(u128::MAX));
}

/// The deal that ended by its provider's fault, when that is `who`.
fn failed(who: Address, record: &EventRecord) -> Option<UnitId> {
    let Ok(Event::Service(ServiceEvent::Storage(StorageEvent::DealClosed { deal, provider, reason, .. }))) = record.event()
    else {
        return None;
    };
    let fault = matches!(reason, CloseReason::GivenUp | CloseReason::Faulty | CloseReason::Expired);
    (fault && provider == who).then_some(deal)
}

/// Adds the bond of a deal that was burnt.
fn add_bond(sums: &mut Sums, deal: UnitId, record: &EventRecord) {
    let Ok(Event::Economy(Said::Posting { token, from, amount, reason: Reason::BondBurnt, .. })) = record.event() else { return };
    if from == Account::Bond(deal) {
        let (_, spent) = sums.entry((record.time.get() / DAY_MS, FlowSource::Penalties, token)).or_default();
        *spent = spent.plus(amount).unwrap_or(Units::new(u128::MAX));
    }
}

const fn source(reason: Reason) -> FlowSource {
    use FlowSource::{Collateral, Fees, Other, Penalties, Rewards, Usage};
    match reason {
        Reason::Reward | Reason::RewardLocked | Reason::StakeReward | Reason::Commission | Reason::LockReward => Rewards,
        Reason::StreamPaid
        | Reason::ChargePaid
        | Reason::ChargeHeld
        | Reason::HoldReturned
        | Reason::EscrowFunded
        | Reason::EscrowRefunded
        | Reason::DepositReturned
        | Reason::UnsettledPaid
        | Reason::RevenueBurnt
        | Reason::RevenueShared => Usage,
        Reason::TransactionFee | Reason::ServiceFee | Reason::Tip | Reason::BaseFee => Fees,
        Reason::FaultFee | Reason::DebtRepaid | Reason::PledgeSlashed | Reason::StakeSlashed | Reason::BondBurnt => Penalties,
        Reason::PledgeLocked
        | Reason::PledgeReleased
        | Reason::PledgeCooling
        | Reason::BondLocked
        | Reason::BondReturned
        | Reason::SlashReturned => Collateral,
        _ => Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: Address = Address::new([1; 32]);

    fn record(time: u64, (source, kind): (&str, &str), event: &Event) -> EventRecord {
        let body = serde_json::to_string(event).unwrap();
        let (source, kind) = (source.to_owned(), kind.to_owned());
        EventRecord { position: 0, height: 1, time: Instant::new(time), transaction: None, source, kind, body }
    }

    fn posting(time: u64, from: Account, to: Account, amount: u128, reason: Reason) -> EventRecord {
        let token = Name::literal("FIL");
        let event = Event::Economy(Said::Posting { token, from, to, amount: Units::new(amount), reason });
        record(time, ("economy", "posting"), &event)
    }

    fn posted(sums: &mut Sums, time: u64, from: Account, to: Account, amount: u128, reason: Reason) {
        add(sums, WHO, &posting(time, from, to, amount, reason));
    }

    #[test]
    fn a_burnt_bond_of_an_own_deal_is_a_penalty() {
        let (deal, client, provider) = (UnitId::new([3; 32]), Address::new([2; 32]), WHO);
        let closed = |provider, reason| {
            let event = StorageEvent::DealClosed { deal, client, provider, reason };
            failed(WHO, &record(1, ("storage", "deal-closed"), &Event::Service(ServiceEvent::from(event))))
        };
        assert_eq!(closed(provider, CloseReason::Faulty), Some(deal));
        assert_eq!(closed(provider, CloseReason::Completed), None);
        assert_eq!(closed(client, CloseReason::Faulty), None, "another's");
        let mut sums = Sums::new();
        let bond = Account::Bond(deal);
        add_bond(&mut sums, deal, &posting(1, bond, Account::Supply, 5, Reason::BondBurnt));
        add_bond(&mut sums, deal, &posting(1, Account::Bond(UnitId::new([4; 32])), Account::Supply, 6, Reason::BondBurnt));
        add_bond(&mut sums, deal, &posting(1, bond, Account::Wallet(WHO), 7, Reason::BondReturned));
        let told: Vec<_> = sums.iter().map(|((day, source, _), (_, spent))| (*day, source.as_str(), spent.get())).collect();
        assert_eq!(told, [(0, "penalties", 5)]);
    }

    #[test]
    fn flows_are_told_apart_by_day_and_source_and_own_places_are_one() {
        let (mut sums, pool) = (Sums::new(), Account::Pool(Name::literal("blocks")));
        let (wallet, vesting, pledge) = (Account::Wallet(WHO), Account::Vesting(WHO), Account::Pledge(WHO));
        posted(&mut sums, 1, pool, wallet, 25, Reason::Reward);
        posted(&mut sums, 2, pool, vesting, 75, Reason::RewardLocked);
        posted(&mut sums, 3, vesting, wallet, 10, Reason::Vested);
        posted(&mut sums, DAY_MS, wallet, Account::Fees, 3, Reason::TransactionFee);
        posted(&mut sums, DAY_MS, vesting, Account::Supply, 4, Reason::FaultFee);
        posted(&mut sums, DAY_MS, pledge, Account::Supply, 5, Reason::PledgeSlashed);
        posted(&mut sums, DAY_MS, wallet, pledge, 6, Reason::PledgeLocked);
        posted(&mut sums, DAY_MS, Account::Escrow(depin_quantity::UnitId::default()), wallet, 7, Reason::StreamPaid);
        posted(&mut sums, DAY_MS, Account::Wallet(Address::new([2; 32])), Account::Fees, 8, Reason::TransactionFee);
        let told: Vec<_> =
            sums.iter().map(|((day, source, _), (gained, spent))| (*day, source.as_str(), gained.get(), spent.get())).collect();
        assert_eq!(
            told,
            [(0, "rewards", 100, 0), (1, "usage", 7, 0), (1, "fees", 0, 3), (1, "penalties", 0, 9), (1, "collateral", 0, 6)]
        );
        assert_eq!(day_text(0), "1970-01-01");
    }
}
