//! What a node hands in for one number of a job: a picture of a scene, or the outputs of a task. What is asked of both.

use crate::{
    pixels::{Bounds, DecodeError, FrameFormat, Pixels, compare},
    task::Outputs,
};
use std::borrow::Cow;

/// A frame, or a part of a task, decoded.
#[derive(Clone, Debug, PartialEq)]
pub enum Product {
    /// A frame.
    Picture(Pixels),
    /// A part of a task.
    Outputs(Outputs),
}

impl Product {
    /// Decodes what a stranger handed in, within the bounds of its format.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8], format: FrameFormat) -> Result<Self, DecodeError> {
        match format {
            FrameFormat::Outputs => Outputs::decode(bytes).map(Self::Outputs),
            FrameFormat::Png | FrameFormat::Exr => Pixels::decode(bytes, format).map(Self::Picture),
        }
    }

    /// What the ledger knows of it.
    pub fn hash(&self) -> [u8; 32] {
        match self {
            Self::Picture(pixels) => pixels.hash(),
            Self::Outputs(outputs) => outputs.hash(),
        }
    }

    /// Whether there is nothing: one colour all over, or no byte in any file.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Picture(pixels) => pixels.is_blank(),
            Self::Outputs(outputs) => outputs.is_empty(),
        }
    }

    /// Whether another's is as this one, within the measured bounds of pictures ([`Bounds::MEASURED`]), or within what this task declares.
    pub fn is_alike(&self, theirs: &Self) -> bool {
        match (self, theirs) {
            (Self::Picture(mine), Self::Picture(theirs)) => {
                compare(mine, theirs).is_some_and(|found| Bounds::MEASURED.are_alike(&found))
            }
            (Self::Outputs(mine), Self::Outputs(theirs)) => mine.is_alike(theirs),
            _ => false,
        }
    }

    /// What people look at: the picture itself, or a card about the outputs.
    pub fn picture(&self) -> Cow<'_, Pixels> {
        match self {
            Self::Picture(pixels) => Cow::Borrowed(pixels),
            Self::Outputs(outputs) => Cow::Owned(outputs.card()),
        }
    }
}
