//! Parameters of the service: the `[service.rendering]` part of a network's file, and what the economy says about jobs.

use super::{
    rules::{RenderingRules, wrong_rules},
    terms::Tier,
};
use depin_economy::{Reader, Spec, SpecErrors};
use depin_quantity::{Decimal18, Share, Span};

/// Money of a job is held for so much longer than the job can be undecided: a chain that does its due jobs late still finds it.
const HOLD_SLACK: Span = Span::from_days(1);
/// Third nodes that are drawn for one comparison at most.
pub(super) const THIRDS_MOST: u8 = 3;

/// Times in which somebody must act, or loses by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Longest time in which frames of a job are given out.
    pub open_most: Span,
    /// Longest time for one frame.
    pub deliver: Span,
    /// Time for a check.
    pub check: Span,
    /// Time to say what was committed to.
    pub reveal: Span,
    /// Time for two nodes to agree.
    pub agree: Span,
    /// Time for a third node.
    pub judge: Span,
    /// Time for the key of an approved frame.
    pub key: Span,
    /// Time for approval, after the job's end.
    pub approval: Span,
    /// Time for the secret, and again for the tickets drawn.
    pub secret: Span,
}

impl Windows {
    /// The longest time from a job's first to its last payment, and some more.
    pub fn longest(&self) -> Span {
        let secret = self.secret.get().saturating_mul(2);
        let judging = self.judge.get().saturating_mul(THIRDS_MOST.into());
        let parts = [
            self.open_most.get(),
            self.deliver.get(),
            self.approval.get().max(secret),
            self.reveal.get(),
            self.agree.get(),
            judging,
            self.key.get(),
            HOLD_SLACK.get(),
        ];
        Span::from_millis(parts.into_iter().fold(0, u64::saturating_add))
    }

    /// The shortest of them that somebody must act in, with its key in the file.
    pub(super) fn shortest(&self) -> (&'static str, Span) {
        let all = [
            ("check.within", self.check),
            ("window.reveal", self.reveal),
            ("window.agree", self.agree),
            ("window.judge", self.judge),
            ("window.key", self.key),
            ("window.deliver", self.deliver),
            ("approval.within", self.approval),
            ("secret.within", self.secret),
        ];
        all.into_iter().min_by_key(|(_, span)| *span).expect("there are some")
    }
}

/// Checked parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderingParams {
    /// Rejections of one frame until the job stops.
    pub re_renders_most: u32,
    /// OctaneBench-hours that a credit buys, by tier.
    pub per_credit: [u64; 3],
    /// What a credit is worth, in millionths of what frames are priced in.
    pub credit: u64,
    /// Least part of deliveries that is checked.
    pub check_least: Share,
    /// Thousandths of judged frames that must have been right, by tier.
    pub reputation_least: [u32; 3],
    /// Most frames of one job.
    pub frames_most: u32,
    /// Most jobs of one artist that are kept.
    pub per_artist: u32,
    /// Most nodes of one job.
    pub nodes_most: u32,
    /// How long a closed job is kept.
    pub closed_kept: Span,
    /// Most nodes of one owner.
    pub per_owner: u32,
    /// Least time that a job gives for one frame.
    pub deliver_least: Span,
    /// Jobs of which a node lets frames lie, one after the other, until it is out.
    pub lapses_most: u32,
    /// Tickets of one job that a node has to hand in at once, at most.
    pub tickets_most: u32,
    /// How long a node's word that it is there holds.
    pub beat: Span,
    /// Nodes of one owner whose idle time counts whole.
    pub nodes_free: u64,
    /// Exponent by which each further one counts less.
    pub decay: Decimal18,
    /// The part of a job's funds that its dispatcher's word is bound by.
    pub bond: Share,
    /// Times in which somebody must act.
    pub windows: Windows,
    /// What the economy has rules for.
    pub rules: RenderingRules,
}

/// A time that people must be able to act in.
fn window(r: &mut Reader<'_>, key: &str) -> Option<Span> {
    let span = r.span(key)?;
    if span < Span::from_secs(60) {
        r.problem(key, &format!("nobody can do anything within {span}; at least 60 s are needed"), "write \"1h\"");
        return None;
    }
    Some(span)
}

/// A number that fits 32 bits.
fn number(r: &mut Reader<'_>, key: &str, range: std::ops::RangeInclusive<u64>) -> Option<u32> {
    r.integer(key, range).and_then(|number| u32::try_from(number).ok())
}

/// What a credit is worth, in millionths.
fn worth(r: &mut Reader<'_>) -> Option<u64> {
    let worth = r.decimal("worth")?.get();
    let millionths = u64::try_from(worth / 1_000_000_000_000).ok().filter(|worth| (1..=1_000_000_000_000).contains(worth));
    if !worth.is_multiple_of(1_000_000_000_000) || millionths.is_none() {
        r.problem("worth", "a credit is worth 0.000001 to 1,000,000, in whole millionths", "write \"0.25\"");
        return None;
    }
    millionths
}

/// The tables that only a chain needs: a file may have none of them, and then no chain can be started by it.
struct Live {
    credit: u64,
    check: (Share, Span),
    reputation: (u32, u32),
    job: (u32, Span, u32, u32, Span, Span),
    node: (u32, u32, u32, Span),
    window: [Span; 5],
    secret: (Span, Share),
}

fn live(r: &mut Reader<'_>) -> Option<Live> {
    let credit = r.table("credit", worth);
    let check = r.table("check", |r| {
        let (share, within) = (r.share("share-least"), window(r, "within"));
        Some((share?, within?))
    });
    let reputation = r.table("reputation", |r| {
        let (trusted, priority) = (number(r, "trusted-least", 0..=1_000), number(r, "priority-least", 0..=1_000));
        Some((trusted?, priority?))
    });
    let job = r.table("job", |r| {
        let (frames, open) = (number(r, "frames-most", 1..=100_000), window(r, "open-most"));
        let (artist, nodes) = (number(r, "per-artist", 1..=1_000_000), number(r, "nodes-most", 2..=128));
        let (kept, deliver) = (r.span("closed-kept"), window(r, "deliver-least"));
        Some((frames?, open?, artist?, nodes?, kept?, deliver?))
    });
    let node = r.table("node", |r| {
        let (owner, lapses) = (number(r, "per-owner", 1..=1_000_000), number(r, "lapses-most", 1..=100));
        let (tickets, beat) = (number(r, "tickets-most", 1..=10_000), window(r, "beat"));
        Some((owner?, lapses?, tickets?, beat?))
    });
    let window = r.table("window", |r| {
        let spans = ["deliver", "reveal", "agree", "judge", "key"].map(|key| window(r, key));
        let [deliver, reveal, agree, judge, key] = spans;
        Some([deliver?, reveal?, agree?, judge?, key?])
    });
    let secret = r.table("secret", |r| {
        let (within, bond) = (self::window(r, "within"), r.share("bond"));
        Some((within?, bond?))
    });
    let (credit, check, reputation, job) = (credit?, check?, reputation?, job?);
    Some(Live { credit, check, reputation, job, node: node?, window: window?, secret: secret? })
}

impl RenderingParams {
    /// Reads the `[service.rendering]` section of a network's file.
    ///
    /// # Errors
    /// Every problem found.
    pub fn read(spec: &Spec) -> Result<Self, SpecErrors> {
        let rules = RenderingRules::of(spec);
        spec.read_service("rendering", |r| {
            let approval = r.table("approval", |r| {
                let (within, most) = (window(r, "within"), number(r, "re-renders-most", 0..=100));
                Some((within?, most?))
            });
            let availability = r.table("availability", |r| {
                let (free, decay) = (r.integer("nodes-free", 1..=1_000), r.decimal("decay"));
                free.zip(decay)
            });
            let per_credit = r.table("tier", |r| {
                let tiers = Tier::ALL.map(|tier| r.integer(tier.word(), 1..=1_000_000));
                let [trusted, priority, economy] = tiers;
                Some([trusted?, priority?, economy?])
            });
            let live = live(r);
            let windows = live.as_ref().zip(approval).map(|(live, (approval, _))| windows(live, approval));
            let wrong = wrong_rules(spec, rules.as_ref(), windows.as_ref());
            for (message, hint) in &wrong {
                r.problem("", message, hint);
            }
            let (nodes_free, decay) = availability?;
            let ((_, re_renders_most), per_credit, live, windows) = (approval?, per_credit?, live?, windows?);
            let (frames_most, _, per_artist, nodes_most, closed_kept, deliver_least) = live.job;
            Some(Self {
                re_renders_most,
                per_credit,
                credit: live.credit,
                check_least: live.check.0,
                reputation_least: [live.reputation.0, live.reputation.1, 0],
                frames_most,
                per_artist,
                nodes_most,
                closed_kept,
                deliver_least,
                per_owner: live.node.0,
                lapses_most: live.node.1,
                tickets_most: live.node.2,
                beat: live.node.3,
                nodes_free,
                decay,
                bond: live.secret.1,
                windows,
                rules: rules.filter(|_| wrong.is_empty())?,
            })
        })
    }

    /// OctaneBench-hours that a credit buys in a tier.
    pub const fn per_credit(&self, tier: Tier) -> u64 {
        self.per_credit[tier.index()]
    }
}

fn windows(live: &Live, approval: Span) -> Windows {
    let [deliver, reveal, agree, judge, key] = live.window;
    let (open_most, check, secret) = (live.job.1, live.check.1, live.secret.0);
    Windows { open_most, deliver, check, reveal, agree, judge, key, approval, secret }
}
