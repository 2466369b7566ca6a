//! ListObjects, both versions.

use super::{Answer, Front, bucket::owner, door, errors, timestamp};
use crate::map::{Cursor, Entry, ListPage, ObjectRow, tables};
use s3s::{
    S3Response, S3Result,
    dto::{
        CommonPrefix, ETag, EncodingType, ListObjectVersionsInput, ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput,
        ListObjectsV2Input, ListObjectsV2Output, Object, ObjectStorageClass, ObjectVersion, ObjectVersionStorageClass,
    },
    s3_error,
};

/// S3's page size.
const PAGE: usize = 1000;

/// The page size that a request asks for, at most S3's own.
pub(super) fn page_size(wanted: Option<i32>) -> S3Result<usize> {
    let wanted = wanted.unwrap_or(PAGE as i32);
    usize::try_from(wanted)
        .map(|wanted| wanted.min(PAGE))
        .map_err(|_| s3_error!(InvalidArgument, "A page size must not be negative"))
}

/// Whether keys are written percent-encoded, because XML cannot hold every character.
#[derive(Clone, Copy)]
pub(super) enum Encoding {
    Plain,
    Url,
}

impl Encoding {
    pub(super) fn of(wanted: Option<&EncodingType>) -> S3Result<Self> {
        match wanted.map(EncodingType::as_str) {
            None | Some("") => Ok(Self::Plain),
            Some(EncodingType::URL) => Ok(Self::Url),
            Some(_) => Err(s3_error!(InvalidArgument, "Invalid Encoding Method specified in Request")),
        }
    }

    pub(super) fn text(&self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Url => door::encoded(text, true),
        }
    }
}

async fn page(
    front: &Front,
    bucket: String,
    prefix: String,
    delimiter: String,
    from: Option<Cursor>,
    max: usize,
) -> S3Result<ListPage> {
    front.core.map.read(move |db| tables::list(db, &bucket, &prefix, &delimiter, from.as_ref(), max)).await.map_err(errors::map)
}

/// Objects and common prefixes, in order.
fn split(front: &Front, entries: Vec<Entry>, encoding: Encoding, with_owner: bool) -> (Vec<Object>, Vec<CommonPrefix>) {
    let (mut objects, mut prefixes) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Object(row) => objects.push(object(front, *row, encoding, with_owner)),
            Entry::Prefix(prefix) => prefixes.push(CommonPrefix { prefix: Some(encoding.text(&prefix)) }),
        }
    }
    (objects, prefixes)
}

fn object(front: &Front, row: ObjectRow, encoding: Encoding, with_owner: bool) -> Object {
    Object {
        key: Some(encoding.text(&row.key)),
        size: i64::try_from(row.size).ok(),
        e_tag: Some(ETag::Strong(row.etag)),
        last_modified: Some(timestamp(row.modified_ms)),
        owner: with_owner.then(|| owner(front)),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        ..Object::default()
    }
}

/// Version 1: the marker is a key or a common prefix that was listed last.
pub(super) async fn v1(front: &Front, input: ListObjectsInput) -> Answer<ListObjectsOutput> {
    let max = page_size(input.max_keys)?;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let (prefix, delimiter) = (input.prefix.clone().unwrap_or_default(), input.delimiter.clone().unwrap_or_default());
    let from = start(input.marker.as_deref().unwrap_or_default(), &prefix, &delimiter);
    let page = page(front, input.bucket.clone(), prefix, delimiter, from, max).await?;
    let next = page.next.as_ref().map(|cursor| match cursor {
        Cursor::After(bytes) | Cursor::PastPrefix(bytes) => encoding.text(&String::from_utf8_lossy(bytes)),
    });
    let (contents, common_prefixes) = split(front, page.entries, encoding, true);
    Ok(S3Response::new(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encoding.text(input.prefix.as_deref().unwrap_or_default())),
        marker: Some(encoding.text(input.marker.as_deref().unwrap_or_default())),
        delimiter: input.delimiter.filter(|text| !text.is_empty()).map(|text| encoding.text(&text)),
        max_keys: i32::try_from(max).ok(),
        is_truncated: Some(next.is_some()),
        next_marker: next,
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        encoding_type: input.encoding_type,
        ..ListObjectsOutput::default()
    }))
}

/// Version 2: the continuation token is ours to read only.
pub(super) async fn v2(front: &Front, input: ListObjectsV2Input) -> Answer<ListObjectsV2Output> {
    let max = page_size(input.max_keys)?;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let token = input.continuation_token.as_ref().filter(|token| !token.is_empty());
    let from = match (token, &input.start_after) {
        (Some(token), _) => Some(read_token(token)?),
        (None, Some(key)) if !key.is_empty() => Some(Cursor::After(key.clone().into_bytes())),
        _ => None,
    };
    let (prefix, delimiter) = (input.prefix.clone().unwrap_or_default(), input.delimiter.clone().unwrap_or_default());
    let page = page(front, input.bucket.clone(), prefix, delimiter, from, max).await?;
    let next = page.next.as_ref().map(write_token);
    let key_count = i32::try_from(page.entries.len()).ok();
    let (contents, common_prefixes) = split(front, page.entries, encoding, input.fetch_owner.unwrap_or(false));
    Ok(S3Response::new(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encoding.text(input.prefix.as_deref().unwrap_or_default())),
        delimiter: input.delimiter.filter(|text| !text.is_empty()).map(|text| encoding.text(&text)),
        start_after: input.start_after.map(|text| encoding.text(&text)),
        max_keys: i32::try_from(max).ok(),
        key_count,
        is_truncated: Some(next.is_some()),
        continuation_token: input.continuation_token,
        next_continuation_token: next,
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        encoding_type: input.encoding_type,
        ..ListObjectsV2Output::default()
    }))
}

/// Every object as the only version of its key, which has no name.
pub(super) async fn versions(front: &Front, input: ListObjectVersionsInput) -> Answer<ListObjectVersionsOutput> {
    let max = page_size(input.max_keys)?;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let (prefix, delimiter) = (input.prefix.clone().unwrap_or_default(), input.delimiter.clone().unwrap_or_default());
    let marker = input.key_marker.clone().unwrap_or_default();
    if marker.is_empty() && input.version_id_marker.as_ref().is_some_and(|marker| !marker.is_empty()) {
        return Err(s3_error!(InvalidArgument, "A version-id marker cannot be specified without a key marker."));
    }
    let from = start(&marker, &prefix, &delimiter);
    let page = page(front, input.bucket.clone(), prefix, delimiter, from, max).await?;
    let next = page.next.as_ref().map(|cursor| match cursor {
        Cursor::After(bytes) | Cursor::PastPrefix(bytes) => encoding.text(&String::from_utf8_lossy(bytes)),
    });
    let next_version_id_marker =
        page.next.as_ref().filter(|cursor| matches!(cursor, Cursor::After(_))).map(|_| "null".to_owned());
    let (objects, common_prefixes) = split(front, page.entries, encoding, true);
    let version = |object: Object| ObjectVersion {
        key: object.key,
        version_id: Some("null".to_owned()),
        is_latest: Some(true),
        size: object.size,
        e_tag: object.e_tag,
        last_modified: object.last_modified,
        owner: object.owner,
        storage_class: Some(ObjectVersionStorageClass::from_static(ObjectVersionStorageClass::STANDARD)),
        ..ObjectVersion::default()
    };
    Ok(S3Response::new(ListObjectVersionsOutput {
        name: Some(input.bucket),
        prefix: Some(encoding.text(input.prefix.as_deref().unwrap_or_default())),
        delimiter: input.delimiter.filter(|text| !text.is_empty()).map(|text| encoding.text(&text)),
        key_marker: Some(encoding.text(&marker)),
        version_id_marker: Some(input.version_id_marker.unwrap_or_default()),
        max_keys: i32::try_from(max).ok(),
        is_truncated: Some(next.is_some()),
        next_key_marker: next,
        next_version_id_marker,
        versions: Some(objects.into_iter().map(version).collect()),
        common_prefixes: Some(common_prefixes),
        encoding_type: input.encoding_type,
        ..ListObjectVersionsOutput::default()
    }))
}

/// Where a listing goes on behind a key or a common prefix that was listed last.
fn start(marker: &str, prefix: &str, delimiter: &str) -> Option<Cursor> {
    if marker.is_empty() {
        return None;
    }
    let is_group =
        !delimiter.is_empty() && marker.ends_with(delimiter) && marker.len() > prefix.len() && marker.starts_with(prefix);
    let bytes = marker.as_bytes().to_vec();
    Some(if is_group { Cursor::PastPrefix(bytes) } else { Cursor::After(bytes) })
}

fn write_token(cursor: &Cursor) -> String {
    match cursor {
        Cursor::After(key) => format!("k{}", hex::encode(key)),
        Cursor::PastPrefix(prefix) => format!("p{}", hex::encode(prefix)),
    }
}

fn read_token(token: &str) -> S3Result<Cursor> {
    let invalid = || s3_error!(InvalidArgument, "The continuation token provided is incorrect");
    let (kind, rest) = token.split_at_checked(1).ok_or_else(invalid)?;
    let bytes = hex::decode(rest).map_err(|_| invalid())?;
    match kind {
        "k" => Ok(Cursor::After(bytes)),
        "p" => Ok(Cursor::PastPrefix(bytes)),
        _ => Err(invalid()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_as_they_went_out() {
        for cursor in [Cursor::After(b"a/\xC3\xA9".to_vec()), Cursor::PastPrefix(b"a/".to_vec())] {
            assert_eq!(read_token(&write_token(&cursor)).unwrap(), cursor);
        }
        for bad in ["", "x00", "k0", "kzz", "é"] {
            assert!(read_token(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_are_percent_encoded_byte_by_byte_but_slashes_stay() {
        assert_eq!(Encoding::Url.text("a b/é+\u{1}~"), "a%20b/%C3%A9%2B%01~");
    }
}
