//! What a dispatcher and the nodes that render for it say to each other, and what an artist's tools say to the dispatcher.
//!
//! In: an account's key, the URL of a node or of a dispatcher. Out: signed requests, typed answers, bytes up to a bound. Absent on purpose:
//! who renders what, and whether what comes is right: hashes on the ledger say that.

mod answer;
mod desk;
mod desk_wire;
mod node;
mod signed;
mod wire;

pub use answer::RenderCallError;
pub use desk::Desk;
pub use desk_wire::{
    DeskFrame, DeskInfo, DeskJob, DeskTicket, DraftView, FrameStage, KnownFrame, NewDraft, OpeningView, UploadView,
};
pub use node::RenderNode;
pub use signed::{CLOCK_MS, HEADERS, RequestError, SignedRequest, content_of};
pub use wire::{
    IMAGE_MAX, NodeInfo, Order, PREVIEW_MAX, SCENE_KEY, SCENE_PART, SceneHave, Side, TicketStage, TicketView, scene_key,
    watermark_text,
};
