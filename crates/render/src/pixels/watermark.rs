//! Previews: the whole frame, at its own size, with whose it is written all over it.

use super::{Pixels, draw};
use sha2::{Digest as _, Sha256};

/// Longest text, letters.
const TEXT_MOST: usize = 120;

/// What is written over a preview: by whom it is, and for what. Two texts that differ leave other previews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watermark(String);

impl Watermark {
    /// Takes a text of at most 120 printable ASCII characters; what is above that is cut, what is not printable becomes a question mark.
    pub fn new(text: &str) -> Self {
        let letter = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
        Self(text.chars().take(TEXT_MOST).map(letter).collect())
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What a delivery commits to: SHA-256 of `"depin-render-watermark-1"` and the text.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new().chain_update(b"depin-render-watermark-1").chain_update(self.0.as_bytes()).finalize().into()
    }

    /// The preview of a frame, as PNG. The same frame and text give the same bytes.
    pub fn preview(&self, pixels: &Pixels) -> Vec<u8> {
        draw::png(pixels.width, pixels.height, self.marked(pixels).as_flattened())
    }

    /// Whether a preview is that of a frame, by whose it should be: as pixels, since another version may write another file.
    pub fn is_preview_of(&self, preview: &Pixels, pixels: &Pixels) -> bool {
        (preview.width, preview.height) == (pixels.width, pixels.height) && preview.shown() == self.marked(pixels)
    }

    /// Whether this may be written over a preview, as far as can be said without the frame: ink brightens dark pixels to the upper half of every
    /// channel and darkens bright ones to the lower, so a frame without it, or with another's, has pixels where no ink could have left them.
    ///
    /// Never false of a preview that [`Watermark::preview`] made; true of a picture without it only where it is of a middle grey all along the text.
    pub fn may_be_on(&self, preview: &Pixels) -> bool {
        let (text, scale) = self.inked(preview);
        preview.shown().iter().enumerate().filter(|(at, _)| is_inked(&text, scale, preview.width, *at)).all(|(_, pixel)| {
            let sum: u16 = pixel.iter().map(|value| u16::from(*value)).sum();
            let brightened = pixel.iter().all(|value| *value >= 127) && sum <= 574;
            let darkened = pixel.iter().all(|value| *value <= 127) && sum >= 191;
            brightened || darkened
        })
    }

    /// The letters of a line, and how large its points are.
    fn inked(&self, pixels: &Pixels) -> (Vec<u8>, u32) {
        (format!("{}   ", self.0).into_bytes(), (pixels.width.min(pixels.height) / 256).max(1))
    }

    /// Lines of the text, each begun further to the left than the one above; ink is half way to white above dark pixels, and to black above
    /// bright ones.
    fn marked(&self, pixels: &Pixels) -> Vec<[u8; 3]> {
        let (text, scale) = self.inked(pixels);
        let mut shown = pixels.shown();
        for (at, pixel) in shown.iter_mut().enumerate() {
            if is_inked(&text, scale, pixels.width, at) {
                let sum: u16 = pixel.iter().map(|value| u16::from(*value)).sum();
                let towards = if sum < 384 { 255 } else { 0 };
                *pixel = pixel.map(|value| ((u16::from(value) + towards) / 2) as u8);
            }
        }
        shown
    }
}

/// Whether there is ink at a pixel of a picture of that width.
fn is_inked(text: &[u8], scale: u32, width: u32, at: usize) -> bool {
    let (line, length) = (scale * draw::LETTER * 2, scale * draw::LETTER * text.len() as u32);
    let (x, y) = (at as u32 % width, at as u32 / width);
    let x = (x + y / line * scale * draw::LETTER * 5) % length;
    draw::is_ink(text, scale, x, y % line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::{FrameFormat, compare};
    use proptest::prelude::*;

    fn frame() -> Pixels {
        Pixels::eight(200, 100, 3, (0..60_000u32).map(|n| (n % 251) as u8).collect()).unwrap()
    }

    #[test]
    fn a_preview_shows_the_frame_and_whose_it_is_and_nobody_elses_passes_for_it() {
        let (frame, mine, theirs) = (frame(), Watermark::new("node a, ticket 7"), Watermark::new("node b, ticket 7"));
        let preview = Pixels::decode(&mine.preview(&frame), FrameFormat::Png).unwrap();
        assert!(mine.is_preview_of(&preview, &frame) && !theirs.is_preview_of(&preview, &frame));
        assert_eq!((preview.width(), preview.height()), (200, 100));
        let found = compare(&preview, &frame).unwrap();
        assert!((0.1..0.4).contains(&found.differing), "{found:?}");
        assert_ne!(mine.hash(), theirs.hash());
        let mut other = frame.clone();
        if let super::super::Samples::Eight(values) = &mut other.samples {
            values[0] ^= 1;
        }
        assert!(!mine.is_preview_of(&preview, &other));
    }

    #[test]
    fn a_preview_without_ones_own_watermark_is_known_without_the_frame() {
        let (frame, mine, theirs) = (frame(), Watermark::new("node a, ticket 7"), Watermark::new("node b, ticket 8"));
        let preview = Pixels::decode(&mine.preview(&frame), FrameFormat::Png).unwrap();
        assert!(mine.may_be_on(&preview));
        assert!(!theirs.may_be_on(&preview), "another's");
        assert!(!mine.may_be_on(&frame), "none");
        for value in [0, 20, 60, 200, 255] {
            assert!(!mine.may_be_on(&Pixels::eight(200, 100, 3, vec![value; 60_000]).unwrap()), "{value}");
        }
    }

    proptest! {
        #[test]
        fn ones_own_watermark_is_always_found(values in proptest::collection::vec(any::<u8>(), 40 * 30 * 3), text in ".{0,130}") {
            let (frame, mine) = (Pixels::eight(40, 30, 3, values).unwrap(), Watermark::new(&text));
            let preview = Pixels::decode(&mine.preview(&frame), FrameFormat::Png).unwrap();
            prop_assert!(mine.may_be_on(&preview) && mine.is_preview_of(&preview, &frame));
        }
    }

    #[test]
    fn texts_of_strangers_are_made_printable_and_short() {
        assert_eq!(Watermark::new("a\u{1b}é b").text(), "a?? b");
        assert_eq!(Watermark::new(&"x".repeat(500)).text().len(), 120);
        assert!(!Watermark::new("").preview(&frame()).is_empty());
        assert!(!Watermark::new("x").preview(&Pixels::float(1, 1, 1, vec![f32::NAN]).unwrap()).is_empty());
    }
}
