//! `depin account`.

use crate::{
    args::{GrantArgs, Who},
    error::Result,
    output::{Output, Table, bytes, day, in_time, minute, short_id, shorten},
    remote::{Remote, name_in},
    sending::submit,
    settings::Settings,
};
use depin_client::api::{Account, AccountEntry, Amount, Committed, FinalReceipt, Holdings, Page};
use depin_economy::Action;
use depin_quantity::{Address, Measured, Name};
use serde::Serialize;
use std::collections::BTreeMap;

/// Most accounts asked for at once.
const PAGE: u32 = 500;

pub async fn list(limit: u32, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let mut all = Page::<AccountEntry> { items: Vec::new(), next: None };
    loop {
        let left = limit - u32::try_from(all.items.len()).unwrap_or(u32::MAX).min(limit);
        let page = remote.client.accounts(all.next.as_deref(), Some(left.min(PAGE))).await?;
        let stuck = page.next.is_some() && page.next == all.next;
        all.items.extend(page.items);
        all.next = page.next;
        if stuck || all.next.is_none() || all.items.len() >= limit as usize {
            break;
        }
    }
    if all.next.is_some() {
        out.warn(format_args!("there are more accounts; the first {} are shown, --limit shows more", all.items.len()));
    }
    // Those with names first: they are the ones that people look for.
    all.items.sort_by_key(|account| (account.name.is_none(), account.name.clone().map(|n| (n.len(), n)), account.address));
    out.result(&all, |out| {
        let mut table = Table::new(&["NAME", "ADDRESS", ">BALANCE"]);
        for account in &all.items {
            table.row([account.name.clone().unwrap_or_default(), account.address.short(), amounts(&account.balances)]);
        }
        table.render_or(out, "no accounts yet")
    })
}

pub async fn show(who: &Who, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let address = remote.address(who).await?;
    let (account, status) = (remote.client.account(address).await?, remote.client.status().await?);
    let now = depin_quantity::Instant::new(status.time_ms);
    let names = if account.committed.is_empty() { BTreeMap::new() } else { remote.names().await? };
    out.result(&account, |out| {
        let mut table = Table::new(&["", ""]);
        let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
        row("Address", account.address.to_string());
        if let Some(name) = &account.name {
            row("Name", name.clone());
        }
        row("Balance", amounts(&account.balances));
        row("Transactions", account.nonce.to_string());
        money_rows(&account, now, &mut row);
        for Committed { to, with, id, amount, until, accrued } in &account.committed {
            let with = with.map(|address| name_in(&names, address));
            let mut text = shorten(&amount.display);
            text += &with.map(|name| format!(" with {name}")).unwrap_or_default();
            text += &id.map(|id| format!(", {}", short_id(id))).unwrap_or_default();
            text += &until.as_ref().map(|at| format!(", until {}", day(now, at.instant()))).unwrap_or_default();
            if accrued.iter().any(|amount| !amount.units.is_zero()) {
                text += &format!(", {} to claim", amounts(accrued));
            }
            row(&format!("In {to}"), text);
        }
        table.render(out)
    })
}

fn money_rows(account: &Account, now: depin_quantity::Instant, row: &mut impl FnMut(&str, String)) {
    let Account { pledged, vesting, claimable, debt, .. } = account;
    let main = Holdings { pledged: pledged.clone(), vesting: vesting.clone(), claimable: claimable.clone(), debt: debt.clone() };
    for Holdings { pledged, vesting, claimable, debt } in std::iter::once(&main).chain(&account.other) {
        row("Pledged", shorten(&pledged.display));
        row("Earned, to claim", shorten(&claimable.display));
        let next = vesting.next.as_ref().map(|at| format!(", next {} ({})", minute(at.instant()), in_time(now, at.instant())));
        row("Vesting", format!("{} locked{}", shorten(&vesting.locked.display), next.unwrap_or_default()));
        row("Vested", shorten(&vesting.vested.display));
        row("Debt", shorten(&debt.display));
    }
    if account.datacap > 0 {
        row("DataCap", bytes(account.datacap));
    }
}

#[derive(Serialize)]
struct Granted {
    to: Address,
    bytes: u64,
    receipt: FinalReceipt,
}

pub async fn grant(args: &GrantArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let to = remote.address(&args.to).await?;
    let grant = Action::GrantAllowance { kind: Name::literal("datacap"), to, amount: Measured::new(args.size.0.into()) };
    let receipt = submit(&remote.sender(&args.from)?, grant.into(), out).await?;
    let granted = Granted { to, bytes: args.size.0, receipt };
    out.result(&granted, |_| format!("{} may have {} more in verified deals", args.to, bytes(granted.bytes)))
}

/// Several amounts in one cell.
pub fn amounts(amounts: &[Amount]) -> String {
    if amounts.is_empty() { "0".to_owned() } else { amounts.iter().map(|a| shorten(&a.display)).collect::<Vec<_>>().join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_without_tokens_shows_a_zero() {
        assert_eq!(amounts(&[]), "0");
    }
}
