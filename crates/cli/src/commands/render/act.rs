//! What artists sign: approvals, rejections, money, the end of a job.

use super::named::{Named, money, of_desk, short};
use crate::{
    args::{AmountArg, ApproveArgs, CancelArgs, DisputeFrameArgs, PickArg, RejectArgs, TopupArgs},
    error::{CliError, Result},
    output::{Progress, count, short_id, shorten},
    sending::submit,
};
use depin_client::{
    Sender,
    api::{FinalReceipt, RenderingJob, RenderingTicket},
    render::{DeskFrame, FrameStage},
};
use depin_economy::USD;
use depin_ledger::Message;
use depin_quantity::{Decimal18, Name, UnitId};
use depin_services::rendering::{JobState, RANGE_MAX, RenderingMessage};
use serde::Serialize;

/// What was done about a job.
#[derive(Serialize)]
struct Done {
    job: UnitId,
    /// Frames that it was done about, by their numbers.
    frames: Vec<i64>,
    receipts: Vec<FinalReceipt>,
}

/// Sends a message and waits until it is final. What every ledger refuses is not sent.
pub(super) async fn send(at: &Named<'_>, sender: &Sender, message: RenderingMessage) -> Result<FinalReceipt> {
    message.check_bounds().map_err(|error| CliError::refused(error.code(), error))?;
    let mut progress = Progress::start(at.out);
    progress.step("sending, and waiting until it is final");
    let receipt = submit(sender, Message::service(message), at.out).await?;
    progress.done();
    Ok(receipt)
}

fn report(at: &Named<'_>, done: &Done, text: &str) -> Result<()> {
    at.out.result(done, |_| match done.receipts.last() {
        Some(FinalReceipt { height, fee, id, .. }) => {
            format!("{text}\n(block {height}, fee {}, transaction {})", shorten(&fee.display), short_id(id))
        }
        None => text.to_owned(),
    })
}

/// An amount as typed in millionths of what frames are priced in; finer ones are refused.
pub(super) fn millionths(typed: &AmountArg, priced_in: Name) -> Result<u64> {
    if let Some(other) = typed.token.filter(|token| *token != priced_in) {
        return Err(CliError::refused("currency", format_args!("frames are priced in {priced_in} here, not in {other}")).hint(
            if priced_in == USD { "write for example \"20 USD\"; tokens are held for it at the price of now" } else { "" },
        ));
    }
    let amount = Decimal18::parse(&typed.number).map_err(|error| CliError::refused("amount", error))?.get();
    let wrong = || CliError::refused("amount", format_args!("{typed} is no amount above zero of whole millionths"));
    let whole = amount.checked_div(1_000_000_000_000).filter(|whole| whole * 1_000_000_000_000 == amount && *whole > 0);
    whole.and_then(|whole| u64::try_from(whole).ok()).ok_or_else(wrong)
}

/// The frames that were picked; none is refused.
fn picked<'f>(frames: &'f [DeskFrame], pick: &PickArg, job: &RenderingJob) -> Result<Vec<&'f DeskFrame>> {
    let found: Vec<&DeskFrame> = frames.iter().filter(|frame| pick.has(frame.frame)).collect();
    if found.is_empty() {
        let range = job.terms.frames;
        let hint = format!("it has frames {} to {}", range.first, range.last);
        return Err(CliError::refused("no-frame", "the job has none of these frames").hint(hint));
    }
    Ok(found)
}

pub(super) async fn approve(args: &ApproveArgs, at: &Named<'_>) -> Result<()> {
    let (job, desk) = (at.job(&args.job).await?, at.desk(&args.desk)?);
    let frames = desk.frames(job.job).await.map_err(|error| of_desk(&error))?;
    let picked = picked(&frames, &args.frames, &job)?;
    let may = |frame: &&&DeskFrame| match frame.stage {
        FrameStage::Ready => true,
        FrameStage::Checking => args.unchecked,
        _ => false,
    };
    let ready: Vec<&DeskFrame> = picked.iter().filter(may).copied().collect();
    let waiting = picked.iter().filter(|frame| frame.stage == FrameStage::Checking).count();
    if waiting > 0 && !args.unchecked {
        let many = count(waiting as u64, "frame is", "frames are");
        at.out.note(format_args!("{many} still to be checked by another node, and not approved; --unchecked approves them too"));
    }
    let mut numbers: Vec<u32> = ready.iter().filter_map(|frame| frame.ticket).collect();
    if args.frames == PickArg::All {
        numbers.extend(checks(at, &job, &frames, args.unchecked).await?);
    }
    if numbers.is_empty() {
        return Err(CliError::refused("nothing-ready", "none of these frames waits for approval")
            .hint(format_args!("`depin render frames {}` says how far each is", short(job.job))));
    }
    let sender = at.sender(args.signer.from.as_deref(), job.artist, "approve frames")?;
    let mut receipts = Vec::new();
    for (first, last) in runs(numbers) {
        receipts.push(send(at, &sender, RenderingMessage::Approve { job: job.job, first, last }).await?);
    }
    let text = format!("{} approved; their nodes open the keys", count(ready.len() as u64, "frame", "frames"));
    report(at, &Done { job: job.job, frames: ready.iter().map(|frame| frame.frame).collect(), receipts }, &text)
}

/// Tickets beside the job's frames that were found right: checks and planted frames, whose nodes worked as well. A check that came when its
/// frame was decided is compared with nothing any more, and would keep the job open until it is approved by itself: it is among the unchecked.
async fn checks(at: &Named<'_>, job: &RenderingJob, frames: &[DeskFrame], unchecked: bool) -> Result<Vec<u32>> {
    let of_frames: Vec<u32> = frames.iter().filter_map(|frame| frame.ticket).collect();
    let is_right = |ticket: &RenderingTicket| {
        ticket.state == "delivered" && (ticket.verified || unchecked) && !of_frames.contains(&ticket.number)
    };
    Ok(at.tickets(job.job).await?.into_iter().filter(is_right).map(|ticket| ticket.number).collect())
}

/// Numbers in runs without gaps, none longer than one message takes.
fn runs(mut numbers: Vec<u32>) -> Vec<(u32, u32)> {
    numbers.sort_unstable();
    numbers.dedup();
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((first, last)) if *last + 1 == number && number - *first < RANGE_MAX => *last = number,
            _ => runs.push((number, number)),
        }
    }
    runs
}

pub(super) async fn reject(args: &RejectArgs, at: &Named<'_>) -> Result<()> {
    let (job, desk) = (at.job(&args.job).await?, at.desk(&args.desk)?);
    let frames = desk.frames(job.job).await.map_err(|error| of_desk(&error))?;
    let sender = at.sender(args.signer.from.as_deref(), job.artist, "reject frames")?;
    let (mut receipts, mut done) = (Vec::new(), Vec::new());
    for frame in picked(&frames, &args.frames, &job)? {
        let is_here = matches!(frame.stage, FrameStage::Ready | FrameStage::Checking);
        let Some(number) = frame.ticket.filter(|_| is_here) else {
            let why = format!("frame {} is {}, and only one that is handed in is rejected", frame.frame, frame.stage.word());
            return Err(CliError::refused("not-ready", why));
        };
        let opening = desk.opening(job.job, number).await.map_err(|error| of_desk(&error))?.opening;
        let reason = args.reason.into();
        receipts.push(send(at, &sender, RenderingMessage::Reject { job: job.job, number, opening, reason }).await?);
        done.push(frame.frame);
    }
    let many = count(done.len() as u64, "frame is", "frames are");
    let text = match job.state {
        JobState::Open => format!("{many} rejected and rendered again elsewhere"),
        _ => format!(
            "{many} rejected; the job has ended, so nobody renders it again: what no comparison shows to be wrong is paid when the time for \
             approval is over"
        ),
    };
    report(at, &Done { job: job.job, frames: done, receipts }, &text)
}

pub(super) async fn topup(args: &TopupArgs, at: &Named<'_>) -> Result<()> {
    let (job, network) = (at.job(&args.job).await?, at.network().await?);
    let more = millionths(&args.by, network.priced_in)?;
    let sender = at.sender(args.signer.from.as_deref(), job.artist, "hold more for this job")?;
    let receipt = send(at, &sender, RenderingMessage::Fund { job: job.job, more }).await?;
    let text = format!("{} are held for it now", money(job.funds.saturating_add(more), network.priced_in));
    report(at, &Done { job: job.job, frames: Vec::new(), receipts: vec![receipt] }, &text)
}

pub(super) async fn cancel(args: &CancelArgs, at: &Named<'_>) -> Result<()> {
    let job = at.job(&args.job).await?;
    let sender = at.sender(args.signer.from.as_deref(), job.artist, "end this job")?;
    let receipt = send(at, &sender, RenderingMessage::EndJob { job: job.job }).await?;
    let after = at.rendering().job(job.job).await?;
    let text = match after.map(|job| job.state.word()) {
        Some("closed") => "the job is closed, and the rest of its money is back".to_owned(),
        _ => {
            "no more frames are given out; what is handed in is judged and paid, then the rest of the money comes back".to_owned()
        }
    };
    report(at, &Done { job: job.job, frames: Vec::new(), receipts: vec![receipt] }, &text)
}

pub(super) async fn dispute(args: &DisputeFrameArgs, at: &Named<'_>) -> Result<()> {
    let (job, desk) = (at.job(&args.of.job).await?, at.desk(&args.of.desk)?);
    let frames = desk.frames(job.job).await.map_err(|error| of_desk(&error))?;
    let frame = picked(&frames, &PickArg::Some(vec![(args.of.frame, args.of.frame)]), &job)?;
    let number = frame.first().filter(|frame| frame.stage == FrameStage::Done).and_then(|frame| frame.ticket);
    let number = number.ok_or_else(|| CliError::refused("not-done", "only the key of a frame that is paid is disputed"))?;
    let sender = at.sender(args.signer.from.as_deref(), job.artist, "dispute keys")?;
    let receipt = send(at, &sender, RenderingMessage::DisputeKey { job: job.job, number }).await?;
    let text = format!("frame {} is looked at by a third node", args.of.frame);
    report(at, &Done { job: job.job, frames: vec![args.of.frame], receipts: vec![receipt] }, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_are_approved_in_runs_that_one_message_takes() {
        assert_eq!(runs(vec![3, 1, 2, 2, 7]), [(1, 3), (7, 7)]);
        assert_eq!(runs((0..300).collect()), [(0, 255), (256, 299)]);
        assert!(runs(Vec::new()).is_empty());
    }

    #[test]
    fn amounts_are_whole_millionths_of_what_frames_are_priced_in() {
        let typed = |text: &str| text.parse::<AmountArg>().unwrap();
        assert_eq!(millionths(&typed("20 USD"), USD).unwrap(), 20_000_000);
        assert_eq!(millionths(&typed("0.000001"), USD).unwrap(), 1);
        for (text, code) in [("1 RENDER", "currency"), ("0", "amount"), ("0.0000001", "amount")] {
            assert_eq!(millionths(&typed(text), USD).err().unwrap().code, code, "{text}");
        }
    }
}
