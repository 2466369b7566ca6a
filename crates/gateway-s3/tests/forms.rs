//! Uploads by forms.

mod kit;

use base64_simd::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use kit::{Answer, Kit, S3Client};
use sha2::Sha256;
use time::{OffsetDateTime, macros::format_description};

struct Form {
    conditions: String,
    fields: Vec<(String, String)>,
    minutes: i64,
    age_minutes: i64,
    secret: String,
}

impl Form {
    fn new(conditions: &str, fields: &[(&str, &str)]) -> Self {
        Self {
            conditions: conditions.to_owned(),
            fields: fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            minutes: 5,
            age_minutes: 0,
            secret: kit::SECRET.to_owned(),
        }
    }

    /// The signed form's body, from the public description of form uploads.
    fn body(&self, name: &str, file: &str) -> String {
        let made = OffsetDateTime::now_utc() - time::Duration::minutes(self.age_minutes);
        let until = OffsetDateTime::now_utc() + time::Duration::minutes(self.minutes);
        let stamp = made.format(format_description!("[year][month][day]T[hour][minute][second]Z")).unwrap();
        let until = until.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z")).unwrap();
        let scope = [&stamp[..8], "us-east-1", "s3", "aws4_request"];
        let credential = format!("{}/{}", kit::ACCESS, scope.join("/"));
        let policy = BASE64.encode_to_string(format!(
            "{{\"expiration\": \"{until}\", \"conditions\": [{}, {{\"x-amz-algorithm\": \"AWS4-HMAC-SHA256\"}}, \
             {{\"x-amz-credential\": \"{credential}\"}}, {{\"x-amz-date\": \"{stamp}\"}}]}}",
            self.conditions
        ));
        let sign = |key: &[u8], text: &str| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        };
        let key = scope.iter().fold(format!("AWS4{}", self.secret).into_bytes(), |key, part| sign(&key, part));
        let signature = hex::encode(sign(&key, &policy));
        let own = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &stamp),
            ("Policy", &policy),
            ("X-Amz-Signature", &signature),
        ];
        let fields = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(own);
        let fields: String = fields
            .map(|(name, value)| format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"))
            .collect();
        format!(
            "{fields}--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: text/plain\r\n\r\n{file}\r\n--XX--\r\n"
        )
    }

    async fn send(&self, kit: &Kit, bucket: &str, name: &str, file: &str) -> Answer {
        post(kit, bucket, self.body(name, file)).await
    }
}

async fn post(kit: &Kit, bucket: &str, body: String) -> Answer {
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = http.post(kit.s3.url(&format!("/{bucket}"), &[])).header("content-type", "multipart/form-data; boundary=XX");
    S3Client::answer(request.body(body)).await
}

const UP: &str = r#"{"bucket": "bucket"}, ["starts-with", "$key", "up/"]"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forms_file_names_its_key_and_answers_as_the_form_asks() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    let form = Form::new(UP, &[("key", "up/${filename}")]);
    for name in ["anna.txt", "bert.txt"] {
        let answer = form.send(&kit, "bucket", name, name).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
        assert!(answer.header("location").unwrap().ends_with(&format!("/bucket/up/{name}")));
    }
    kit.s3.expect("/bucket/up/anna.txt", b"anna.txt").await;
    kit.s3.expect("/bucket/up/bert.txt", b"bert.txt").await;

    let status = |status: &str| {
        let conditions = format!("{UP}, [\"eq\", \"$success_action_status\", \"{status}\"]");
        Form::new(&conditions, &[("key", "up/s"), ("success_action_status", status)])
    };
    assert_eq!(status("200").send(&kit, "bucket", "f", "x").await.status, 200);
    let created = status("201").send(&kit, "bucket", "f", "x").await;
    assert_eq!(
        (created.status, created.xml("Bucket").as_deref(), created.xml("Key").as_deref()),
        (201, Some("bucket"), Some("up/s"))
    );
    assert_eq!(status("404").send(&kit, "bucket", "f", "x").await.status, 204);

    let place = "https://app.example/done?id=1";
    let conditions = format!("{UP}, {{\"success_action_redirect\": \"{place}\"}}");
    let redirect = Form::new(&conditions, &[("key", "up/r"), ("success_action_redirect", place)]);
    let answer = redirect.send(&kit, "bucket", "f", "x").await;
    let location = answer.header("location").unwrap();
    assert!(
        answer.status == 303 && location.starts_with("https://app.example/done?id=1&bucket=bucket&key=up%2Fr&etag="),
        "{location}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forms_fields_mean_what_headers_mean() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    let conditions = format!(
        "{UP}, [\"starts-with\", \"$Content-Type\", \"image/\"], [\"starts-with\", \"$x-amz-meta-who\", \"\"], \
         [\"starts-with\", \"$tagging\", \"\"]"
    );
    let tagging = "<Tagging><TagSet><Tag><Key>a</Key><Value>1 &amp; 2</Value></Tag></TagSet></Tagging>";
    let fields = [("key", "up/k"), ("Content-Type", "image/png"), ("x-amz-meta-who", "anna"), ("tagging", tagging)];
    assert_eq!(Form::new(&conditions, &fields).send(&kit, "bucket", "f", "x").await.status, 204);
    let got = kit.s3.head("/bucket/up/k").await;
    assert_eq!((got.header("content-type"), got.header("x-amz-meta-who")), (Some("image/png"), Some("anna")));
    assert_eq!(got.header("x-amz-tagging-count"), Some("1"));
    let public = Form::new(&format!("{UP}, {{\"acl\": \"public-read\"}}"), &[("key", "up/p"), ("acl", "public-read")]);
    public.send(&kit, "bucket", "f", "x").await.failed(400, "AccessControlListNotSupported");
    kit.s3.get("/bucket/up/p").await.failed(404, "NoSuchKey");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_that_their_policy_does_not_allow_store_nothing() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    kit.s3.make_bucket("other").await;
    let form = || Form::new(UP, &[("key", "up/k")]);
    form().send(&kit, "other", "f", "x").await.failed(403, "AccessDenied");
    Form::new(UP, &[("key", "down/k")]).send(&kit, "bucket", "f", "x").await.failed(403, "AccessDenied");
    Form::new(UP, &[("key", "up/k"), ("x-amz-meta-a", "1")]).send(&kit, "bucket", "f", "x").await.failed(403, "AccessDenied");
    Form::new(UP, &[]).send(&kit, "bucket", "f", "x").await.failed(403, "AccessDenied");
    Form { minutes: -1, ..form() }.send(&kit, "bucket", "f", "x").await.failed(403, "AccessDenied");
    Form { age_minutes: 8 * 24 * 60, ..form() }.send(&kit, "bucket", "f", "x").await.failed(403, "AccessDenied");
    Form { secret: "wrong".to_owned(), ..form() }.send(&kit, "bucket", "f", "x").await.failed(403, "SignatureDoesNotMatch");
    let bounded = Form::new(&format!("{UP}, [\"content-length-range\", 2, 4]"), &[("key", "up/k")]);
    bounded.send(&kit, "bucket", "f", "x").await.failed(400, "EntityTooSmall");
    bounded.send(&kit, "bucket", "f", "xxxxx").await.failed(400, "EntityTooLarge");
    post(&kit, "bucket", "--XX\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n--XX--\r\n".to_owned())
        .await
        .failed(400, "InvalidArgument");
    let open = "--XX\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n\
                --XX\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--XX--\r\n";
    post(&kit, "bucket", open.to_owned()).await.failed(403, "AccessDenied");
    let long = format!("--XX\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n{}\r\n--XX--\r\n", "k".repeat(30_000));
    post(&kit, "bucket", long).await.failed(400, "MaxPostPreDataLengthExceeded");
    post(&kit, "bucket", "--YY".to_owned()).await.failed(400, "MalformedPOSTRequest");
    assert_eq!(kit.handle().status().await.unwrap().objects, 0);
    // A form that was made an hour ago and whose policy goes on is as good as new.
    assert_eq!(Form { age_minutes: 60, ..form() }.send(&kit, "bucket", "f", "x").await.status, 204);
    assert_eq!(bounded.send(&kit, "bucket", "f", "xxx").await.status, 204);
}
