//! What jobs and nodes are described by: engines, frames, tiers, tickets. What may be sent, and nothing of what the ledger keeps.

use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, ContentHash, Name, Share, Span, UnitId};
use serde::{Deserialize, Serialize};

macro_rules! bytes32 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(ContentHash);

        impl $name {
            /// Wraps 32 bytes.
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(ContentHash::new(bytes))
            }

            /// The 32 bytes.
            pub const fn get(self) -> [u8; 32] {
                self.0.get()
            }
        }
    };
}
bytes32!(
    /// What keeps something that few could guess from being found by trying.
    Salt
);
bytes32!(
    /// What a dispatcher committed to: everything about a job's tickets follows from it.
    Secret
);
bytes32!(
    /// What a frame is encrypted with.
    FrameKey
);

/// How a job ranks, and what a credit buys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Tier 1: nodes of the best standing; jobs are approved by themselves.
    Trusted,
    /// Tier 2.
    Priority,
    /// Tier 3.
    Economy,
}

impl Tier {
    /// All, the first first.
    pub const ALL: [Self; 3] = [Self::Trusted, Self::Priority, Self::Economy];

    /// Its word in files and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Priority => "priority",
            Self::Economy => "economy",
        }
    }

    /// Its place in [`Tier::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::Trusted => 0,
            Self::Priority => 1,
            Self::Economy => 2,
        }
    }
}

/// A renderer in one exact build: only like builds give the same pixels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Engine {
    /// Which: `blender`, `mitsuba`.
    pub name: Name,
    /// The build, as it names itself: 1 to 60 printable ASCII characters.
    pub build: String,
}

/// The form of a finished frame, and so what kind of job it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// 8 or 16 bits a channel.
    Png,
    /// Floats.
    Exr,
    /// Files that a part of a task leaves: the job is a command with inputs and outputs, not a scene. Its frames are parts, without a size.
    Outputs,
}

impl Format {
    /// Whether the job is a task: what is given out are parts of it.
    pub const fn is_task(self) -> bool {
        matches!(self, Self::Outputs)
    }
}

/// Frame numbers `first`, `first + step`, … up to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Frames {
    /// The first; zero or above.
    pub first: i64,
    /// The last that may be one; not before the first.
    pub last: i64,
    /// From one to the next; one or more.
    pub step: i64,
}

impl Frames {
    /// How many there are; none when the range is negative, empty, or has no step.
    pub fn count(&self) -> Option<u64> {
        if self.first < 0 || self.step < 1 || self.last < self.first {
            return None;
        }
        Some((self.last.checked_sub(self.first)? / self.step) as u64 + 1)
    }

    /// The number of the `index`th frame, from 0.
    pub fn number(&self, index: u32) -> Option<i64> {
        let number = self.first.checked_add(self.step.checked_mul(index.into())?)?;
        (number <= self.last).then_some(number)
    }
}

/// A job, as its artist orders it. Nothing of it changes later but its money.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct NewJob {
    /// Who gives frames to nodes: the artist's own gateway, or whom the artist trusts with it.
    pub dispatcher: Address,
    /// SHA-256 of the scene.
    pub scene: ContentHash,
    /// SHA-256 of the scene as it is stored, encrypted.
    pub sealed: ContentHash,
    /// What renders it.
    pub engine: Engine,
    /// Which frames.
    pub frames: Frames,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Samples of each pixel.
    pub samples: u32,
    /// What the renderer's noise begins with.
    pub seed: u64,
    /// The form of frames.
    pub format: Format,
    /// The tier.
    pub tier: Tier,
    /// Memory that a node must have, in MB.
    pub memory_mb: u32,
    /// Whether frames are approved by themselves once the time for a check is over.
    pub auto_approve: bool,
    /// The part of deliveries that is rendered again, at least the file's.
    pub check_share: Share,
    /// The most work that one frame is paid for, in thousandths of an OctaneBench-hour: what a test frame took, with some room.
    pub frame_work_most: u64,
    /// How long a node has for one frame.
    pub deliver_within: Span,
    /// How long tickets may be given out.
    pub open_for: Span,
    /// What is held at first, in millionths of what frames are priced in.
    pub funds: u64,
    /// What the dispatcher commits to; see [`secret_hash`](super::secret_hash).
    pub secret: ContentHash,
}

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct NodeTerms {
    /// Where dispatchers reach it: http or https, or empty.
    pub url: String,
    /// Measured score, in OctaneBench points.
    pub score: u32,
    /// Memory, in MB.
    pub memory_mb: u32,
    /// What it renders with.
    pub engines: Vec<Engine>,
    /// Tiers that it takes.
    pub tiers: Vec<Tier>,
    /// SHA-256 of its signed report of hardware and benchmark.
    pub report: ContentHash,
    /// Whether it takes frames now.
    pub accepts: bool,
}

/// What a ticket is for. On the ledger nothing tells one from another until the ticket is opened.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A frame of the job, for the artist.
    Frame,
    /// A frame rendered again, to compare.
    Check {
        /// The ticket of the delivery.
        of: u32,
    },
    /// A frame whose pixels the dispatcher knows already.
    Planted {
        /// The how manieth, from 0.
        number: u32,
        /// The hash of its pixels.
        pixels: ContentHash,
    },
}

/// What opens a ticket.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Opening {
    /// The how manieth frame of the job's range, from 0.
    pub frame: u32,
    /// The how manieth attempt at it, from 0; of a check, its turn.
    pub attempt: u8,
    /// What it is for.
    pub purpose: Purpose,
    /// Its salt; see [`salt_of`](super::salt_of).
    pub salt: Salt,
}

/// A node that a job may go to, as it stood when the job was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Eligible {
    /// The node.
    pub node: UnitId,
    /// Whose it is.
    pub owner: Address,
    /// How likely it is drawn, beside the others.
    pub weight: u32,
}

/// Why a frame is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RejectReason {
    /// Nothing is to be seen.
    Black,
    /// A part is missing.
    Partial,
    /// It is not what the scene says.
    Broken,
}

/// What a node hands in for a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Handed {
    /// What it commits to; see [`commitment`](super::commitment).
    pub pixels: ContentHash,
    /// SHA-256 of the frame, encrypted.
    pub sealed: ContentHash,
    /// The hash of what opens it; see [`key_hash`](super::key_hash).
    pub key: ContentHash,
    /// SHA-256 of the watermarked preview.
    pub preview: ContentHash,
    /// What it commits to about the preview's watermark, so that nobody passes another's preview off as its own.
    pub watermark: ContentHash,
    /// How long it worked.
    pub worked: Span,
}
