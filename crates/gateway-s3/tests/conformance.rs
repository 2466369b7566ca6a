//! The page of what is supported, and the gateway, say the same.

mod kit;

use kit::Kit;
use reqwest::Method;

fn page() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/s3.md")
}

#[test]
fn the_page_is_what_the_tables_say() {
    let written = depin_gateway_s3::conformance();
    if std::env::var_os("DEPIN_WRITE_DOCS").is_some() {
        std::fs::write(page(), &written).unwrap();
    }
    let kept = std::fs::read_to_string(page()).unwrap_or_default();
    assert!(kept == written, "docs/s3.md is not what the tables say; write it with DEPIN_WRITE_DOCS=1");
}

/// The operations that the page names: name, method, path, query and header of a request, verdict.
struct Row<'a> {
    name: &'a str,
    method: Method,
    path: &'a str,
    query: Vec<(&'a str, &'a str)>,
    header: Option<&'a str>,
    verdict: &'a str,
}

fn rows(page: &str) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for line in page.lines().filter(|line| line.contains(" | `") && !line.contains("PostObject")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        // The last table has no operations.
        let [name, request, verdict] = cells.as_slice() else { continue };
        let (method, target) = request.trim_matches('`').split_once(' ').unwrap();
        let (target, header) = target.split_once(" with ").map_or((target, None), |(target, header)| (target, Some(header)));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query =
            query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "1"))).collect();
        rows.push(Row { name, method: Method::from_bytes(method.as_bytes()).unwrap(), path, query, header, verdict });
    }
    rows
}

/// Every line of the page that is no support, asked of a running gateway.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_answers_as_the_page_says() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    kit.s3.put("/bucket/key", "x").await.ok();
    let page = depin_gateway_s3::conformance();
    let (mut refused, mut unset) = (0, 0);
    for Row { name, method, path, query, verdict, .. } in rows(&page) {
        if verdict.starts_with("supported") {
            continue;
        }
        let answer = kit.s3.send(method, path, &query, &[], "").await;
        let code = verdict.split('`').nth(1);
        assert_eq!(answer.xml("Code").as_deref(), code, "{name}: {}", answer.text());
        match (verdict.starts_with("refused"), code) {
            (true, _) => {
                assert!(answer.status >= 400 && answer.text().contains(name), "{name} is refused by its name: {}", answer.text());
                refused += 1;
            }
            (false, None) => assert_eq!(answer.status, 200, "{name}"),
            (false, Some(_)) => unset += 1,
        }
    }
    assert!(refused > 40 && unset > 10, "{refused} refused, {unset} without a setting");
    kit.s3.expect("/bucket/key", b"x").await;
    kit.s3.send(Method::GET, "/nowhere", &[("policy", "")], &[], "").await.failed(404, "NoSuchBucket");
    kit.s3.send(Method::GET, "/bucket/nothing", &[("acl", "")], &[], "").await.failed(404, "NoSuchKey");
}

/// What is called supported reaches code of its own: a request for it may lack something, it is never unknown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_the_page_calls_supported_is_not_implemented() {
    let kit = Kit::start(3).await;
    let page = depin_gateway_s3::conformance();
    let mut supported = 0;
    for Row { name, method, path, query, header, verdict } in rows(&page) {
        if !verdict.starts_with("supported") {
            continue;
        }
        kit.s3.send(Method::PUT, "/bucket", &[], &[], "").await.ok();
        kit.s3.put("/bucket/key", "x").await.ok();
        let headers: Vec<(&str, &str)> = header.iter().map(|header| (*header, "/bucket/key")).collect();
        let answer = kit.s3.send(method, path, &query, &headers, "").await;
        assert!(answer.status < 500 && answer.status != 405, "{name}: {} {}", answer.status, answer.text());
        supported += 1;
    }
    assert!(supported > 30, "{supported}");
}
