//! `depin storage settle`: lets deals be paid what is due, now.

use crate::{
    args::SettleArgs,
    error::Result,
    output::{Output, Progress, Table, shorten},
    remote::Remote,
    sending::submit,
    settings::Settings,
};
use depin_client::api::{Amount, DealQuery, DealStage, FinalReceipt};
use depin_economy::{Account, Event as EconomyEvent};
use depin_ledger::{Event, Message};
use depin_quantity::{Address, Name, UnitId, Units};
use depin_services::storage::{DEALS_PER_MESSAGE, StorageMessage};
use serde::Serialize;
use std::collections::BTreeMap;

/// What went where.
#[derive(Serialize)]
struct Paid {
    /// An account's name or address, a fund or a pool, or `burnt`.
    to: String,
    amount: Amount,
}

#[derive(Serialize)]
struct Settled {
    deals: usize,
    paid: Vec<Paid>,
    /// Fee of the settling itself.
    fee: Option<Amount>,
}

pub async fn run(args: &SettleArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let sender = remote.sender(&args.from)?;
    let provider = remote.address_of(args.provider.as_ref()).await?;
    let query = DealQuery { provider, limit: Some(1_000), ..DealQuery::default() };
    let deals = remote.client.storage().all_deals(query).await?;
    let running = |state: DealStage| matches!(state, DealStage::Active | DealStage::Faulty);
    let ids: Vec<UnitId> = deals.iter().filter(|deal| running(deal.state)).map(|deal| deal.id).collect();
    let spec = remote.spec().await?;
    let mut progress = Progress::start(out);
    let (mut sums, mut fee): (BTreeMap<(String, Name), u128>, Option<Amount>) = (BTreeMap::new(), None);
    let names = remote.names().await?;
    for ids in ids.chunks(DEALS_PER_MESSAGE) {
        progress.step(format!("settling {} deals", ids.len()));
        let receipt = submit(&sender, Message::service(StorageMessage::SettleDeals(ids.to_vec())), out).await?;
        for (to, token, amount) in payments(&receipt, &names) {
            let sum = sums.entry((to, token)).or_default();
            *sum = sum.saturating_add(amount.get());
        }
        let paid = fee.as_ref().map_or(0, |fee| fee.units.get()).saturating_add(receipt.fee.units.get());
        let token = receipt.fee.token;
        fee = Some(Amount::new(token, Units::new(paid), spec.token(token).map_or(0, |rule| rule.decimals)));
    }
    progress.done();
    let amount =
        |token: Name, units: u128| Amount::new(token, Units::new(units), spec.token(token).map_or(0, |rule| rule.decimals));
    let paid = sums.into_iter().map(|((to, token), units)| Paid { to, amount: amount(token, units) }).collect();
    let settled = Settled { deals: ids.len(), paid, fee };
    out.result(&settled, |out| {
        let mut table = Table::new(&["PAID TO", ">AMOUNT"]);
        for Paid { to, amount } in &settled.paid {
            table.row([to.clone(), shorten(&amount.display)]);
        }
        table.render_or(out, "nothing is due; deals are paid for whole epochs only")
    })
}

/// What left escrows in a receipt, and where it went.
fn payments(receipt: &FinalReceipt, names: &BTreeMap<Address, String>) -> Vec<(String, Name, Units)> {
    let events = receipt.events.iter().filter_map(|event| serde_json::from_value::<Event>(event.clone()).ok());
    let payment = |event| match event {
        Event::Economy(EconomyEvent::Posting { token, from: Account::Escrow(_), to, amount, .. }) if !amount.is_zero() => {
            let to = match to {
                Account::Wallet(address) => names.get(&address).cloned().unwrap_or_else(|| address.to_string()),
                Account::Supply => "burnt".to_owned(),
                other => other.to_string(),
            };
            Some((to, token, amount))
        }
        _ => None,
    };
    events.filter_map(payment).collect()
}
