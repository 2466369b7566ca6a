//! Buckets.

use super::{
    Answer, Front, errors,
    tags::{self, Tagged},
    timestamp,
};
use crate::map::{MapError, tables};
use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        Bucket, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput, DeleteBucketInput, DeleteBucketOutput,
        GetBucketLocationInput, GetBucketLocationOutput, GetBucketVersioningInput, GetBucketVersioningOutput, HeadBucketInput,
        HeadBucketOutput, ListBucketsInput, ListBucketsOutput, Owner, Tag,
    },
    s3_error,
    xml::{DeError, Deserializer},
};

/// The region with S3's oldest habits.
const FIRST_REGION: &str = "us-east-1";
/// Most buckets on a page.
const PAGE: usize = 10_000;

/// The one owner of everything in a gateway.
pub(super) fn owner(front: &Front) -> Owner {
    Owner { id: Some(front.core.config.access_key.clone()), display_name: Some(front.core.config.access_key.clone()) }
}

/// The tags that a new bucket's document asks for. `s3s` reads past them.
#[derive(Clone, Debug, Default)]
pub(super) struct NewTags(Vec<Tag>);

impl NewTags {
    /// Reads them from the document, which may say nothing else beside the region.
    pub(super) fn read(document: &[u8]) -> S3Result<Self> {
        if document.is_empty() {
            return Ok(Self::default());
        }
        let (mut tags, mut unknown) = (Vec::new(), None);
        let read = Deserializer::new(document).named_element("CreateBucketConfiguration", |d| {
            d.for_each_element(|d, name| match name {
                b"LocationConstraint" => d.content::<String>().map(drop),
                b"Tags" => d.list_content("Tag").map(|list| tags = list),
                other => {
                    unknown = Some(String::from_utf8_lossy(other).into_owned());
                    Err(DeError::InvalidContent)
                }
            })
        });
        match (read, unknown) {
            (Ok(()), _) => Ok(Self(tags)),
            (Err(_), Some(name)) => Err(s3_error!(NotImplemented, "CreateBucket with {name} is not supported here")),
            (Err(_), None) => Err(s3_error!(
                MalformedXML,
                "The XML you provided was not well-formed or did not validate against our published schema"
            )),
        }
    }
}

pub(super) async fn create(front: &Front, request: S3Request<CreateBucketInput>) -> Answer<CreateBucketOutput> {
    let tags = request.extensions.get::<NewTags>().cloned().unwrap_or_default();
    let tags = tags::of_set(Tagged::Bucket, tags.0)?;
    let (input, region) = (request.input, &front.core.config.region);
    let wanted = input.create_bucket_configuration.and_then(|configuration| configuration.location_constraint);
    if let Some(wanted) = wanted.filter(|wanted| !wanted.as_str().is_empty() && wanted.as_str() != region) {
        return Err(s3_error!(IllegalLocationConstraintException, "This gateway is in {region}, not in {}", wanted.as_str()));
    }
    // S3 itself refuses these by now; buckets that have such a name go on.
    if input.bucket.contains(".-") || input.bucket.contains("-.") {
        return Err(s3_error!(InvalidBucketName, "The specified bucket is not valid: a dot must not be beside a hyphen"));
    }
    let (name, now) = (input.bucket.clone(), front.core.now_ms());
    let made = front.core.map.write(move |db| {
        tables::create_bucket(db, &name, now)?;
        tables::set_bucket_tags(db, &name, &tags)
    });
    match made.await {
        // In its first region S3 answers as if the bucket had been made just now, and clients count on it.
        Err(MapError::BucketExists(_)) if region == FIRST_REGION => {}
        outcome => outcome.map_err(errors::map)?,
    }
    Ok(S3Response::new(CreateBucketOutput { location: Some(format!("/{}", input.bucket)) }))
}

pub(super) async fn head(front: &Front, input: HeadBucketInput) -> Answer<HeadBucketOutput> {
    front.core.map.read(move |db| tables::require_bucket(db, &input.bucket)).await.map_err(errors::map)?;
    Ok(S3Response::new(HeadBucketOutput { bucket_region: Some(front.core.config.region.clone()), ..HeadBucketOutput::default() }))
}

pub(super) async fn delete(front: &Front, input: DeleteBucketInput) -> Answer<DeleteBucketOutput> {
    front.core.map.write(move |db| tables::delete_bucket(db, &input.bucket)).await.map_err(errors::map)?;
    Ok(S3Response::new(DeleteBucketOutput::default()))
}

pub(super) async fn list(front: &Front, input: ListBucketsInput) -> Answer<ListBucketsOutput> {
    let prefix = input.prefix.clone().unwrap_or_default();
    let after = input.continuation_token.unwrap_or_default();
    let max = match input.max_buckets {
        None => PAGE,
        Some(max) => usize::try_from(max)
            .ok()
            .filter(|max| (1..=PAGE).contains(max))
            .ok_or_else(|| s3_error!(InvalidArgument, "Argument max-buckets must be an integer between 1 and {PAGE}."))?,
    };
    let elsewhere = input.bucket_region.is_some_and(|region| region != front.core.config.region);
    let all = front.core.map.read(tables::buckets).await.map_err(errors::map)?;
    let mut names: Vec<(String, u64)> =
        all.into_iter().filter(|(name, _)| !elsewhere && name.starts_with(&prefix) && *name > after).collect();
    let more = names.len() > max;
    names.truncate(max);
    let continuation_token = names.last().filter(|_| more).map(|(name, _)| name.clone());
    let buckets = names
        .into_iter()
        .map(|(name, created_ms)| Bucket {
            name: Some(name),
            creation_date: Some(timestamp(created_ms)),
            bucket_region: Some(front.core.config.region.clone()),
        })
        .collect();
    let output =
        ListBucketsOutput { buckets: Some(buckets), continuation_token, owner: Some(owner(front)), prefix: input.prefix };
    Ok(S3Response::new(output))
}

/// The first region's name is the empty one, by S3's custom.
pub(super) async fn location(front: &Front, input: GetBucketLocationInput) -> Answer<GetBucketLocationOutput> {
    front.core.map.read(move |db| tables::require_bucket(db, &input.bucket)).await.map_err(errors::map)?;
    let region = front.core.config.region.clone();
    let location_constraint = (region != FIRST_REGION).then(|| BucketLocationConstraint::from(region));
    Ok(S3Response::new(GetBucketLocationOutput { location_constraint }))
}

/// Never versioned.
pub(super) async fn versioning(front: &Front, input: GetBucketVersioningInput) -> Answer<GetBucketVersioningOutput> {
    front.core.map.read(move |db| tables::require_bucket(db, &input.bucket)).await.map_err(errors::map)?;
    Ok(S3Response::new(GetBucketVersioningOutput::default()))
}
