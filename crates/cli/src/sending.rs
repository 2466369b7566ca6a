//! Sending a transaction for a person who waits: what it costs is told before, silence is explained, with the transaction's id.

use crate::{
    error::Result,
    output::{Output, shorten},
};
use depin_client::{
    Sender,
    api::{Amount, FinalReceipt},
};
use depin_ledger::{Body, Message};
use depin_quantity::{Decimal18, UnitId};
use std::{
    convert::Infallible,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time;

/// After how long a wait is explained.
const LONG: Duration = Duration::from_secs(4);
/// A node that takes longer than this for its status counts as away.
const SILENCE: Duration = Duration::from_secs(3);

/// Says what a message costs, sends it, and waits until it is final. While that takes long, says which transaction it is and whether the
/// node answers.
pub async fn submit(sender: &Sender, message: Message, out: &Output) -> Result<FinalReceipt> {
    // Programs read it from the receipt, and errors from where notes go.
    if !out.json {
        let status = sender.client().status().await?;
        if let Some(fee) = fee(&status.base_fee, &status.row_fee, Body::work_of(&message)) {
            out.note(fee);
        }
    }
    let signed = Mutex::new(None);
    let sending = sender.submit_told(message, |id| *signed.lock().unwrap_or_else(PoisonError::into_inner) = Some(id));
    tokio::select! {
        done = sending => Ok(done?),
        never = explain(sender, &signed, out) => match never {},
    }
}

/// The fee at present prices; what the message adds to the ledger is known when it has run.
fn fee(base_fee: &Amount, row_fee: &Amount, work: u64) -> Option<String> {
    let each = Decimal18::parse(base_fee.display.split(' ').next()?).ok()?;
    let fee = Decimal18::new(each.get().checked_mul(u128::from(work))?).to_decimal();
    let fee = shorten(&format!("{fee} {}", base_fee.token));
    let rows = shorten(&row_fee.display);
    Some(if row_fee.units.is_zero() {
        format!("fee: {fee}")
    } else {
        format!("fee: {fee}, and {rows} for each byte that it adds to the ledger")
    })
}

async fn explain(sender: &Sender, signed: &Mutex<Option<UnitId>>, out: &Output) -> Infallible {
    let (mut slow, mut away) = (false, false);
    loop {
        time::sleep(LONG).await;
        let answers = matches!(time::timeout(SILENCE, sender.client().status()).await, Ok(Ok(_)));
        let id = *signed.lock().unwrap_or_else(PoisonError::into_inner);
        match (answers, id) {
            (false, _) if away => {}
            (false, Some(id)) => out.warn(format_args!(
                "the node does not answer; transaction {id} may have been taken: before you send it again, see whether it was with \
                 `depin events` or the list of what it is about, such as `depin metered orders`"
            )),
            (false, None) => out.warn("the node does not answer; nothing was sent yet"),
            (true, _) if away => out.note("the node answers again"),
            (true, Some(id)) if !slow => {
                slow = true;
                out.note(format_args!("transaction {id} was sent and is not final yet"));
            }
            (true, _) => {}
        }
        away = !answers;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::Units;

    fn amount(units: u128, decimals: u8) -> Amount {
        Amount::new("FIL".parse().unwrap(), Units::new(units), decimals)
    }

    #[test]
    fn a_fee_is_told_with_what_rows_cost() {
        assert_eq!(fee(&amount(100, 18), &amount(0, 18), 7).unwrap(), "fee: 700 aFIL");
        let both = fee(&amount(1_000_000, 6), &amount(2_500_000, 6), 1_500).unwrap();
        assert_eq!(both, "fee: 1,500 FIL, and 2.5 FIL for each byte that it adds to the ledger");
        assert_eq!(fee(&amount(u128::MAX, 0), &amount(0, 0), 2), None);
    }
}
