//! PutObject and UploadPart: bodies that come in.

use super::{Answer, Front, checksums, conditions::Preconditions, errors, metadata, metadata::given};
use crate::{
    ingest::{self, Ingested, Promise},
    map::{NewObject, NewPart, tables},
};
use s3s::{
    S3Request, S3Response, S3Result, TrailingHeaders,
    dto::{
        Checksum, ChecksumAlgorithm, ChecksumType, ETag, PutObjectInput, PutObjectOutput, StreamingBlob, UploadPartInput,
        UploadPartOutput,
    },
    s3_error,
    stream::ByteStream as _,
};

/// S3's bound on one body: 5 GiB.
const BODY_MAX: u64 = 5 << 30;

async fn take_in(front: &Front, body: Option<StreamingBlob>, promise: Promise) -> S3Result<Ingested> {
    if promise.length.is_some_and(|length| length > BODY_MAX) {
        return Err(s3_error!(EntityTooLarge, "One upload has at most 5 GiB; use a multipart upload"));
    }
    let body = body.unwrap_or_else(|| StreamingBlob::from(s3s::Body::empty()));
    // Refused before a byte is read. An empty body is stored nowhere.
    if body.remaining_length().exact() != Some(0) {
        front.writer.check_prospects().await.map_err(|error| errors::store(&error))?;
    }
    ingest::ingest(&front.core, &front.writer, body, promise).await.map_err(errors::ingest)
}

pub(super) async fn put(front: &Front, mut request: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
    let trailers = request.extensions.remove::<TrailingHeaders>();
    let headers = std::mem::take(&mut request.headers);
    let mut input = request.input;
    let promise = checksums::promise(
        &headers,
        input.content_length,
        input.content_md5.as_deref(),
        &algorithms(input.checksum_algorithm.as_ref()),
        trailers,
    )?;
    let meta = given!(input).into_meta()?;
    let condition = request.extensions.remove::<Preconditions>().unwrap_or_default().of_write();
    // Early, so that a doomed body need not travel; checked again when the object is put in its place.
    let (bucket, key, early) = (input.bucket.clone(), input.key.clone(), condition.clone());
    front
        .core
        .map
        .read(move |db| {
            tables::require_bucket(db, &bucket)?;
            early.check(tables::present(db, &bucket, &key)?.as_ref())
        })
        .await
        .map_err(errors::map)?;

    let ingested = take_in(front, input.body.take(), promise).await?;
    let (etag, size) = (hex::encode(ingested.md5), ingested.content.size);
    let sums = checksums::answer(&ingested.checksums);
    let object = NewObject {
        bucket: input.bucket,
        key: input.key,
        etag: etag.clone(),
        modified_ms: front.core.now_ms(),
        meta: crate::map::ObjectMeta { checksums: ingested.checksums, ..meta },
        condition,
    };
    let content = ingested.content;
    let placed = front.core.map.write(move |db| {
        let (blob, size) = tables::insert_whole(db, &content)?;
        tables::put_object(db, &object, blob, size)?;
        Ok(blob)
    });
    let blob = placed.await.map_err(errors::map)?;
    // From here on the object itself keeps its segments.
    drop(ingested.log);
    let Checksum { checksum_crc32, checksum_crc32c, checksum_crc64nvme, checksum_sha1, checksum_sha256, .. } = sums;
    let output = PutObjectOutput {
        e_tag: Some(ETag::Strong(etag)),
        size: i64::try_from(size).ok(),
        checksum_type: Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
        server_side_encryption: Some(metadata::encryption()),
        checksum_crc32,
        checksum_crc32c,
        checksum_crc64nvme,
        checksum_sha1,
        checksum_sha256,
        ..PutObjectOutput::default()
    };
    Ok(S3Response::with_headers(output, metadata::durability_headers(front, blob).await?))
}

pub(super) async fn part(front: &Front, mut request: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
    let trailers = request.extensions.remove::<TrailingHeaders>();
    let headers = std::mem::take(&mut request.headers);
    let mut input = request.input;
    let number = part_number(input.part_number)?;
    let (id, bucket, key) = (input.upload_id.clone(), input.bucket, input.key);
    let upload = front.core.map.read(move |db| tables::multipart::upload(db, &id, &bucket, &key)).await.map_err(errors::map)?;
    let mut besides = algorithms(input.checksum_algorithm.as_ref());
    // The object's checksum is made of the parts' own.
    besides.push(upload.meta.declared.map_or_else(|| "crc64nvme".to_owned(), |declared| declared.algorithm));
    let promise = checksums::promise(&headers, input.content_length, input.content_md5.as_deref(), &besides, trailers)?;

    let ingested = take_in(front, input.body.take(), promise).await?;
    let etag = hex::encode(ingested.md5);
    let sums = checksums::answer(&ingested.checksums);
    let part = NewPart {
        upload: input.upload_id,
        number,
        etag: etag.clone(),
        modified_ms: front.core.now_ms(),
        checksums: ingested.checksums,
    };
    let content = ingested.content;
    front.core.map.write(move |db| tables::multipart::put_part(db, &part, &content)).await.map_err(errors::map)?;
    drop(ingested.log);
    let Checksum { checksum_crc32, checksum_crc32c, checksum_crc64nvme, checksum_sha1, checksum_sha256, .. } = sums;
    Ok(S3Response::new(UploadPartOutput {
        e_tag: Some(ETag::Strong(etag)),
        server_side_encryption: Some(metadata::encryption()),
        checksum_crc32,
        checksum_crc32c,
        checksum_crc64nvme,
        checksum_sha1,
        checksum_sha256,
        ..UploadPartOutput::default()
    }))
}

fn algorithms(wanted: Option<&ChecksumAlgorithm>) -> Vec<String> {
    wanted.map(|wanted| wanted.as_str().to_ascii_lowercase()).into_iter().collect()
}

/// A part's number, 1 to 10,000.
pub(super) fn part_number(number: i32) -> S3Result<u32> {
    u32::try_from(number)
        .ok()
        .filter(|number| (1..=10_000).contains(number))
        .ok_or_else(|| s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive"))
}
