//! Frames of strangers, decoded within bounds: sizes are looked at before memory is taken.

use super::{FrameFormat, Pixels, Samples};
use exr::prelude::{FlatSamples, MetaData, ReadChannels as _, ReadLayers as _, read};
use std::io::Cursor;

/// Most pixels of a frame: 8,192 by 8,192.
pub const PIXELS_MOST: u64 = 1 << 26;

/// Why bytes are no frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not the format, or broken.
    #[error("it is no {format} file that can be read: {why}", format = format.word())]
    Broken {
        /// What it should be.
        format: FrameFormat,
        /// What the decoder says.
        why: String,
    },
    /// Too large.
    #[error("it has {width} by {height} pixels; at most {PIXELS_MOST} are taken")]
    TooLarge {
        /// Its width.
        width: u64,
        /// Its height.
        height: u64,
    },
    /// A form that no renderer of this crate gives.
    #[error("it is {what}, which no frame is")]
    Unusual {
        /// What it is.
        what: &'static str,
    },
    /// No outputs of a task.
    #[error("they are no outputs of a task: {why}")]
    Outputs {
        /// What is wrong with them.
        why: String,
    },
}

pub(super) fn decode(bytes: &[u8], format: FrameFormat) -> Result<Pixels, DecodeError> {
    match format {
        FrameFormat::Png => decode_png(bytes),
        FrameFormat::Exr => decode_exr(bytes),
        FrameFormat::Outputs => Err(DecodeError::Unusual { what: "of a task" }),
    }
}

fn check_size(width: u64, height: u64) -> Result<(), DecodeError> {
    let pixels = width.checked_mul(height).filter(|pixels| (1..=PIXELS_MOST).contains(pixels));
    pixels.map(drop).ok_or(DecodeError::TooLarge { width, height })
}

fn decode_png(bytes: &[u8]) -> Result<Pixels, DecodeError> {
    let broken = |error: png::DecodingError| DecodeError::Broken { format: FrameFormat::Png, why: error.to_string() };
    // What a row and the text beside the picture may take; the picture itself is bounded by its size.
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: 16 << 20 });
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(broken)?;
    let (width, height) = (reader.info().width, reader.info().height);
    check_size(width.into(), height.into())?;
    if reader.info().animation_control.is_some() {
        return Err(DecodeError::Unusual { what: "a moving picture" });
    }
    let size = reader.output_buffer_size().ok_or(DecodeError::TooLarge { width: width.into(), height: height.into() })?;
    let mut values = vec![0; size];
    let info = reader.next_frame(&mut values).map_err(broken)?;
    values.truncate(info.buffer_size());
    let channels = info.color_type.samples() as u8;
    let samples = match info.bit_depth {
        png::BitDepth::Sixteen => {
            Samples::Sixteen(values.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect())
        }
        _ => Samples::Eight(values),
    };
    Pixels::checked(width, height, channels, samples).ok_or(DecodeError::Unusual { what: "of another size than it says" })
}

fn decode_exr(bytes: &[u8]) -> Result<Pixels, DecodeError> {
    let broken = |error: exr::error::Error| DecodeError::Broken { format: FrameFormat::Exr, why: error.to_string() };
    let meta = MetaData::read_from_buffered(Cursor::new(bytes), false).map_err(broken)?;
    let [header] = meta.headers.as_slice() else { return Err(DecodeError::Unusual { what: "of several layers" }) };
    let (width, height) = (header.layer_size.0, header.layer_size.1);
    check_size(width as u64, height as u64)?;
    if header.deep || header.channels.list.len() > 4 {
        return Err(DecodeError::Unusual { what: "of more than four channels" });
    }
    if header.channels.list.iter().any(|channel| channel.sampling.0 != 1 || channel.sampling.1 != 1) {
        return Err(DecodeError::Unusual { what: "of channels in other sizes" });
    }
    let reader = read().no_deep_data().largest_resolution_level().all_channels().first_valid_layer().all_attributes();
    let image = reader.non_parallel().from_buffered(Cursor::new(bytes)).map_err(broken)?;
    let mut found = image.layer_data.channel_data.list;
    let order = |name: &exr::prelude::Text| ["R", "G", "B", "Y", "A"].iter().position(|known| *name == **known);
    if found.iter().any(|channel| order(&channel.name).is_none()) {
        return Err(DecodeError::Unusual { what: "of channels that are no colours" });
    }
    found.sort_by_key(|channel| order(&channel.name));
    let channels: Vec<Vec<f32>> = found
        .into_iter()
        .map(|channel| match channel.sample_data {
            FlatSamples::F32(values) => Ok(values.into_iter().collect()),
            FlatSamples::F16(values) => Ok(values.iter().map(|value| value.to_f32()).collect()),
            FlatSamples::U32(_) => Err(DecodeError::Unusual { what: "of whole numbers" }),
        })
        .collect::<Result<_, _>>()?;
    let pixels = width * height;
    if channels.iter().any(|channel| channel.len() != pixels) {
        return Err(DecodeError::Unusual { what: "of another size than it says" });
    }
    let count = channels.len();
    let mut samples = vec![0.0; pixels * count];
    for (at, channel) in channels.iter().enumerate() {
        samples.iter_mut().skip(at).step_by(count).zip(channel).for_each(|(to, from)| *to = *from);
    }
    // Both fit: their product is bounded.
    let made = Pixels::checked(width as u32, height as u32, count as u8, Samples::Float(samples));
    made.ok_or(DecodeError::Unusual { what: "without channels" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use exr::prelude::{AnyChannel, AnyChannels, Encoding, Image, Layer, LayerAttributes, SmallVec, WritableImage as _};
    use proptest::prelude::*;

    fn exr_of(width: usize, height: usize, channels: &[(&str, f32)]) -> Vec<u8> {
        let channel = |(name, value): &(&str, f32)| AnyChannel::new(*name, FlatSamples::F32(vec![*value; width * height]));
        let list: SmallVec<[AnyChannel<FlatSamples>; 4]> = channels.iter().map(channel).collect();
        let layer =
            Layer::new((width, height), LayerAttributes::named("frame"), Encoding::FAST_LOSSLESS, AnyChannels::sort(list));
        let mut bytes = Cursor::new(Vec::new());
        Image::from_layer(layer).write().non_parallel().to_buffered(&mut bytes).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_float_frame_has_its_channels_in_their_order() {
        let bytes = exr_of(3, 2, &[("A", 4.0), ("B", 3.0), ("G", 2.0), ("R", 1.0)]);
        let pixels = Pixels::decode(&bytes, FrameFormat::Exr).unwrap();
        assert_eq!((pixels.width(), pixels.height(), pixels.channels()), (3, 2, 4));
        assert_eq!(pixels.samples, Samples::Float([1.0, 2.0, 3.0, 4.0].repeat(6)));
        let odd = exr_of(1, 1, &[("Z", 1.0)]);
        assert!(matches!(Pixels::decode(&odd, FrameFormat::Exr), Err(DecodeError::Unusual { .. })));
    }

    #[test]
    fn a_png_comes_back_as_it_was() {
        let pixels = Pixels::eight(3, 2, 3, (0..18).collect()).unwrap();
        assert_eq!(Pixels::decode(&super::super::encode_png(&pixels), FrameFormat::Png).unwrap(), pixels);
    }

    /// A header can ask for any size: none is taken before it is looked at.
    #[test]
    fn a_picture_that_says_it_is_huge_is_refused_at_once() {
        let mut bytes = super::super::encode_png(&Pixels::eight(1, 1, 3, vec![0; 3]).unwrap());
        bytes[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        let checksum = crc(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
        assert_eq!(Pixels::decode(&bytes, FrameFormat::Png), Err(DecodeError::TooLarge { width: 65_536, height: 65_536 }));
    }

    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
        })
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for format in [FrameFormat::Png, FrameFormat::Exr] {
                prop_assert!(Pixels::decode(&bytes, format).is_err());
            }
        }

        #[test]
        fn a_damaged_frame_is_decoded_or_refused(at: proptest::sample::Index, value: u8, cut: proptest::sample::Index) {
            let png = super::super::encode_png(&Pixels::eight(5, 4, 3, (0..60).collect()).unwrap());
            let exr = exr_of(5, 4, &[("R", 0.5), ("G", 0.5), ("B", 0.5)]);
            for (mut bytes, format) in [(png, FrameFormat::Png), (exr, FrameFormat::Exr)] {
                let place = at.index(bytes.len());
                bytes[place] = value;
                let _ = Pixels::decode(&bytes, format);
                let _ = Pixels::decode(&bytes[..cut.index(bytes.len())], format);
            }
        }
    }
}
