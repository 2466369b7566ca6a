//! GetObjectAttributes.

use super::{Answer, Front, checksums, errors, list, timestamp};
use crate::map::{ObjectMeta, tables};
use s3s::{
    S3Response, S3Result,
    dto::{
        Checksum, ChecksumType, ETag, GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectAttributesParts, ObjectPart,
        StorageClass,
    },
    s3_error,
};

const NAMES: [&str; 5] = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];

pub(super) async fn get(front: &Front, input: GetObjectAttributesInput) -> Answer<GetObjectAttributesOutput> {
    let wanted: Vec<&str> = input.object_attributes.iter().flat_map(|names| names.as_str().split(',')).map(str::trim).collect();
    if let Some(unknown) = wanted.iter().find(|name| !NAMES.contains(name)) {
        return Err(s3_error!(InvalidArgument, "Invalid attribute name specified: {unknown}; there are {}", NAMES.join(", ")));
    }
    let wants = |name: &str| wanted.contains(&name);
    let (bucket, key) = (input.bucket, input.key);
    let object = front.core.map.read(move |db| tables::object(db, &bucket, &key)).await.map_err(errors::map)?;
    let meta = object.meta;
    let object_parts = if wants("ObjectParts") && !meta.parts.is_empty() {
        Some(parts(&meta, input.part_number_marker.unwrap_or(0), list::page_size(input.max_parts)?)?)
    } else {
        None
    };
    let checksum = (wants("Checksum") && !meta.checksums.is_empty()).then(|| {
        let kind = if meta.composite { ChecksumType::COMPOSITE } else { ChecksumType::FULL_OBJECT };
        Checksum { checksum_type: Some(ChecksumType::from_static(kind)), ..checksums::answer(&meta.checksums) }
    });
    Ok(S3Response::new(GetObjectAttributesOutput {
        e_tag: wants("ETag").then_some(ETag::Strong(object.etag)),
        object_size: i64::try_from(object.size).ok().filter(|_| wants("ObjectSize")),
        storage_class: wants("StorageClass").then(|| StorageClass::from_static(StorageClass::STANDARD)),
        last_modified: Some(timestamp(object.modified_ms)),
        checksum,
        object_parts,
        ..GetObjectAttributesOutput::default()
    }))
}

/// The parts behind `marker`. Their numbers count from one, without the gaps that the upload may have had.
fn parts(meta: &ObjectMeta, marker: i32, max: usize) -> S3Result<GetObjectAttributesParts> {
    let after = usize::try_from(marker).map_err(|_| s3_error!(InvalidArgument, "part-number-marker must not be negative"))?;
    let mut parts = Vec::new();
    for (index, size) in meta.parts.iter().enumerate().skip(after).take(max) {
        let sums = meta.part_checksums.get(index).map(checksums::answer).unwrap_or_default();
        parts.push(ObjectPart {
            part_number: i32::try_from(index + 1).ok(),
            size: i64::try_from(*size).ok(),
            checksum_crc32: sums.checksum_crc32,
            checksum_crc32c: sums.checksum_crc32c,
            checksum_crc64nvme: sums.checksum_crc64nvme,
            checksum_sha1: sums.checksum_sha1,
            checksum_sha256: sums.checksum_sha256,
        });
    }
    let last = parts.last().and_then(|part| part.part_number).unwrap_or(marker);
    Ok(GetObjectAttributesParts {
        is_truncated: Some(after + parts.len() < meta.parts.len()),
        max_parts: i32::try_from(max).ok(),
        part_number_marker: Some(marker),
        next_part_number_marker: Some(last),
        total_parts_count: i32::try_from(meta.parts.len()).ok(),
        parts: Some(parts),
    })
}
