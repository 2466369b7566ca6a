//! Letters and PNG files, for what people look at.

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
