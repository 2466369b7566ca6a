//! Whoever connects and says nothing keeps nobody from being answered.

#[allow(dead_code, reason = "a part of it is enough here")]
mod ledger;

use depin_client::{Client, SigningKey};
use depin_economy::Spec;
use depin_gateway_metered::{Config, Gateway};
use depin_networks::{Recipe, compose, network_file};
use depin_quantity::Name;
use depin_services::metered::MeteredParams;
use std::time::Duration;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

#[tokio::test]
async fn idle_and_half_sent_connections_keep_nobody_out() {
    let (folder, node) = (tempfile::tempdir().unwrap(), ledger::Node::start().await);
    let text = network_file("filecoin").unwrap();
    let name = Name::literal("tiles");
    let recipe = Recipe { name, service: "metered", emission: text, payment: text, stake: text, unit: Some("map tile") };
    let params = MeteredParams::read(&Spec::parse(&compose(&recipe).unwrap().toml).unwrap()).unwrap();
    let keys = [1, 2].map(|seed| SigningKey::from_seed(&[seed; 32]));
    let (config, client) = (Config::new(folder.path(), params), Client::new(&node.url).unwrap());
    let [customer, reporter] = keys;
    let gateway = Gateway::start(config, client, ledger::CHAIN, customer, reporter).await.unwrap();

    let mut strangers = Vec::new();
    for number in 0..700 {
        let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
        if number % 2 == 0 {
            stream.write_all(b"POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n[").await.unwrap();
        }
        strangers.push(stream);
    }
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
    for path in ["/health", "/v1/reports", "/metrics"] {
        let url = format!("http://{}{path}", gateway.address());
        let answer = http.get(url).bearer_auth(gateway.key()).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        if path == "/metrics" {
            let page = answer.text().await.unwrap();
            assert!(page.contains("depin_metering_http_connections{port=\"metering\"}"), "{page}");
        }
    }
    drop(strangers);
    gateway.stop().await;
}
