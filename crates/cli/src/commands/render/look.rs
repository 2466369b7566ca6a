//! Jobs, frames, nodes and tickets, as the ledger and the dispatcher have them.

use super::named::{Named, money, obh, of_desk, short};
use crate::{
    args::{FrameArgs, JobArgs, NodesArgs},
    error::Result,
    output::{Table, in_time, minute, shorten},
};
use depin_client::{
    api::{RenderingJob, RenderingNode, RenderingTicket},
    render::{DeskFrame, DeskJob, DeskTicket},
};
use depin_quantity::UnitId;
use depin_services::rendering::Purpose;
use serde::Serialize;
use std::collections::BTreeMap;

pub(super) async fn jobs(at: &Named<'_>) -> Result<()> {
    let network = at.network().await?;
    let mut jobs = at.jobs().await?;
    jobs.sort_by_key(|job| std::cmp::Reverse(job.created.ms));
    at.out.result(&jobs, |out| {
        let mut table = Table::new(&["JOB", "ARTIST", "KIND", "ENGINE", ">FRAMES", ">PAID", ">SPENT", "STATE"]);
        for job in &jobs {
            table.row([
                short(job.job),
                at.name(job.artist),
                if job.terms.format.is_task() { "task" } else { "frames" }.to_owned(),
                job.terms.engine.name.to_string(),
                job.count.to_string(),
                job.frames.to_string(),
                shorten(&money(job.spent, network.priced_in)),
                state(job),
            ]);
        }
        table.render_or(out, "no jobs; `depin render submit scene.blend` orders one")
    })
}

fn state(job: &RenderingJob) -> String {
    match (job.paused, &job.reason) {
        (true, _) => "paused".to_owned(),
        (false, Some(depin_services::rendering::EndReason::Nobody)) => "no node".to_owned(),
        _ => job.state.word().to_owned(),
    }
}

/// A job as the ledger has it, with what its dispatcher says where that is asked.
#[derive(Serialize)]
pub(super) struct JobPage {
    #[serde(flatten)]
    pub job: RenderingJob,
    pub dispatcher: Option<DeskJob>,
}

/// What ledger and dispatcher say of a job; the dispatcher where it is this home's or was named.
pub(super) async fn page(args: &JobArgs, at: &Named<'_>) -> Result<JobPage> {
    let job = at.job(&args.job).await?;
    let dispatcher = match at.desk(&args.desk) {
        Ok(desk) => desk.job(job.job).await.ok(),
        Err(error) if args.desk.desk.is_some() => return Err(error),
        Err(_) => None,
    };
    Ok(JobPage { job, dispatcher })
}

pub(super) async fn show(args: &JobArgs, at: &Named<'_>) -> Result<()> {
    let page = page(args, at).await?;
    print(&page, at).await
}

pub(super) async fn print(page: &JobPage, at: &Named<'_>) -> Result<()> {
    let priced_in = at.network().await?.priced_in;
    at.out.result(page, |out| {
        let (job, desk) = (&page.job, page.dispatcher.as_ref());
        let terms = &job.terms;
        let mut table = Table::new(&["", ""]);
        let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
        row("Job", job.job.to_string());
        if let Some(desk) = desk {
            row("Name", desk.name.clone());
        }
        row("Artist", at.name(job.artist));
        row("Dispatcher", at.name(terms.dispatcher));
        row("Engine", format!("{} {}", terms.engine.name, terms.engine.build));
        let frames = terms.frames;
        let step = if frames.step == 1 { String::new() } else { format!(" in steps of {}", frames.step) };
        let range = format!("{} to {}{step}", frames.first, frames.last);
        if terms.format.is_task() {
            row("Kind", "task".to_owned());
            row("Parts", range);
        } else {
            row("Frames", format!("{range}, {}x{}, {} samples", terms.width, terms.height, terms.samples));
        }
        if let Some(desk) = desk {
            let far: Vec<String> = desk.frames.iter().map(|(stage, many)| format!("{many} {stage}")).collect();
            row("How far", far.join(", "));
            row("Scene with", format!("{} of {} nodes", desk.scenes.0, desk.scenes.1));
        }
        row("Tier", terms.tier.word().to_owned());
        row("Held", format!("{}; {}", money(job.funds, priced_in), shorten(&job.held.display)));
        row(
            "Spent",
            format!(
                "{}, reserved {}, bond {}",
                money(job.spent, priced_in),
                money(job.reserved, priced_in),
                money(job.bond, priced_in)
            ),
        );
        row("One frame", format!("at most {}", money(job.frame_most, priced_in)));
        row("Tickets", format!("{}: {} out, {} undecided, {} paid", job.tickets, job.open, job.pending, job.frames));
        let reason = job.reason.map(|reason| format!(" ({})", format!("{reason:?}").to_lowercase())).unwrap_or_default();
        row("State", format!("{}{reason}", state(job)));
        if let Some(at_time) = &job.approve_at {
            row("Approved by itself", in_time(at.now, at_time.instant()));
        }
        row("Dispatcher's word", job.word.clone());
        for (concerns, why) in desk.into_iter().flat_map(|desk| &desk.problems) {
            row(&format!("! {}", concerns.chars().take(20).collect::<String>()), why.clone());
        }
        table.render(out)
    })
}

pub(super) async fn frames(args: &JobArgs, at: &Named<'_>) -> Result<()> {
    let (job, desk) = (at.job(&args.job).await?, at.desk(&args.desk)?);
    let frames = desk.frames(job.job).await.map_err(|error| of_desk(&error))?;
    let (owners, priced_in) = (owners(at, job.job).await?, at.network().await?.priced_in);
    at.out.result(&frames, |out| {
        let mut table = Table::new(&[">FRAME", "STATE", ">DONE", "NODE", ">TRIES", ">PRICE", "RIGHT", "REMARK"]);
        for frame in &frames {
            table.row(row_of(frame, &owners, priced_in));
        }
        table.render(out)
    })
}

fn row_of(frame: &DeskFrame, owners: &BTreeMap<UnitId, String>, priced_in: depin_quantity::Name) -> [String; 8] {
    let none = || "-".to_owned();
    [
        frame.frame.to_string(),
        frame.stage.word().to_owned(),
        format!("{:.0} %", frame.progress * 100.0),
        frame.node.map_or_else(none, |node| owners.get(&node).cloned().unwrap_or_else(|| short(node))),
        frame.attempts.to_string(),
        if frame.price == 0 { none() } else { shorten(&money(frame.price, priced_in)) },
        if frame.verified { "found".to_owned() } else { none() },
        frame.why.clone().unwrap_or_default(),
    ]
}

/// Who has the nodes of a job, by name.
async fn owners(at: &Named<'_>, job: UnitId) -> Result<BTreeMap<UnitId, String>> {
    let nodes = at.rendering().job_nodes(job).await?.unwrap_or_default();
    Ok(nodes.into_iter().map(|node| (node.node, at.name(node.owner))).collect())
}

pub(super) async fn nodes(args: &NodesArgs, at: &Named<'_>) -> Result<()> {
    let nodes = at.nodes(args.tier.map(|tier| tier.0)).await?;
    at.out.result(&nodes, |out| {
        let mut table = Table::new(&["NODE", "OWNER", "ENGINE", ">POINTS", ">MEMORY", "TIERS", ">REPUTE", ">PAID", "STATE"]);
        for node in &nodes {
            let engines: Vec<String> =
                node.terms.engines.iter().map(|engine| format!("{} {}", engine.name, engine.build)).collect();
            let tiers: Vec<String> = node.terms.tiers.iter().map(|tier| (tier.index() + 1).to_string()).collect();
            table.row([
                short(node.node),
                at.name(node.owner),
                engines.join("\n"),
                node.terms.score.to_string(),
                format!("{} MB", node.terms.memory_mb),
                tiers.join(","),
                format!("{:.1} %", f64::from(node.reputation) / 10.0),
                node.frames.to_string(),
                state_of(node).to_owned(),
            ]);
        }
        table.render_or(out, "no nodes; `depin up --network render` starts some, `depin provider render` one of your own")
    })
}

const fn state_of(node: &RenderingNode) -> &'static str {
    match () {
        () if !node.active => "left",
        () if node.below_pledge => "below pledge",
        () if !node.terms.accepts => "closed",
        () if node.open > 0 => "busy",
        () => "idle",
    }
}

/// Everything about one frame.
#[derive(Serialize)]
struct FramePage {
    job: UnitId,
    frame: i64,
    tickets: Vec<TicketPage>,
    /// Whether the finished frame opens here, with the pixels that its node committed to.
    opens: Option<bool>,
}

#[derive(Serialize)]
struct TicketPage {
    #[serde(flatten)]
    desk: DeskTicket,
    owner: String,
    ledger: Option<RenderingTicket>,
}

pub(super) async fn verify(args: &FrameArgs, at: &Named<'_>) -> Result<()> {
    let (job, desk) = (at.job(&args.job).await?, at.desk(&args.desk)?);
    let owners = owners(at, job.job).await?;
    let mut tickets = Vec::new();
    for ticket in desk.tickets(job.job, args.frame).await.map_err(|error| of_desk(&error))? {
        let ledger = at.rendering().ticket(job.job, ticket.number).await?;
        let owner = owners.get(&ticket.node).cloned().unwrap_or_else(|| short(ticket.node));
        tickets.push(TicketPage { desk: ticket, owner, ledger });
    }
    let paid = tickets.iter().any(|ticket| ticket.desk.purpose == Purpose::Frame && ticket.desk.state == "paid");
    let opens = if paid { Some(desk.image(job.job, args.frame).await.is_ok()) } else { None };
    let page = FramePage { job: job.job, frame: args.frame, tickets, opens };
    at.out.result(&page, |out| {
        let mut table = Table::new(&[">TICKET", "NODE", "FOR", ">TRY", "STATE", "RIGHT", "DRAWN FOR A CHECK", "HANDED IN"]);
        for ticket in &page.tickets {
            table.row(ticket_row(ticket));
        }
        let mut text = table.render_or(out, "the frame was not given out yet");
        for ticket in page.tickets.iter().filter_map(|ticket| ticket.ledger.as_ref()?.comparison.as_ref()) {
            text +=
                &format!("ticket {} is being compared: {}, until {}\n", ticket.first, ticket.step, minute(ticket.due.instant()));
        }
        match page.opens {
            Some(true) => text += "its key opens the pixels that its node committed to\n",
            Some(false) => {
                text += &format!(
                    "its key does NOT open what its node committed to: `depin render dispute {} {}`\n",
                    short(page.job),
                    page.frame
                )
            }
            None => {}
        }
        text
    })
}

fn ticket_row(ticket: &TicketPage) -> [String; 8] {
    let purpose = match &ticket.desk.purpose {
        Purpose::Frame => "the frame".to_owned(),
        Purpose::Check { of } => format!("a check of {of}"),
        Purpose::Planted { .. } => "planted".to_owned(),
    };
    let drawn = match ticket.desk.to_check {
        Some(true) => "yes",
        Some(false) => "no",
        None => "-",
    };
    let handed = ticket.ledger.as_ref().filter(|ledger| ledger.handed.is_some()).map(|ledger| obh(ledger.work));
    [
        ticket.desk.number.to_string(),
        ticket.owner.clone(),
        purpose,
        ticket.desk.attempt.to_string(),
        ticket.desk.state.clone(),
        if ticket.desk.verified { "found".to_owned() } else { "-".to_owned() },
        drawn.to_owned(),
        handed.unwrap_or_else(|| "-".to_owned()),
    ]
}
