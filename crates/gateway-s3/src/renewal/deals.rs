//! Proposing, watching and renewing deals.

use super::{RenewalError, after, ms, next_try, spend};
use crate::{
    core::Core,
    map::{MapError, ShardPlace, ShardRow, ShardState, tables},
    market::{Deal, DealState, MarketError, Offer, Proposal},
    price::Prices,
    spending::Taken,
};
use depin_quantity::{Address, Instant, UnitId, Units};
use rusqlite::Connection;
use std::{collections::HashMap, sync::Arc};

/// An active deal is looked at this many times less often than one that waits for its provider.
const CALM: u32 = 15;

/// One change of one shard.
struct Step {
    place: ShardPlace,
    /// Where it lay when this was decided.
    at: Address,
    state: ShardState,
    reason: String,
    next_ms: u64,
    attempts: u32,
    /// New deal and term; unchanged when absent.
    deal: Option<(Option<UnitId>, Option<u64>)>,
    /// Provider to avoid from now on.
    avoid: Option<Vec<Address>>,
    /// What its deal is proposed at; unchanged when absent.
    price: Option<Units>,
}

impl Step {
    fn to(row: &ShardRow, state: ShardState) -> Self {
        Self {
            place: row.place,
            at: row.provider,
            state,
            reason: String::new(),
            next_ms: 0,
            attempts: 0,
            deal: None,
            avoid: None,
            price: None,
        }
    }

    /// The same step is tried again later.
    fn waits(core: &Core, row: &ShardRow, reason: String) -> Self {
        let (next_ms, attempts) = (next_try(core, row.attempts), row.attempts.saturating_add(1));
        Self { reason, next_ms, attempts, ..Self::to(row, row.state) }
    }

    /// The deal is dead while its data is wanted.
    fn failed(row: &ShardRow, reason: String) -> Self {
        let mut avoid = row.avoid.clone();
        if !avoid.contains(&row.provider) {
            avoid.push(row.provider);
        }
        Self { reason, deal: Some((None, None)), avoid: Some(avoid), ..Self::to(row, ShardState::Failed) }
    }

    /// Nothing when it was moved, or found to be lost or altered, since this was decided.
    fn write(&self, db: &Connection, now_ms: u64) -> Result<(), MapError> {
        if !tables::is_kept(db, self.place, self.at)? {
            return Ok(());
        }
        tables::set_state(db, self.place, self.state, &self.reason, self.next_ms, now_ms)?;
        tables::set_attempts(db, self.place, self.attempts)?;
        if let Some((deal, until)) = &self.deal {
            tables::set_deal(db, self.place, *deal, *until)?;
        }
        self.price.map_or(Ok(()), |price| tables::set_price(db, self.place, price))?;
        self.avoid.as_ref().map_or(Ok(()), |avoid| tables::set_avoid(db, self.place, avoid))
    }
}

async fn apply(core: &Core, steps: Vec<Step>) -> Result<(), RenewalError> {
    apply_with(core, steps, spend::Book::default()).await
}

async fn apply_with(core: &Core, steps: Vec<Step>, book: spend::Book) -> Result<(), RenewalError> {
    let now = core.now_ms();
    core.map
        .write(move |db| {
            book.write(db)?;
            steps.iter().try_for_each(|step| step.write(db, now))
        })
        .await?;
    Ok(())
}

/// Proposals whose outcome is unknown, after a crash or a lost answer: the market knows.
pub(super) async fn resolve(core: &Arc<Core>) -> Result<usize, RenewalError> {
    let (now, batch) = (core.now_ms(), core.config.renewal.batch);
    let rows = core.map.read(move |db| tables::due(db, &[ShardState::Proposing], now, batch)).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let found = core.market.find(rows.iter().map(|row| (row.provider, row.cid)).collect()).await?;
    let steps: Vec<Step> = rows
        .iter()
        .zip(found)
        .map(|(row, deal)| match deal {
            Some(deal) => Step { deal: Some((Some(deal), None)), ..Step::to(row, ShardState::Proposed) },
            None => Step { deal: Some((None, None)), ..Step::to(row, ShardState::Stored) },
        })
        .collect();
    let count = steps.len();
    apply(core, steps).await?;
    Ok(count)
}

/// Proposes deals for stored shards, and again for those whose term ran out unpaid.
pub(super) async fn propose(core: &Arc<Core>) -> Result<usize, RenewalError> {
    let (now, batch) = (core.now_ms(), core.config.renewal.batch);
    let rows = core.map.read(move |db| tables::due(db, &[ShardState::Stored, ShardState::Lapsed], now, batch)).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let offers = core.offers(rows.iter().map(|row| row.provider)).await?;
    let prices = core.prices(&offers);
    let offers: HashMap<Address, &Offer> = offers.iter().map(|offer| (offer.provider.address, offer)).collect();
    let (mut wanted, mut proposals, mut steps, mut book) = (Vec::new(), Vec::new(), Vec::new(), spend::Book::default());
    for row in rows {
        match proposal(core, &row, offers.get(&row.provider).copied(), &prices) {
            Ok(proposal) => {
                let taken = match again(core, &row, &proposal) {
                    Ok(taken) => taken,
                    Err(reason) => {
                        steps.push(Step::waits(core, &row, reason));
                        continue;
                    }
                };
                taken.into_iter().for_each(|taken| book.spend(taken));
                // Written down before it is sent: a crash in between leaves a question, not a second payment.
                steps.push(Step {
                    next_ms: next_try(core, row.attempts),
                    attempts: row.attempts,
                    price: (row.state == ShardState::Lapsed).then_some(proposal.price),
                    ..Step::to(&row, ShardState::Proposing)
                });
                proposals.push(proposal);
                wanted.push((row, taken));
            }
            Err(reason) => steps.push(Step::failed(&row, reason)),
        }
    }
    apply_with(core, steps, book).await?;
    let (wanted, proposals) = still_wanted(core, wanted, proposals).await?;
    if proposals.is_empty() {
        return Ok(0);
    }
    let answers = match core.market.propose(proposals).await {
        Ok(answers) => answers,
        Err(error) => vec![Err(error); wanted.len()],
    };
    let proposed = answers.iter().filter(|answer| answer.is_ok()).count();
    let mut book = spend::Book::default();
    for ((_, taken), answer) in wanted.iter().zip(&answers) {
        if let (Some(taken), Err(MarketError::FundsTooLow { .. } | MarketError::Refused { .. })) = (taken, answer) {
            book.give_back(core, *taken);
        }
    }
    let steps = wanted.iter().zip(answers).filter_map(|((row, _), answer)| proposed_step(core, row, answer)).collect();
    apply_with(core, steps, book).await?;
    Ok(proposed)
}

/// What was written down as under way: not a shard that was found to be lost or altered just before.
async fn still_wanted(
    core: &Core,
    wanted: Vec<(ShardRow, Option<Taken>)>,
    proposals: Vec<Proposal>,
) -> Result<(Vec<(ShardRow, Option<Taken>)>, Vec<Proposal>), RenewalError> {
    let places: Vec<ShardPlace> = wanted.iter().map(|(row, _)| row.place).collect();
    let is_under_way = |row: &ShardRow| row.state == ShardState::Proposing;
    let kept: Vec<bool> = core
        .map
        .read(move |db| places.iter().map(|place| Ok(tables::shard(db, *place)?.as_ref().is_some_and(is_under_way))).collect())
        .await?;
    let pairs = wanted.into_iter().zip(proposals).zip(kept);
    Ok(pairs.filter_map(|(pair, kept)| kept.then_some(pair)).unzip())
}

/// Counts the cost of a further term; a first one was counted when the shard was placed.
fn again(core: &Core, row: &ShardRow, proposal: &Proposal) -> Result<Option<Taken>, String> {
    if row.state != ShardState::Lapsed {
        return Ok(None);
    }
    core.take(core.cost(proposal.price, row.piece_size)).map(Some).map_err(|reached| reached.to_string())
}

/// A deal at the price agreed on with the placement, or at less. One whose price rose is not proposed at all.
fn proposal(core: &Core, row: &ShardRow, offer: Option<&Offer>, prices: &Prices) -> Result<Proposal, String> {
    let offer = offer.ok_or_else(|| "the provider is no longer registered".to_owned())?;
    if !offer.accepting {
        return Err("the provider takes no new deals".to_owned());
    }
    // A further term is a new agreement.
    let agreed = row.price.filter(|agreed| row.state != ShardState::Lapsed && offer.ask > *agreed);
    if let Some(agreed) = agreed {
        let currency = core.market.currency();
        let (agreed, ask) = (currency.text(agreed), currency.text(offer.ask));
        return Err(format!("the provider took the shard for {agreed} per GiB and epoch and asks {ask} now"));
    }
    if let Some(dear) = prices.refusal(offer.ask) {
        return Err(format!("the provider {dear}"));
    }
    Ok(Proposal {
        provider: row.provider,
        cid: row.cid,
        piece_size: row.piece_size,
        payload_bytes: row.payload,
        price: offer.ask,
        term: core.config.deals.term,
    })
}

/// Nothing when the outcome is unknown: the shard stays `proposing` and is resolved later.
fn proposed_step(core: &Core, row: &ShardRow, answer: Result<UnitId, MarketError>) -> Option<Step> {
    match answer {
        Ok(deal) => Some(Step { deal: Some((Some(deal), None)), ..Step::to(row, ShardState::Proposed) }),
        Err(error @ MarketError::FundsTooLow { needed, .. }) => {
            core.update_account(|account| account.shortage = Some(needed));
            Some(Step::waits(core, row, error.to_string()))
        }
        Err(MarketError::Refused { reason }) => Some(Step::failed(row, reason)),
        Err(MarketError::Unreachable { .. }) => None,
    }
}

/// Looks at deals whose turn has come.
pub(super) async fn check(core: &Arc<Core>, ledger_now: Instant) -> Result<usize, RenewalError> {
    let (now, batch) = (core.now_ms(), core.config.renewal.batch.saturating_mul(4));
    let states = [ShardState::Proposed, ShardState::Accepted, ShardState::Active, ShardState::Faulty];
    let rows = core.map.read(move |db| tables::due(db, &states, now, batch)).await?;
    let ids: Vec<UnitId> = rows.iter().map(|row| row.deal.unwrap_or_default()).collect();
    if ids.is_empty() {
        return Ok(0);
    }
    let deals = core.market.deals(ids).await?;
    let steps: Vec<Step> = rows.iter().zip(deals).map(|(row, deal)| checked_step(core, row, deal, ledger_now)).collect();
    let count = steps.len();
    for (row, step) in rows.iter().zip(&steps) {
        match step.state {
            ShardState::Active => core.proven.add(row.provider),
            ShardState::Failed => core.proven.remove(row.provider),
            _ => {}
        }
    }
    for step in steps.iter().filter(|step| matches!(step.state, ShardState::Failed | ShardState::Lapsed)) {
        tracing::warn!(segment = step.place.segment, shard = step.place.index, reason = step.reason, "a deal is over");
    }
    apply(core, steps).await?;
    Ok(count)
}

fn checked_step(core: &Core, row: &ShardRow, deal: Deal, ledger_now: Instant) -> Step {
    let interval = core.config.renewal.interval;
    let running = |state, until: Option<Instant>, pause| Step {
        next_ms: after(core, pause),
        attempts: row.attempts,
        reason: if state == row.state { row.reason.clone() } else { String::new() },
        deal: Some((row.deal, until.map(ms))),
        ..Step::to(row, state)
    };
    let ran_out = |at: Instant| row.until_ms.is_some_and(|until| ms(at) >= until);
    match deal.state {
        Some(DealState::Proposed) => running(ShardState::Proposed, None, interval),
        Some(DealState::Accepted) => running(ShardState::Accepted, None, interval),
        // A longer term settles what was wrong with its renewal.
        Some(DealState::Active { until }) if row.until_ms.is_some_and(|before| ms(until) > before) => {
            Step { attempts: 0, reason: String::new(), ..running(ShardState::Active, Some(until), interval.saturating_mul(CALM)) }
        }
        Some(DealState::Active { until }) => running(ShardState::Active, Some(until), interval.saturating_mul(CALM)),
        Some(DealState::Faulty { until }) => running(ShardState::Faulty, Some(until), interval),
        Some(DealState::Refused { reason }) => Step::failed(row, format!("the provider refused: {reason}")),
        Some(DealState::Expired) => Step::failed(row, "the provider did not accept or prove the deal in time".to_owned()),
        Some(DealState::Ended { at, .. }) if ran_out(at) => lapsed(row, at),
        Some(DealState::Ended { reason, .. }) => Step::failed(row, format!("the deal ended early: {reason}")),
        None if ran_out(ledger_now) => lapsed(row, ledger_now),
        None => Step::failed(row, "the ledger does not know the deal".to_owned()),
    }
}

fn lapsed(row: &ShardRow, at: Instant) -> Step {
    let reason = format!("the paid term ran out on {}", at.to_rfc3339());
    Step { reason, deal: Some((None, None)), ..Step::to(row, ShardState::Lapsed) }
}
