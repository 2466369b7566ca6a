//! Multipart uploads, except for the parts' bodies.

use super::{
    Answer, Front, bucket::owner, checksums, conditions::Preconditions, errors, list, metadata, metadata::given, timestamp,
};
use crate::{
    ingest::ALGORITHMS,
    map::{Completion, Declared, MapError, NewObject, ObjectMeta, PartRow, UploadRow, tables},
};
use hyper::HeaderMap;
use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType, CommonPrefix,
        CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, CreateMultipartUploadInput,
        CreateMultipartUploadOutput, ETag, Initiator, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput,
        ListPartsOutput, MultipartUpload, Part, StorageClass,
    },
    s3_error,
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) async fn create(front: &Front, mut input: CreateMultipartUploadInput) -> Answer<CreateMultipartUploadOutput> {
    let mut meta = given!(input).into_meta()?;
    meta.declared = declared(input.checksum_algorithm.as_ref(), input.checksum_type.as_ref())?;
    let checksum_type = meta.declared.as_ref().map(|declared| kind(!declared.whole));
    let id = hex::encode(rand::random::<[u8; 20]>());
    let (upload, bucket, key, now) = (id.clone(), input.bucket.clone(), input.key.clone(), front.core.now_ms());
    front
        .core
        .map
        .write(move |db| tables::multipart::create(db, &upload, &bucket, &key, &meta, now))
        .await
        .map_err(errors::map)?;
    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type,
        server_side_encryption: Some(metadata::encryption()),
        ..CreateMultipartUploadOutput::default()
    }))
}

/// What an upload wants for a checksum. A CRC of NVMe is always of the whole object, a hash never; the other CRCs are of the parts'
/// checksums unless the upload says otherwise.
fn declared(algorithm: Option<&ChecksumAlgorithm>, kind: Option<&ChecksumType>) -> S3Result<Option<Declared>> {
    let whole = kind.map(|kind| kind.as_str() == ChecksumType::FULL_OBJECT);
    let Some(algorithm) = algorithm.map(|algorithm| algorithm.as_str().to_ascii_lowercase()) else {
        return match whole {
            None => Ok(None),
            Some(_) => {
                Err(s3_error!(InvalidRequest, "The x-amz-checksum-type header can only be used with x-amz-checksum-algorithm"))
            }
        };
    };
    let (is_hash, is_nvme) = (algorithm.starts_with("sha"), algorithm == "crc64nvme");
    if (is_hash && whole == Some(true)) || (is_nvme && whole == Some(false)) {
        let kind = if is_hash { "FULL_OBJECT" } else { "COMPOSITE" };
        return Err(s3_error!(
            InvalidRequest,
            "The {kind} checksum type cannot be used with the {algorithm} checksum algorithm."
        ));
    }
    Ok(Some(Declared { whole: whole.unwrap_or(is_nvme), algorithm }))
}

fn kind(composite: bool) -> ChecksumType {
    ChecksumType::from_static(if composite { ChecksumType::COMPOSITE } else { ChecksumType::FULL_OBJECT })
}

/// Numbers and ETags of the request's parts, in strictly ascending order.
fn wanted_parts(parts: &[CompletedPart]) -> S3Result<Vec<(u32, String)>> {
    if parts.is_empty() {
        return Err(s3_error!(MalformedXML, "You must specify at least one part"));
    }
    let mut wanted: Vec<(u32, String)> = Vec::with_capacity(parts.len());
    for part in parts {
        let number = part.part_number.ok_or_else(|| s3_error!(MalformedXML, "A part has no number"))?;
        let number = super::upload::part_number(number)?;
        if wanted.last().is_some_and(|(last, _)| *last >= number) {
            return Err(s3_error!(
                InvalidPartOrder,
                "The list of parts was not in ascending order. The parts list must be specified in order by part number."
            ));
        }
        let etag = part.e_tag.clone().ok_or_else(|| s3_error!(MalformedXML, "Part {number} has no ETag"))?;
        wanted.push((number, etag.into_value()));
    }
    Ok(wanted)
}

/// A checksum that the request names must be the stored part's.
fn same_checksums(stored: &PartRow, claimed: &CompletedPart) -> bool {
    let claims = [
        ("crc32", &claimed.checksum_crc32),
        ("crc32c", &claimed.checksum_crc32c),
        ("crc64nvme", &claimed.checksum_crc64nvme),
        ("sha1", &claimed.checksum_sha1),
        ("sha256", &claimed.checksum_sha256),
    ];
    claims.iter().all(|(name, claim)| match (claim, stored.checksums.get(*name)) {
        (Some(claim), Some(sum)) => claim == sum,
        _ => true,
    })
}

pub(super) async fn complete(
    front: &Front,
    request: S3Request<CompleteMultipartUploadInput>,
) -> Answer<CompleteMultipartUploadOutput> {
    let conditions = request.extensions.get::<Preconditions>().cloned().unwrap_or_default();
    let input = request.input;
    let claimed = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    let wanted = wanted_parts(&claimed)?;
    let (id, bucket, key, list) = (input.upload_id.clone(), input.bucket.clone(), input.key.clone(), wanted.clone());
    let read = front.core.map.read(move |db| {
        // A client that lost the answer asks again, and is answered again.
        if let Some(done) = tables::multipart::completion(db, &id, &bucket, &key)? {
            return Ok(Err(done));
        }
        let upload = tables::multipart::upload(db, &id, &bucket, &key)?;
        Ok(Ok((upload, tables::multipart::chosen(db, &id, &list)?)))
    });
    let (upload, parts) = match read.await.map_err(errors::map)? {
        Ok(found) => found,
        Err(done) => return again(input.bucket, input.key, &wanted, done),
    };
    if let Some((part, _)) = parts.iter().zip(&claimed).find(|(part, claimed)| !same_checksums(part, claimed)) {
        return Err(errors::map(MapError::InvalidPart(part.number)));
    }
    let size: u64 = parts.iter().map(|part| part.size).sum();
    if input.mpu_object_size.is_some_and(|claimed| u64::try_from(claimed) != Ok(size)) {
        return Err(s3_error!(InvalidRequest, "The parts have {size} bytes together, not what x-amz-mp-object-size says"));
    }
    let etag = checksums::multipart_etag(wanted.iter().map(|(_, etag)| etag.as_str()))
        .ok_or_else(|| s3_error!(InternalError, "A part has no MD5"))?;
    let (sums, composite) = checksums::of_parts(&parts, upload.meta.declared.as_ref());
    if input.checksum_type.is_some_and(|wanted| wanted != kind(composite)) {
        return Err(s3_error!(
            InvalidRequest,
            "Checksum Type mismatch occurred: the upload was not begun with the type that is named now"
        ));
    }
    promised(&request.headers, &sums)?;
    let meta = ObjectMeta {
        composite,
        checksums: sums,
        parts: parts.iter().map(|part| part.size).collect(),
        part_checksums: parts.iter().map(|part| part.checksums.clone()).collect(),
        declared: None,
        ..upload.meta
    };
    let object = NewObject {
        bucket: input.bucket.clone(),
        key: input.key.clone(),
        etag: etag.clone(),
        modified_ms: front.core.now_ms(),
        meta: meta.clone(),
        condition: conditions.of_write(),
    };
    // The parts are checked again inside: one may have been replaced in between.
    front
        .core
        .map
        .write(move |db| tables::multipart::complete(db, &input.upload_id, &wanted, &object))
        .await
        .map_err(errors::map)?;
    Ok(S3Response::new(completed(input.bucket, input.key, etag, &meta)))
}

/// Answers a completion that is repeated, when it names the same parts.
fn again(bucket: String, key: String, wanted: &[(u32, String)], done: Completion) -> Answer<CompleteMultipartUploadOutput> {
    if checksums::multipart_etag(wanted.iter().map(|(_, etag)| etag.as_str())).as_ref() != Some(&done.etag) {
        return Err(errors::map(MapError::NoSuchUpload));
    }
    Ok(S3Response::new(completed(bucket, key, done.etag, &done.meta)))
}

/// Checks the object's checksums that the request names.
fn promised(headers: &HeaderMap, sums: &BTreeMap<String, String>) -> S3Result<()> {
    for name in ALGORITHMS {
        let header = format!("x-amz-checksum-{name}");
        let Some(promised) = headers.get(&header) else { continue };
        let Some(sum) = sums.get(name) else {
            return Err(s3_error!(InvalidRequest, "{header} cannot be checked: the upload was begun with another checksum"));
        };
        // Of a checksum of checksums, some clients leave the number of parts out.
        let plain = sum.split('-').next().unwrap_or_default();
        if promised.as_bytes() != sum.as_bytes() && promised.as_bytes() != plain.as_bytes() {
            return Err(s3_error!(BadDigest, "The {name} you specified did not match the calculated checksum."));
        }
    }
    Ok(())
}

fn completed(bucket: String, key: String, etag: String, meta: &ObjectMeta) -> CompleteMultipartUploadOutput {
    let sums = checksums::answer(&meta.checksums);
    CompleteMultipartUploadOutput {
        location: Some(format!("/{bucket}/{key}")),
        bucket: Some(bucket),
        key: Some(key),
        e_tag: Some(ETag::Strong(etag)),
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        checksum_type: (!meta.checksums.is_empty()).then(|| kind(meta.composite)),
        server_side_encryption: Some(metadata::encryption()),
        ..CompleteMultipartUploadOutput::default()
    }
}

pub(super) async fn abort(front: &Front, input: AbortMultipartUploadInput) -> Answer<AbortMultipartUploadOutput> {
    front
        .core
        .map
        .write(move |db| {
            tables::multipart::upload(db, &input.upload_id, &input.bucket, &input.key)?;
            tables::multipart::abort(db, &input.upload_id)
        })
        .await
        .map_err(errors::map)?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}

pub(super) async fn list_parts(front: &Front, input: ListPartsInput) -> Answer<ListPartsOutput> {
    let max = list::page_size(input.max_parts)?;
    let after = input.part_number_marker.unwrap_or(0);
    let marker = u32::try_from(after).map_err(|_| s3_error!(InvalidArgument, "part-number-marker must not be negative"))?;
    let (id, bucket, key) = (input.upload_id.clone(), input.bucket.clone(), input.key.clone());
    let (upload, mut rows) = front
        .core
        .map
        .read(move |db| {
            let upload = tables::multipart::upload(db, &id, &bucket, &key)?;
            Ok((upload, tables::multipart::parts(db, &id, marker, max + 1)?))
        })
        .await
        .map_err(errors::map)?;
    let more = rows.len() > max;
    rows.truncate(max);
    let last = rows.last().and_then(|part| i32::try_from(part.number).ok());
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        max_parts: i32::try_from(max).ok(),
        part_number_marker: Some(after),
        next_part_number_marker: last.filter(|_| more),
        is_truncated: Some(more),
        owner: Some(owner(front)),
        parts: Some(rows.into_iter().map(part).collect()),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        initiator: Some(Initiator { id: owner(front).id, display_name: owner(front).display_name }),
        checksum_type: upload.meta.declared.as_ref().map(|declared| kind(!declared.whole)),
        checksum_algorithm: upload.meta.declared.map(|declared| ChecksumAlgorithm::from(declared.algorithm.to_ascii_uppercase())),
        ..ListPartsOutput::default()
    }))
}

fn part(row: PartRow) -> Part {
    let sums = checksums::answer(&row.checksums);
    Part {
        part_number: i32::try_from(row.number).ok(),
        size: i64::try_from(row.size).ok(),
        e_tag: Some(ETag::Strong(row.etag)),
        last_modified: Some(timestamp(row.modified_ms)),
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
    }
}

pub(super) async fn list_uploads(front: &Front, input: ListMultipartUploadsInput) -> Answer<ListMultipartUploadsOutput> {
    let max = list::page_size(input.max_uploads)?;
    let encode = list::Encoding::of(input.encoding_type.as_ref())?;
    let (prefix, delimiter) = (input.prefix.clone().unwrap_or_default(), input.delimiter.clone().unwrap_or_default());
    let key_marker = input.key_marker.clone().unwrap_or_default();
    // Without a key marker an id marker has no meaning; a key marker alone skips all uploads of that key.
    let id_marker = match (key_marker.is_empty(), &input.upload_id_marker) {
        (true, _) => String::new(),
        (false, Some(id)) => id.clone(),
        (false, None) => "\u{10FFFF}".to_owned(),
    };
    let (bucket, start, after) = (input.bucket.clone(), prefix.clone(), (key_marker.clone(), id_marker));
    let rows = front
        .core
        .map
        .read(move |db| tables::multipart::uploads(db, &bucket, &start, (&after.0, &after.1)))
        .await
        .map_err(errors::map)?;
    let page = group_uploads(rows, &prefix, &delimiter, &key_marker, max);
    let next = page.next.as_ref();
    Ok(S3Response::new(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: input.prefix.map(|text| encode.text(&text)),
        delimiter: input.delimiter.map(|text| encode.text(&text)),
        key_marker: input.key_marker.map(|text| encode.text(&text)),
        upload_id_marker: input.upload_id_marker,
        next_key_marker: next.map(|(key, _)| encode.text(key)),
        next_upload_id_marker: next.map(|(_, id)| id.clone()),
        max_uploads: i32::try_from(max).ok(),
        is_truncated: Some(page.next.is_some()),
        encoding_type: input.encoding_type,
        common_prefixes: Some(page.prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(encode.text(prefix)) }).collect()),
        uploads: Some(page.uploads.into_iter().map(|row| upload(front, row, &encode)).collect()),
        ..ListMultipartUploadsOutput::default()
    }))
}

#[derive(Default)]
struct UploadPage {
    uploads: Vec<UploadRow>,
    prefixes: BTreeSet<String>,
    next: Option<(String, String)>,
}

fn group_uploads(rows: Vec<UploadRow>, prefix: &str, delimiter: &str, marker: &str, max: usize) -> UploadPage {
    let mut page = UploadPage::default();
    let mut last = None;
    for row in rows {
        let group = row
            .key
            .strip_prefix(prefix)
            .filter(|_| !delimiter.is_empty())
            .and_then(|rest| rest.find(delimiter).map(|at| row.key[..prefix.len() + at + delimiter.len()].to_owned()));
        let known = group.as_ref().is_some_and(|group| page.prefixes.contains(group) || group == marker);
        if known {
            continue;
        }
        if page.uploads.len() + page.prefixes.len() == max {
            page.next = last;
            break;
        }
        last = Some(match &group {
            Some(group) => (group.clone(), String::new()),
            None => (row.key.clone(), row.id.clone()),
        });
        match group {
            Some(group) => drop(page.prefixes.insert(group)),
            None => page.uploads.push(row),
        }
    }
    page
}

fn upload(front: &Front, row: UploadRow, encode: &list::Encoding) -> MultipartUpload {
    MultipartUpload {
        key: Some(encode.text(&row.key)),
        upload_id: Some(row.id),
        initiated: Some(timestamp(row.started_ms)),
        owner: Some(owner(front)),
        ..MultipartUpload::default()
    }
}
