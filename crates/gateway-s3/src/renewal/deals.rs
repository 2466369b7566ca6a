//! Proposing, watching and renewing deals.

use super::{RenewalError, after, ms, next_try};
use crate::{
    core::Core,
    map::{MapError, ShardPlace, ShardRow, ShardState, tables},
    market::{Deal, DealState, Extension, MarketError, Offer, Proposal},
    placement::too_dear,
};
use depin_quantity::{Address, Instant, UnitId};
use rusqlite::Connection;
use std::{collections::HashMap, sync::Arc};

/// An active deal is looked at this many times less often than one that waits for its provider.
const CALM: u32 = 15;

/// One change of one shard.
struct Step {
    place: ShardPlace,
    state: ShardState,
    reason: String,
    next_ms: u64,
    attempts: u32,
    /// New deal and term; unchanged when absent.
    deal: Option<(Option<UnitId>, Option<u64>)>,
    /// Provider to avoid from now on.
    avoid: Option<Vec<Address>>,
}

impl Step {
    fn to(row: &ShardRow, state: ShardState) -> Self {
        Self { place: row.place, state, reason: String::new(), next_ms: 0, attempts: 0, deal: None, avoid: None }
    }

    /// The deal is dead while its data is wanted.
    fn failed(row: &ShardRow, reason: String) -> Self {
        let mut avoid = row.avoid.clone();
        if !avoid.contains(&row.provider) {
            avoid.push(row.provider);
        }
        Self { reason, deal: Some((None, None)), avoid: Some(avoid), ..Self::to(row, ShardState::Failed) }
    }

    fn write(&self, db: &Connection, now_ms: u64) -> Result<(), MapError> {
        tables::set_state(db, self.place, self.state, &self.reason, self.next_ms, now_ms)?;
        tables::set_attempts(db, self.place, self.attempts)?;
        if let Some((deal, until)) = &self.deal {
            tables::set_deal(db, self.place, *deal, *until)?;
        }
        self.avoid.as_ref().map_or(Ok(()), |avoid| tables::set_avoid(db, self.place, avoid))
    }
}

async fn apply(core: &Core, steps: Vec<Step>) -> Result<(), RenewalError> {
    let now = core.now_ms();
    core.map.write(move |db| steps.iter().try_for_each(|step| step.write(db, now))).await?;
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
    let offers = core.directory.offers(&core.map, core.market.as_ref()).await?;
    let offers: HashMap<Address, &Offer> = offers.iter().map(|offer| (offer.provider.address, offer)).collect();
    let (mut wanted, mut proposals, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        match proposal(core, &row, offers.get(&row.provider).copied()) {
            Ok(proposal) => {
                // Written down before it is sent: a crash in between leaves a question, not a second payment.
                steps.push(Step {
                    next_ms: next_try(core, row.attempts),
                    attempts: row.attempts,
                    ..Step::to(&row, ShardState::Proposing)
                });
                proposals.push(proposal);
                wanted.push(row);
            }
            Err(reason) => steps.push(Step::failed(&row, reason)),
        }
    }
    apply(core, steps).await?;
    if proposals.is_empty() {
        return Ok(0);
    }
    let answers = match core.market.propose(proposals).await {
        Ok(answers) => answers,
        Err(error) => vec![Err(error); wanted.len()],
    };
    let proposed = answers.iter().filter(|answer| answer.is_ok()).count();
    let steps = wanted.iter().zip(answers).filter_map(|(row, answer)| proposed_step(core, row, answer)).collect();
    apply(core, steps).await?;
    Ok(proposed)
}

fn proposal(core: &Core, row: &ShardRow, offer: Option<&Offer>) -> Result<Proposal, String> {
    let offer = offer.ok_or_else(|| "the provider is no longer registered".to_owned())?;
    if !offer.accepting {
        return Err("the provider takes no new deals".to_owned());
    }
    if let Some(max) = core.config.deals.max_price.filter(|max| offer.ask > *max) {
        return Err(format!("the provider {}", too_dear(offer.ask, max, core.market.currency())));
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
            Some(Step {
                reason: error.to_string(),
                next_ms: next_try(core, row.attempts),
                attempts: row.attempts.saturating_add(1),
                ..Step::to(row, row.state)
            })
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

/// Asks for longer terms where less than a part of the term is left.
pub(super) async fn renew(core: &Arc<Core>, ledger_now: Instant) -> Result<usize, RenewalError> {
    let policy = &core.config.deals;
    let (now, batch) = (core.now_ms(), core.config.renewal.batch);
    let margin = policy.term.get() / policy.renew_divisor;
    let before = ms(ledger_now).saturating_add(margin);
    let rows = core.map.read(move |db| tables::ending(db, before, now, batch)).await?;
    let rows: Vec<(ShardRow, UnitId)> = rows.into_iter().filter_map(|row| row.deal.map(|deal| (row, deal))).collect();
    if rows.is_empty() {
        return Ok(0);
    }
    let extensions = rows
        .iter()
        .map(|(row, deal)| Extension { deal: *deal, until: Instant::new(row.until_ms.unwrap_or(0)).later(policy.term) })
        .collect();
    let answers = core.market.extend(extensions).await?;
    let asked = answers.iter().filter(|answer| answer.is_ok()).count();
    let outcomes: Vec<(ShardRow, Result<(), MarketError>)> = rows.into_iter().map(|(row, _)| row).zip(answers).collect();
    let again = after(core, core.config.renewal.backoff.saturating_mul(4));
    let retries: Vec<u64> = outcomes.iter().map(|(row, _)| next_try(core, row.attempts)).collect();
    core.map
        .write(move |db| {
            for ((row, answer), retry) in outcomes.iter().zip(retries) {
                match answer {
                    // Takes effect when the provider agrees; asked again if nothing comes of it.
                    Ok(()) => tables::set_renewal(db, row.place, 0, again, "")?,
                    Err(error) => tables::set_renewal(
                        db,
                        row.place,
                        row.attempts.saturating_add(1),
                        retry,
                        &format!("not renewed: {error}"),
                    )?,
                }
                if matches!(answer, Err(MarketError::Refused { .. }))
                    && row.until_ms.is_none_or(|until| until < ms(ledger_now).saturating_add(margin / 2))
                {
                    // The old deal runs on until the new placement retires it.
                    tables::set_state(db, row.place, ShardState::Failed, "the provider does not renew the deal", 0, now)?;
                    tables::set_avoid(db, row.place, std::slice::from_ref(&row.provider))?;
                }
            }
            Ok(())
        })
        .await?;
    Ok(asked)
}
