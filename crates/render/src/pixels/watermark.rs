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

    /// Lines of the text, each begun further to the left than the one above; ink is half way to white above dark pixels, and to black above
    /// bright ones.
    fn marked(&self, pixels: &Pixels) -> Vec<[u8; 3]> {
        let text = format!("{}   ", self.0).into_bytes();
        let scale = (pixels.width.min(pixels.height) / 256).max(1);
        let (line, length) = (scale * draw::LETTER * 2, scale * draw::LETTER * text.len() as u32);
        let mut shown = pixels.shown();
        for (at, pixel) in shown.iter_mut().enumerate() {
            let (x, y) = (at as u32 % pixels.width, at as u32 / pixels.width);
            let x = (x + y / line * scale * draw::LETTER * 5) % length;
            if draw::is_ink(&text, scale, x, y % line) {
                let sum: u16 = pixel.iter().map(|value| u16::from(*value)).sum();
                let towards = if sum < 384 { 255 } else { 0 };
                *pixel = pixel.map(|value| ((u16::from(value) + towards) / 2) as u8);
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::{FrameFormat, compare};

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
    fn texts_of_strangers_are_made_printable_and_short() {
        assert_eq!(Watermark::new("a\u{1b}é b").text(), "a?? b");
        assert_eq!(Watermark::new(&"x".repeat(500)).text().len(), 120);
        assert!(!Watermark::new("").preview(&frame()).is_empty());
        assert!(!Watermark::new("x").preview(&Pixels::float(1, 1, 1, vec![f32::NAN]).unwrap()).is_empty());
    }
}
