//! GetObject, HeadObject, DeleteObject and DeleteObjects.

use super::{Answer, Front, checksums, conditions::Preconditions, errors, metadata, seconds, tags, timestamp};
use crate::{
    map::{MapError, ObjectRow, Tags, WriteCondition, tables},
    reader,
};
use s3s::{
    S3Error, S3ErrorCode, S3Response, S3Result,
    dto::{
        Checksum, ChecksumMode, ChecksumType, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput,
        DeletedObject, ETag, Error, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, Range as WantedRange,
        StreamingBlob,
    },
    s3_error,
};
use std::ops::Range;

/// The part of an object that a request wants.
struct Wanted {
    range: Range<u64>,
    content_range: Option<String>,
    parts_count: Option<i32>,
}

fn wanted(object: &ObjectRow, range: Option<&WantedRange>, part: Option<i32>) -> S3Result<Wanted> {
    let size = object.size;
    let (range, parts_count) = match (range, part) {
        (Some(_), Some(_)) => {
            return Err(s3_error!(InvalidRequest, "Cannot specify both Range header and partNumber query parameter"));
        }
        (None, None) => return Ok(Wanted { range: 0..size, content_range: None, parts_count: None }),
        (Some(range), None) => (range.check(size).map_err(|_| invalid_range(size))?, None),
        (None, Some(part)) => {
            let number = super::upload::part_number(part)? as usize;
            let sizes = if object.meta.parts.is_empty() { std::slice::from_ref(&size) } else { object.meta.parts.as_slice() };
            let length = *sizes.get(number - 1).ok_or_else(|| no_such_part(number))?;
            let start: u64 = sizes[..number - 1].iter().sum();
            let count = i32::try_from(object.meta.parts.len()).ok().filter(|count| *count > 0);
            (start..start + length, count)
        }
    };
    let content_range = (!range.is_empty()).then(|| format!("bytes {}-{}/{size}", range.start, range.end - 1));
    Ok(Wanted { range, content_range, parts_count })
}

fn no_such_part(number: usize) -> S3Error {
    s3_error!(InvalidPart, "The requested part is not there: the object has no part {number}")
}

fn invalid_range(size: u64) -> S3Error {
    let mut error = S3Error::with_message(
        S3ErrorCode::InvalidRange,
        format!("The requested range is not satisfiable; the object has {size} bytes"),
    );
    error.set_status_code(hyper::StatusCode::RANGE_NOT_SATISFIABLE);
    error
}

/// Checksums are of the whole object, so a part of one has none.
fn sums(object: &ObjectRow, mode: Option<&ChecksumMode>, whole: bool) -> (Checksum, Option<ChecksumType>) {
    let enabled = mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED) && whole && !object.meta.checksums.is_empty();
    if !enabled {
        return (Checksum::default(), None);
    }
    let kind = if object.meta.composite { ChecksumType::COMPOSITE } else { ChecksumType::FULL_OBJECT };
    (checksums::answer(&object.meta.checksums), Some(ChecksumType::from_static(kind)))
}

async fn find(front: &Front, bucket: String, key: String) -> S3Result<ObjectRow> {
    front.core.map.read(move |db| tables::object(db, &bucket, &key)).await.map_err(errors::map)
}

pub(super) async fn get(front: &Front, input: GetObjectInput, conditions: &Preconditions) -> Answer<GetObjectOutput> {
    let object = find(front, input.bucket, input.key).await?;
    conditions.check(&object)?;
    let range = input.range.as_ref().filter(|_| conditions.range_holds(&object));
    let Wanted { range, content_range, parts_count } = wanted(&object, range, input.part_number)?;
    let (sums, checksum_type) = sums(&object, input.checksum_mode.as_ref(), content_range.is_none());
    let headers = metadata::durability_headers(front, object.blob).await?;
    let length = range.end - range.start;
    let body = reader::read(front.core.clone(), object.blob, range).await.map_err(|error| errors::read(&error))?;
    let meta = object.meta;
    let output = GetObjectOutput {
        body: Some(StreamingBlob::wrap(body)),
        content_length: i64::try_from(length).ok(),
        content_range,
        parts_count,
        accept_ranges: Some("bytes".to_owned()),
        e_tag: Some(ETag::Strong(object.etag)),
        last_modified: Some(timestamp(object.modified_ms)),
        expires: metadata::expires(&meta),
        metadata: metadata::user(&meta),
        content_type: Some(meta.content_type.unwrap_or_else(|| metadata::DEFAULT_TYPE.to_owned())),
        content_encoding: meta.content_encoding,
        content_disposition: meta.content_disposition,
        content_language: meta.content_language,
        cache_control: meta.cache_control,
        website_redirect_location: meta.website_redirect,
        tag_count: tags::count(&meta.tags),
        server_side_encryption: Some(metadata::encryption()),
        checksum_type,
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        ..GetObjectOutput::default()
    };
    Ok(S3Response::with_headers(output, headers))
}

pub(super) async fn head(front: &Front, input: HeadObjectInput, conditions: &Preconditions) -> Answer<HeadObjectOutput> {
    let object = find(front, input.bucket, input.key).await?;
    conditions.check(&object)?;
    let range = input.range.as_ref().filter(|_| conditions.range_holds(&object));
    let Wanted { range, content_range, parts_count } = wanted(&object, range, input.part_number)?;
    let (sums, checksum_type) = sums(&object, input.checksum_mode.as_ref(), content_range.is_none());
    let mut headers = metadata::durability_headers(front, object.blob).await?;
    let meta = object.meta;
    if let Some(count) = tags::count(&meta.tags) {
        headers.insert("x-amz-tagging-count", count.into());
    }
    let output = HeadObjectOutput {
        content_length: i64::try_from(range.end - range.start).ok(),
        content_range,
        parts_count,
        accept_ranges: Some("bytes".to_owned()),
        e_tag: Some(ETag::Strong(object.etag)),
        last_modified: Some(timestamp(object.modified_ms)),
        expires: metadata::expires(&meta),
        metadata: metadata::user(&meta),
        content_type: Some(meta.content_type.unwrap_or_else(|| metadata::DEFAULT_TYPE.to_owned())),
        content_encoding: meta.content_encoding,
        content_disposition: meta.content_disposition,
        content_language: meta.content_language,
        cache_control: meta.cache_control,
        website_redirect_location: meta.website_redirect,
        server_side_encryption: Some(metadata::encryption()),
        checksum_type,
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        ..HeadObjectOutput::default()
    };
    Ok(S3Response::with_headers(output, headers))
}

pub(super) async fn delete(front: &Front, input: DeleteObjectInput, conditions: Preconditions) -> Answer<DeleteObjectOutput> {
    let condition = WriteCondition {
        size: input.if_match_size.map(size).transpose()?,
        modified_s: input.if_match_last_modified_time.as_ref().map(seconds),
        ..conditions.of_write()
    };
    front
        .core
        .map
        .write(move |db| tables::delete_object(db, &input.bucket, &input.key, &condition))
        .await
        .map_err(errors::map)?;
    Ok(S3Response::new(DeleteObjectOutput::default()))
}

/// A size that a condition names.
fn size(size: i64) -> S3Result<u64> {
    u64::try_from(size).map_err(|_| s3_error!(InvalidArgument, "A size must not be negative"))
}

/// One of many that are to go: its key, and what must hold of it. A version other than the one without a name is not there.
fn doomed(object: s3s::dto::ObjectIdentifier) -> S3Result<(String, Option<WriteCondition>)> {
    let tag = |etag: ETag| match etag.value() {
        "*" => Tags::Any,
        value => Tags::Of(vec![value.to_owned()]),
    };
    let condition = WriteCondition {
        if_match: object.e_tag.map(tag),
        if_none_match: None,
        size: object.size.map(size).transpose()?,
        modified_s: object.last_modified_time.as_ref().map(seconds),
    };
    let present = object.version_id.is_none_or(|version| version.is_empty() || version == "null");
    Ok((object.key, present.then_some(condition)))
}

pub(super) async fn delete_many(front: &Front, input: DeleteObjectsInput) -> Answer<DeleteObjectsOutput> {
    if input.delete.objects.is_empty() || input.delete.objects.len() > 1000 {
        return Err(s3_error!(MalformedXML, "One request deletes 1 to 1000 objects"));
    }
    let quiet = input.delete.quiet.unwrap_or(false);
    let bucket = input.bucket;
    let doomed = input.delete.objects.into_iter().map(doomed).collect::<S3Result<Vec<_>>>()?;
    // One transaction for all; each key answers for itself.
    let outcomes = front.core.map.write(move |db| {
        tables::require_bucket(db, &bucket)?;
        let one = |(key, condition): (String, Option<WriteCondition>)| {
            let Some(condition) = condition else { return Ok((key, Some(MapError::NoSuchVersion))) };
            let outcome = tables::delete_object(db, &bucket, &key, &condition);
            match outcome {
                Err(error @ (MapError::Precondition(_) | MapError::NoSuchKey)) => Ok((key, Some(error))),
                Err(error) => Err(error),
                Ok(()) => Ok((key, None)),
            }
        };
        doomed.into_iter().map(one).collect::<Result<Vec<_>, MapError>>()
    });
    let (mut deleted, mut failed) = (Vec::new(), Vec::new());
    for (key, error) in outcomes.await.map_err(errors::map)? {
        match error.map(errors::map) {
            None => deleted.push(DeletedObject { key: Some(key), ..DeletedObject::default() }),
            Some(error) => failed.push(Error {
                key: Some(key),
                code: Some(error.code().as_str().to_owned()),
                message: error.message().map(str::to_owned),
                version_id: None,
            }),
        }
    }
    let output = DeleteObjectsOutput {
        deleted: (!quiet).then_some(deleted),
        errors: (!failed.is_empty()).then_some(failed),
        ..DeleteObjectsOutput::default()
    };
    Ok(S3Response::new(output))
}
