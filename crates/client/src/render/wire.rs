//! What goes over the wire between a dispatcher and a node.

use depin_quantity::{ContentHash, UnitId};
use depin_services::rendering::Engine;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most bytes of one part of a scene: each is signed, so each is held whole.
pub const SCENE_PART: usize = 4 << 20;
/// Most bytes of a frame, sealed or clear: 16,384 x 16,384 pixels of 8 bits, or 4,096 x 4,096 of floats.
pub const IMAGE_MAX: usize = 256 << 20;
/// Most bytes of a preview.
pub const PREVIEW_MAX: usize = 64 << 20;
/// Header with what opens the scene: 64 hexadecimal digits. It is sent over TLS or within a machine only.
pub const SCENE_KEY: &str = "x-depin-scene-key";

/// What a node says of itself to anybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeInfo {
    /// Its id on the ledger.
    pub node: UnitId,
    /// What it renders with.
    pub engines: Vec<Engine>,
    /// What its benchmark measured, in OctaneBench points.
    pub score: u32,
    /// Frames that it has and has not handed in.
    pub busy: u32,
    /// Scenes that it keeps.
    pub scenes: u32,
}

/// How much of a scene a node has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SceneHave {
    /// Bytes that it has, from the first on.
    pub have: u64,
    /// Whether that is all, with the hash that the ledger says.
    pub whole: bool,
}

/// A frame to render for a ticket. What else is to be known stands on the ledger. Nothing tells a check from a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The frame's number, as the scene counts.
    pub frame: i64,
    /// The how manieth frame of the job's range it is, from 0.
    pub index: u32,
}

/// How far a node is with a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TicketStage {
    /// Others come first, or the scene is not there.
    Queued,
    /// It renders it.
    Rendering,
    /// It is rendered and on its way to the ledger, or there.
    Delivered,
    /// It could not be rendered.
    Failed,
    /// It was given back.
    Declined,
}

impl TicketStage {
    /// Its word in JSON and tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Rendering => "rendering",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Declined => "declined",
        }
    }
}

/// A ticket, as its node tells the dispatcher.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketView {
    /// How far it is.
    pub state: TicketStage,
    /// The part that is rendered, 0 to 1.
    pub progress: f32,
    /// Why it failed or was given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Bytes of the sealed frame, once there is one.
    #[serde(default)]
    pub sealed_bytes: u64,
    /// Bytes of the preview, once there is one.
    #[serde(default)]
    pub preview_bytes: u64,
    /// How long it worked.
    #[serde(default)]
    pub milliseconds: u64,
}

/// Which image a node of a comparison is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The clear frame of the comparison's first ticket.
    Left,
    /// The clear frame of what it is compared with.
    Right,
    /// The sealed frame of a ticket whose key is disputed.
    Sealed,
}

impl Side {
    /// Its word in paths.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Sealed => "sealed",
        }
    }

    /// The side of a word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Left, Self::Right, Self::Sealed].into_iter().find(|side| side.word() == word)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What an artist seals a scene with: it follows from the artist's key and the scene, so the same scene is sealed to the same bytes and an
/// upload that broke goes on, also in another process. No other content is ever sealed with it.
pub fn scene_key(artist: &crate::SigningKey, scene: ContentHash) -> [u8; 32] {
    let mut message = vec![17];
    message.extend(b"depin-render-seal");
    message.extend(scene.get());
    ContentHash::derive("depin-render-scene-key", &[&artist.sign(&message)]).get()
}

/// What a node writes over a ticket's preview. The delivery commits to its hash, so the preview of another's ticket does not pass for its own.
/// The number comes first: small previews have no room for more than the first letters.
pub fn watermark_text(node: UnitId, job: UnitId, number: u32) -> String {
    format!("{number} node {} job {} PREVIEW", &node.to_string()[..12], &job.to_string()[..12])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;

    #[test]
    fn a_scene_is_sealed_with_a_key_of_its_own_and_of_its_artist() {
        let (one, other) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        let (scene, another) = (ContentHash::new([3; 32]), ContentHash::new([4; 32]));
        assert_eq!(scene_key(&one, scene), scene_key(&one, scene));
        assert_ne!(scene_key(&one, scene), scene_key(&one, another));
        assert_ne!(scene_key(&one, scene), scene_key(&other, scene));
    }

    #[test]
    fn an_order_says_nothing_but_the_frame() {
        let order = Order { frame: 7, index: 6 };
        assert_eq!(serde_json::to_string(&order).unwrap(), r#"{"frame":7,"index":6}"#);
        assert!(serde_json::from_str::<Order>(r#"{"frame":7,"index":6,"purpose":"check"}"#).is_err());
        assert_eq!(Side::of("right"), Some(Side::Right));
        assert_eq!(Side::of("up"), None);
    }
}
