//! The service `rendering`: its calls, and what goes over the wire: nodes, jobs, tickets, what the network allows.

use crate::{
    Client, ClientError,
    api::{Amount, Page, Time},
    client::found,
    http::Query,
};
use depin_quantity::{Address, ContentHash, Name, Seed, UnitId};
use depin_services::rendering::{
    Against, Comparison, EndReason, FrameKey, Handed, Job, JobState, NewJob, NodeTerms, RejectReason, Secret, Step, Ticket,
    TicketState, Tier, Word,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// The calls of a network whose service is `rendering`; see [`Client::rendering`].
#[derive(Clone, Copy, Debug)]
pub struct Rendering<'a> {
    pub(crate) client: &'a Client,
}

impl Rendering<'_> {
    /// What the network allows, and sums.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn network(self) -> Result<RenderingNetwork, ClientError> {
        self.client.transport.get("/v1/rendering", &Query::default()).await
    }

    /// A page of nodes, by id.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn nodes(self, query: &RenderingNodeQuery) -> Result<Page<RenderingNode>, ClientError> {
        let tier = query.tier.map(Tier::word);
        let asked = Query::page(query.after.as_deref(), query.limit).with("owner", query.owner).with("tier", tier);
        self.client.transport.get("/v1/rendering/nodes", &asked).await
    }

    /// One node; none when it never registered.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn node(self, node: UnitId) -> Result<Option<RenderingNode>, ClientError> {
        found(self.client.transport.get(&format!("/v1/rendering/nodes/{node}"), &Query::default()).await)
    }

    /// A page of the tickets of a node that are not decided, by job and number.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn node_tickets(
        self,
        node: UnitId,
        after: Option<&str>,
        limit: Option<u32>,
    ) -> Result<Page<RenderingTicket>, ClientError> {
        self.client.transport.get(&format!("/v1/rendering/nodes/{node}/tickets"), &Query::page(after, limit)).await
    }

    /// A page of jobs, by id.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn jobs(self, query: &RenderingJobQuery) -> Result<Page<RenderingJob>, ClientError> {
        let asked = Query::page(query.after.as_deref(), query.limit)
            .with("artist", query.artist)
            .with("dispatcher", query.dispatcher)
            .with("state", query.state.map(JobState::word));
        self.client.transport.get("/v1/rendering/jobs", &asked).await
    }

    /// One job; none when it never was, or is forgotten.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn job(self, job: UnitId) -> Result<Option<RenderingJob>, ClientError> {
        found(self.client.transport.get(&format!("/v1/rendering/jobs/{job}"), &Query::default()).await)
    }

    /// The nodes that a job's frames may go to, in the order in which they are drawn from; none when there is no such job.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn job_nodes(self, job: UnitId) -> Result<Option<Vec<RenderingEligible>>, ClientError> {
        found(self.client.transport.get(&format!("/v1/rendering/jobs/{job}/nodes"), &Query::default()).await)
    }

    /// A page of the tickets of a job, in the order in which they were given out.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn tickets(
        self,
        job: UnitId,
        after: Option<&str>,
        limit: Option<u32>,
    ) -> Result<Page<RenderingTicket>, ClientError> {
        self.client.transport.get(&format!("/v1/rendering/jobs/{job}/tickets"), &Query::page(after, limit)).await
    }

    /// One ticket of a job; none when there is no such one.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn ticket(self, job: UnitId, number: u32) -> Result<Option<RenderingTicket>, ClientError> {
        found(self.client.transport.get(&format!("/v1/rendering/jobs/{job}/tickets/{number}"), &Query::default()).await)
    }

    /// What somebody did as an artist and as a dispatcher: zeros for whoever did nothing.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn person(self, who: Address) -> Result<RenderingPerson, ClientError> {
        self.client.transport.get(&format!("/v1/rendering/people/{who}"), &Query::default()).await
    }
}

/// What the network allows. Values are in millionths of `priced_in`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RenderingNetwork {
    /// What frames are priced in: `USD`, or a token.
    #[schema(value_type = String)]
    pub priced_in: Name,
    /// What jobs are paid in.
    #[schema(value_type = String)]
    pub currency: Name,
    /// What a credit is worth.
    pub credit: u64,
    /// OctaneBench-hours that a credit buys, by tier.
    pub per_credit: BTreeMap<String, u64>,
    /// Thousandths of judged frames that must have been right, by tier.
    pub reputation_least: BTreeMap<String, u32>,
    /// Least part of deliveries that is checked.
    #[schema(example = "2%")]
    pub check_least: String,
    /// The part of a job's funds that its dispatcher's word is bound by.
    #[schema(example = "10%")]
    pub bond: String,
    /// Most frames of one job.
    pub frames_most: u32,
    /// Rejections of one frame until the job stops.
    pub re_renders_most: u32,
    /// Most nodes of one job.
    pub nodes_most: u32,
    /// Most jobs of one artist that are kept.
    pub jobs_most: u32,
    /// Times in which somebody must act, in milliseconds of ledger time: `approval`, `check`, `deliver`, `deliver-least`, `key`, `open`, `reveal`, `agree`, `judge`,
    /// `secret`, `beat`.
    pub windows_ms: BTreeMap<String, u64>,
    /// Whether nodes are paid for being there, so that they say so (`beat`).
    pub pays_idle: bool,
    /// What a node pledges.
    pub pledge: Option<Amount>,
    /// Running sums, decimal digits.
    pub totals: BTreeMap<String, String>,
}

/// A registered node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RenderingNode {
    /// Its id.
    #[schema(value_type = String)]
    pub node: UnitId,
    /// Whose it is.
    #[schema(value_type = String)]
    pub owner: Address,
    /// Its name among its owner's.
    #[schema(value_type = String)]
    pub name: Name,
    /// What it says of itself: `url`, `score`, `memory_mb`, `engines` (`name`, `build`), `tiers`, `report`, `accepts`.
    #[schema(value_type = Object)]
    pub terms: NodeTerms,
    /// Whether it takes part; one that left stays known.
    pub active: bool,
    /// Whether a fault left its pledge too small; it registers again to top it up.
    pub below_pledge: bool,
    /// Thousandths of its judged frames that were right, with some that everybody begins with.
    pub reputation: u32,
    /// Frames judged.
    pub judged: u64,
    /// Those that were right.
    pub right: u64,
    /// Tickets to hand in.
    pub open: u32,
    /// Tickets handed in and not decided.
    pub pending: u32,
    /// Frames paid.
    pub frames: u64,
    /// Their work, in thousandths of an OctaneBench-hour, decimal digits.
    pub work: String,
    /// Their price, in millionths, decimal digits.
    pub value: String,
    /// When it said last that it is there.
    pub beat: Option<Time>,
    /// When it registered first.
    pub since: Time,
}

/// A job. Values are in millionths of what frames are priced in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RenderingJob {
    /// Its id, and that of its hold.
    #[schema(value_type = String)]
    pub job: UnitId,
    /// Who pays.
    #[schema(value_type = String)]
    pub artist: Address,
    /// What was ordered, as `open-job` says it.
    #[schema(value_type = Object)]
    pub terms: NewJob,
    /// Frames of its range.
    pub count: u32,
    /// The most that one frame costs.
    pub frame_most: u64,
    /// How far it is: `drawing`, `open`, `ending`, `ended`, `closed`.
    #[schema(value_type = String)]
    pub state: JobState,
    /// Why it ended: `asked`, `time`, `failed`, `nobody`.
    #[schema(value_type = Option<String>)]
    pub reason: Option<EndReason>,
    /// Whether its money is too little for one more frame.
    pub paused: bool,
    /// The seed that draws who renders what.
    #[schema(value_type = Option<String>)]
    pub drawn: Option<Seed>,
    /// How its dispatcher stands with its word: `committed`, `opened`, `sampled`, `kept`, `broken`.
    pub word: String,
    /// The secret, once it is open.
    #[schema(value_type = Option<String>)]
    pub secret: Option<Secret>,
    /// Tickets that the dispatcher is to show.
    pub to_show: Vec<u32>,
    /// What was ever held.
    pub funds: u64,
    /// What was paid.
    pub spent: u64,
    /// What undecided tickets may cost.
    pub reserved: u64,
    /// What the dispatcher's word is bound by.
    pub bond: u64,
    /// What further tickets can cost.
    pub free: u64,
    /// What is held of tokens.
    pub held: Amount,
    /// Tickets ever given out.
    pub tickets: u32,
    /// Those that are not handed in.
    pub open: u32,
    /// Those that are handed in and not decided.
    pub pending: u32,
    /// Frames paid, checks among them.
    pub frames: u32,
    /// When it was ordered.
    pub created: Time,
    /// Tickets are given out before this; then when it ended.
    pub until: Time,
    /// When everything that is not rejected is approved.
    pub approve_at: Option<Time>,
    /// When the secret, or the tickets to show, are due.
    pub secret_due: Option<Time>,
    /// When it was closed.
    pub closed: Option<Time>,
}

/// A node that a job's frames may go to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RenderingEligible {
    /// The node.
    #[schema(value_type = String)]
    pub node: UnitId,
    /// Whose it is.
    #[schema(value_type = String)]
    pub owner: Address,
    /// How likely it is drawn, beside the others.
    pub weight: u32,
    /// Where dispatchers reach it.
    pub url: String,
    /// Whether it can be given tickets now: it takes part, and its pledge is whole.
    pub active: bool,
}

/// A comparison of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RenderingComparison {
    /// Its first ticket.
    pub first: u32,
    /// What with: `ticket` and its number, `planted` and the hash of its pixels, or `key`.
    #[schema(value_type = Object)]
    pub against: Against,
    /// The how manieth frame of the range it is, from 0.
    pub frame: u32,
    /// What it waits for: `revealing`, `agreeing`, `drawing`, `judging`.
    pub step: String,
    /// The third node, once it is drawn.
    #[schema(value_type = Option<String>)]
    pub third: Option<UnitId>,
    /// When the step is over.
    pub due: Time,
}

/// A ticket of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RenderingTicket {
    /// The job.
    #[schema(value_type = String)]
    pub job: UnitId,
    /// Its number.
    pub number: u32,
    /// The hash of what opens it.
    #[schema(value_type = String)]
    pub hash: UnitId,
    /// Whose it is.
    #[schema(value_type = String)]
    pub node: UnitId,
    /// The node's owner.
    #[schema(value_type = String)]
    pub owner: Address,
    /// How far it is: `issued`, `delivered`, `compared`, `approved`, `paid`, `rejected`, `declined`, `lapsed`, `wrong`, `withheld`.
    pub state: String,
    /// Why it was rejected: `black`, `partial`, `broken`.
    #[schema(value_type = Option<String>)]
    pub rejected: Option<RejectReason>,
    /// Whether nothing about it is undecided.
    pub done: bool,
    /// Whether it was found right.
    pub verified: bool,
    /// What was handed in: `pixels` (the commitment), `sealed`, `key` (its hash), `preview`, `watermark`, `worked` in milliseconds.
    #[schema(value_type = Option<Object>)]
    pub handed: Option<Handed>,
    /// Its work that is paid, in thousandths of an OctaneBench-hour.
    pub work: u64,
    /// Its price, in millionths.
    pub price: u64,
    /// The seed that says whether it is checked.
    #[schema(value_type = Option<String>)]
    pub drawn: Option<Seed>,
    /// The hash of its pixels, where its node had to say it.
    #[schema(value_type = Option<String>)]
    pub pixels: Option<ContentHash>,
    /// What opens the frame, once it is paid.
    #[schema(value_type = Option<String>)]
    pub key: Option<FrameKey>,
    /// The comparison that it is a side of.
    pub comparison: Option<RenderingComparison>,
    /// When it was given out.
    pub issued: Time,
    /// When it was handed in.
    pub delivered: Option<Time>,
    /// What it waits for is due then.
    pub due: Time,
}

impl RenderingJob {
    /// How a job's row is told; `held` is the money that the ledger holds for it.
    pub fn of(job: UnitId, row: Job, held: Amount) -> Self {
        let (word, to_show) = match &row.word {
            Word::Committed => ("committed", Vec::new()),
            Word::Opened(_) => ("opened", Vec::new()),
            Word::Sampled(_, numbers) => ("sampled", numbers.clone()),
            Word::Kept(_) => ("kept", Vec::new()),
            Word::Broken(_) => ("broken", Vec::new()),
        };
        Self {
            job,
            artist: row.artist,
            count: row.count,
            frame_most: row.frame_most,
            state: row.state,
            reason: row.reason,
            paused: row.is_paused(),
            drawn: row.drawn,
            word: word.to_owned(),
            secret: row.word.secret(),
            to_show,
            funds: row.funds,
            spent: row.spent,
            reserved: row.reserved,
            bond: row.bond,
            free: row.free(),
            held,
            tickets: row.tickets,
            open: row.open,
            pending: row.pending,
            frames: row.frames,
            created: row.created.into(),
            until: row.until.into(),
            approve_at: row.approve_at.map(Into::into),
            secret_due: row.secret_due.map(Into::into),
            closed: row.closed.map(Into::into),
            terms: row.terms,
        }
    }
}

impl RenderingTicket {
    /// The state's word and, of a rejected one, the reason.
    pub const fn state_of(state: TicketState) -> (&'static str, Option<RejectReason>) {
        match state {
            TicketState::Rejected { reason } => (state.word(), Some(reason)),
            _ => (state.word(), None),
        }
    }

    /// How a ticket's row is told, and the comparison that it is a side of with that one's first ticket.
    pub fn of(job: UnitId, number: u32, row: Ticket, comparison: Option<(u32, Comparison)>) -> Self {
        let (word, rejected) = Self::state_of(row.state);
        let delivery = row.delivery;
        let comparison = comparison.map(|(first, row)| {
            let (step, third) = match row.step {
                Step::Revealing => ("revealing", None),
                Step::Agreeing => ("agreeing", None),
                Step::Drawing => ("drawing", None),
                Step::Judging(third) => ("judging", Some(third)),
            };
            RenderingComparison {
                first,
                against: row.against,
                frame: row.frame,
                step: step.to_owned(),
                third,
                due: row.due.into(),
            }
        });
        Self {
            job,
            number,
            hash: row.hash,
            node: row.node,
            owner: row.owner,
            state: word.to_owned(),
            rejected,
            done: row.done,
            verified: row.verified,
            handed: delivery.map(|delivery| delivery.handed),
            work: delivery.map_or(0, |delivery| delivery.work),
            price: delivery.map_or(0, |delivery| delivery.price),
            drawn: row.drawn,
            pixels: row.pixels,
            key: row.key,
            comparison,
            issued: row.issued.into(),
            delivered: delivery.map(|delivery| delivery.at.into()),
            due: row.due.into(),
        }
    }
}

/// What somebody did as an artist and as a dispatcher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RenderingPerson {
    /// Jobs that are kept.
    pub jobs: u32,
    /// Nodes that take part.
    pub nodes: u32,
    /// Frames paid.
    pub paid: u64,
    /// Frames rejected.
    pub rejected: u64,
    /// Those that turned out to be right, and keys called wrong that were not.
    pub unfounded: u64,
    /// Jobs in which it was the dispatcher and broke its word.
    pub broken: u64,
}

/// Parameters of `GET /v1/rendering/nodes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RenderingNodeQuery {
    /// Only of this owner.
    #[param(value_type = Option<String>)]
    pub owner: Option<Address>,
    /// Only those that take this tier: `trusted`, `priority`, `economy`.
    #[param(value_type = Option<String>)]
    pub tier: Option<Tier>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Most entries in the answer.
    pub limit: Option<u32>,
}

/// Parameters of `GET /v1/rendering/jobs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RenderingJobQuery {
    /// Only of this artist.
    #[param(value_type = Option<String>)]
    pub artist: Option<Address>,
    /// Only of this dispatcher; of both, where an artist is named too, the artist's.
    #[param(value_type = Option<String>)]
    pub dispatcher: Option<Address>,
    /// Only those that are so far: `drawing`, `open`, `ending`, `ended`, `closed`.
    #[param(value_type = Option<String>)]
    pub state: Option<JobState>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Most entries in the answer.
    pub limit: Option<u32>,
}
