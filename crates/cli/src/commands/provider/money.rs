//! `depin provider ask | withdraw`.

use crate::{
    args::{AskArgs, WithdrawArgs},
    error::{CliError, Result},
    output::{Output, Progress, shorten},
    pricing::{Pricing, per_tib_month},
    remote::{Remote, amount, epochs, storage_params},
    sending::submit,
    settings::Settings,
};
use depin_client::api::{Account, Amount, FinalReceipt, Provider};
use depin_economy::{Action, Spec};
use depin_ledger::Message;
use depin_quantity::Rounding;
use depin_services::storage::{Ask, StorageMessage, piece::PieceSize};
use serde::Serialize;

pub async fn ask(args: &AskArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let sender = remote.sender(&args.name)?;
    let entry = remote.client.storage().provider(sender.address()).await?.ok_or_else(|| {
        CliError::refused("not-registered", format_args!("{} is not registered as a provider", args.name))
            .hint("it registers itself when it starts: `depin up`, or `depin provider storage`")
    })?;
    let spec = remote.spec().await?;
    let params = storage_params(&spec)?;
    let typed = [args.price.as_ref(), args.verified_price.as_ref()];
    let pricing = Pricing::of(&remote.client, spec.clone(), &typed).await?;
    let changed = merge(&entry, args, &spec, &pricing)?;
    let mut progress = Progress::start(out);
    progress.step("sending the ask, and waiting until it is final");
    submit(&sender, Message::service(StorageMessage::SetAsk(changed)), out).await?;
    progress.done();
    let now = remote.client.storage().provider(sender.address()).await?;
    out.result(&now, |_| {
        let ask = now.as_ref().map(|entry| &entry.ask);
        let text = |ask: &depin_client::api::Ask| {
            let takes = if ask.open { "takes new deals" } else { "takes no new deals" };
            let (each, month) = (shorten(&ask.price.display), per_tib_month(&ask.price, &params));
            format!("{} {takes}, at {month} per TiB and month ({each} per GiB and epoch)", args.name)
        };
        ask.map_or_else(|| format!("{} has left the network", args.name), text)
    })
}

/// The present ask with what was typed changed.
fn merge(entry: &Provider, args: &AskArgs, spec: &Spec, pricing: &Pricing) -> Result<Ask> {
    let now = &entry.ask;
    let size = |bytes: u64| {
        PieceSize::new(bytes)
            .map_err(|error| CliError::refused("piece-size", error).hint("piece sizes are powers of two, such as 256B or 16MiB"))
    };
    let typed =
        |price: &Option<crate::args::PriceArg>| price.as_ref().map(|price| pricing.units(price, Rounding::Up)).transpose();
    let new_price = typed(&args.price)?.unwrap_or(now.price.units);
    // A price for all deals, unless verified ones are named too.
    let verified_price = match (typed(&args.verified_price)?, args.price.is_some()) {
        (Some(price), _) => price,
        (None, true) => new_price,
        (None, false) => now.verified_price.units,
    };
    let span = |span: &Option<crate::args::SpanArg>, or: u64| span.as_ref().map_or(Ok(or), |span| epochs(spec, span.0));
    Ok(Ask {
        price: new_price,
        verified_price,
        piece_min: size(args.piece_min.map_or(now.piece_min_bytes, |bytes| bytes.0))?,
        piece_max: size(args.piece_max.map_or(now.piece_max_bytes, |bytes| bytes.0))?,
        term_min: span(&args.term_min, now.term_min_epochs)?,
        term_max: span(&args.term_max, now.term_max_epochs)?,
        open: if args.closed { false } else { args.open || now.open },
    })
}

#[derive(Serialize)]
struct Withdrawn {
    provider: String,
    account: Account,
    claim: FinalReceipt,
    withdraw: FinalReceipt,
    /// By how much the spendable balance grew, fees taken off.
    gained: Option<Amount>,
}

pub async fn withdraw(args: &WithdrawArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let sender = remote.sender(&args.name)?;
    let spec = remote.spec().await?;
    let wanted = args.amount.as_ref().map(|typed| amount(&spec, typed)).transpose()?.map(|(_, units)| units);
    let before = remote.client.account(sender.address()).await?;
    let mut progress = Progress::start(out);
    progress.step("settling what was earned");
    let claim = submit(&sender, Message::Act(Action::Claim { after: None }), out).await?;
    progress.step("taking out what has vested");
    let message = Message::Act(Action::WithdrawVested { token: spec.fee().token, most: wanted });
    let withdraw = submit(&sender, message, out).await?;
    progress.done();
    let account = remote.client.account(sender.address()).await?;
    let gained = gained(&before, &account, &spec);
    let withdrawn = Withdrawn { provider: args.name.clone(), account, claim, withdraw, gained };
    out.result(&withdrawn, |_| {
        let Withdrawn { account, gained, .. } = &withdrawn;
        let gained = gained.as_ref().map_or_else(|| "nothing".to_owned(), |amount| shorten(&amount.display));
        format!(
            "{} has {gained} more to spend, fees aside: {}\nstill vesting: {}; pledged: {}",
            args.name,
            crate::commands::account::amounts(&account.balances),
            shorten(&account.vesting.locked.display),
            shorten(&account.pledged.display)
        )
    })
}

fn gained(before: &Account, after: &Account, spec: &Spec) -> Option<Amount> {
    let token = spec.fee().token;
    let of = |account: &Account| {
        account.balances.iter().find(|amount| amount.token == token).map_or_else(Default::default, |amount| amount.units)
    };
    let more = of(after).minus(of(before)).ok().filter(|units| !units.is_zero())?;
    Some(Amount::new(token, more, spec.token(token)?.decimals))
}
