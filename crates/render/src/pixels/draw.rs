//! Letters and PNG files, for what people look at.

use super::Pixels;
use font8x8::legacy::BASIC_LEGACY;

/// Width and height of a letter, in points.
pub(super) const LETTER: u32 = 8;

/// Whether a point of a line of text, drawn with points of `scale` pixels, is ink; what is no ASCII is drawn as a question mark.
pub(super) fn is_ink(text: &[u8], scale: u32, x: u32, y: u32) -> bool {
    let (x, y) = (x / scale, y / scale);
    let Some(letter) = text.get((x / LETTER) as usize) else { return false };
    let rows = BASIC_LEGACY.get(usize::from(*letter)).unwrap_or(&BASIC_LEGACY[usize::from(b'?')]);
    y < LETTER && rows[y as usize] >> (x % LETTER) & 1 == 1
}

/// Space around a card's text, pixels.
const MARGIN: u32 = 16;
/// Letters of a line of a card.
const CARD_COLUMNS: u32 = 80;
/// Height of a line of a card, pixels.
const CARD_LINE: u32 = LETTER * 3 / 2;
/// Lines of a card at most.
const CARD_LINES: usize = 200;

/// Width of every card, and the most that one is high, pixels.
pub const CARD_SIZE: (u32, u32) = (CARD_COLUMNS * LETTER + 2 * MARGIN, CARD_LINES as u32 * CARD_LINE + 2 * MARGIN);

/// A picture of lines of text, dark on light; what is beyond its bounds is cut.
pub(crate) fn text_card(lines: &[String]) -> Pixels {
    let lines = &lines[..lines.len().min(CARD_LINES)];
    let (width, height) = (CARD_SIZE.0, (lines.len().max(1) as u32) * CARD_LINE + 2 * MARGIN);
    let mut colours = vec![0xf0; (width * height * 3) as usize];
    for (at, text) in lines.iter().enumerate() {
        let letter = |c: char| if c.is_ascii_graphic() || c == ' ' { c as u8 } else { b'?' };
        let text: Vec<u8> = text.chars().take(CARD_COLUMNS as usize).map(letter).collect();
        for (x, y) in (0..text.len() as u32 * LETTER).flat_map(|x| (0..LETTER).map(move |y| (x, y))) {
            if is_ink(&text, 1, x, y) {
                let pixel = ((MARGIN + at as u32 * CARD_LINE + y) * width + MARGIN + x) as usize * 3;
                colours[pixel..pixel + 3].fill(0x20);
            }
        }
    }
    Pixels::eight(width, height, 3, colours).expect("a card has as many values as its size says")
}

/// Encodes 8-bit colours.
pub(super) fn png(width: u32, height: u32, colours: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(colours));
    // Memory does not refuse, and callers give as many values as the size says.
    written.expect("a picture of the size that it says is encoded");
    bytes
}
