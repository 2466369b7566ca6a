//! A paid frame is opened, and held against what its node committed to.

use depin_client::{api::RenderingTicket, render::IMAGE_MAX};
use depin_quantity::ContentHash;
use depin_render::{FrameFormat, Product, SealError};
use depin_services::rendering::{Format, FrameKey, Salt, commitment};
use zeroize::Zeroizing;

/// Bytes of the commitment's salt, which stand before the frame in what is sealed.
const SALT: usize = 32;

/// What is wrong with a frame whose key is open.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WrongFrame {
    #[error("the key that its node opened does not open it: {0}")]
    Key(#[from] SealError),
    #[error("what its key opens is no frame: {0}")]
    Decode(String),
    #[error("what its key opens is not what its node committed to")]
    Other,
}

/// How this crate's formats are called where pixels are decoded.
pub(crate) const fn format_of(format: Format) -> FrameFormat {
    match format {
        Format::Png => FrameFormat::Png,
        Format::Exr => FrameFormat::Exr,
        Format::Outputs => FrameFormat::Outputs,
    }
}

/// The frame's file: opened by its key, with the pixels that the node of the ticket committed to.
pub(crate) fn frame(ticket: &RenderingTicket, key: FrameKey, sealed: &[u8], format: Format) -> Result<Vec<u8>, WrongFrame> {
    let key = Zeroizing::new(key.get());
    let mut plain = Vec::with_capacity(sealed.len());
    depin_render::open(&mut &sealed[..], &mut plain, &key, IMAGE_MAX as u64)?;
    let Some((salt, image)) = plain.split_at_checked(SALT) else {
        return Err(WrongFrame::Decode("it is shorter than the salt that stands before it".to_owned()));
    };
    let salt = Salt::new(salt.try_into().map_err(|_| WrongFrame::Other)?);
    let product = Product::decode(image, format_of(format)).map_err(|error| WrongFrame::Decode(error.to_string()))?;
    let is = commitment(ContentHash::new(product.hash()), salt, ticket.node);
    match ticket.handed {
        Some(handed) if handed.pixels == is => Ok(image.to_vec()),
        _ => Err(WrongFrame::Other),
    }
}
