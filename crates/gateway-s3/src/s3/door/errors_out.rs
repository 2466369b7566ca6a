//! What every answer gets on its way out.

use super::{cors, xml};
use hyper::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderValue},
};
use s3s::Body;

/// The type of documents.
pub(super) fn xml_type() -> HeaderValue {
    HeaderValue::from_static("application/xml")
}

/// What is remembered of a request for its answer.
pub(super) struct Asked {
    method: Method,
    path: String,
    id: String,
    host_id: String,
    from_browser: bool,
}

impl Asked {
    pub(super) fn of(request: &Request<Body>) -> Self {
        let host_id = base64_simd::STANDARD.encode_to_string(rand::random::<[u8; 24]>());
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            id: hex::encode_upper(rand::random::<[u8; 8]>()),
            host_id,
            from_browser: request.headers().contains_key(header::ORIGIN),
        }
    }
}

/// Gives an answer its ids, mends its XML, opens it to browsers, and writes the one line of a refusal.
pub(super) fn finish(mut response: Response<Body>, asked: &Asked) -> Response<Body> {
    let status = response.status();
    let is_xml = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/xml");
    // Only documents made here are held in memory; an object's content, whatever its type, is a stream.
    let document = response.body().bytes().filter(|_| is_xml).and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
    let mut code = String::new();
    if let Some(document) = document {
        let mut document = xml::safe(&document).into_owned();
        if let Some(end) = document.rfind("</Error>").filter(|_| status.as_u16() >= 400) {
            code = element(&document, "Code").unwrap_or_default().to_owned();
            if element(&document, "Message").is_none() {
                document.insert_str(end, &format!("<Message>{}</Message>", xml::text(&said(&code))));
            }
            let end = document.rfind("</Error>").unwrap_or(end);
            let resource = xml::text(&asked.path);
            let (id, host) = (&asked.id, &asked.host_id);
            let ids = format!("<Resource>{resource}</Resource><RequestId>{id}</RequestId><HostId>{host}</HostId>");
            document.insert_str(end, &ids);
        }
        *response.body_mut() = Body::from(document);
    }
    let headers = response.headers_mut();
    for (name, value) in [("x-amz-request-id", &asked.id), ("x-amz-id-2", &asked.host_id)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    if asked.from_browser {
        cors::open(headers);
    }
    let (method, path, id) = (&asked.method, &asked.path, &asked.id);
    if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
        tracing::warn!(%method, path, status = status.as_u16(), code, request = id, "a request failed");
    } else if status.is_client_error() || status == StatusCode::NOT_IMPLEMENTED {
        tracing::info!(%method, path, status = status.as_u16(), code, request = id, "a request was refused");
    }
    response
}

/// What S3 says with a code where nothing more is known; `s3s` refuses some requests with a code alone.
fn said(code: &str) -> String {
    match code {
        "MalformedXML" => "The XML you provided was not well-formed or did not validate against our published schema".to_owned(),
        "InvalidBucketName" => "The specified bucket is not valid: a name has 3 to 63 lower-case letters, digits, dots and \
                                hyphens, begins and ends with a letter or digit, and is no IP address"
            .to_owned(),
        "InvalidURI" => "Couldn't parse the specified URI".to_owned(),
        "NotImplemented" => "What the request asks for is not implemented".to_owned(),
        code => format!("The request cannot be answered ({code})"),
    }
}

fn element<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let start = document.find(&open)? + open.len();
    let end = document[start..].find(&close)?;
    Some(&document[start..start + end])
}

/// Where a signature says for which region it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    /// In the `Authorization` header.
    Header,
    /// In the URL.
    Url,
    /// In a form's fields.
    Form,
}

/// S3's answer to a signature for another region, such as the `US` of old clients: they sign anew for its `Region`.
pub(super) fn other_region(place: Credential, asked: &str, here: &str) -> Response<Body> {
    let (asked, here) = (xml::text(asked), xml::text(here));
    let (code, what) = match place {
        Credential::Header => ("AuthorizationHeaderMalformed", "The authorization header is malformed"),
        Credential::Url | Credential::Form => {
            ("AuthorizationQueryParametersError", "Error parsing the X-Amz-Credential parameter")
        }
    };
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{what}; the region '{asked}' is wrong; \
         expecting '{here}'</Message><Region>{here}</Region></Error>"
    );
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(header::CONTENT_TYPE, xml_type());
    response
}
