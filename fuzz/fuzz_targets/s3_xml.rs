//! Documents of multipart completions, deletions and tags are read or refused, never a panic.
#![no_main]
use libfuzzer_sys::fuzz_target;
use s3s::{
    dto::{CompletedMultipartUpload, CreateBucketConfiguration, Delete, Tagging},
    xml::{Deserialize, Deserializer},
};

fn read<'xml, T: Deserialize<'xml>>(bytes: &'xml [u8]) -> Option<T> {
    let mut reader = Deserializer::new(bytes);
    let value = T::deserialize(&mut reader).ok()?;
    reader.expect_eof().ok()?;
    Some(value)
}

fuzz_target!(|bytes: &[u8]| {
    let _ = (read::<CompletedMultipartUpload>(bytes), read::<CreateBucketConfiguration>(bytes), read::<Tagging>(bytes));
    if let Some(delete) = read::<Delete>(bytes) {
        // Every key takes at least `<Object><Key></Key></Object>`.
        assert!(delete.objects.len() * 15 <= bytes.len());
    }
});
