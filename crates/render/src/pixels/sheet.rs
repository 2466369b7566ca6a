//! Contact sheets: many frames on one picture, to look at.

use super::{PIXELS_MOST, Pixels, draw};

/// Between cells, and around them, in pixels.
const GAP: u32 = 8;
/// Room for a label.
const LABEL: u32 = 12;

/// Why there is no sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// No frames.
    #[error("there are no frames to put on a sheet")]
    Empty,
    /// Too large.
    #[error("a sheet of {width} by {height} pixels is too large; take fewer frames, or smaller cells")]
    TooLarge {
        /// Its width.
        width: u64,
        /// Its height.
        height: u64,
    },
}

impl Pixels {
    /// The picture, no wider than `width`, each pixel the mean of those that fall on it.
    pub fn thumbnail(&self, width: u32) -> Self {
        let to_width = width.clamp(1, self.width);
        let to_height = u32::try_from(u64::from(self.height) * u64::from(to_width) / u64::from(self.width)).unwrap_or(1).max(1);
        self.resized(to_width, to_height)
    }

    /// The picture with smaller sides, of at least one pixel each; each pixel is the mean of those that fall on it, rounded down.
    pub(super) fn resized(&self, to_width: u32, to_height: u32) -> Self {
        let shown = self.shown();
        let place = |at: u32, from: u32, to: u32| (u64::from(at) * u64::from(from) / u64::from(to)) as usize;
        let mut values = Vec::with_capacity(to_width as usize * to_height as usize * 3);
        for y in 0..to_height {
            let rows = place(y, self.height, to_height)..place(y + 1, self.height, to_height);
            for x in 0..to_width {
                let columns = place(x, self.width, to_width)..place(x + 1, self.width, to_width);
                let (mut sums, mut count) = ([0u64; 3], 0);
                for row in rows.clone() {
                    for pixel in &shown[row * self.width as usize..][columns.clone()] {
                        sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += u64::from(*value));
                        count += 1;
                    }
                }
                values.extend(sums.map(|sum| (sum / count.max(1)) as u8));
            }
        }
        Self::eight(to_width, to_height, 3, values).expect("a part of a picture is one")
    }
}

/// Puts frames on one picture, row by row, each with its label below: a PNG. Cells are as large as the largest frame, so give
/// [thumbnails](Pixels::thumbnail).
///
/// # Errors
/// [`SheetError`].
pub fn contact_sheet(frames: &[(String, Pixels)], columns: u32) -> Result<Vec<u8>, SheetError> {
    let columns = columns.clamp(1, u32::try_from(frames.len()).unwrap_or(u32::MAX).max(1));
    let largest = |size: fn(&Pixels) -> u32| frames.iter().map(|(_, pixels)| size(pixels)).max();
    let (Some(cell_width), Some(cell_height)) = (largest(Pixels::width), largest(Pixels::height)) else {
        return Err(SheetError::Empty);
    };
    let rows = (frames.len() as u64).div_ceil(columns.into());
    let (across, down) = (u64::from(cell_width) + u64::from(GAP), u64::from(cell_height) + u64::from(GAP + LABEL));
    let (width, height) = (u64::from(columns) * across + u64::from(GAP), rows * down + u64::from(GAP));
    if width.checked_mul(height).is_none_or(|pixels| pixels > PIXELS_MOST) {
        return Err(SheetError::TooLarge { width, height });
    }
    let mut sheet = vec![[32u8; 3]; (width * height) as usize];
    for (n, (label, pixels)) in (0u64..).zip(frames) {
        let left = n % u64::from(columns) * across + u64::from(GAP);
        let top = n / u64::from(columns) * down + u64::from(GAP);
        let shown = pixels.shown();
        for (row, line) in (top..).zip(shown.chunks_exact(pixels.width as usize)) {
            let start = (row * width + left) as usize;
            sheet[start..start + line.len()].copy_from_slice(line);
        }
        for y in 0..draw::LETTER {
            let start = ((top + u64::from(cell_height) + 2 + u64::from(y)) * width + left) as usize;
            for x in (0..cell_width).filter(|x| draw::is_ink(label.as_bytes(), 1, *x, y)) {
                sheet[start + x as usize] = [224; 3];
            }
        }
    }
    Ok(draw::png(width as u32, height as u32, sheet.as_flattened()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::FrameFormat;

    #[test]
    fn a_thumbnail_is_the_mean_of_what_falls_on_it() {
        let pixels = Pixels::eight(4, 2, 1, vec![0, 100, 10, 10, 100, 200, 10, 10]).unwrap();
        assert_eq!(pixels.thumbnail(2), Pixels::eight(2, 1, 3, vec![100, 100, 100, 10, 10, 10]).unwrap());
        assert_eq!(pixels.thumbnail(0).width(), 1);
        assert_eq!(pixels.thumbnail(9).width(), 4, "nothing is made larger");
        assert_eq!(Pixels::eight(100, 1, 1, vec![3; 100]).unwrap().thumbnail(5).height(), 1);
    }

    #[test]
    fn frames_stand_row_by_row_with_their_labels() {
        let frame = |value| Pixels::eight(40, 20, 3, vec![value; 2400]).unwrap();
        let frames: Vec<_> = [200, 100, 50].map(|value| (format!("frame {value}"), frame(value))).into();
        let sheet = Pixels::decode(&contact_sheet(&frames, 2).unwrap(), FrameFormat::Png).unwrap();
        assert_eq!((sheet.width(), sheet.height()), (2 * 48 + 8, 2 * 40 + 8));
        let shown = sheet.shown();
        let at = |x: usize, y: usize| shown[y * 104 + x][0];
        assert_eq!((at(8, 8), at(56, 8), at(8, 48), at(60, 60), at(0, 0)), (200, 100, 50, 32, 32));
        assert!((30..38).any(|y| (8..48).any(|x| at(x, y) == 224)), "a label is there");
    }

    #[test]
    fn no_frames_and_too_many_are_said() {
        assert_eq!(contact_sheet(&[], 4), Err(SheetError::Empty));
        let wide = Pixels::eight(60_000, 1, 1, vec![0; 60_000]).unwrap();
        let frames = vec![(String::new(), wide); 60];
        assert!(matches!(contact_sheet(&frames, 1), Err(SheetError::TooLarge { .. })));
    }
}
