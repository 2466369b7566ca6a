//! `depin transfer`.

use crate::{
    args::TransferArgs,
    error::{CliError, Result},
    output::{Output, Progress, short_id, shorten},
    remote::{Remote, amount},
    sending::submit,
    settings::Settings,
};
use depin_client::{
    Credit,
    api::{Amount, FinalReceipt},
};
use depin_economy::Action;
use depin_ledger::Message;
use depin_quantity::Address;
use serde::Serialize;

#[derive(Serialize)]
struct Transferred {
    from: Address,
    to: Address,
    amount: Amount,
    receipt: FinalReceipt,
}

pub async fn run(args: &TransferArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let sender = remote.sender(&args.from)?;
    let to = remote.address(&args.to).await?;
    let spec = remote.spec().await?;
    let (token, units) = amount(&spec, &args.amount)?;
    let decimals = spec.token(token).map_or(18, |token| token.decimals);
    let has = remote.client.account(sender.address()).await?.balance(token);
    // A credit is not moved between parties at all, and the ledger says so.
    if units > has && Credit::of(&spec, token).is_none() {
        let text = |units| shorten(&Amount::new(token, units, decimals).display);
        let message = format!("{} has {} to spend, and {} are to be sent", args.from, text(has), text(units));
        return Err(CliError::refused("balance-too-low", message).hint("nothing was sent, and no fee was paid"));
    }
    let mut progress = Progress::start(out);
    progress.step("sending, and waiting until it is final");
    let receipt = submit(&sender, Message::Act(Action::Transfer { to, token, amount: units }), out).await?;
    progress.done();
    let transferred = Transferred { from: sender.address(), to, amount: Amount::new(token, units, decimals), receipt };
    out.result(&transferred, |_| {
        let Transferred { amount, receipt, .. } = &transferred;
        format!(
            "sent {} from {} to {} (block {}, fee {}, transaction {})",
            shorten(&amount.display),
            args.from,
            args.to,
            receipt.height,
            shorten(&receipt.fee.display),
            short_id(receipt.id)
        )
    })
}
