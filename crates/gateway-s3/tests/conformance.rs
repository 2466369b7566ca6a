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

/// Every line of the page, asked of a running gateway.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_answers_as_the_page_says() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    kit.s3.put("/bucket/key", "x").await.ok();
    let page = depin_gateway_s3::conformance();
    let (mut refused, mut unset) = (0, 0);
    for line in page.lines().filter(|line| line.contains(" | `") && !line.contains("PostObject")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        // The last table has no operations.
        let [name, request, verdict] = cells.as_slice() else { continue };
        let (method, target) = request.trim_matches('`').split_once(' ').unwrap();
        let target = target.split(' ').next().unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query: Vec<(&str, &str)> =
            query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "1"))).collect();
        if verdict.starts_with("supported") {
            continue;
        }
        let answer = kit.s3.send(Method::from_bytes(method.as_bytes()).unwrap(), path, &query, &[], "").await;
        let code = verdict.split('`').nth(1);
        assert_eq!(answer.xml("Code").as_deref(), code, "{name}: {}", answer.text());
        match (verdict.starts_with("refused"), code) {
            (true, _) => {
                assert!(
                    answer.status >= 400 && answer.text().contains(*name),
                    "{name} is refused by its name: {}",
                    answer.text()
                );
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
