//! Previews: a small picture of the whole frame, with whose it is written all over it.

use super::{Pixels, draw};
use sha2::{Digest as _, Sha256};

/// Longest text, letters.
const TEXT_MOST: usize = 120;
/// By how much each side of a preview is smaller than the frame's.
const SMALLER: u32 = 4;
/// A side is not made smaller than this many pixels.
const SIDE_LEAST: u32 = 32;

/// The size of the preview of a frame: a quarter of each side, rounded down, but not below 32 pixels, nor above the frame's own.
///
/// Whoever has all previews of a frame, from all nodes that had it, has a sixteenth of its pixels.
pub fn preview_size(width: u32, height: u32) -> (u32, u32) {
    let side = |side: u32| (side / SMALLER).max(SIDE_LEAST.min(side));
    (side(width), side(height))
}

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

    /// The preview of a frame, as PNG, of its [`preview_size`]. The same frame and text give the same bytes.
    pub fn preview(&self, pixels: &Pixels) -> Vec<u8> {
        let small = smaller(pixels);
        draw::png(small.width, small.height, self.marked(&small).as_flattened())
    }

    /// The text over a card about a task's outputs, at the card's own size, as PNG: a card says no more than may be known, and is to be read.
    pub fn card(&self, card: &Pixels) -> Vec<u8> {
        draw::png(card.width, card.height, self.marked(card).as_flattened())
    }

    /// Whether a preview is that of a frame, by whose it should be: as pixels, since another version may write another file.
    pub fn is_preview_of(&self, preview: &Pixels, pixels: &Pixels) -> bool {
        let small = smaller(pixels);
        (preview.width, preview.height) == (small.width, small.height) && preview.shown() == self.marked(&small)
    }

    /// Whether a picture is a card with this text over it.
    pub fn is_card_of(&self, preview: &Pixels, card: &Pixels) -> bool {
        (preview.width, preview.height) == (card.width, card.height) && preview.shown() == self.marked(card)
    }

    /// Whether this is written over a preview, as far as can be said without the frame: what is ink has one colour whatever the frame is, so a
    /// picture without it, or with another's, has other colours there.
    ///
    /// Never false of a preview that [`Watermark::preview`] or [`Watermark::card`] made.
    pub fn may_be_on(&self, preview: &Pixels) -> bool {
        let (text, scale) = self.inked(preview);
        let shown = preview.shown();
        shown.iter().enumerate().all(|(at, pixel)| ink(&text, scale, preview.width, at).is_none_or(|ink| *pixel == [ink; 3]))
    }

    /// The letters of a line, and how large its points are.
    fn inked(&self, pixels: &Pixels) -> (Vec<u8>, u32) {
        (format!("{}   ", self.0).into_bytes(), (pixels.width.min(pixels.height) / 256).max(1))
    }

    /// Lines of the text, each begun further to the left than the one above. Ink takes the place of the pixels, so nothing of them can be computed
    /// from it.
    fn marked(&self, pixels: &Pixels) -> Vec<[u8; 3]> {
        let (text, scale) = self.inked(pixels);
        let mut shown = pixels.shown();
        for (at, pixel) in shown.iter_mut().enumerate() {
            if let Some(ink) = ink(&text, scale, pixels.width, at) {
                *pixel = [ink; 3];
            }
        }
        shown
    }
}

/// A picture of a frame in the size of its preview.
fn smaller(pixels: &Pixels) -> Pixels {
    let (width, height) = preview_size(pixels.width, pixels.height);
    pixels.resized(width, height)
}

/// The colour of the ink at a pixel of a picture of that width, if there is any: lines of it are white and black by turns, so that some are seen
/// on every picture.
fn ink(text: &[u8], scale: u32, width: u32, at: usize) -> Option<u8> {
    let (line, length) = (scale * draw::LETTER * 2, scale * draw::LETTER * text.len() as u32);
    let (x, y) = (at as u32 % width, at as u32 / width);
    let x = (x + y / line * scale * draw::LETTER * 5) % length;
    draw::is_ink(text, scale, x, y % line).then_some(if (y / line).is_multiple_of(2) { 255 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::FrameFormat;
    use proptest::prelude::*;

    fn frame() -> Pixels {
        Pixels::eight(400, 200, 3, (0..240_000u32).map(|n| (n / 3 % 251) as u8).collect()).unwrap()
    }

    #[test]
    fn a_preview_shows_a_small_picture_of_the_frame_and_whose_it_is_and_nobody_elses_passes_for_it() {
        let (frame, mine, theirs) = (frame(), Watermark::new("node a, ticket 7"), Watermark::new("node b, ticket 7"));
        let preview = Pixels::decode(&mine.preview(&frame), FrameFormat::Png).unwrap();
        assert!(mine.is_preview_of(&preview, &frame) && !theirs.is_preview_of(&preview, &frame));
        assert_eq!((preview.width(), preview.height()), (100, 50));
        assert_ne!(mine.hash(), theirs.hash());
        let mut other = frame.clone();
        if let super::super::Samples::Eight(values) = &mut other.samples {
            values.iter_mut().for_each(|value| *value = value.wrapping_add(9));
        }
        assert!(!mine.is_preview_of(&preview, &other));
    }

    #[test]
    fn sides_are_a_quarter_and_small_ones_stay_large_enough_to_be_looked_at() {
        assert_eq!(preview_size(1_920, 1_080), (480, 270));
        assert_eq!(preview_size(1_923, 127), (480, 32));
        assert_eq!(preview_size(64, 20), (32, 20));
        assert_eq!(preview_size(1, 1), (1, 1));
    }

    /// What is under the ink cannot be told from it: frames that differ there alone have the same preview.
    #[test]
    fn ink_keeps_nothing_of_what_it_is_written_over() {
        let mine = Watermark::new("node a, ticket 7");
        let of = |value: u8| Pixels::eight(32, 32, 3, vec![value; 3_072]).unwrap();
        let marked = [0, 90, 255].map(|value| Pixels::decode(&mine.preview(&of(value)), FrameFormat::Png).unwrap().shown());
        let (text, scale) = mine.inked(&of(0));
        let (mut white, mut black) = (0, 0);
        for at in 0..32 * 32 {
            let seen = marked.each_ref().map(|shown| shown[at]);
            match ink(&text, scale, 32, at) {
                Some(255) => white += usize::from(seen == [[255; 3]; 3]),
                Some(_) => black += usize::from(seen == [[0; 3]; 3]),
                None => assert_eq!(seen, [[0; 3], [90; 3], [255; 3]]),
            }
        }
        let inked = (0..32 * 32).filter(|at| ink(&text, scale, 32, *at).is_some()).count();
        assert!(white > 0 && black > 0 && white + black == inked, "{white} white, {black} black, {inked} inked");
    }

    #[test]
    fn a_preview_without_ones_own_watermark_is_known_without_the_frame() {
        let (frame, mine, theirs) = (frame(), Watermark::new("node a, ticket 7"), Watermark::new("node b, ticket 8"));
        let preview = Pixels::decode(&mine.preview(&frame), FrameFormat::Png).unwrap();
        assert!(mine.may_be_on(&preview));
        assert!(!theirs.may_be_on(&preview), "another's");
        assert!(!mine.may_be_on(&frame), "none");
        for value in [0, 20, 60, 127, 200, 255] {
            assert!(!mine.may_be_on(&Pixels::eight(200, 100, 3, vec![value; 60_000]).unwrap()), "{value}");
        }
    }

    #[test]
    fn a_card_keeps_its_size() {
        let (card, mine) = (frame(), Watermark::new("node a, ticket 7"));
        let marked = Pixels::decode(&mine.card(&card), FrameFormat::Png).unwrap();
        assert_eq!((marked.width(), marked.height()), (400, 200));
        assert!(mine.is_card_of(&marked, &card) && mine.may_be_on(&marked) && !mine.is_preview_of(&marked, &card));
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
