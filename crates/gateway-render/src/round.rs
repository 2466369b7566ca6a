//! The dispatcher's looks at the ledger: jobs that were ordered are found, what is next for each is planned and sent.

use crate::{
    board::Seen,
    courier,
    desk::{Desk, DeskError},
    plan::{Book, Issuance, JobView, Step, plan},
    store::{Draft, DraftOf, drafts, tickets},
};
use depin_client::{SubmitError, api::RenderingJobQuery};
use depin_ledger::Message;
use depin_quantity::{ContentHash, UnitId};
use depin_services::rendering::{Issued, JobState, Opening, RenderingMessage, Shown};
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

/// Longest pause after something failed.
const PAUSE_MOST: Duration = Duration::from_secs(15);
/// Pages of jobs that are looked through for new ones at a look.
const PAGES: usize = 16;
/// How often scenes are looked for that nobody needs.
const SWEEP: Duration = Duration::from_secs(600);

/// Looks for ever.
pub(crate) async fn run(desk: Arc<Desk>) {
    let (mut pause, mut swept, mut walk) = (desk.config.look, None::<Instant>, None::<String>);
    // What was sent before a restart is decided before anything is planned from what the ledger says.
    while let Err(error) = desk.sender.settled().await {
        desk.board.note(None, "node", &error);
        tokio::time::sleep(PAUSE_MOST.min(desk.config.look * 4)).await;
    }
    loop {
        match look(&desk, &mut walk).await {
            Ok(()) => {
                desk.board.solved(None, "node");
                pause = desk.config.look;
            }
            Err(error) => {
                desk.board.note(None, "node", &error);
                pause = (pause * 2).min(PAUSE_MOST);
            }
        }
        if swept.is_none_or(|at| at.elapsed() >= SWEEP) {
            sweep(&desk).await;
            swept = Some(Instant::now());
        }
        tokio::time::sleep(pause).await;
    }
}

/// One look: jobs that were ordered since are found, then those of this dispatcher that are not closed are gone on with, each by its id. So jobs of
/// strangers that name this dispatcher, however many, hide none of its own.
async fn look(desk: &Arc<Desk>, walk: &mut Option<String>) -> Result<(), DeskError> {
    find_ordered(desk, walk).await?;
    for draft in desk.store.run(|db| drafts::ordered(db, false, u32::MAX)).await? {
        let Some(id) = draft.job else { continue };
        match one(desk, &draft, id).await {
            Ok(()) => desk.board.solved(Some(id), "ledger"),
            Err(error) => desk.board.note(Some(id), "ledger", &error),
        }
    }
    Ok(())
}

/// Looks through some pages of the jobs that name this dispatcher, from where the look before ended; behind the last one it begins anew.
async fn find_ordered(desk: &Desk, walk: &mut Option<String>) -> Result<(), DeskError> {
    let dispatcher = Some(desk.sender.address());
    for _ in 0..PAGES {
        let query = RenderingJobQuery { dispatcher, after: walk.take(), limit: Some(200), ..RenderingJobQuery::default() };
        let page = desk.client.rendering().jobs(&query).await?;
        for job in &page.items {
            note_ordered(desk, job.job, job.terms.secret).await?;
        }
        let Some(next) = page.next else { break };
        *walk = Some(next);
    }
    Ok(())
}

/// A job of the ledger names this dispatcher: what was drafted for it is ordered now.
async fn note_ordered(desk: &Desk, id: UnitId, commitment: ContentHash) -> Result<(), DeskError> {
    let Some(draft) = desk.draft(DraftOf::Commitment(commitment)).await? else {
        // Anybody may name this account; what it has no secret for it cannot give out.
        tracing::debug!(job = %id, "a job names this dispatcher that was not drafted here");
        return Ok(());
    };
    match draft.job {
        None => {
            desk.store.run(move |db| drafts::is_ordered(db, commitment, id)).await?;
            tracing::info!(job = %id, name = draft.name, "a drafted job was ordered");
        }
        Some(other) if other != id => {
            desk.board.note(Some(id), "order", &"it commits to the secret of another job, and is not given out");
        }
        Some(_) => {}
    }
    Ok(())
}

/// A job is closed, or the ledger forgot it: nothing is to be done about it any more.
async fn close(desk: &Desk, id: UnitId) -> Result<(), DeskError> {
    desk.store.run(move |db| drafts::close(db, id)).await?;
    desk.board.close(id);
    tracing::info!(job = %id, "a job is closed");
    Ok(())
}

/// Looks at one job, sends what is next, and sets out to its nodes.
async fn one(desk: &Arc<Desk>, draft: &Draft, id: UnitId) -> Result<(), DeskError> {
    if desk.board.job(id).is_some_and(|seen| seen.view.job.state == JobState::Closed) {
        return Ok(());
    }
    let Some(seen) = desk.look(draft, id).await? else { return close(desk, id).await };
    tell_of(desk, &seen.view, &seen.book);
    for step in plan(&seen.view, &seen.book) {
        send(desk, id, &seen, step).await?;
    }
    courier::set_out(desk, draft, id, &seen);
    if seen.view.job.state == JobState::Closed { close(desk, id).await } else { Ok(()) }
}

/// Says what its owner has to know of a job.
fn tell_of(desk: &Desk, view: &JobView, book: &Book) {
    let (id, job) = (view.job.job, &view.job);
    let strange = view.tickets.iter().filter(|ticket| !book.issued.contains_key(&ticket.hash)).count();
    let stolen = || {
        format!(
            "{strange} of its tickets were not given out by this dispatcher: another program uses its key, or its store is an old copy; no more are given out"
        )
    };
    tell(desk, id, "tickets", (strange > 0).then(stolen));
    let short = || "its money is too little for one more frame; `depin render topup` goes on with it".to_owned();
    tell(desk, id, "money", (job.paused && job.open == 0).then(short));
    let gone = || "none of its nodes takes part any more; its frames wait until one comes back".to_owned();
    let nobody = job.state == JobState::Open && view.nodes.iter().all(|node| !node.active);
    tell(desk, id, "nodes", nobody.then(gone));
    let broken = || {
        "the ledger found that tickets were not given out as drawn: everything handed in is approved, and the bond is paid"
            .to_owned()
    };
    tell(desk, id, "word", (job.word == "broken").then(broken));
}

fn tell(desk: &Desk, id: UnitId, concerns: &str, what: Option<String>) {
    match what {
        Some(why) => desk.board.note(Some(id), concerns, &why),
        None => desk.board.solved(Some(id), concerns),
    }
}

/// Sends a step. What the ledger refuses is told, and planned again at the next look from what the ledger says then.
async fn send(desk: &Desk, id: UnitId, seen: &Seen, step: Step) -> Result<(), DeskError> {
    match step {
        Step::Issue(tickets) => issue(desk, id, seen, tickets).await,
        Step::Compare { left, right } => compare(desk, id, seen, (left, right)).await,
        Step::End => submit(desk, id, "end", RenderingMessage::EndJob { job: id }).await.map(drop),
        Step::OpenSecret => {
            let message = RenderingMessage::OpenSecret { job: id, secret: seen.book.secret };
            submit(desk, id, "secret", message).await.map(drop)
        }
        Step::Show(shown) => show(desk, id, shown).await,
    }
}

/// Shows tickets that were drawn. One that the ledger refuses costs a fee each time: it is tried again after longer and longer pauses.
async fn show(desk: &Desk, id: UnitId, shown: Vec<Shown>) -> Result<(), DeskError> {
    let due: Vec<Shown> = shown.into_iter().filter(|one| !desk.board.is_put_off(id, one.number)).collect();
    let alone = due.len() == 1;
    if due.is_empty()
        || (!alone && submit(desk, id, "show", RenderingMessage::ShowTickets { job: id, shown: due.clone() }).await?)
    {
        return Ok(());
    }
    // One that cannot be shown keeps none of the others from it.
    for one in due {
        let number = one.number;
        if !submit(desk, id, "show", RenderingMessage::ShowTickets { job: id, shown: vec![one] }).await? {
            desk.board.put_off(id, number, desk.config.look);
        }
    }
    Ok(())
}

/// Gives tickets out: what they are for is on the disk before they are sent.
async fn issue(desk: &Desk, id: UnitId, seen: &Seen, given: Vec<Issuance>) -> Result<(), DeskError> {
    let secret = seen.book.secret;
    let kept: Vec<(UnitId, Issuance)> = given.into_iter().map(|one| (one.hash(secret, id), one)).collect();
    let tickets: Vec<Issued> = kept.iter().map(|(hash, one)| Issued { hash: *hash, node: one.node }).collect();
    desk.store.run(move |db| tickets::keep(db, id, &kept)).await?;
    submit(desk, id, "issue", RenderingMessage::Issue { job: id, tickets }).await.map(drop)
}

/// Has two tickets compared, or a planted one; a pair that the ledger refuses is not asked for again.
async fn compare(desk: &Desk, id: UnitId, seen: &Seen, (left, right): (u32, Option<u32>)) -> Result<(), DeskError> {
    let opening = |number: u32| -> Option<(u32, Opening)> {
        let ticket = seen.view.tickets.iter().find(|ticket| ticket.number == number)?;
        let issuance = seen.book.issued.get(&ticket.hash)?;
        Some((number, issuance.opening(seen.book.secret, id)))
    };
    let Some(first) = opening(left) else { return Ok(()) };
    let second = right.and_then(opening);
    if right.is_some() && second.is_none() {
        return Ok(());
    }
    submit(desk, id, "compare", RenderingMessage::Compare { job: id, left: first, right: second }).await?;
    let pair = (left, right.unwrap_or(left));
    Ok(desk.store.run(move |db| tickets::set_compared(db, id, pair)).await?)
}

/// Sends a message and waits until it is final; whether the ledger took it.
async fn submit(desk: &Desk, id: UnitId, concerns: &str, message: RenderingMessage) -> Result<bool, DeskError> {
    match desk.sender.submit(Message::service(message)).await {
        Ok(_) => {
            desk.board.solved(Some(id), concerns);
            Ok(true)
        }
        Err(error) if error.refusal().is_some() => {
            desk.board.note(Some(id), concerns, &error);
            Ok(false)
        }
        Err(error) => {
            if matches!(error, SubmitError::Uncertain { .. }) {
                // Whatever became of it is on the ledger before anything else is planned.
                desk.sender.settled().await?;
            }
            Err(error.into())
        }
    }
}

/// Forgets scenes that no job needs and that were not touched for long.
async fn sweep(desk: &Desk) {
    let Ok(scenes) = desk.files.scenes() else { return };
    for sealed in scenes {
        let age = desk.files.touched(sealed).and_then(|at| SystemTime::now().duration_since(at).ok());
        let is_old = age.is_some_and(|age| age >= desk.config.keep_scenes);
        if is_old && matches!(desk.store.run(move |db| drafts::needs_scene(db, sealed)).await, Ok(false)) {
            desk.files.forget_scene(sealed);
        }
    }
}
