//! Uploads by HTML forms.
//!
//! In: a `multipart/form-data` body whose last part is the file. Out: the answer that the form asks for. The fields are read and checked
//! against the signed policy before a byte of the file is; the file then streams like any upload, as the `PutObject` that the fields
//! describe, so that everything said of headers holds for fields too. Signatures of forms are verified here, since a form may be used for
//! as long as its policy says and not for the quarter of an hour that a request has.

use super::{
    errors, errors_out,
    policy::Policy,
    query,
    rules::{FromForm, Rules, bucket_of},
    xml,
};
use crate::config::Config;
use bytes::Bytes;
use futures::Stream;
use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use multer::{Field, Multipart};
use s3s::{
    Body, S3Error, S3ErrorCode, S3Result, StdError,
    dto::{StreamingBlob, Tagging},
    s3_error,
};
use sha1::Sha1;
use sha2::Sha256;
use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

/// S3's bound on all fields together.
const FIELDS_MAX: usize = 20 << 10;
/// How long a signature's date may lie back, and ahead.
const PAST: time::Duration = time::Duration::days(7);
const AHEAD: time::Duration = time::Duration::minutes(15);

pub(super) fn is_form(request: &Request<Body>) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    request.method() == Method::POST && kind.get(..19).is_some_and(|start| start.eq_ignore_ascii_case("multipart/form-data"))
}

/// A form's fields, names in lower case, in order.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    fn required(&self, name: &str) -> S3Result<&str> {
        self.get(name).ok_or_else(|| {
            s3_error!(
                InvalidArgument,
                "Bucket POST must contain a field named '{name}'. If it is specified, please check the order of the fields."
            )
        })
    }
}

fn malformed(error: &multer::Error) -> S3Error {
    s3_error!(MalformedPOSTRequest, "The body of your POST request is not well-formed multipart/form-data: {error}")
}

/// Takes a form's upload.
pub(super) async fn upload(rules: &Rules, request: Request<Body>) -> S3Result<Response<Body>> {
    let bucket = bucket(&request)?;
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(kind).map_err(|error| malformed(&error))?;
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
    let mut form = Multipart::new(request.into_body(), boundary);
    let (mut fields, file) = fields(&mut form).await?;
    let name = file.file_name().unwrap_or_default().to_owned();
    for (field, value) in &mut fields.0 {
        if field == "key" {
            *value = value.replace("${filename}", &name);
        }
    }
    let here = &rules.core.config.region;
    if let Some(asked) = region(&fields).filter(|asked| asked != here) {
        return Ok(errors_out::other_region(errors_out::Credential::Form, asked, here));
    }
    let (least, most) = permission(rules, &fields, &bucket)?;
    let key = fields.required("key")?.to_owned();
    if key.is_empty() {
        return Err(s3_error!(InvalidArgument, "User key must have a length greater than 0."));
    }
    let verdict = Arc::new(Mutex::new(None));
    let body = Bounded { file, seen: 0, least, most, verdict: verdict.clone() };
    let mut put = Request::new(Body::from(StreamingBlob::wrap(body)));
    *put.method_mut() = Method::PUT;
    let path = format!("/{}/{}", query::encoded(&bucket, false), query::encoded(&key, true));
    *put.uri_mut() = path.parse().map_err(|_| s3_error!(InvalidURI, "Couldn't parse the specified URI"))?;
    *put.headers_mut() = headers(&fields)?;
    put.extensions_mut().insert(FromForm);
    let stored = rules.pass(put).await?;
    if let Some(error) = verdict.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(error);
    }
    if stored.status() != StatusCode::OK {
        return Ok(stored);
    }
    Ok(done(&fields, &stored, &format!("http://{host}{path}"), &bucket, &key))
}

fn bucket(request: &Request<Body>) -> S3Result<String> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if let Some(bucket) = host.and_then(bucket_of) {
        return Ok(bucket.to_owned());
    }
    let path = query::decoded(request.uri().path())?;
    let bucket = path.trim_matches('/');
    if bucket.is_empty() || bucket.contains('/') {
        return Err(s3_error!(
            MethodNotAllowed,
            "The specified method is not allowed against this resource: a form is sent to a bucket"
        ));
    }
    Ok(bucket.to_owned())
}

/// Everything before the file, and the file.
async fn fields(form: &mut Multipart<'static>) -> S3Result<(Fields, Field<'static>)> {
    let (mut fields, mut bytes) = (Vec::new(), 0);
    while let Some(mut field) = form.next_field().await.map_err(|error| malformed(&error))? {
        let name = field.name().unwrap_or_default().to_ascii_lowercase();
        if name == "file" {
            return Ok((Fields(fields), field));
        }
        let mut value = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(|error| malformed(&error))? {
            bytes += piece.len();
            if bytes > FIELDS_MAX {
                return Err(errors::named(
                    "MaxPostPreDataLengthExceeded",
                    StatusCode::BAD_REQUEST,
                    format!("Your POST request fields preceding the upload file were too large: at most {FIELDS_MAX} bytes"),
                ));
            }
            value.extend_from_slice(&piece);
        }
        let value = String::from_utf8(value).map_err(|_| s3_error!(InvalidArgument, "The form's field {name} is no UTF-8"))?;
        fields.push((name, value));
    }
    Err(s3_error!(InvalidArgument, "POST requires exactly one file upload per request."))
}

/// Verifies the policy's signature and checks the fields against it; returns the bounds of the file's length.
fn permission(rules: &Rules, fields: &Fields, bucket: &str) -> S3Result<(u64, u64)> {
    let config = &rules.core.config;
    if fields.get("policy").is_none() && fields.get("x-amz-signature").is_none() && fields.get("signature").is_none() {
        return Err(s3_error!(AccessDenied, "Access Denied: forms must be signed"));
    }
    let policy = fields.required("policy")?;
    if fields.get("x-amz-signature").is_none() && fields.get("awsaccesskeyid").is_some() {
        old_signature(fields, policy, config)?;
    } else {
        signature(fields, policy, config)?;
    }
    let policy = Policy::read(policy)?;
    policy.check(time::OffsetDateTime::now_utc(), &fields.0, bucket)?;
    Ok(policy.length())
}

/// The region that a signature of version 4 is for.
fn region(fields: &Fields) -> Option<&str> {
    fields.get("x-amz-signature")?;
    fields.get("x-amz-credential")?.rsplit('/').nth(2)
}

fn known(access: &str, config: &Config) -> S3Result<()> {
    if access == config.access_key {
        return Ok(());
    }
    Err(s3_error!(InvalidAccessKeyId, "The access key is not one of this gateway"))
}

fn mismatch() -> S3Error {
    s3_error!(SignatureDoesNotMatch, "The signature we calculated does not match the signature you provided.")
}

/// Version 2, which some clients still choose for forms: how long it holds says the policy alone.
fn old_signature(fields: &Fields, policy: &str, config: &Config) -> S3Result<()> {
    known(fields.required("awsaccesskeyid")?, config)?;
    let given = base64_simd::STANDARD.decode_to_vec(fields.required("signature")?).map_err(|_| mismatch())?;
    let mut mac = Hmac::<Sha1>::new_from_slice(config.secret_key.as_bytes()).map_err(|_| mismatch())?;
    mac.update(policy.as_bytes());
    mac.verify_slice(&given).map_err(|_| mismatch())
}

fn signature(fields: &Fields, policy: &str, config: &Config) -> S3Result<()> {
    let given = fields.required("x-amz-signature")?;
    if fields.required("x-amz-algorithm")? != "AWS4-HMAC-SHA256" {
        return Err(s3_error!(InvalidArgument, "x-amz-algorithm must be AWS4-HMAC-SHA256"));
    }
    let credential: Vec<&str> = fields.required("x-amz-credential")?.rsplitn(5, '/').collect();
    let [request, service, region, day, access] = credential.as_slice() else {
        return Err(s3_error!(InvalidArgument, "x-amz-credential must be key/date/region/s3/aws4_request"));
    };
    known(access, config)?;
    let stamp = fields.required("x-amz-date")?;
    let date = stamp_date(stamp).ok_or_else(|| s3_error!(InvalidArgument, "x-amz-date must be like 20261129T130137Z"))?;
    let now = time::OffsetDateTime::now_utc();
    if !stamp.starts_with(day) || date > now + AHEAD || date < now - PAST {
        return Err(s3_error!(AccessDenied, "Invalid according to Policy: x-amz-date is not within the last seven days"));
    }
    let scope = [*day, *region, *service, *request];
    if *service != "s3" || *request != "aws4_request" || !verified(&config.secret_key, &scope, policy, given) {
        return Err(mismatch());
    }
    Ok(())
}

fn stamp_date(text: &str) -> Option<time::OffsetDateTime> {
    let format = time::macros::format_description!("[year][month][day]T[hour][minute][second]Z");
    time::PrimitiveDateTime::parse(text, format).ok().map(time::PrimitiveDateTime::assume_utc)
}

fn verified(secret: &str, scope: &[&str], policy: &str, signature: &str) -> bool {
    let Ok(signature) = hex::decode(signature) else { return false };
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
        mac.update(part.as_bytes());
        key = mac.finalize().into_bytes().to_vec();
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
    mac.update(policy.as_bytes());
    // In constant time.
    mac.verify_slice(&signature).is_ok()
}

/// The headers that the fields stand for.
fn headers(fields: &Fields) -> S3Result<HeaderMap> {
    const PLAIN: [&str; 6] =
        ["cache-control", "content-type", "content-disposition", "content-encoding", "content-language", "expires"];
    const SIGNATURE: [&str; 4] = ["x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"];
    let mut headers = HeaderMap::new();
    for (name, value) in &fields.0 {
        let (name, value) = match name.as_str() {
            "acl" => ("x-amz-acl", value.clone()),
            "tagging" => ("x-amz-tagging", tags(value)?),
            name if PLAIN.contains(&name) || (name.starts_with("x-amz-") && !SIGNATURE.contains(&name)) => (name, value.clone()),
            _ => continue,
        };
        let invalid = || s3_error!(InvalidArgument, "The form's field {name} cannot be read as a header");
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
        headers.append(header, HeaderValue::from_bytes(value.as_bytes()).map_err(|_| invalid())?);
    }
    Ok(headers)
}

/// Tags of a form are a document; as a header they are a query.
fn tags(document: &str) -> S3Result<String> {
    use s3s::xml::{Deserialize as _, Deserializer};
    let tagging = Tagging::deserialize(&mut Deserializer::new(document.as_bytes()))
        .map_err(|_| s3_error!(MalformedXML, "The form's field tagging is no Tagging document"))?;
    let pairs = tagging.tag_set.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
    Ok(query::joined(&pairs.collect::<Vec<_>>()))
}

/// The file, held to the policy's bounds.
struct Bounded {
    file: Field<'static>,
    seen: u64,
    least: u64,
    most: u64,
    verdict: Arc<Mutex<Option<S3Error>>>,
}

impl Bounded {
    fn refuse(&self, code: S3ErrorCode, message: &str) -> Poll<Option<Result<Bytes, std::io::Error>>> {
        let error = S3Error::with_message(code, message.to_owned());
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        Poll::Ready(Some(Err(std::io::Error::other("the file's length is not within the policy's bounds"))))
    }
}

impl Stream for Bounded {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match std::task::ready!(Pin::new(&mut self.file).poll_next(context)) {
            Some(Ok(piece)) => {
                self.seen = self.seen.saturating_add(piece.len() as u64);
                if self.seen > self.most {
                    return self.refuse(S3ErrorCode::EntityTooLarge, "Your proposed upload exceeds the maximum allowed size");
                }
                Poll::Ready(Some(Ok(piece)))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(std::io::Error::other(StdError::from(error))))),
            None if self.seen < self.least => {
                self.refuse(S3ErrorCode::EntityTooSmall, "Your proposed upload is smaller than the minimum allowed size")
            }
            None => Poll::Ready(None),
        }
    }
}

/// The answer that the form asks for.
fn done(fields: &Fields, stored: &Response<Body>, location: &str, bucket: &str, key: &str) -> Response<Body> {
    let etag = stored.headers().get(header::ETAG).and_then(|etag| etag.to_str().ok()).unwrap_or_default();
    let mut response = Response::new(Body::empty());
    for name in ["etag", "x-depin-durability"] {
        if let Some(value) = stored.headers().get(name) {
            response.headers_mut().insert(HeaderName::from_static(name), value.clone());
        }
    }
    if let Ok(value) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    let redirect = fields.get("success_action_redirect").or_else(|| fields.get("redirect"));
    // A place that is no web address is read past, as S3 does.
    if let Some(place) = redirect.filter(|place| place.starts_with("http://") || place.starts_with("https://")) {
        let pairs = [("bucket", bucket), ("key", key), ("etag", etag)].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mark = if place.contains('?') { '&' } else { '?' };
        if let Ok(place) = HeaderValue::from_str(&format!("{place}{mark}{}", query::joined(&pairs))) {
            *response.status_mut() = StatusCode::SEE_OTHER;
            response.headers_mut().insert(header::LOCATION, place);
            return response;
        }
    }
    match fields.get("success_action_status") {
        Some("200") => {}
        Some("201") => {
            *response.status_mut() = StatusCode::CREATED;
            let [location, bucket, key, etag] = [location, bucket, key, etag].map(xml::text);
            *response.body_mut() = Body::from(format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><PostResponse><Location>{location}</Location><Bucket>{bucket}</Bucket>\
                 <Key>{key}</Key><ETag>{etag}</ETag></PostResponse>"
            ));
            response.headers_mut().insert(header::CONTENT_TYPE, errors_out::xml_type());
        }
        _ => *response.status_mut() = StatusCode::NO_CONTENT,
    }
    response
}
