//! CopyObject and UploadPartCopy: bytes are shared, not moved.
//!
//! A copy refers to the same contents as its source; they live until nothing refers to them. A copied part is read once all the same,
//! because its ETag is the MD5 of its bytes.

use super::{
    Answer, Front, checksums,
    conditions::{OfSource, Preconditions},
    errors,
    metadata::{self, given},
    tags, timestamp,
};
use crate::{
    ingest::{by_name, hashers},
    map::{NewObject, NewPart, ObjectMeta, ObjectRow, tables},
    reader,
};
use futures::TryStreamExt as _;
use s3s::{
    S3Request, S3Response, S3Result,
    crypto::{Checksum as _, Md5},
    dto::{
        ChecksumType, CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource, ETag, MetadataDirective,
        Range as WantedRange, TaggingDirective, UploadPartCopyInput, UploadPartCopyOutput,
    },
    s3_error,
};
use std::{collections::BTreeMap, ops::Range};

async fn source(front: &Front, from: &CopySource, conditions: &Preconditions) -> S3Result<(String, String, ObjectRow)> {
    let CopySource::Bucket { bucket, key, version_id } = from else {
        return Err(s3_error!(NotImplemented, "Copying from access points is not implemented"));
    };
    if let Some(version) = version_id.as_deref().filter(|version| *version != "null") {
        return Err(s3_error!(
            InvalidArgument,
            "Invalid version id specified: {version:?}; objects here have no versions but null"
        ));
    }
    let (bucket, key) = (bucket.to_string(), key.to_string());
    let (from_bucket, from_key) = (bucket.clone(), key.clone());
    let object = front.core.map.read(move |db| tables::object(db, &from_bucket, &from_key)).await.map_err(errors::map)?;
    conditions.check_source(&object)?;
    Ok((bucket, key, object))
}

pub(super) async fn object(front: &Front, mut request: S3Request<CopyObjectInput>) -> Answer<CopyObjectOutput> {
    let conditions = request.extensions.remove::<OfSource>().unwrap_or_default().0;
    let condition = request.extensions.remove::<Preconditions>().unwrap_or_default().of_write();
    let mut input = request.input;
    let (from_bucket, from_key, from) = source(front, &input.copy_source, &conditions).await?;
    let replace = input.metadata_directive.as_ref().is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
    let replace_tags = input.tagging_directive.as_ref().is_some_and(|directive| directive.as_str() == TaggingDirective::REPLACE);
    if !replace && !replace_tags && from_bucket == input.bucket && from_key == input.key {
        return Err(s3_error!(
            InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata"
        ));
    }
    let wanted = input.checksum_algorithm.take().map(|wanted| wanted.as_str().to_ascii_lowercase());
    let tagging = input.tagging.take();
    let given = given!(input).into_meta()?;
    let mut meta = ObjectMeta { tags: from.meta.tags.clone(), ..if replace { given } else { from.meta.clone() } };
    let ObjectMeta { checksums, composite, parts, part_checksums, .. } = from.meta;
    meta = ObjectMeta { checksums, composite, parts, part_checksums, ..meta };
    if replace_tags {
        meta.tags = tagging.map(|text| tags::of_header(&text)).transpose()?.unwrap_or_default();
    }
    if let Some(wanted) = wanted.filter(|wanted| meta.composite || !meta.checksums.contains_key(wanted)) {
        meta.checksums = read_once(front, from.blob, 0..from.size, &[wanted]).await?.1;
        meta.composite = false;
    }
    let (etag, modified_ms) = (from.etag, front.core.now_ms());
    let sums = checksums::answer(&meta.checksums);
    let kind = if meta.composite { ChecksumType::COMPOSITE } else { ChecksumType::FULL_OBJECT };
    let checksum_type = (!meta.checksums.is_empty()).then(|| ChecksumType::from_static(kind));
    let copy = NewObject { bucket: input.bucket, key: input.key, etag: etag.clone(), modified_ms, meta, condition };
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
        checksum_type,
    };
    Ok(S3Response::new(CopyObjectOutput {
        copy_object_result: Some(result),
        server_side_encryption: Some(metadata::encryption()),
        ..CopyObjectOutput::default()
    }))
}

pub(super) async fn part(front: &Front, mut request: S3Request<UploadPartCopyInput>) -> Answer<UploadPartCopyOutput> {
    let conditions = request.extensions.remove::<OfSource>().unwrap_or_default().0;
    let input = request.input;
    let number = super::upload::part_number(input.part_number)?;
    let (id, bucket, key) = (input.upload_id.clone(), input.bucket.clone(), input.key.clone());
    let upload = front.core.map.read(move |db| tables::multipart::upload(db, &id, &bucket, &key)).await.map_err(errors::map)?;
    let (from_bucket, from_key, from) = source(front, &input.copy_source, &conditions).await?;
    let range = part_range(input.copy_source_range.as_deref(), from.size)?;
    let wanted = upload.meta.declared.map_or_else(|| "crc64nvme".to_owned(), |declared| declared.algorithm);
    let (md5, checksums) = read_once(front, from.blob, range.clone(), &[wanted]).await?;
    let etag = hex::encode(md5);
    let sums = checksums::answer(&checksums);
    let modified_ms = front.core.now_ms();
    let part = NewPart { upload: input.upload_id, number, etag: etag.clone(), modified_ms, checksums };
    front
        .core
        .map
        .write(move |db| tables::multipart::copy_part(db, &part, (&from_bucket, &from_key), from.blob, range))
        .await
        .map_err(errors::map)?;
    let result = CopyPartResult {
        e_tag: Some(ETag::Strong(etag)),
        last_modified: Some(timestamp(modified_ms)),
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
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

/// MD5 and checksums of a stored range.
async fn read_once(
    front: &Front,
    blob: i64,
    range: Range<u64>,
    wanted: &[String],
) -> S3Result<([u8; 16], BTreeMap<String, String>)> {
    let body = reader::read(front.core.clone(), blob, range).await.map_err(|error| errors::read(&error))?;
    let start = (Md5::new(), hashers(|name| wanted.iter().any(|wanted| wanted == name)));
    let hash = |(mut md5, mut sums): (Md5, _), piece: bytes::Bytes| async move {
        md5.update(&piece);
        s3s::checksum::ChecksumHasher::update(&mut sums, &piece);
        Ok((md5, sums))
    };
    let (md5, sums) = body.try_fold(start, hash).await.map_err(|error| errors::read(&error))?;
    Ok((md5.finalize(), by_name(sums)))
}
