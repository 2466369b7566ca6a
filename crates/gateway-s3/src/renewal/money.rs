//! Ledger time and funds, and warnings before they run out.

use super::RenewalError;
use crate::{
    core::{Account, Core},
    durability,
    map::tables,
};
use depin_quantity::{Instant, Units};

/// Asks the market for time and funds, and remembers them.
pub(super) async fn look(core: &Core) -> Result<Instant, RenewalError> {
    let heard = async { Ok::<_, RenewalError>((core.market.now().await?, core.market.funds().await?)) }.await;
    match heard {
        Ok((now, funds)) => {
            core.update_account(|account| {
                account.ledger_now = Some(now);
                account.funds = Some(funds);
                account.trouble = None;
                account.trouble_since_ms = None;
                account.shortage = account.shortage.filter(|needed| funds.balance < *needed);
            });
            Ok(now)
        }
        Err(error) => {
            let text = error.to_string();
            if core.account().trouble.as_ref() != Some(&text) {
                tracing::warn!(error = text, "the market cannot be asked; stored data stays readable, deals wait");
            }
            let now = core.now_ms();
            core.update_account(|account| {
                account.trouble = Some(text);
                account.trouble_since_ms.get_or_insert(now);
            });
            Err(error)
        }
    }
}

/// Says it once when the funds run out soon or the day's cap is reached, and once when it is over.
pub(super) async fn warn(core: &Core) -> Result<(), RenewalError> {
    let totals = core.map.read(tables::show::totals).await?;
    let before = core.account();
    let paid_until = totals.durability.until_ms.map(Instant::new);
    let warning = if totals.durability.lapsed > 0 {
        Some(format!(
            "{} of {} shards are unpaid since the funds ran out; send tokens to the gateway's account",
            totals.durability.lapsed, totals.durability.shards
        ))
    } else {
        durability::warning(paid_until, &before, &core.config.deals).or_else(|| capped(core, &before))
    };
    match (&before.warning, &warning) {
        (None, Some(text)) => tracing::warn!("{text}"),
        (Some(text), None) => tracing::info!("it is no longer so that {text}"),
        _ => {}
    }
    core.update_account(|account| account.warning = warning);
    Ok(())
}

/// What did not fit into the day's cap.
fn capped(core: &Core, account: &Account) -> Option<String> {
    let cap = core.config.deals.spend_per_day?;
    let currency = core.market.currency();
    let (spent, full) = core.spending.today(account.ledger_now);
    full.then(|| {
        format!(
            "the spending cap of {} a day is reached ({} are spent); uploads, moves and renewals wait for the next day of \
             the ledger, or for a higher cap",
            currency.text(cap),
            currency.text(Units::new(spent))
        )
    })
}
