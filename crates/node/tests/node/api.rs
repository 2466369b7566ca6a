//! Every endpoint over real HTTP, the form of every error, and the API's description of itself.

use crate::common::{FIL, World, error_code, key, name, transfer};
use depin_client::api::{DealQuery, DealStage, EventQuery, QuoteQuery, code};
use depin_economy::Action;
use depin_ledger::Message;
use depin_quantity::{Decimal18, Measured, Units};
use depin_services::storage::{
    Ask, Proposal, StorageMessage,
    piece::{Commitment, PieceSize},
};
use futures::StreamExt as _;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::collections::BTreeSet;

fn ask(price: u128) -> Ask {
    Ask {
        price: Units::new(price),
        verified_price: Units::new(price),
        piece_min: PieceSize::MIN,
        piece_max: PieceSize::new(32 << 30).unwrap(),
        term_min: 1,
        term_max: 2_000_000,
        open: true,
    }
}

fn register(n: u8, price: u128) -> Message {
    Message::service(StorageMessage::RegisterProvider {
        name: name(&format!("provider-{n}")),
        url: format!("http://127.0.0.1:{}", 9_000 + u16::from(n)),
        capacity: 1 << 50,
        ask: ask(price),
    })
}

fn proposal(provider: u8, label: &str) -> Proposal {
    Proposal {
        provider: key(provider).address(),
        piece: Commitment::new([1; 32]).unwrap(),
        size: PieceSize::new(1 << 20).unwrap(),
        price: Units::new(1_000_000_000),
        term: 1_000_000,
        start_within: 200,
        verified: false,
        label: label.to_owned(),
    }
}

#[tokio::test]
async fn status_health_and_blocks_agree() {
    let world = World::start().await;
    world.send(&key(1), transfer(key(2).address(), 1)).await;
    world.client.health().await.unwrap();
    let status = world.client.status().await.unwrap();
    assert_eq!(
        (status.chain_id, status.network, status.speed, status.format),
        (name("test-chain"), name("filecoin"), 1, depin_ledger::FORMAT)
    );
    assert!(status.height > 0 && !status.base_fee.units.is_zero());
    let block = world.client.block(status.height).await.unwrap().unwrap();
    assert_eq!((&block.state_root, &block.receipts_root), (&status.state_root, &status.receipts_root));
    assert_eq!((block.summary.time.ms, block.summary.time.text.as_str()), (status.time_ms, status.time.as_str()));
    // All blocks, page by page, newest first and linked.
    let (mut after, mut all): (Option<String>, Vec<_>) = (None, Vec::new());
    loop {
        let page = world.client.blocks(after.as_deref(), Some(2)).await.unwrap();
        all.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let heights: Vec<u64> = all.iter().map(|block| block.height).collect();
    assert_eq!(heights, (0..=all[0].height).rev().collect::<Vec<_>>());
    let first = world.client.block(1).await.unwrap().unwrap();
    assert_eq!(first.parent, all[all.len() - 1].digest);
    assert!(first.summary.events > 0, "the first block funds the accounts");
    assert_eq!(world.client.block(1_000_000).await.unwrap(), None);
}

#[tokio::test]
async fn accounts_come_in_pages_and_unknown_ones_have_zeros() {
    let world = World::start().await;
    let (mut after, mut all): (Option<String>, Vec<_>) = (None, Vec::new());
    loop {
        let page = world.client.accounts(after.as_deref(), Some(1)).await.unwrap();
        all.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let whole = world.client.accounts(None, None).await.unwrap();
    assert_eq!((whole.items, whole.next), (all.clone(), None));
    for n in 1..=4 {
        let entry = all.iter().find(|entry| entry.address == key(n).address()).unwrap();
        assert_eq!(
            (entry.name.as_deref(), entry.balances[0].units),
            (Some(format!("account-{n}").as_str()), Units::new(1_000 * FIL))
        );
    }
    let nobody = world.client.account(key(77).address()).await.unwrap();
    assert!(nobody.balances.iter().all(|amount| amount.units.is_zero()) && nobody.nonce == 0 && nobody.datacap == 0);
}

#[tokio::test]
async fn supply_adds_up_and_the_audit_agrees() {
    let world = World::start().await;
    world.send(&key(1), transfer(key(2).address(), 1)).await;
    let supply = world.client.supply().await.unwrap();
    let fil = supply.tokens.iter().find(|token| token.token == name("FIL")).unwrap();
    let parts: u128 = fil.parts.iter().map(|part| part.amount.units.get()).sum();
    assert_eq!(parts, fil.minted.units.get() - fil.burned.units.get());
    assert!(!fil.burned.units.is_zero(), "a base fee was burnt");
    let audit = world.client.audit().await.unwrap();
    assert_eq!((audit.ok, audit.violations), (true, vec![]));
    assert_eq!((&audit.totals[0].minted, &audit.totals[0].burned), (&fil.minted, &fil.burned));
    assert_eq!(audit.totals[0].held.units.get(), parts);
}

#[tokio::test]
async fn a_committee_of_one_says_that_it_draws_lots_alone_and_takes_randomness_from_outside() {
    let alone = World::start().await;
    alone.send(&key(1), transfer(key(2).address(), 1)).await;
    let chance = alone.client.status().await.unwrap().chance.expect("every chain says");
    assert!(chance.steered && chance.by == "proposer" && chance.alone == chance.round && chance.reporter.is_none());
    assert!(chance.message.contains("whoever runs it can steer lots and challenges"), "{}", chance.message);

    let reporter = depin_ledger::Reporter { account: key(3).address(), late_ms: 3_600_000 };
    let world = World::start_with(|config| config.genesis.randomness = Some(reporter)).await;
    let value = depin_quantity::Seed::new([9; 32]);
    for round in 5..=6 {
        let posted = world.send(&key(3), Message::ReportRandomness { round, value }).await;
        assert!(posted.receipt.is_some_and(|receipt| receipt.failure.is_none()), "{round}");
        // It is mixed in by the block after.
        world.send(&key(1), transfer(key(2).address(), 1)).await;
    }
    let chance = world.client.status().await.unwrap().chance.unwrap();
    assert_eq!((chance.by.as_str(), chance.steered, chance.alone, chance.round), ("outside", false, 0, 2));
    assert_eq!(chance.reporter, Some(key(3).address().to_string()));
    let report = chance.report.unwrap();
    assert_eq!((report.round, report.value, report.mixed), (6, value, true));
}

#[tokio::test]
async fn prices_datacap_and_the_network_are_shown() {
    let world = World::start().await;
    let before = world.client.prices().await.unwrap();
    assert!(before.prices.iter().all(|entry| entry.stale && entry.price.is_none()));
    let price = Decimal18::parse("4.25").unwrap();
    world.send(&key(2), Message::Act(Action::ReportPrice { pair: name("FIL-USD"), price })).await;
    world
        .send(
            &key(1),
            Message::Act(Action::GrantAllowance { kind: name("datacap"), to: key(3).address(), amount: Measured::new(1 << 40) }),
        )
        .await;
    let prices = world.client.prices().await.unwrap();
    let entry = &prices.prices[0];
    assert_eq!((entry.pair, entry.price.as_deref(), entry.stale), (name("FIL-USD"), Some("4.25"), false));
    assert_eq!(entry.reporters, ["account-2"]);
    assert_eq!(world.client.account(key(3).address()).await.unwrap().datacap, 1 << 40);
    let network = world.client.network().await.unwrap();
    assert_eq!((network.network, network.variant.as_str()), (name("filecoin"), "document"));
    let row = network.rows.iter().find(|row| row.section == "clock" && row.name == "epoch.every").unwrap();
    assert!(row.value == "30s" && !row.source.is_empty());
    assert_eq!(network.parameters["token"][0]["id"], "FIL");
}

#[tokio::test]
async fn providers_deals_and_quotes_are_shown() {
    let world = World::start().await;
    let refused =
        world.client.storage().quote(&QuoteQuery { size_bytes: 1, term_epochs: 600_000, copies: None }).await.unwrap_err();
    assert_eq!(refused.code(), Some("no-providers"));
    for (n, price) in [(2, 3_000_000_000), (3, 1_000_000_000), (4, 2_000_000_000)] {
        assert_eq!(world.send(&key(n), register(n, price)).await.receipt.unwrap().failure, None);
    }
    let list = world.client.storage().all_providers(10).await.unwrap();
    assert_eq!((list.items.len(), list.next, list.totals.providers), (3, None, 3));
    let first = world.client.storage().providers(None, Some(2)).await.unwrap();
    assert_eq!((&first.items[..], first.next), (&list.items[..2], Some(list.items[1].address)));
    let rest = world.client.storage().providers(first.next, Some(2)).await.unwrap();
    assert_eq!((&rest.items[..], rest.next), (&list.items[2..], None));
    assert_eq!(world.client.storage().all_providers(2).await.unwrap().next, first.next, "there are more than were asked for");
    let long = world.client.storage().providers(None, Some(1_001)).await.unwrap_err();
    assert!(long.to_string().contains("1000"), "{long}");
    let provider = world.client.storage().provider(key(3).address()).await.unwrap().unwrap();
    assert_eq!((provider.name, provider.ask.price.units), (name("provider-3"), Units::new(1_000_000_000)));
    assert_eq!(world.client.storage().provider(key(9).address()).await.unwrap(), None);

    let proposals = vec![proposal(3, "first"), proposal(3, "second"), proposal(4, "third")];
    let proposed = world.send(&key(1), Message::service(StorageMessage::ProposeDeals(proposals))).await.receipt.unwrap();
    assert_eq!(proposed.failure, None);
    let by = |client: Option<u8>, provider: Option<u8>, state| DealQuery {
        client: client.map(|n| key(n).address()),
        provider: provider.map(|n| key(n).address()),
        state,
        ..DealQuery::default()
    };
    let count = async |query: DealQuery| world.client.storage().all_deals(query).await.unwrap().len();
    assert_eq!(count(by(Some(1), None, None)).await, 3);
    assert_eq!(count(by(None, Some(3), None)).await, 2);
    assert_eq!(count(by(Some(1), Some(4), Some(DealStage::Proposed))).await, 1);
    assert_eq!(count(by(Some(2), None, None)).await, 0);
    assert_eq!(count(DealQuery { limit: Some(1), ..by(None, None, None) }).await, 3);
    let deal = world.client.storage().deals(&by(None, Some(4), None)).await.unwrap().items.remove(0);
    assert_eq!((deal.label.as_str(), deal.state, deal.client), ("third", DealStage::Proposed, key(1).address()));
    assert_eq!(deal.escrow.as_ref().unwrap().units, Units::new(1_000_000 * 1_000_000_000));
    assert_eq!(world.client.storage().deal(deal.id).await.unwrap(), Some(deal.clone()));
    let reason = "no room today".to_owned();
    world.send(&key(4), Message::service(StorageMessage::RefuseDeals { deals: vec![deal.id], reason: reason.clone() })).await;
    let deal = world.client.storage().deal(deal.id).await.unwrap().unwrap();
    assert_eq!((deal.state, deal.reason, deal.escrow), (DealStage::Refused, Some(reason), None));
    assert!(world.client.storage().sets(None).await.unwrap().items.is_empty());
    assert!(world.client.storage().faults(Some(key(3).address())).await.unwrap().items.is_empty());

    // A deal's history, by the deal.
    let about = EventQuery { subject: Some(deal.id), ..EventQuery::default() };
    let kinds: Vec<String> = world.client.events(&about).await.unwrap().items.into_iter().map(|event| event.kind).collect();
    for kind in ["deal-proposed", "escrow-opened", "deal-closed"] {
        assert!(kinds.iter().any(|k| k == kind), "{kind} in {kinds:?}");
    }

    let query = QuoteQuery { size_bytes: 2 * (127 << 17), term_epochs: 600_000, copies: None };
    let quote = world.client.storage().quote(&query).await.unwrap();
    assert_eq!((quote.stored_bytes, quote.cost_usd), (3 * (128 << 17), None));
    assert_eq!(quote.overhead, "0.511811");
    // floor(price * 2^24 / 2^30) per provider and epoch.
    let per_epoch: u128 = [1_000_000_000u128, 2_000_000_000, 3_000_000_000].iter().map(|price| price / 64).sum();
    assert_eq!(quote.cost.units, Units::new(per_epoch * 600_000));
    assert_eq!(quote.providers[0], key(3).address());
    world.send(&key(2), Message::Act(Action::ReportPrice { pair: name("FIL-USD"), price: Decimal18::parse("4").unwrap() })).await;
    assert!(world.client.storage().quote(&query).await.unwrap().cost_usd.is_some());
    for wrong in [QuoteQuery { size_bytes: 0, ..query.clone() }, QuoteQuery { term_epochs: 0, ..query.clone() }] {
        assert_eq!(world.client.storage().quote(&wrong).await.unwrap_err().code(), Some(code::BAD_REQUEST));
    }
}

#[tokio::test]
async fn events_come_in_pages_by_account_and_kind() {
    let world = World::start().await;
    for _ in 0..3 {
        world.send(&key(1), transfer(key(2).address(), 1)).await;
    }
    let (mut query, mut all) = (EventQuery { limit: Some(2), ..EventQuery::default() }, Vec::new());
    loop {
        let page = world.client.events(&query).await.unwrap();
        all.extend(page.items);
        match page.next {
            Some(next) => query.from = Some(next.parse().unwrap()),
            None => break,
        }
    }
    let positions: Vec<u64> = all.iter().map(|event| event.position).collect();
    assert_eq!(positions, (0..all.len() as u64).collect::<Vec<_>>());
    let me = key(2).address();
    let mine = world.client.events(&EventQuery { account: Some(me), ..EventQuery::default() }).await.unwrap().items;
    assert!(mine.len() >= 3 && mine.iter().all(|event| event.accounts.contains(&me)));
    let postings =
        world.client.events(&EventQuery { kind: Some("posting".to_owned()), ..EventQuery::default() }).await.unwrap().items;
    assert_eq!(postings, all.iter().filter(|event| event.kind == "posting").cloned().collect::<Vec<_>>());
    let transfers = postings.iter().filter(|event| event.event["event"]["reason"] == "transfer" && event.transaction.is_some());
    assert_eq!(transfers.count(), 3);
}

#[tokio::test]
async fn a_stream_of_events_follows_without_gaps_from_any_position() {
    let world = World::start().await;
    world.send(&key(1), transfer(key(2).address(), 1)).await;
    let mut from_start = world.client.follow(EventQuery { from: Some(0), ..EventQuery::default() });
    let only =
        EventQuery { from: Some(0), kind: Some("posting".to_owned()), account: Some(key(3).address()), ..EventQuery::default() };
    let mut filtered = world.client.follow(only);
    let mut last = world.send(&key(1), transfer(key(3).address(), 1)).await;
    for _ in 0..4 {
        last = world.send(&key(1), transfer(key(3).address(), 1)).await;
    }
    let end = last.receipt.unwrap().height;
    let mut positions = Vec::new();
    while let Some(event) = from_start.next().await {
        let event = event.unwrap();
        positions.push(event.position);
        if event.height >= end {
            break;
        }
    }
    assert_eq!(positions, (0..positions.len() as u64).collect::<Vec<_>>());
    for _ in 0..6 {
        let event = filtered.next().await.unwrap().unwrap();
        assert_eq!(event.kind, "posting");
        assert!(event.accounts.contains(&key(3).address()));
    }
    // As a browser comes back.
    let url = format!("{}/v1/events/stream?from=0", world.node.api_url());
    let mut response = world.http.get(url).header("last-event-id", "7").send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    while !text.contains("data:") {
        text += std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap();
    }
    assert!(text.contains("id: 8\n") && !text.contains("id: 6\n"), "{text}");
}

/// The operator's kit asks for no figure of a node that no node has. Those of providers a test of theirs looks at.
#[tokio::test]
async fn the_dashboard_and_the_alerts_ask_for_figures_that_there_are() {
    let world = World::start().await;
    world.send(&key(1), transfer(key(2).address(), 1)).await;
    let page = world.client.metrics().await.unwrap();
    let kit = [include_str!("../../../../deploy/grafana/depin.json"), include_str!("../../../../deploy/prometheus/alerts.yml")]
        .concat();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let asked: BTreeSet<&str> = kit.split(|c| !word(c)).filter(|name| name.starts_with("depin_")).collect();
    let own: Vec<&&str> = asked.iter().filter(|name| !name.starts_with("depin_provider_")).collect();
    assert!(own.len() >= 10, "{own:?}");
    for name in own {
        let there = page.lines().any(|line| line.strip_prefix(*name).is_some_and(|rest| rest.starts_with(['{', ' '])));
        assert!(there, "no node has {name}:\n{page}");
    }
}

#[tokio::test]
async fn metrics_tell_what_happens() {
    let world = World::start().await;
    world.send(&key(1), transfer(key(2).address(), 1)).await;
    world.send(&key(1), transfer(key(2).address(), 9_000 * FIL)).await;
    world.post_bytes(&[1, 2, 3]).await;
    let page = world.client.metrics().await.unwrap();
    let value = |name: &str| {
        let line = page.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {page}"));
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert!(value("depin_height ") >= 2.0);
    assert!(value("depin_ledger_time_seconds ") > 1.79e9);
    assert_eq!(value("depin_transactions_total{action=\"transfer\",outcome=\"done\"}"), 1.0);
    assert_eq!(value("depin_transactions_total{action=\"transfer\",outcome=\"failed\"}"), 1.0);
    assert_eq!(value("depin_transactions_refused_total{code=\"malformed\"}"), 1.0);
    assert!(value("depin_work_units_total ") > 0.0);
    assert!(value("depin_block_run_seconds_count ") >= 2.0);
    assert!(value("depin_supply_minted{token=\"FIL\"}") > value("depin_supply_burned{token=\"FIL\"}"));
    for name in ["depin_pool_transactions ", "depin_index_lag_receipts ", "depin_storage_sectors_faulty "] {
        value(name);
    }
}

#[tokio::test]
async fn every_error_has_the_same_form() {
    let world = World::start().await;
    let unknown_id = "ab".repeat(32);
    let cases = [
        ("/", 404, code::NOT_FOUND),
        ("/v2/status", 404, code::NOT_FOUND),
        ("/v1/status/", 404, code::NOT_FOUND),
        ("/v1/accounts/depin1nobody", 400, code::BAD_REQUEST),
        ("/v1/accounts/%ff%fe", 400, code::BAD_REQUEST),
        ("/v1/accounts?limit=0", 400, code::BAD_REQUEST),
        ("/v1/accounts?limit=1001", 400, code::BAD_REQUEST),
        ("/v1/accounts?limit=-1", 400, code::BAD_REQUEST),
        ("/v1/accounts?after=x", 400, code::BAD_REQUEST),
        ("/v1/accounts?limt=5", 400, code::BAD_REQUEST),
        ("/v1/events?since=5", 400, code::BAD_REQUEST),
        ("/v1/storage/deals?owner=me", 400, code::BAD_REQUEST),
        ("/v1/blocks/x", 400, code::BAD_REQUEST),
        ("/v1/blocks/-1", 400, code::BAD_REQUEST),
        ("/v1/blocks/99999999", 404, code::NOT_FOUND),
        ("/v1/blocks?limit=101", 400, code::BAD_REQUEST),
        ("/v1/transactions/xyz", 400, code::BAD_REQUEST),
        (&format!("/v1/transactions/{unknown_id}"), 404, code::NOT_FOUND),
        ("/v1/events?from=minus", 400, code::BAD_REQUEST),
        ("/v1/events?kind=", 400, code::BAD_REQUEST),
        ("/v1/events?kind=typo", 400, code::BAD_REQUEST),
        ("/v1/events?kind=posting,deal-activate", 400, code::BAD_REQUEST),
        ("/v1/events/stream?kind=order-opened", 400, code::BAD_REQUEST),
        ("/v1/events?deal=12", 400, code::BAD_REQUEST),
        ("/v1/events?subject=12", 400, code::BAD_REQUEST),
        ("/v1/events/stream?account=me", 400, code::BAD_REQUEST),
        ("/v1/storage/deals?state=sleeping", 400, code::BAD_REQUEST),
        (&format!("/v1/storage/deals/{unknown_id}"), 404, code::NOT_FOUND),
        ("/v1/storage/sets?after=x", 400, code::BAD_REQUEST),
        ("/v1/storage/quote", 400, code::BAD_REQUEST),
        ("/v1/storage/quote?size_bytes=1&term_epochs=600000&copies=9-of-3", 400, code::BAD_REQUEST),
    ];
    for (path, status, code) in cases {
        let (got, answer) = world.get(path).await;
        assert_eq!((got.as_u16(), error_code(&answer).as_str()), (status, code), "{path}: {answer}");
    }
    let (_, answer) = world.get("/v1/events?kind=typo").await;
    let (said, hint) = (answer["error"]["message"].as_str().unwrap(), answer["error"]["hint"].as_str().unwrap());
    assert!(said.contains("`typo` is no kind of event"), "{answer}");
    for known in ["economy", "storage", "posting", "deal-activated"] {
        assert!(hint.split([' ', ',']).any(|kind| kind == known), "{known}: {hint}");
        assert_eq!(world.get(&format!("/v1/events?kind={known}")).await.0, StatusCode::OK);
    }
    for (method, path) in [
        (Method::POST, "/v1/status"),
        (Method::DELETE, "/v1/accounts"),
        (Method::GET, "/v1/transactions"),
        (Method::PUT, "/health"),
    ] {
        let (got, answer) = world.call(method, path, None).await;
        assert_eq!((got, error_code(&answer).as_str()), (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"), "{path}");
    }
    let url = format!("{}/v1/events/stream", world.node.api_url());
    let response = world.http.get(url).header("last-event-id", "seven").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(error_code(&response.json::<Value>().await.unwrap()), code::BAD_REQUEST);
}

/// Every described path answers, everything that answers is described, and every name in the description resolves.
#[tokio::test]
async fn the_description_is_the_api() {
    let world = World::start().await;
    let api = world.client.openapi().await.unwrap();
    let paths = api["paths"].as_object().unwrap();
    let expected: BTreeSet<&str> = [
        "/health",
        "/metrics",
        "/openapi.json",
        "/v1/status",
        "/v1/content",
        "/v1/accounts",
        "/v1/accounts/{address}",
        "/v1/accounts/{address}/days",
        "/v1/accounts/{address}/rewards",
        "/v1/transactions",
        "/v1/transactions/batch",
        "/v1/transactions/{id}",
        "/v1/events",
        "/v1/events/stream",
        "/v1/blocks",
        "/v1/blocks/{height}",
        "/v1/supply",
        "/v1/prices",
        "/v1/network",
        "/v1/audit",
        "/v1/storage/providers",
        "/v1/storage/providers/{address}",
        "/v1/storage/providers/{address}/absence",
        "/v1/storage/deals",
        "/v1/storage/deals/{id}",
        "/v1/storage/sets",
        "/v1/storage/faults",
        "/v1/storage/quote",
    ]
    .into();
    assert_eq!(paths.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected);
    for (path, operations) in paths {
        let path =
            path.replace("{address}", &key(1).address().to_string()).replace("{id}", &"00".repeat(32)).replace("{height}", "1");
        for method in operations.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let url = format!("{}{path}", world.node.api_url());
            let response = world.http.request(method.clone(), url).send().await.unwrap();
            assert_ne!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert!(response.status().as_u16() < 500, "{method} {path}: {}", response.status());
            assert_eq!(response.headers()["access-control-allow-origin"], "*");
        }
    }
    let schemas = api["components"]["schemas"].as_object().unwrap();
    let mut references = Vec::new();
    collect_references(&api, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        assert!(schemas.contains_key(name), "{reference}");
    }
}

fn collect_references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                match value {
                    Value::String(target) if field == "$ref" => into.push(target.clone()),
                    value => collect_references(value, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, into)),
        _ => {}
    }
}
