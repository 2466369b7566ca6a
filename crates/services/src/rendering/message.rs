//! What artists, dispatchers and nodes tell the service, in signed transactions.

use super::{
    error::RenderingError,
    terms::{FrameKey, NewJob, NodeTerms, Opening, Purpose, RejectReason, Salt, Secret},
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{ContentHash, Name, UnitId};
use serde::{Deserialize, Serialize};

/// Most entries of one message.
pub const ENTRIES_MAX: usize = 64;
/// Most tickets that one message approves.
pub const RANGE_MAX: u32 = 256;
/// Most engines of one node.
pub const ENGINES_MAX: usize = 16;
/// Longest URL, in bytes.
pub const URL_MAX: usize = 256;

/// A ticket as its dispatcher gives it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Issued {
    /// The hash of what opens it; see [`ticket_hash`](super::ticket_hash).
    pub hash: UnitId,
    /// The node that renders it.
    pub node: UnitId,
}

/// Shows a ticket when the secret is open: its salt follows from that.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Shown {
    /// The ticket.
    pub number: u32,
    /// The how manieth frame of the range, from 0.
    pub frame: u32,
    /// The how manieth attempt or turn, from 0.
    pub attempt: u8,
    /// What it was for.
    pub purpose: Purpose,
    /// The ticket of the attempt or turn before, which failed; of a first attempt, a ticket of the frame before it, which was given out earlier.
    pub before: Option<u32>,
    /// The ticket that checked it, where the draw asked for one.
    pub check: Option<u32>,
}

/// Everything that can be said to the service. Each message is taken as a whole or refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RenderingMessage {
    /// The sender has a node, or changes what it says of it. A pledge that a fault made too small is topped up.
    Register {
        /// Its name among the sender's nodes.
        name: Name,
        /// What it is.
        terms: NodeTerms,
    },
    /// A node takes part no more; only when it has no tickets that are undecided. One that was put out has its pledge back by this.
    Leave {
        /// The node.
        node: UnitId,
    },
    /// The sender orders a job, and its money is held.
    OpenJob(Box<NewJob>),
    /// The artist holds more for a job.
    Fund {
        /// The job.
        job: UnitId,
        /// How much, in millionths of what frames are priced in.
        more: u64,
    },
    /// The artist or the dispatcher ends a job: what is handed in is judged and paid, the rest goes back.
    EndJob {
        /// The job.
        job: UnitId,
    },
    /// The dispatcher gives tickets out.
    Issue {
        /// The job.
        job: UnitId,
        /// The tickets.
        tickets: Vec<Issued>,
    },
    /// A node gives a ticket back that it cannot do, or was given no scene for; a third node, that it cannot say who is right.
    Decline {
        /// The job.
        job: UnitId,
        /// The ticket; of a third node, the first ticket of the comparison.
        number: u32,
    },
    /// A node hands a frame in.
    Deliver {
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
        /// What it hands in.
        handed: super::Handed,
    },
    /// The artist approves the tickets of these numbers that are handed in and neither rejected nor compared.
    Approve {
        /// The job.
        job: UnitId,
        /// The first.
        first: u32,
        /// The last.
        last: u32,
    },
    /// The artist rejects a frame: it is rendered again elsewhere.
    Reject {
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
        /// What opens it.
        opening: Opening,
        /// Why.
        reason: RejectReason,
    },
    /// A node opens the keys of approved frames, and is paid.
    OpenKeys {
        /// The job.
        job: UnitId,
        /// Tickets and their keys.
        keys: Vec<(u32, FrameKey)>,
    },
    /// The artist says that the key of a paid frame does not open what its node committed to.
    DisputeKey {
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
    },
    /// Two deliveries of one frame, or one of a planted frame, are to be compared. By the artist, the dispatcher, or one of the nodes.
    Compare {
        /// The job.
        job: UnitId,
        /// A ticket and what opens it.
        left: (u32, Opening),
        /// The other; none for a planted frame.
        right: Option<(u32, Opening)>,
    },
    /// A node says what it committed to.
    Reveal {
        /// The job.
        job: UnitId,
        /// Its ticket.
        number: u32,
        /// The hash of the frame's decoded pixels.
        pixels: ContentHash,
        /// The salt of the commitment.
        salt: Salt,
    },
    /// A node of a comparison that differs says how it ends: that the frames are alike within the bounds of unlike builds, or that its own is
    /// wrong.
    Settle {
        /// The job.
        job: UnitId,
        /// Its ticket.
        number: u32,
        /// Whether they are alike; else its own is wrong.
        alike: bool,
    },
    /// The third node says which are right.
    Judge {
        /// The job.
        job: UnitId,
        /// The first ticket of the comparison.
        number: u32,
        /// Whether it is right.
        left: bool,
        /// Whether what it is compared with is right.
        right: bool,
    },
    /// The dispatcher opens its secret.
    OpenSecret {
        /// The job.
        job: UnitId,
        /// The secret.
        secret: Secret,
    },
    /// Anybody shows tickets that were drawn.
    ShowTickets {
        /// The job.
        job: UnitId,
        /// The tickets.
        shown: Vec<Shown>,
    },
    /// Anybody shows that a ticket was given to another node than the draw says.
    ProveMisgiven {
        /// The job.
        job: UnitId,
        /// The ticket.
        shown: Shown,
    },
    /// The sender's nodes are there: where the file pays for idle nodes, they accrue for the time since they said so last.
    Beat {
        /// Which.
        nodes: Vec<UnitId>,
    },
}

impl RenderingMessage {
    /// Name for receipts and tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Register { .. } => "register-node",
            Self::Leave { .. } => "leave",
            Self::OpenJob(_) => "open-job",
            Self::Fund { .. } => "fund-job",
            Self::EndJob { .. } => "end-job",
            Self::Issue { .. } => "issue-tickets",
            Self::Decline { .. } => "decline-ticket",
            Self::Deliver { .. } => "deliver-frame",
            Self::Approve { .. } => "approve-frames",
            Self::Reject { .. } => "reject-frame",
            Self::OpenKeys { .. } => "open-keys",
            Self::DisputeKey { .. } => "dispute-key",
            Self::Compare { .. } => "compare-frames",
            Self::Reveal { .. } => "reveal-pixels",
            Self::Settle { .. } => "settle-comparison",
            Self::Judge { .. } => "judge-comparison",
            Self::OpenSecret { .. } => "open-secret",
            Self::ShowTickets { .. } => "show-tickets",
            Self::ProveMisgiven { .. } => "prove-misgiven",
            Self::Beat { .. } => "beat",
        }
    }

    /// Work units: an upper bound on what running it costs, known before anything is run. What becomes due by it later is counted too.
    pub fn work(&self) -> u64 {
        let each = |entries: usize, work: u64| work * entries.max(1) as u64;
        match self {
            // Text that is too long is refused, but it has taken room in the block by then.
            Self::Register { terms, .. } => 60 + terms.url.len() as u64 / 16 + 4 * terms.engines.len() as u64,
            // The draw walks through nodes, and the end through what is left.
            Self::OpenJob(_) => 1_000,
            Self::Issue { tickets, .. } => each(tickets.len(), 120),
            Self::Approve { first, last, .. } => 60 + 30 * u64::from(last.saturating_sub(*first).min(RANGE_MAX)),
            Self::OpenKeys { keys, .. } => each(keys.len(), 60),
            Self::ShowTickets { shown, .. } => each(shown.len(), 200),
            Self::ProveMisgiven { .. } => 300,
            Self::Beat { nodes } => each(nodes.len(), 60),
            Self::Compare { .. } | Self::DisputeKey { .. } => 300,
            Self::Deliver { .. } | Self::Decline { .. } | Self::Reject { .. } | Self::OpenSecret { .. } => 100,
            Self::Leave { .. }
            | Self::Fund { .. }
            | Self::EndJob { .. }
            | Self::Reveal { .. }
            | Self::Settle { .. }
            | Self::Judge { .. } => 60,
        }
    }

    /// Refuses what no network of this service takes, whatever its rows are.
    ///
    /// # Errors
    /// What running it would say.
    pub fn check_bounds(&self) -> Result<(), RenderingError> {
        match self {
            Self::Register { name, terms } => check_node(*name, terms),
            Self::OpenJob(job) => check_job(job),
            Self::Issue { tickets, .. } => check_count(tickets.len()),
            Self::OpenKeys { keys, .. } => check_count(keys.len()),
            Self::ShowTickets { shown, .. } => check_count(shown.len()),
            Self::Beat { nodes } => check_count(nodes.len()),
            Self::Approve { first, last, .. } => check_range(*first, *last),
            Self::Fund { more: 0, .. } => Err(RenderingError::Nothing),
            _ => Ok(()),
        }
    }
}

/// Refuses an empty list, and one too long.
pub(super) const fn check_count(entries: usize) -> Result<(), RenderingError> {
    if entries == 0 || entries > ENTRIES_MAX { Err(RenderingError::Entries(entries)) } else { Ok(()) }
}

/// Refuses an empty range, and one too long.
pub(super) const fn check_range(first: u32, last: u32) -> Result<(), RenderingError> {
    if last < first || last - first >= RANGE_MAX { Err(RenderingError::Range { first, last }) } else { Ok(()) }
}

/// Order of refusals: name, URL, score, memory, engines, tiers.
pub(super) fn check_node(name: Name, terms: &NodeTerms) -> Result<(), RenderingError> {
    let wrong = |what: &'static str| Err(RenderingError::Node(what));
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && !b"\"\\<>".contains(&b));
    if !name.as_str().starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return wrong("its name begins with a letter or a digit");
    }
    let url = terms.url.as_str();
    let known = url.is_empty()
        || url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).is_some_and(|rest| !rest.is_empty());
    if !known || url.len() > URL_MAX || !plain(url) {
        return wrong("its URL is empty, or begins with http:// or https:// and has at most 256 printable characters");
    }
    if !(1..=10_000_000).contains(&terms.score) {
        return wrong("its score is 1 to 10,000,000 OctaneBench points");
    }
    if !(1..=16_777_216).contains(&terms.memory_mb) {
        return wrong("its memory is 1 to 16,777,216 MB");
    }
    let engines = &terms.engines;
    if engines.is_empty() || engines.len() > ENGINES_MAX || engines.iter().any(|engine| check_build(&engine.build).is_err()) {
        return wrong("it has 1 to 16 engines, each with a build of 1 to 60 printable characters");
    }
    if engines.iter().enumerate().any(|(i, engine)| engines[..i].contains(engine)) {
        return wrong("it names each engine's build once");
    }
    let tiers = &terms.tiers;
    if tiers.is_empty() || tiers.iter().enumerate().any(|(i, tier)| tiers[..i].contains(tier)) {
        return wrong("it takes 1 to 3 tiers, each named once");
    }
    Ok(())
}

/// Refuses a build that cannot be printed beside others.
fn check_build(build: &str) -> Result<(), RenderingError> {
    if build.is_empty() || build.len() > 60 || !build.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(RenderingError::Job("the build of its engine has 1 to 60 printable ASCII characters without spaces"));
    }
    Ok(())
}

/// Order of refusals: frames, size, samples, kind, memory, build, work, time, money, tier.
pub(super) fn check_job(job: &NewJob) -> Result<(), RenderingError> {
    let need = |holds: bool, what: &'static str| if holds { Ok(()) } else { Err(RenderingError::Job(what)) };
    job.frames.count().ok_or(RenderingError::Frames(job.frames))?;
    need((1..=65_536).contains(&job.width) && (1..=65_536).contains(&job.height), "a frame is 1 to 65,536 pixels wide and high")?;
    need((1..=1_000_000).contains(&job.samples), "a pixel has 1 to 1,000,000 samples")?;
    need(
        !job.format.is_task() || (job.width, job.height, job.samples) == (1, 1, 1),
        "a task has no pixels: its width, height and samples are 1",
    )?;
    need(job.memory_mb <= 16_777_216, "a job asks for at most 16,777,216 MB of memory")?;
    check_build(&job.engine.build)?;
    need(job.frame_work_most > 0, "the most work of one frame is above zero: render a test frame to know it")?;
    need(job.deliver_within.get() >= 1_000 && job.open_for.get() >= 1_000, "frames and jobs have a second at least")?;
    need(job.funds > 0, "a job holds money before its frames are given out")?;
    need(job.tier != super::Tier::Trusted || job.auto_approve, "jobs of tier 1 approve frames by themselves; set auto-approve")
}
