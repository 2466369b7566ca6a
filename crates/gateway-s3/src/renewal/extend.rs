//! Longer terms for deals that come to their end.

use super::{RenewalError, after, ms, next_try, spend};
use crate::{
    core::Core,
    map::{ShardRow, ShardState, tables},
    market::{Extension, MarketError},
    price::Prices,
    spending::Taken,
};
use depin_quantity::{Instant, UnitId, Units};
use std::sync::Arc;

/// Asks for longer terms where less than a part of the term is left. A deal that costs more than the highest price is not extended,
/// and its shard moves.
pub(super) async fn renew(core: &Arc<Core>, ledger_now: Instant) -> Result<usize, RenewalError> {
    let policy = &core.config.deals;
    let (now, batch) = (core.now_ms(), core.config.renewal.batch);
    let margin = policy.term.get() / policy.renew_divisor;
    let before = ms(ledger_now).saturating_add(margin);
    let rows = core.map.read(move |db| tables::ending(db, before, now, batch)).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let offers = core.offers(rows.iter().map(|row| row.provider)).await?;
    let prices = core.prices(&offers);
    let (mut asked_for, mut extensions, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
    for (row, deal) in rows.into_iter().filter_map(|row| row.deal.map(|deal| (row, deal))) {
        match spend::take(core, &row, &prices) {
            Ok(taken) => {
                extensions.push(extension(core, &row, deal, &prices));
                asked_for.push((row, taken));
            }
            Err(reason) => outcomes.push((row, Outcome::Waits(reason))),
        }
    }
    let answers = match core.market.extend(extensions).await {
        Ok(answers) => answers,
        Err(error) => {
            asked_for.iter().for_each(|(_, taken)| core.spending.give_back(*taken));
            return Err(error.into());
        }
    };
    let asked = answers.iter().filter(|answer| answer.is_ok()).count();
    for ((row, taken), answer) in asked_for.into_iter().zip(answers) {
        outcomes.push((row, settled(core, taken, answer)));
    }
    write(core, outcomes, ledger_now, margin).await?;
    Ok(asked)
}

fn extension(core: &Core, row: &ShardRow, deal: UnitId, prices: &Prices) -> Extension {
    let until = Instant::new(row.until_ms.unwrap_or(0)).later(core.config.deals.term);
    Extension { deal, until, max_price: prices.ceiling }
}

/// What came of asking for one extension.
enum Outcome {
    Asked(Option<Taken>),
    Waits(String),
    Refused(String),
}

/// What went into escrow takes the place of what was counted.
fn settled(core: &Core, counted: Taken, answer: Result<Units, MarketError>) -> Outcome {
    core.spending.give_back(counted);
    match answer {
        Ok(units) if units.is_zero() => Outcome::Asked(None),
        // The money is out whatever the cap says.
        Ok(units) => Outcome::Asked(core.spending.take(core.account().ledger_now, units, None).ok()),
        Err(error @ MarketError::Refused { .. }) => Outcome::Refused(error.to_string()),
        Err(error) => Outcome::Waits(error.to_string()),
    }
}

async fn write(core: &Core, outcomes: Vec<(ShardRow, Outcome)>, ledger_now: Instant, margin: u64) -> Result<(), RenewalError> {
    let now = core.now_ms();
    let again = after(core, core.config.renewal.backoff.saturating_mul(4));
    let retries: Vec<u64> = outcomes.iter().map(|(row, _)| next_try(core, row.attempts)).collect();
    let ends_soon = ms(ledger_now).saturating_add(margin / 2);
    core.map
        .write(move |db| {
            for ((row, outcome), retry) in outcomes.iter().zip(retries) {
                let (attempts, kept) = (row.attempts.saturating_add(1), tables::is_kept(db, row.place, row.provider)?);
                match outcome {
                    // Takes effect when the provider agrees; asked again if nothing comes of it.
                    Outcome::Asked(taken) => {
                        taken.map_or(Ok(()), |taken| tables::spend(db, taken))?;
                        if kept {
                            tables::set_renewal(db, row.place, 0, again, "")?;
                        }
                    }
                    _ if !kept => continue,
                    Outcome::Waits(why) | Outcome::Refused(why) => {
                        tables::set_renewal(db, row.place, attempts, retry, &format!("not renewed: {why}"))?;
                    }
                }
                if let Outcome::Refused(why) = outcome
                    && row.until_ms.is_none_or(|until| until < ends_soon)
                {
                    // The old deal runs on until the new placement retires it.
                    tables::set_state(db, row.place, ShardState::Failed, &format!("the deal is not renewed: {why}"), 0, now)?;
                    tables::set_avoid(db, row.place, std::slice::from_ref(&row.provider))?;
                }
            }
            Ok(())
        })
        .await?;
    Ok(())
}
