//! Decoded pixels: what is hashed, compared, marked and shown. Files differ from run to run (dates, times); pixels do not.

mod compare;
mod decode;
mod draw;
mod sheet;
mod watermark;

pub use compare::{Bounds, Comparison, compare};
pub use decode::{DecodeError, PIXELS_MOST};
pub use draw::CARD_SIZE;
pub(crate) use draw::text_card;
pub use sheet::{SheetError, contact_sheet};
pub use watermark::{Watermark, preview_size};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What hashes of pixels begin with.
const DOMAIN: &[u8] = b"depin-render-pixels-1";

/// The form of a finished frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrameFormat {
    /// PNG; renderers of this crate give 8 bits a channel.
    Png,
    /// OpenEXR; renderers of this crate give 32-bit floats.
    Exr,
    /// What a part of a task leaves: its files, in a zip. See [`Outputs`](crate::Outputs).
    Outputs,
}

impl FrameFormat {
    /// Its word, which files end with.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Exr => "exr",
            Self::Outputs => "zip",
        }
    }
}

/// What a channel's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 8 bits, of the sRGB curve.
    Eight,
    /// 16 bits, of the sRGB curve.
    Sixteen,
    /// 32-bit floats, linear.
    Float,
}

/// Values of all channels of all pixels, row by row from the top, pixel by pixel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Samples {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
    Float(Vec<f32>),
}

/// A decoded picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Pixels {
    width: u32,
    height: u32,
    channels: u8,
    samples: Samples,
}

impl Pixels {
    /// Takes 8-bit values; none unless there are `width * height * channels` of them, of 1 to 4 channels and at least one pixel.
    pub fn eight(width: u32, height: u32, channels: u8, samples: Vec<u8>) -> Option<Self> {
        Self::checked(width, height, channels, Samples::Eight(samples))
    }

    /// As [`Pixels::eight`], of 32-bit floats.
    pub fn float(width: u32, height: u32, channels: u8, samples: Vec<f32>) -> Option<Self> {
        Self::checked(width, height, channels, Samples::Float(samples))
    }

    pub(crate) fn checked(width: u32, height: u32, channels: u8, samples: Samples) -> Option<Self> {
        let pixels = u64::from(width) * u64::from(height);
        let length = match &samples {
            Samples::Eight(values) => values.len(),
            Samples::Sixteen(values) => values.len(),
            Samples::Float(values) => values.len(),
        };
        let fits =
            (1..=PIXELS_MOST).contains(&pixels) && (1..=4).contains(&channels) && length as u64 == pixels * u64::from(channels);
        fits.then_some(Self { width, height, channels, samples })
    }

    /// Decodes a frame of a stranger, within [`PIXELS_MOST`] pixels of 1 to 4 channels.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8], format: FrameFormat) -> Result<Self, DecodeError> {
        decode::decode(bytes, format)
    }

    /// Width in pixels.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// 1 grey, 2 grey and alpha, 3 colours, 4 colours and alpha.
    pub const fn channels(&self) -> u8 {
        self.channels
    }

    /// What a value is.
    pub const fn depth(&self) -> Depth {
        match self.samples {
            Samples::Eight(_) => Depth::Eight,
            Samples::Sixteen(_) => Depth::Sixteen,
            Samples::Float(_) => Depth::Float,
        }
    }

    /// What the ledger knows of a frame: SHA-256 of `"depin-render-pixels-1"`, width and height (u32 big endian), channels and bits of a
    /// channel (a byte each), then all values, little endian, floats by their bits.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(DOMAIN);
        hasher.update(self.width.to_be_bytes());
        hasher.update(self.height.to_be_bytes());
        let bits = match self.depth() {
            Depth::Eight => 8,
            Depth::Sixteen => 16,
            Depth::Float => 32,
        };
        hasher.update([self.channels, bits]);
        // By parts, so that floats need no second copy of the picture.
        match &self.samples {
            Samples::Eight(values) => hasher.update(values),
            Samples::Sixteen(values) => values.chunks(4096).for_each(|part| {
                hasher.update(part.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
            }),
            Samples::Float(values) => values.chunks(4096).for_each(|part| {
                hasher.update(part.iter().flat_map(|value| value.to_bits().to_le_bytes()).collect::<Vec<u8>>());
            }),
        }
        hasher.finalize().into()
    }

    /// Whether nothing is to be seen: all colours of all pixels are the same. What is called black or empty, in any colour.
    pub fn is_blank(&self) -> bool {
        let size = usize::from(self.channels);
        match &self.samples {
            Samples::Eight(values) => values.chunks_exact(size).all(|pixel| pixel == &values[..size]),
            Samples::Sixteen(values) => values.chunks_exact(size).all(|pixel| pixel == &values[..size]),
            Samples::Float(values) => values.chunks_exact(size).all(|pixel| pixel == &values[..size]),
        }
    }

    /// The picture as people see it: red, green and blue in 8 bits of the sRGB curve; alpha over black.
    pub(crate) fn shown(&self) -> Vec<[u8; 3]> {
        let size = usize::from(self.channels);
        match &self.samples {
            Samples::Eight(values) => values.chunks_exact(size).map(|pixel| colours(pixel, |v| v, scaled)).collect(),
            Samples::Sixteen(values) => values
                .chunks_exact(size)
                .map(|pixel| colours(pixel, |v| (v >> 8) as u8, |v, a| scaled(v, (a >> 8) as u8)))
                .collect(),
            // Colours in EXR files are multiplied by alpha already.
            Samples::Float(values) => values.chunks_exact(size).map(|pixel| colours(pixel, curve, |v, _| v)).collect(),
        }
    }
}

fn colours<T: Copy>(pixel: &[T], value: impl Fn(T) -> u8, through: impl Fn(u8, T) -> u8) -> [u8; 3] {
    match *pixel {
        [grey] => [value(grey); 3],
        [grey, alpha] => [through(value(grey), alpha); 3],
        [r, g, b] => [value(r), value(g), value(b)],
        [r, g, b, a, ..] => [through(value(r), a), through(value(g), a), through(value(b), a)],
        [] => [0; 3],
    }
}

const fn scaled(value: u8, by: u8) -> u8 {
    ((value as u16 * by as u16 + 127) / 255) as u8
}

/// The sRGB curve (IEC 61966-2-1), with the same bits on every machine.
fn curve(linear: f32) -> u8 {
    let linear = if linear.is_nan() { 0.0 } else { linear.clamp(0.0, 1.0) };
    let value = if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * libm::powf(linear, 1.0 / 2.4) - 0.055 };
    (value * 255.0 + 0.5) as u8
}

/// Writes a picture of 8-bit colours as PNG; the same picture gives the same bytes.
pub fn encode_png(pixels: &Pixels) -> Vec<u8> {
    let shown = pixels.shown();
    draw::png(pixels.width, pixels.height, shown.as_flattened())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_tells_size_channels_and_depth_apart() {
        let values = vec![0u8; 12];
        let hashes = [
            Pixels::eight(2, 2, 3, values.clone()).unwrap().hash(),
            Pixels::eight(4, 1, 3, values.clone()).unwrap().hash(),
            Pixels::eight(1, 4, 3, values.clone()).unwrap().hash(),
            Pixels::eight(3, 1, 4, values).unwrap().hash(),
            Pixels::float(2, 2, 3, vec![0.0; 12]).unwrap().hash(),
            Pixels::float(2, 2, 3, vec![-0.0; 12]).unwrap().hash(),
            Pixels::checked(2, 2, 3, Samples::Sixteen(vec![0; 12])).unwrap().hash(),
        ];
        for (n, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..n].contains(hash), "{n}");
        }
        // What is on a ledger must never change its form.
        let told = hex::encode(hashes[0]);
        let mut by_hand = b"depin-render-pixels-1\0\0\0\x02\0\0\0\x02\x03\x08".to_vec();
        by_hand.extend([0; 12]);
        assert_eq!(told, hex::encode(Sha256::digest(by_hand)));
    }

    #[test]
    fn what_does_not_fit_its_size_is_no_picture() {
        for (width, height, channels, length) in [(2, 2, 3, 11), (2, 2, 3, 13), (0, 2, 3, 0), (2, 2, 0, 0), (2, 2, 5, 20)] {
            assert!(Pixels::eight(width, height, channels, vec![0; length]).is_none());
        }
        assert!(Pixels::eight(u32::MAX, u32::MAX, 4, Vec::new()).is_none());
    }

    #[test]
    fn blank_is_one_colour_all_over() {
        assert!(Pixels::eight(2, 1, 3, vec![5, 6, 7, 5, 6, 7]).unwrap().is_blank());
        assert!(!Pixels::eight(2, 1, 3, vec![5, 6, 7, 5, 6, 8]).unwrap().is_blank());
    }

    #[test]
    fn floats_are_shown_by_the_srgb_curve() {
        assert_eq!([0.0, 0.001, 0.18, 0.5, 1.0, 9.0, -1.0, f32::NAN].map(curve), [0, 3, 118, 188, 255, 255, 0, 0]);
    }
}
