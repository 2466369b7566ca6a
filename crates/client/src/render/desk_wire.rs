//! What an artist's tools and the dispatcher say to each other.

use depin_quantity::{Address, ContentHash, Name, UnitId};
use depin_services::rendering::{Opening, Purpose};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a dispatcher says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskInfo {
    /// Its account: what a job names as its dispatcher.
    pub dispatcher: Address,
    /// The chain.
    pub chain: Name,
    /// Largest scene that it takes, bytes as sealed.
    pub scene_most: u64,
    /// Jobs that it knows and that are not closed.
    pub jobs: u32,
    /// What stands in its way, by what it concerns.
    pub problems: BTreeMap<String, String>,
}

/// How much of a sealed scene the dispatcher has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadView {
    /// Bytes that it has, from the first on.
    pub have: u64,
    /// Whether that is all, with the hash that it is stored under.
    pub whole: bool,
}

/// A frame whose pixels the artist knows: a test frame, rendered as the job says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFrame {
    /// The how manieth of the job's range, from 0.
    pub index: u32,
    /// The hash of its pixels.
    pub pixels: ContentHash,
}

/// A job that is about to be ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDraft {
    /// What people call it: the scene's file name, at most 120 characters.
    pub name: String,
    /// SHA-256 of the sealed scene, which is there whole.
    pub sealed: ContentHash,
    /// What opens it: 64 hexadecimal digits.
    pub key: String,
    /// Frames whose pixels are known, to plant among the others.
    #[serde(default)]
    pub known: Vec<KnownFrame>,
}

/// What the order of a drafted job says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftView {
    /// The dispatcher's account.
    pub dispatcher: Address,
    /// What it commits to for this one job.
    pub secret: ContentHash,
}

/// How far a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrameStage {
    /// Not given to a node, or not again.
    Waiting,
    /// A node has it, and others before it.
    Queued,
    /// A node renders it.
    Rendering,
    /// It is handed in, and it is not known yet whether another node renders it too, or that one is at it.
    Checking,
    /// It is compared with another.
    Comparing,
    /// It is handed in: to be looked at, approved or rejected.
    Ready,
    /// It is approved; its node is to open its key.
    Approved,
    /// Its key is open; it can be fetched.
    Done,
    /// Every node that there is had it, or its job ended before.
    Failed,
}

impl FrameStage {
    /// All, in the order in which a frame goes through them.
    pub const ALL: [Self; 9] = [
        Self::Waiting,
        Self::Queued,
        Self::Rendering,
        Self::Checking,
        Self::Comparing,
        Self::Ready,
        Self::Approved,
        Self::Done,
        Self::Failed,
    ];

    /// Its word in JSON and tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::Rendering => "rendering",
            Self::Checking => "checking",
            Self::Comparing => "comparing",
            Self::Ready => "ready",
            Self::Approved => "approved",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// A job, as its dispatcher sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskJob {
    /// Its id on the ledger.
    pub job: UnitId,
    /// What its artist calls it.
    pub name: String,
    /// Whether it is closed on the ledger.
    pub closed: bool,
    /// Frames by how far they are.
    pub frames: BTreeMap<String, u32>,
    /// Nodes that have the scene, of those that it may go to.
    pub scenes: (u32, u32),
    /// What stands in its way, by what it concerns.
    pub problems: BTreeMap<String, String>,
}

/// A frame, as its dispatcher sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeskFrame {
    /// Its number, as the scene counts.
    pub frame: i64,
    /// The how manieth of the range it is, from 0.
    pub index: u32,
    /// How far it is.
    pub stage: FrameStage,
    /// The part that is rendered, 0 to 1.
    pub progress: f32,
    /// Nodes that had it.
    pub attempts: u32,
    /// The ticket that counts: the last one.
    pub ticket: Option<u32>,
    /// The node that has or had that.
    pub node: Option<UnitId>,
    /// Whether another node's pixels were equal, or a third one said that it is right.
    pub verified: bool,
    /// Its price, in millionths of what frames are priced in.
    pub price: u64,
    /// Whether its preview is here.
    pub preview: bool,
    /// Whether the sealed frame is here.
    pub sealed: bool,
    /// What is wrong with it, if anything is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A ticket of a frame, with what the dispatcher alone knows of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskTicket {
    /// Its number.
    pub number: u32,
    /// What it is for.
    pub purpose: Purpose,
    /// The how manieth attempt or turn it is, from 0.
    pub attempt: u8,
    /// Its node.
    pub node: UnitId,
    /// How far it is on the ledger.
    pub state: String,
    /// Whether it was found right.
    pub verified: bool,
    /// The seed drawn for it said that another node renders it too; none before that seed is there, or where none is drawn.
    pub to_check: Option<bool>,
    /// The pixels that it committed to, where its frame was opened here.
    pub pixels: Option<ContentHash>,
}

/// What opens a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpeningView {
    /// The ticket.
    pub number: u32,
    /// What opens it.
    pub opening: Opening,
}
