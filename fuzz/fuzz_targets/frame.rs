//! Any bytes as a finished frame, PNG or EXR, and as outputs of a task: refused, or decoded to what can be hashed, shown, marked and compared.
#![no_main]
use depin_render::{FrameFormat, Pixels, Product, Watermark, encode_png};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let format = [FrameFormat::Png, FrameFormat::Exr, FrameFormat::Outputs][usize::from(input.0 % 3)];
    let Ok(product) = Product::decode(input.1, format) else { return };
    assert_eq!(product.hash(), product.clone().hash());
    // What is no number is like nothing, itself neither, unless its bits are.
    assert!(product.is_alike(&product));
    let _ = product.is_blank();
    let picture = product.picture();
    // A header of some bytes can be of many pixels; marking them again and again finds nothing new.
    if u64::from(picture.width()) * u64::from(picture.height()) > 1 << 16 {
        return;
    }
    let shown = Pixels::decode(&encode_png(&picture), FrameFormat::Png).expect("what was encoded is decoded");
    assert_eq!((shown.width(), shown.height(), shown.channels()), (picture.width(), picture.height(), 3));
    let watermark = Watermark::new("node 1, ticket 7");
    let preview = Pixels::decode(&watermark.preview(&picture), FrameFormat::Png).expect("what was encoded is decoded");
    assert!(watermark.may_be_on(&preview) && watermark.is_preview_of(&preview, &picture));
    assert!(picture.thumbnail(16).width() <= 16);
});
