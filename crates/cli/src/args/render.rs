//! Commands of artists, and of the dispatcher that gives their frames out.

use super::{AmountArg, Bytes, SpanArg, TextPath, TlsArgs, metered::Signer};
use clap::{Args, Subcommand, ValueEnum};
use depin_quantity::Share;
use depin_services::rendering::{Format, Frames, RejectReason, Tier};
use std::{net::SocketAddr, path::PathBuf, str::FromStr};

pub(super) const AFTER: &str = "\
A job is named by its id or the beginning of it, frames by their numbers in the scene: 7, 1-20, 1-9,12, all.
The artist's key signs orders, approvals and rejections (--from, default: customer); a dispatcher gives the
frames out: the one of the home, or --desk URL --desk-key FILE.

Examples:
  depin render estimate scene.blend --frames 1-48 --samples 64 --tier 2
  depin render submit scene.blend --frames 1-48 --samples 64 --tier 2 --max \"20 USD\"
  depin render watch 3fa2b1
  depin render reject 3fa2b1 7 --reason black
  depin render approve 3fa2b1 1-20
  depin render fetch 3fa2b1 out/
  depin render sheet 3fa2b1 sheet.png";

#[derive(Clone, Debug, Subcommand)]
pub enum RenderCommand {
    /// Say what a scene would cost and how long it would take: one frame is rendered here to know it.
    #[command(after_help = "Examples:\n  depin render estimate scene.blend --frames 1-48 --samples 64 --tier 2\n  \
                            depin render estimate scene.zip --size 1920x1080 --json")]
    Estimate(EstimateArgs),
    /// Order a job: the scene is sealed and sent to the dispatcher, its price is held, frames are given out.
    #[command(after_help = "\
Whoever renders a frame sees the scene: nodes are strangers.

Examples:
  depin render submit scene.blend --frames 1-48 --format png --auto-approve off --max \"20 USD\"
  depin render submit scene.xml --frames 1-12 --tier 3 --detach
  depin render submit task.zip --python ~/tasks/bin/python3 --checks 25%")]
    Submit(SubmitArgs),
    /// List jobs.
    #[command(after_help = "Examples:\n  depin render jobs\n  depin render jobs --json")]
    Jobs,
    /// Show one job.
    #[command(after_help = "Examples:\n  depin render show 3fa2b1")]
    Show(JobArgs),
    /// List the frames of a job: how far each is, and what is wrong with it.
    #[command(after_help = "Examples:\n  depin render frames 3fa2b1\n  depin render frames 3fa2b1 --json")]
    Frames(JobArgs),
    /// Follow a job until all its frames are here to be looked at, or done.
    #[command(after_help = "Examples:\n  depin render watch 3fa2b1")]
    Watch(JobArgs),
    /// Approve frames: their nodes open the keys and are paid.
    #[command(after_help = "Examples:\n  depin render approve 3fa2b1 1-20\n  depin render approve 3fa2b1 all")]
    Approve(ApproveArgs),
    /// Reject a frame: it is rendered again elsewhere, at no further cost unless it turns out to have been right. In a job that ended nobody renders it again.
    #[command(after_help = "Examples:\n  depin render reject 3fa2b1 7 --reason black")]
    Reject(RejectArgs),
    /// Hold more money for a job; one that paused for want of it goes on.
    #[command(after_help = "Examples:\n  depin render topup 3fa2b1 --by \"5 USD\"")]
    Topup(TopupArgs),
    /// End a job: frames that are handed in are judged and paid, the rest of the money comes back.
    #[command(after_help = "Examples:\n  depin render cancel 3fa2b1")]
    Cancel(CancelArgs),
    /// Write the finished frames of a job, or the outputs of a task's parts, into a folder.
    #[command(after_help = "Examples:\n  depin render fetch 3fa2b1 out/\n  depin render fetch 3fa2b1 out/ --frames 1-20")]
    Fetch(FetchArgs),
    /// Draw a contact sheet: all frames of a job on one picture, finished ones or their previews.
    #[command(after_help = "Examples:\n  depin render sheet 3fa2b1 sheet.png --columns 8")]
    Sheet(SheetArgs),
    /// Say who rendered a frame, who checked it, and what was compared.
    #[command(after_help = "Examples:\n  depin render verify 3fa2b1 7")]
    Verify(FrameArgs),
    /// Say that the key of a paid frame does not open what its node committed to: a third node looks at it.
    #[command(after_help = "Examples:\n  depin render dispute 3fa2b1 7")]
    Dispute(DisputeFrameArgs),
    /// List nodes: what they render with, their scores and reputation.
    #[command(after_help = "Examples:\n  depin render nodes\n  depin render nodes --tier 2 --json")]
    Nodes(NodesArgs),
}

/// Which dispatcher is asked.
#[derive(Clone, Debug, Args)]
pub struct DeskArgs {
    /// URL of the dispatcher [default: the one of the home].
    #[arg(long, value_name = "URL", requires = "desk_key")]
    pub desk: Option<String>,
    /// File with the dispatcher's access key.
    #[arg(long, value_name = "FILE", requires = "desk")]
    pub desk_key: Option<PathBuf>,
}

/// What is to be rendered.
#[derive(Clone, Debug, Args)]
pub struct SceneArgs {
    /// The scene: .blend, .zip, or a .xml of Mitsuba, in which `$frame` is the frame's number. Or a task: a .zip with a task.json, whose parts
    /// stand where a scene's frames do.
    pub scene: PathBuf,
    /// Which frames: `1-48`, `7`, or `1-48/2` for every second one [default: the scene's own].
    #[arg(long, value_name = "FIRST-LAST[/STEP]")]
    pub frames: Option<FramesArg>,
    /// Size of a frame [default: the scene's own]; a task has none.
    #[arg(long, value_name = "WxH")]
    pub size: Option<SizeArg>,
    /// Samples of each pixel [default: the scene's own].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub samples: Option<u32>,
    /// What the noise begins with.
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
    /// The form of frames; of a task its outputs are delivered.
    #[arg(long, value_enum, default_value = "png")]
    pub format: FormatOf,
    /// Tier: 1 trusted, 2 priority, 3 economy.
    #[arg(long, value_name = "1|2|3", default_value = "3")]
    pub tier: TierArg,
    /// Memory that a node must have.
    #[arg(long, value_name = "SIZE", default_value = "1GiB")]
    pub memory: Bytes,
    /// The part of frames that another node renders too [default: the least of the network].
    #[arg(long, value_name = "SHARE")]
    pub checks: Option<Share>,
    /// The work of one frame, in OctaneBench-hours, where no frame is rendered here to know it.
    #[arg(long, value_name = "OBH")]
    pub frame_work: Option<ObhArg>,
    /// A Python that has Mitsuba, or that tasks run in [default: python3].
    #[arg(long, value_name = "FILE")]
    pub python: Option<PathBuf>,
    /// The program `blender` [default: the one in PATH].
    #[arg(long, value_name = "FILE")]
    pub blender: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub struct EstimateArgs {
    #[command(flatten)]
    pub scene: SceneArgs,
}

#[derive(Clone, Debug, Args)]
pub struct SubmitArgs {
    #[command(flatten)]
    pub scene: SceneArgs,
    /// The most that is held for the job [default: what the estimate says, with some room].
    #[arg(long, value_name = "AMOUNT")]
    pub max: Option<AmountArg>,
    /// Whether frames are approved by themselves once the time for a check is over.
    #[arg(long, value_enum, default_value = "off")]
    pub auto_approve: Switch,
    /// How long frames are given out, in ledger time [default: the network's longest].
    #[arg(long = "for", value_name = "TIME")]
    pub open_for: Option<SpanArg>,
    /// How long a node has for the frames that it is given at once, in ledger time [default: the network's longest].
    #[arg(long, value_name = "TIME")]
    pub deliver_within: Option<SpanArg>,
    /// Return once the job is ordered; `depin render watch` follows it.
    #[arg(long)]
    pub detach: bool,
    #[command(flatten)]
    pub desk: DeskArgs,
    #[command(flatten)]
    pub signer: Signer,
}

#[derive(Clone, Debug, Args)]
pub struct JobArgs {
    /// The job.
    pub job: String,
    #[command(flatten)]
    pub desk: DeskArgs,
}

#[derive(Clone, Debug, Args)]
pub struct ApproveArgs {
    /// The job.
    pub job: String,
    /// Which frames: 1-20, or `all` that are ready.
    pub frames: PickArg,
    /// Also those that another node is still to render for a check; with `all`, also checks that came too late to be compared.
    #[arg(long)]
    pub unchecked: bool,
    #[command(flatten)]
    pub desk: DeskArgs,
    #[command(flatten)]
    pub signer: Signer,
}

#[derive(Clone, Debug, Args)]
pub struct RejectArgs {
    /// The job.
    pub job: String,
    /// Which frames.
    pub frames: PickArg,
    /// Why: nothing is to be seen, a part is missing, or it is not what the scene says.
    #[arg(long, value_enum)]
    pub reason: ReasonOf,
    #[command(flatten)]
    pub desk: DeskArgs,
    #[command(flatten)]
    pub signer: Signer,
}

#[derive(Clone, Debug, Args)]
pub struct TopupArgs {
    /// The job.
    pub job: String,
    /// How much more.
    #[arg(long, value_name = "AMOUNT")]
    pub by: AmountArg,
    #[command(flatten)]
    pub signer: Signer,
}

#[derive(Clone, Debug, Args)]
pub struct CancelArgs {
    /// The job.
    pub job: String,
    #[command(flatten)]
    pub signer: Signer,
}

#[derive(Clone, Debug, Args)]
pub struct FetchArgs {
    /// The job.
    pub job: String,
    /// The folder, which is made if it is not there.
    #[arg(value_parser = TextPath)]
    pub folder: PathBuf,
    /// Which frames [default: all that are finished].
    #[arg(long, value_name = "FRAMES", default_value = "all")]
    pub frames: PickArg,
    #[command(flatten)]
    pub desk: DeskArgs,
}

#[derive(Clone, Debug, Args)]
pub struct SheetArgs {
    /// The job.
    pub job: String,
    /// The picture to write.
    #[arg(value_parser = TextPath)]
    pub file: PathBuf,
    /// Frames in a row.
    #[arg(long, value_name = "N", default_value = "6", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub columns: u32,
    /// Width of one frame on it, pixels.
    #[arg(long, value_name = "PIXELS", default_value = "240", value_parser = clap::value_parser!(u32).range(16..=2_048))]
    pub width: u32,
    #[command(flatten)]
    pub desk: DeskArgs,
}

#[derive(Clone, Debug, Args)]
pub struct FrameArgs {
    /// The job.
    pub job: String,
    /// The frame's number.
    pub frame: i64,
    #[command(flatten)]
    pub desk: DeskArgs,
}

#[derive(Clone, Debug, Args)]
pub struct DisputeFrameArgs {
    #[command(flatten)]
    pub of: FrameArgs,
    #[command(flatten)]
    pub signer: Signer,
}

#[derive(Clone, Debug, Args)]
pub struct NodesArgs {
    /// Only those that take this tier.
    #[arg(long, value_name = "1|2|3")]
    pub tier: Option<TierArg>,
}

pub(super) const GATEWAY_AFTER: &str = "\
The dispatcher keeps sealed scenes and the secrets of open jobs in its folder: who loses them cannot open a secret in time and loses the
bond of its job, so keep a copy. Its account pays the fees of what it sends; jobs are paid by whoever orders them. Nodes see the scene
that they render. What opens a scene is sent to nodes that are reached over TLS, or on this machine.

Examples:
  depin gateway render --node http://127.0.0.1:4610 --key-file ./dispatcher.key
  depin gateway render --node http://192.0.2.7:4610 --dir /data/rendering --listen 127.0.0.1:4900";

#[derive(Clone, Debug, Args)]
pub struct GatewayRenderArgs {
    /// Folder of the store, the scenes and the keys.
    #[arg(long, value_name = "DIR", default_value = "./rendering", value_parser = TextPath)]
    pub dir: PathBuf,
    /// Address that it listens on.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Largest sealed scene that is taken.
    #[arg(long, value_name = "SIZE", default_value = "4GiB")]
    pub scene_limit: Bytes,
    /// Free space to keep on the disk; below it nothing is taken [default: 512MiB, a fifth of a small disk].
    #[arg(long, value_name = "SIZE")]
    pub disk_floor: Option<Bytes>,
    /// Key file of the account that jobs name as their dispatcher [default: DIR/dispatcher.key, made on the first start].
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub key_file: Option<PathBuf>,
    /// Connect to nodes at addresses of this machine and of private networks too.
    #[arg(long)]
    pub local_network: bool,
    /// Begin a new store where DIR's own was lost; what is left of it is kept beside it.
    #[arg(long)]
    pub new_store: bool,
    #[command(flatten)]
    pub tls: TlsArgs,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// The form of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatOf {
    /// 8 bits a channel.
    Png,
    /// Floats.
    Exr,
}

impl From<FormatOf> for Format {
    fn from(format: FormatOf) -> Self {
        match format {
            FormatOf::Png => Self::Png,
            FormatOf::Exr => Self::Exr,
        }
    }
}

/// Why a frame is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReasonOf {
    /// Nothing is to be seen.
    Black,
    /// A part is missing.
    Partial,
    /// It is not what the scene says.
    Broken,
}

impl From<ReasonOf> for RejectReason {
    fn from(reason: ReasonOf) -> Self {
        match reason {
            ReasonOf::Black => Self::Black,
            ReasonOf::Partial => Self::Partial,
            ReasonOf::Broken => Self::Broken,
        }
    }
}

/// A tier, by its number or its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierArg(pub Tier);

impl FromStr for TierArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Tier::ALL.into_iter().find(|tier| tier.word() == text || (tier.index() + 1).to_string() == text);
        found.map(Self).ok_or_else(|| "write 1 (trusted), 2 (priority) or 3 (economy)".to_owned())
    }
}

/// Work in thousandths of an OctaneBench-hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObhArg(pub u64);

impl FromStr for ObhArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write OctaneBench-hours with at most three places, such as 0.25".to_owned();
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || part.len() > 3 || !digits(whole) || !digits(part) {
            return Err(wrong());
        }
        let all: u64 = format!("{whole}{part:0<3}").parse().map_err(|_| wrong())?;
        if all == 0 { Err(wrong()) } else { Ok(Self(all)) }
    }
}

/// A range of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FramesArg(pub Frames);

impl FromStr for FramesArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no range of frames; write 1-48, 7, or 1-48/2 for every second one, from 0 on");
        let (range, step) = text.split_once('/').unwrap_or((text, "1"));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let number = |text: &str| text.trim().parse::<i64>().map_err(|_| wrong());
        let frames = Frames { first: number(first)?, last: number(last)?, step: number(step)? };
        if frames.count().is_some() { Ok(Self(frames)) } else { Err(wrong()) }
    }
}

/// Width and height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeArg(pub u32, pub u32);

impl FromStr for SizeArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once(['x', 'X']).and_then(|(w, h)| Some((w.trim().parse().ok()?, h.trim().parse().ok()?)));
        match parts {
            Some((width @ 1..=65_536, height @ 1..=65_536)) => Ok(Self(width, height)),
            _ => Err("write width and height in pixels, such as 1920x1080".to_owned()),
        }
    }
}

/// Some frames of a job: all, or ranges of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PickArg {
    /// All.
    All,
    /// Those in one of these ranges, ends included.
    Some(Vec<(i64, i64)>),
}

impl PickArg {
    /// Whether a frame is one of them.
    pub fn has(&self, frame: i64) -> bool {
        match self {
            Self::All => true,
            Self::Some(ranges) => ranges.iter().any(|(first, last)| (*first..=*last).contains(&frame)),
        }
    }
}

impl FromStr for PickArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        let wrong = || format!("{text:?} names no frames; write 7, 1-20, 1-9,12 or all");
        let one = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let range = (first.trim().parse::<i64>().ok()?, last.trim().parse::<i64>().ok()?);
            (0 <= range.0 && range.0 <= range.1).then_some(range)
        };
        text.split(',').map(|part| one(part).ok_or_else(wrong)).collect::<Result<_, _>>().map(Self::Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_people_write_them() {
        let frames = |text: &str| text.parse::<FramesArg>().map(|frames| frames.0);
        assert_eq!(frames("1-48").unwrap(), Frames { first: 1, last: 48, step: 1 });
        assert_eq!(frames("7").unwrap(), Frames { first: 7, last: 7, step: 1 });
        assert_eq!(frames("0-10/5").unwrap(), Frames { first: 0, last: 10, step: 5 });
        for wrong in ["", "-3", "9-1", "1-5/0", "a-b", "1-", "-1-5"] {
            assert!(frames(wrong).is_err(), "{wrong}");
        }
        let pick: PickArg = "1-9,12".parse().unwrap();
        assert!(pick.has(9) && pick.has(12) && !pick.has(10) && PickArg::All.has(-1));
        assert!("1-9,,".parse::<PickArg>().is_err() && "9-1".parse::<PickArg>().is_err());
    }

    #[test]
    fn work_sizes_and_tiers_are_read_exactly() {
        assert_eq!(("0.25".parse(), "3".parse(), "1.5".parse()), (Ok(ObhArg(250)), Ok(ObhArg(3_000)), Ok(ObhArg(1_500))));
        assert!(["0", "", "1.0001", "-1", "1e3"].iter().all(|text| text.parse::<ObhArg>().is_err()));
        assert_eq!("1920x1080".parse(), Ok(SizeArg(1_920, 1_080)));
        assert!(["0x1", "1920", "1920x", "99999999x1"].iter().all(|text| text.parse::<SizeArg>().is_err()));
        assert_eq!(("2".parse(), "economy".parse()), (Ok(TierArg(Tier::Priority)), Ok(TierArg(Tier::Economy))));
        assert!("4".parse::<TierArg>().is_err());
    }
}
