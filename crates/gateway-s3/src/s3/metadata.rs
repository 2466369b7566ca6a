//! Headers that objects keep.

use super::{Front, errors, tags, timestamp};
use crate::{
    durability::{self, Durability},
    map::{ObjectMeta, tables},
};
use hyper::{HeaderMap, header::HeaderValue};
use s3s::{
    S3Result,
    dto::{ServerSideEncryption, Timestamp},
    s3_error,
};
use std::collections::HashMap;

/// S3's bound on the user metadata of one object, in bytes of names and values.
const USER_MAX: usize = 2 << 10;
/// What an object without a type is.
pub(super) const DEFAULT_TYPE: &str = "binary/octet-stream";

/// Header values as requests carry them; the three kinds of requests that set them have the same fields.
#[derive(Default)]
pub(super) struct Given {
    pub(super) content_type: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_language: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) expires: Option<Timestamp>,
    pub(super) website_redirect: Option<String>,
    pub(super) user: Option<HashMap<String, String>>,
    pub(super) tagging: Option<String>,
}

macro_rules! given {
    ($input:expr) => {
        $crate::s3::metadata::Given {
            content_type: $input.content_type.take(),
            content_encoding: $input.content_encoding.take(),
            content_disposition: $input.content_disposition.take(),
            content_language: $input.content_language.take(),
            cache_control: $input.cache_control.take(),
            expires: $input.expires.take(),
            website_redirect: $input.website_redirect_location.take(),
            user: $input.metadata.take(),
            tagging: $input.tagging.take(),
        }
    };
}
pub(super) use given;

impl Given {
    pub(super) fn into_meta(self) -> S3Result<ObjectMeta> {
        let user: std::collections::BTreeMap<String, String> = self.user.unwrap_or_default().into_iter().collect();
        let bytes: usize = user.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > USER_MAX {
            return Err(s3_error!(MetadataTooLarge, "User metadata has {bytes} bytes, at most {USER_MAX} are allowed"));
        }
        // `aws-chunked` says how the request travelled, not what the object is.
        let encoding = self.content_encoding.map(|value| {
            let kept: Vec<&str> =
                value.split(',').map(str::trim).filter(|part| !part.is_empty() && *part != "aws-chunked").collect();
            kept.join(",")
        });
        Ok(ObjectMeta {
            content_type: self.content_type,
            content_encoding: encoding.filter(|value| !value.is_empty()),
            content_disposition: self.content_disposition,
            content_language: self.content_language,
            cache_control: self.cache_control,
            expires_ms: self.expires.map(|expires| super::seconds(&expires).saturating_mul(1000)),
            website_redirect: self.website_redirect,
            user,
            tags: self.tagging.map(|text| tags::of_header(&text)).transpose()?.unwrap_or_default(),
            ..ObjectMeta::default()
        })
    }
}

/// How every object is encrypted, in S3's words: by the service, with a key of its own. The cipher is XChaCha20-Poly1305.
pub(super) fn encryption() -> ServerSideEncryption {
    ServerSideEncryption::from_static(ServerSideEncryption::AES256)
}

/// The object's `Expires`.
pub(super) fn expires(meta: &ObjectMeta) -> Option<Timestamp> {
    meta.expires_ms.and_then(|ms| u64::try_from(ms).ok()).map(timestamp)
}

/// User metadata as answers carry it.
pub(super) fn user(meta: &ObjectMeta) -> Option<HashMap<String, String>> {
    (!meta.user.is_empty()).then(|| meta.user.clone().into_iter().collect())
}

/// `x-depin-durability`: how well a blob is secured, and what its owner should know.
pub(super) async fn durability_headers(front: &Front, blob: i64) -> S3Result<HeaderMap> {
    let row = front.core.map.read(move |db| tables::durability(db, blob)).await.map_err(errors::map)?;
    let durability = Durability::of(&row);
    let warning = durability::warning(durability.paid_until(), &front.core.account(), &front.core.config.deals);
    let text = warning.map_or_else(|| durability.to_string(), |warning| format!("{durability}; {warning}"));
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert("x-depin-durability", value);
    }
    Ok(headers)
}
