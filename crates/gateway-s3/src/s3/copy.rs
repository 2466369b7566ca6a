//! CopyObject and UploadPartCopy: bytes are shared, not moved.
//!
//! A copy refers to the same contents as its source; they live until nothing refers to them. A copied part is read once all the same,
//! because its ETag is the MD5 of its bytes.

use super::{Answer, Front, checksums, conditions, conditions::ReadConditions, errors, metadata::given, timestamp};
use crate::{
    map::{NewObject, NewPart, ObjectMeta, ObjectRow, tables},
    reader,
};
use futures::TryStreamExt as _;
use s3s::{
    S3Response, S3Result,
    crypto::{Checksum as _, Md5},
    dto::{
        CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource, ETag, MetadataDirective,
        Range as WantedRange, UploadPartCopyInput, UploadPartCopyOutput,
    },
    s3_error,
};
use std::ops::Range;

async fn source(front: &Front, from: &CopySource, conditions: ReadConditions) -> S3Result<(String, String, ObjectRow)> {
    let CopySource::Bucket { bucket, key, .. } = from else {
        return Err(s3_error!(NotImplemented, "Copying from access points is not implemented"));
    };
    let (bucket, key) = (bucket.to_string(), key.to_string());
    let (from_bucket, from_key) = (bucket.clone(), key.clone());
    let object = front.core.map.read(move |db| tables::object(db, &from_bucket, &from_key)).await.map_err(errors::map)?;
    conditions.check_source(&object)?;
    Ok((bucket, key, object))
}

pub(super) async fn object(front: &Front, mut input: CopyObjectInput) -> Answer<CopyObjectOutput> {
    let conditions = ReadConditions {
        if_match: input.copy_source_if_match.take(),
        if_none_match: input.copy_source_if_none_match.take(),
        if_modified_since: input.copy_source_if_modified_since.take(),
        if_unmodified_since: input.copy_source_if_unmodified_since.take(),
    };
    let (from_bucket, from_key, from) = source(front, &input.copy_source, conditions).await?;
    let replace = input.metadata_directive.as_ref().is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
    if !replace && from_bucket == input.bucket && from_key == input.key {
        return Err(s3_error!(
            InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata"
        ));
    }
    let meta = if replace {
        let ObjectMeta { checksums, composite, parts, .. } = from.meta;
        ObjectMeta { checksums, composite, parts, ..given!(input).into_meta()? }
    } else {
        from.meta
    };
    let (etag, modified_ms) = (from.etag, front.core.now_ms());
    let sums = checksums::answer(&meta.checksums);
    let copy = NewObject {
        bucket: input.bucket,
        key: input.key,
        etag: etag.clone(),
        modified_ms,
        meta,
        condition: conditions::write(None, None),
    };
    front
        .core
        .map
        .write(move |db| tables::copy_object(db, &copy, (&from_bucket, &from_key), from.blob))
        .await
        .map_err(errors::map)?;
    let result = CopyObjectResult {
        e_tag: Some(ETag::Strong(etag)),
        last_modified: Some(timestamp(modified_ms)),
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        checksum_type: None,
    };
    Ok(S3Response::new(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() }))
}

pub(super) async fn part(front: &Front, mut input: UploadPartCopyInput) -> Answer<UploadPartCopyOutput> {
    let number = super::upload::part_number(input.part_number)?;
    let conditions = ReadConditions {
        if_match: input.copy_source_if_match.take(),
        if_none_match: input.copy_source_if_none_match.take(),
        if_modified_since: input.copy_source_if_modified_since.take(),
        if_unmodified_since: input.copy_source_if_unmodified_since.take(),
    };
    let (upload, bucket, key) = (input.upload_id.clone(), input.bucket.clone(), input.key.clone());
    front.core.map.read(move |db| tables::multipart::upload(db, &upload, &bucket, &key)).await.map_err(errors::map)?;
    let (from_bucket, from_key, from) = source(front, &input.copy_source, conditions).await?;
    let range = part_range(input.copy_source_range.as_deref(), from.size)?;
    let etag = hex::encode(md5(front, from.blob, range.clone()).await?);
    let modified_ms = front.core.now_ms();
    let part = NewPart {
        upload: input.upload_id,
        number,
        etag: etag.clone(),
        modified_ms,
        checksums: std::collections::BTreeMap::new(),
    };
    front
        .core
        .map
        .write(move |db| tables::multipart::copy_part(db, &part, (&from_bucket, &from_key), from.blob, range))
        .await
        .map_err(errors::map)?;
    let result = CopyPartResult {
        e_tag: Some(ETag::Strong(etag)),
        last_modified: Some(timestamp(modified_ms)),
        ..CopyPartResult::default()
    };
    Ok(S3Response::new(UploadPartCopyOutput { copy_part_result: Some(result), ..UploadPartCopyOutput::default() }))
}

/// Unlike a GET's range, a copy's must lie inside the source.
fn part_range(header: Option<&str>, size: u64) -> S3Result<Range<u64>> {
    let Some(header) = header else { return Ok(0..size) };
    match WantedRange::parse(header) {
        Ok(WantedRange::Int { first, last: Some(last) }) if last < size => Ok(first..last + 1),
        Ok(WantedRange::Int { last: Some(_), .. }) => {
            Err(s3_error!(InvalidRange, "The copy source range {header} does not lie inside the source of {size} bytes"))
        }
        _ => Err(s3_error!(InvalidArgument, "The x-amz-copy-source-range value must be of the form bytes=first-last")),
    }
}

async fn md5(front: &Front, blob: i64, range: Range<u64>) -> S3Result<[u8; 16]> {
    let body = reader::read(front.core.clone(), blob, range).await.map_err(|error| errors::read(&error))?;
    let hash = |mut md5: Md5, piece: bytes::Bytes| async move {
        md5.update(&piece);
        Ok(md5)
    };
    let done = body.try_fold(Md5::new(), hash).await.map_err(|error| errors::read(&error))?;
    Ok(done.finalize())
}
