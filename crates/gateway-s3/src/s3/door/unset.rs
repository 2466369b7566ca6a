//! Settings that no bucket has, read as S3 reads them.

use super::{
    errors, errors_out,
    operations::{Level, Unset},
    xml,
};
use crate::{core::Core, map::tables};
use hyper::{Response, StatusCode, header};
use s3s::{Body, S3Result};

/// Answers when the bucket, or the object, is there.
pub(super) async fn answer(core: &Core, level: Level, bucket: &str, key: &str, unset: Unset) -> S3Result<Response<Body>> {
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    let there = core.map.read(move |db| match level {
        Level::Object => tables::object(db, &bucket, &key).map(drop),
        Level::Bucket | Level::Service => tables::require_bucket(db, &bucket),
    });
    there.await.map_err(errors::map)?;
    match unset {
        Unset::None(code, message) => Err(errors::named(code, StatusCode::NOT_FOUND, message)),
        Unset::Invalid(code, message) => Err(errors::named(code, StatusCode::BAD_REQUEST, message)),
        Unset::Xml(document) => {
            let document = document.replace("{owner}", &xml::text(&core.config.access_key));
            let mut response = Response::new(Body::from(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{document}")));
            response.headers_mut().insert(header::CONTENT_TYPE, errors_out::xml_type());
            Ok(response)
        }
    }
}
