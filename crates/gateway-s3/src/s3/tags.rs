//! Tags of objects: at most ten, keys of at most 128 and values of at most 256 characters, each key once.

use super::{Answer, Front, door, errors};
use crate::map::tables;
use s3s::{
    S3Error, S3Response, S3Result,
    dto::{
        DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
        PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
    },
    s3_error,
};
use std::collections::BTreeMap;

const TAGS_MAX: usize = 10;
const KEY_MAX: usize = 128;
const VALUE_MAX: usize = 256;

type Tags = BTreeMap<String, String>;

/// Reads `x-amz-tagging`, which is a query.
pub(super) fn of_header(text: &str) -> S3Result<Tags> {
    let invalid = |_: S3Error| s3_error!(InvalidArgument, "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded");
    checked(door::pairs_of(text).map_err(invalid)?)
}

fn checked(pairs: Vec<(String, String)>) -> S3Result<Tags> {
    if pairs.len() > TAGS_MAX {
        return Err(s3_error!(InvalidTag, "Object tags cannot be greater than {TAGS_MAX}"));
    }
    let mut tags = Tags::new();
    for (key, value) in pairs {
        if key.is_empty() || key.chars().count() > KEY_MAX {
            return Err(s3_error!(InvalidTag, "The TagKey you have provided is invalid: it has 1 to {KEY_MAX} characters"));
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
    let tag_set = object.meta.tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect();
    Ok(S3Response::new(GetObjectTaggingOutput { tag_set, version_id: None }))
}

async fn set(front: &Front, bucket: String, key: String, tags: Tags) -> S3Result<()> {
    front.core.map.write(move |db| tables::set_tags(db, &bucket, &key, tags)).await.map_err(errors::map)
}

pub(super) async fn put(front: &Front, input: PutObjectTaggingInput) -> Answer<PutObjectTaggingOutput> {
    let pairs = input.tagging.tag_set.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
    set(front, input.bucket, input.key, checked(pairs.collect())?).await?;
    Ok(S3Response::new(PutObjectTaggingOutput::default()))
}

pub(super) async fn delete(front: &Front, input: DeleteObjectTaggingInput) -> Answer<DeleteObjectTaggingOutput> {
    set(front, input.bucket, input.key, Tags::new()).await?;
    Ok(S3Response::new(DeleteObjectTaggingOutput::default()))
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
    }
}
