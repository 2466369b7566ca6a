//! Tags: at most ten of an object and fifty of a bucket, keys of at most 128 and values of at most 256 characters, each key once.

use super::{Answer, Front, door, errors};
use crate::map::tables;
use s3s::{
    S3Error, S3Response, S3Result,
    dto::{
        DeleteBucketTaggingInput, DeleteBucketTaggingOutput, DeleteObjectTaggingInput, DeleteObjectTaggingOutput,
        GetBucketTaggingInput, GetBucketTaggingOutput, GetObjectTaggingInput, GetObjectTaggingOutput, PutBucketTaggingInput,
        PutBucketTaggingOutput, PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
    },
    s3_error,
};
use std::collections::BTreeMap;

const KEY_MAX: usize = 128;
const VALUE_MAX: usize = 256;
/// Keys that start so are S3's own.
const RESERVED: &str = "aws:";

type Tags = BTreeMap<String, String>;

/// What tags are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tagged {
    Bucket,
    Object,
}

impl Tagged {
    const fn most(self) -> usize {
        match self {
            Self::Bucket => 50,
            Self::Object => 10,
        }
    }
}

/// Reads `x-amz-tagging`, which is a query.
pub(super) fn of_header(text: &str) -> S3Result<Tags> {
    let invalid = |_: S3Error| s3_error!(InvalidArgument, "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded");
    checked(Tagged::Object, door::pairs_of(text).map_err(invalid)?)
}

/// Reads a document's tags.
pub(super) fn of_set(on: Tagged, set: Vec<Tag>) -> S3Result<Tags> {
    let pairs = set.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
    checked(on, pairs.collect())
}

fn to_set(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect()
}

fn checked(on: Tagged, pairs: Vec<(String, String)>) -> S3Result<Tags> {
    let most = on.most();
    if pairs.len() > most {
        return Err(s3_error!(InvalidTag, "{on:?} tags cannot be greater than {most}"));
    }
    let mut tags = Tags::new();
    for (key, value) in pairs {
        if key.is_empty() || key.chars().count() > KEY_MAX {
            return Err(s3_error!(InvalidTag, "The TagKey you have provided is invalid: it has 1 to {KEY_MAX} characters"));
        }
        if key.starts_with(RESERVED) {
            return Err(s3_error!(InvalidTag, "System tags cannot be added/updated by requester: {key} starts with {RESERVED}"));
        }
        if value.chars().count() > VALUE_MAX {
            return Err(s3_error!(
                InvalidTag,
                "The TagValue you have provided is invalid: it has at most {VALUE_MAX} characters"
            ));
        }
        if tags.insert(key.clone(), value).is_some() {
            return Err(s3_error!(InvalidTag, "Cannot provide multiple Tags with the same key: {key}"));
        }
    }
    Ok(tags)
}

/// How many there are, as answers say it: nothing when there are none.
pub(super) fn count(tags: &Tags) -> Option<i32> {
    i32::try_from(tags.len()).ok().filter(|count| *count > 0)
}

pub(super) async fn get(front: &Front, input: GetObjectTaggingInput) -> Answer<GetObjectTaggingOutput> {
    let object = front.core.map.read(move |db| tables::object(db, &input.bucket, &input.key)).await.map_err(errors::map)?;
    Ok(S3Response::new(GetObjectTaggingOutput { tag_set: to_set(object.meta.tags), version_id: None }))
}

async fn set(front: &Front, bucket: String, key: String, tags: Tags) -> S3Result<()> {
    front.core.map.write(move |db| tables::set_tags(db, &bucket, &key, tags)).await.map_err(errors::map)
}

pub(super) async fn put(front: &Front, input: PutObjectTaggingInput) -> Answer<PutObjectTaggingOutput> {
    set(front, input.bucket, input.key, of_set(Tagged::Object, input.tagging.tag_set)?).await?;
    Ok(S3Response::new(PutObjectTaggingOutput::default()))
}

pub(super) async fn delete(front: &Front, input: DeleteObjectTaggingInput) -> Answer<DeleteObjectTaggingOutput> {
    set(front, input.bucket, input.key, Tags::new()).await?;
    Ok(S3Response::new(DeleteObjectTaggingOutput::default()))
}

pub(super) async fn get_of_bucket(front: &Front, input: GetBucketTaggingInput) -> Answer<GetBucketTaggingOutput> {
    let tags = front.core.map.read(move |db| tables::bucket_tags(db, &input.bucket)).await.map_err(errors::map)?;
    if tags.is_empty() {
        return Err(errors::named("NoSuchTagSet", hyper::StatusCode::NOT_FOUND, "The TagSet does not exist"));
    }
    Ok(S3Response::new(GetBucketTaggingOutput { tag_set: to_set(tags) }))
}

async fn set_of_bucket(front: &Front, bucket: String, tags: Tags) -> S3Result<()> {
    front.core.map.write(move |db| tables::set_bucket_tags(db, &bucket, &tags)).await.map_err(errors::map)
}

pub(super) async fn put_of_bucket(front: &Front, input: PutBucketTaggingInput) -> Answer<PutBucketTaggingOutput> {
    set_of_bucket(front, input.bucket, of_set(Tagged::Bucket, input.tagging.tag_set)?).await?;
    Ok(S3Response::new(PutBucketTaggingOutput::default()))
}

pub(super) async fn delete_of_bucket(front: &Front, input: DeleteBucketTaggingInput) -> Answer<DeleteBucketTaggingOutput> {
    set_of_bucket(front, input.bucket, Tags::new()).await?;
    Ok(S3Response::new(DeleteBucketTaggingOutput::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_keep_to_their_bounds() {
        let tags = of_header("keep=for+ever&a%26b=").unwrap();
        assert_eq!(tags, Tags::from([("keep".into(), "for ever".into()), ("a&b".into(), String::new())]));
        assert!(of_header("a=1&a=2").is_err());
        assert!(of_header("=1").is_err());
        assert!(of_header(&format!("{}=1", "k".repeat(129))).is_err());
        assert!(of_header(&format!("k={}", "v".repeat(257))).is_err());
        assert!(of_header(&(0..11).map(|n| format!("k{n}=1")).collect::<Vec<_>>().join("&")).is_err());
        assert!(of_header("%ff=1").is_err());
        assert!(of_header("aws:a=1").is_err());
        let of = |on, count| of_set(on, (0..count).map(|n| Tag { key: Some(n.to_string()), value: None }).collect());
        assert!(of(Tagged::Bucket, 50).is_ok() && of(Tagged::Bucket, 51).is_err());
        assert!(of(Tagged::Object, 10).is_ok() && of(Tagged::Object, 11).is_err());
    }
}
