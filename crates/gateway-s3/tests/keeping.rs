//! Deals over time, and bad days.

mod kit;

use futures::future::join_all;
use kit::{Behaviour, Kit, noise};
use reqwest::Method;
use std::{collections::BTreeSet, time::Duration};

const DAY: u64 = 86_400_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stored_objects_get_their_deals_in_the_background() {
    let kit = Kit::start(5).await;
    kit.s3.make_bucket("deals").await;
    let bytes = noise(1, 600_000);
    kit.s3.put("/deals/o", bytes.clone()).await.ok();
    assert_eq!(kit.s3.head("/deals/o").await.header("x-depin-durability"), Some("stored, deal pending (0 of 9 deals active)"));
    assert_eq!(kit.handle().keep().await.proposed, 9);
    kit.settle().await;
    let secured = kit.s3.head("/deals/o").await.header("x-depin-durability").unwrap().to_owned();
    assert!(secured.starts_with("secured until 2024-05-1"), "{secured}");
    for segment in kit.handle().segments(None, 0, None).await.unwrap() {
        let providers: BTreeSet<&str> = segment.shards.iter().map(|shard| shard.provider_name.as_str()).collect();
        assert_eq!(providers.len(), 3, "shards of a segment lie at different providers");
        assert!(segment.shards.iter().all(|shard| shard.state == "active" && shard.until.is_some()));
    }
    assert!(kit.market.paid_twice().is_empty());
    let view = kit.handle().objects(Default::default()).await.unwrap().remove(0);
    assert!(view.paid_until < view.funds_last_until && view.warning.is_none());
    assert_eq!(kit.handle().keep().await.proposed, 0, "nothing is proposed twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fewer_than_n_providers_refuse_and_say_so() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("few").await;
    kit.market.closed.lock().unwrap().insert("provider-1".into());
    kit.handle().keep().await;
    let refused = kit.s3.put("/few/o", "x").await.failed(503, "ServiceUnavailable");
    let message = refused.xml("Message").unwrap();
    assert!(message.contains("needs 3 providers") && message.contains("only 2") && message.contains("provider-1"), "{message}");
    kit.s3.get("/few/o").await.failed(404, "NoSuchKey");
    assert_eq!(kit.providers.pieces_in_all(), 0);
    kit.s3.put("/few/empty", "").await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tails_are_rounded_up_to_what_providers_take() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("tails").await;
    kit.market.set_piece_min(1 << 16);
    kit.s3.put("/tails/o", "tiny").await.ok();
    let segment = kit.handle().segments(None, 0, None).await.unwrap().remove(0);
    assert!(segment.shards.iter().all(|shard| shard.piece_size == 1 << 16), "{segment:?}");
    kit.s3.expect("/tails/o", b"tiny").await;
    kit.market.set_piece_min(1 << 30);
    kit.handle().keep().await;
    let refused = kit.s3.put("/tails/p", "tiny").await.failed(503, "ServiceUnavailable");
    assert!(refused.text().contains("takes pieces of 1073741824"), "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_fails_during_an_upload_is_replaced_by_another() {
    let kit = Kit::start(4).await;
    kit.s3.make_bucket("upload").await;
    kit.providers.set("provider-2", Behaviour { dead: true, ..Behaviour::default() });
    for index in 0..8 {
        kit.s3.put(&format!("/upload/{index}"), noise(index, 300_000)).await.ok();
    }
    for segment in kit.handle().segments(None, 0, None).await.unwrap() {
        assert!(segment.shards.iter().all(|shard| shard.provider_name != "provider-2"));
    }
    let faults = kit.handle().faults(None).await.unwrap();
    assert!(faults.iter().any(|fault| fault.provider_name == "provider-2" && fault.kind == "upload"), "{faults:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_acknowledges_nothing_and_says_where() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("full").await;
    kit.providers.set("provider-0", Behaviour { full: true, ..Behaviour::default() });
    let refused = kit.s3.put("/full/o", noise(1, 900_000)).await.failed(503, "ServiceUnavailable");
    let message = refused.xml("Message").unwrap();
    assert!(
        message.contains("provider-0") && message.contains("disk is full") && message.contains("nothing was acknowledged"),
        "{message}"
    );
    kit.s3.get("/full/o").await.failed(404, "NoSuchKey");
    let listed = kit.s3.get("/full").await.ok();
    assert!(listed.all("Key").is_empty());
    kit.providers.set("provider-0", Behaviour::default());
    kit.s3.put("/full/o", noise(1, 900_000)).await.ok();
    kit.s3.expect("/full/o", &noise(1, 900_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_are_read_round_one_dead_damaged_slow_or_lying_provider_who_is_named() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bad").await;
    let bytes = noise(4, 1_500_000);
    kit.s3.put("/bad/o", bytes.clone()).await.ok();
    let cases = [
        ("dead", Behaviour { dead: true, ..Behaviour::default() }),
        ("lying", Behaviour { lying: true, ..Behaviour::default() }),
        ("damaged", Behaviour { damaged: true, ..Behaviour::default() }),
        ("slow", Behaviour { slow: Some(Duration::from_secs(60)), ..Behaviour::default() }),
    ];
    for (kind, behaviour) in cases {
        for name in kit.providers.names() {
            kit.providers.set(&name, behaviour);
            // What happened before is forgiven after a while.
            kit.clock.advance(200_000);
            kit.s3.expect("/bad/o", &bytes).await;
            let range = kit.s3.get_range("/bad/o", "bytes=700000-700099").await;
            assert_eq!(range.body, bytes[700_000..700_100], "{name} {kind}");
            kit.providers.set(&name, Behaviour::default());
        }
        let faults = kit.handle().faults(None).await.unwrap();
        for name in kit.providers.names() {
            assert!(
                faults.iter().any(|fault| fault.kind == kind && fault.provider_name == name),
                "{name} was {kind}: {faults:?}"
            );
        }
    }
    kit.clock.advance(200_000);
    kit.s3.expect("/bad/o", &bytes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_or_altered_file_at_a_provider_is_noticed_and_gone_round() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("lost").await;
    let bytes = noise(4, 400_000);
    kit.s3.put("/lost/o", bytes.clone()).await.ok();
    let shards: Vec<_> =
        kit.handle().segments(None, 0, None).await.unwrap().into_iter().flat_map(|segment| segment.shards).collect();
    std::fs::remove_file(kit.providers.path(&shards[0].provider_name, &shards[0].cid)).unwrap();
    let path = kit.providers.path(&shards[4].provider_name, &shards[4].cid);
    let mut altered = std::fs::read(&path).unwrap();
    altered[100] ^= 4;
    std::fs::write(&path, altered).unwrap();
    kit.s3.expect("/lost/o", &bytes).await;
    let faults = kit.handle().faults(None).await.unwrap();
    let named = |kind: &str, shard: &depin_gateway_s3::ShardView| {
        faults.iter().any(|fault| fault.kind == kind && fault.provider == shard.provider && fault.cid == shard.cid)
    };
    assert!(named("lost", &shards[0]) && named("lying", &shards[4]), "{faults:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_two_of_three_providers_dead_the_error_names_what_is_missing() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("two").await;
    kit.s3.put("/two/o", noise(1, 100_000)).await.ok();
    for name in ["provider-0", "provider-2"] {
        kit.providers.set(name, Behaviour { dead: true, ..Behaviour::default() });
    }
    let failed = kit.s3.get("/two/o").await.failed(503, "ServiceUnavailable");
    let message = failed.xml("Message").unwrap();
    assert!(message.contains("any 2 of its 3 shards, but only 1 can be read"), "{message}");
    assert!(
        message.contains("provider-0") && message.contains("provider-2") && message.contains("connection refused"),
        "{message}"
    );
    kit.s3.head("/two/o").await.ok();
    kit.providers.set("provider-0", Behaviour::default());
    kit.s3.expect("/two/o", &noise(1, 100_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_everything() {
    let mut kit = Kit::start(4).await;
    kit.s3.make_bucket("keep").await;
    let bytes = noise(1, 800_000);
    kit.s3.put("/keep/o", bytes.clone()).await.ok();
    kit.settle().await;
    assert!(matches!(kit.try_start().await, Err(depin_gateway_s3::GatewayError::Busy { .. })), "one home, one gateway");
    kit.restart().await;
    kit.s3.expect("/keep/o", &bytes).await;
    assert!(kit.s3.head("/keep/o").await.header("x-depin-durability").unwrap().starts_with("secured until"));
    kit.s3.put("/keep/p", noise(2, 1000)).await.ok();
    // Reads do not need the ledger.
    *kit.market.unreachable.lock().unwrap() = true;
    kit.restart().await;
    kit.s3.expect("/keep/o", &bytes).await;
    kit.s3.expect("/keep/p", &noise(2, 1000)).await;
    kit.s3.put("/keep/q", "x").await.failed(503, "ServiceUnavailable");
    assert!(kit.handle().keep().await.troubles[0].contains("cannot be reached"));
    assert!(kit.handle().status().await.unwrap().market_trouble.is_some());
    *kit.market.unreachable.lock().unwrap() = false;
    kit.s3.put("/keep/q", "x").await.ok();
    // A market that stays away is the end of uploads, not of reads.
    *kit.market.unreachable.lock().unwrap() = true;
    kit.handle().keep().await;
    kit.s3.put("/keep/r", "x").await.ok();
    kit.clock.advance(660_000);
    let refused = kit.s3.put("/keep/s", "x").await.failed(503, "ServiceUnavailable");
    assert!(refused.text().contains("has not answered for 11 minutes"), "{}", refused.text());
    kit.s3.expect("/keep/r", b"x").await;

    if let Some(handle) = kit.handle.take() {
        handle.stop().await;
    }
    std::fs::remove_file(kit.config.home.join("master.key")).unwrap();
    let refused = kit.try_start().await.err().unwrap().to_string();
    assert!(refused.contains("master.key") && refused.contains("restore it from a backup"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_map_that_is_gone_emptied_or_replaced_is_not_taken_for_a_new_one() {
    let mut kit = Kit::start(3).await;
    if let Some(handle) = kit.handle.take() {
        handle.stop().await;
    }
    let map = kit.config.home.join("meta.db");
    // What is still in the log belongs to a copy.
    rusqlite::Connection::open(&map).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let whole = std::fs::read(&map).unwrap();
    let foreign = kit.config.home.join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute("CREATE TABLE meta (x)", []).unwrap();
    let foreign = std::fs::read(&foreign).unwrap();
    for left in [None, Some(Vec::new()), Some(vec![7; 5_000]), Some(foreign)] {
        std::fs::remove_file(&map).unwrap();
        if let Some(bytes) = &left {
            std::fs::write(&map, bytes).unwrap();
        }
        let refused = kit.try_start().await.err().unwrap();
        assert!(refused.to_string().contains("meta.db"), "{refused}");
        assert!(refused.hint().contains("put a copy of it back"), "{refused:?}");
        assert_eq!(std::fs::read(&map).ok().filter(|now| !now.is_empty()), left.filter(|left| !left.is_empty()), "untouched");
        std::fs::write(&map, &whole).unwrap();
    }
    kit.try_start().await.unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_deal_moves_its_shard_to_another_provider() {
    let kit = Kit::start(5).await;
    kit.s3.make_bucket("ref").await;
    kit.market.refusing.lock().unwrap().extend(["provider-1".to_owned(), "provider-3".to_owned()]);
    let bytes = noise(1, 1_000_000);
    kit.s3.put("/ref/o", bytes.clone()).await.ok();
    let before = kit.handle().segments(None, 0, None).await.unwrap();
    assert!(
        before.iter().flat_map(|segment| &segment.shards).any(|shard| shard.provider_name == "provider-1"),
        "else the test shows nothing"
    );
    for _ in 0..6 {
        kit.settle().await;
    }
    let after = kit.handle().segments(None, 0, None).await.unwrap();
    for segment in &after {
        let providers: BTreeSet<&str> = segment.shards.iter().map(|shard| shard.provider_name.as_str()).collect();
        assert_eq!(providers, BTreeSet::from(["provider-0", "provider-2", "provider-4"]));
        assert!(segment.shards.iter().all(|shard| shard.state == "active"), "{segment:?}");
    }
    for refused in ["provider-1", "provider-3"] {
        assert!(kit.providers.pieces(refused).is_empty(), "what {refused} still held is deleted");
    }
    assert!(kit.market.paid_twice().is_empty());
    kit.s3.expect("/ref/o", &bytes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminated_provider_loses_its_shards_to_another_even_when_it_is_dead() {
    let kit = Kit::start(4).await;
    kit.s3.make_bucket("term").await;
    let bytes = noise(1, 1_000_000);
    kit.s3.put("/term/o", bytes.clone()).await.ok();
    kit.settle().await;
    kit.providers.set("provider-0", Behaviour { dead: true, ..Behaviour::default() });
    kit.market.closed.lock().unwrap().insert("provider-0".into());
    kit.market.terminate("provider-0");
    for _ in 0..6 {
        kit.settle().await;
        kit.clock.advance(30_000);
    }
    let shards: Vec<_> =
        kit.handle().segments(None, 0, None).await.unwrap().into_iter().flat_map(|segment| segment.shards).collect();
    assert!(shards.iter().all(|shard| shard.provider_name != "provider-0" && shard.state == "active"), "{shards:?}");
    kit.providers.set("provider-1", Behaviour { dead: true, ..Behaviour::default() });
    kit.s3.expect("/term/o", &bytes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_outlives_three_terms_of_its_deals() {
    let kit = Kit::start_with(3, |config| config.deals.term = depin_quantity::Span::from_days(180)).await;
    kit.s3.make_bucket("long").await;
    let bytes = noise(1, 500_000);
    kit.s3.put("/long/o", bytes.clone()).await.ok();
    kit.settle().await;
    let first = kit.handle().objects(Default::default()).await.unwrap()[0].paid_until.unwrap();
    for _ in 0..20 {
        kit.live(30 * DAY).await;
        let state = kit.s3.head("/long/o").await.header("x-depin-durability").unwrap().to_owned();
        assert!(state.starts_with("secured until"), "{state}");
    }
    let last = kit.handle().objects(Default::default()).await.unwrap()[0].paid_until.unwrap();
    assert!(last.get() - first.get() >= 3 * 180 * DAY, "600 days later");
    assert_eq!(kit.market.deals_ever(), 6, "extended, not proposed again");
    kit.s3.expect("/long/o", &bytes).await;
}

/// Puts `count` objects of 12,000 bytes at once, so that they lie in few segments.
async fn put_together(kit: &Kit, bucket: &str, round: u64, count: u64) {
    let put = async |n: u64| kit.s3.put(&format!("/{bucket}/{round}-{n}"), noise(round * 100 + n, 12_000)).await.ok();
    join_all((0..count).map(put)).await;
}

/// Bytes of all pieces that are paid for.
async fn piece_bytes(kit: &Kit) -> u64 {
    let segments = kit.handle().segments(None, 0, None).await.unwrap();
    segments.iter().flat_map(|segment| &segment.shards).map(|shard| shard.piece_size).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_that_is_half_empty_is_written_anew_and_its_space_is_given_back() {
    let kit = Kit::start_with(4, |config| config.flush = Duration::from_millis(400)).await;
    kit.s3.make_bucket("half").await;
    put_together(&kit, "half", 0, 20).await;
    kit.settle().await;
    let before = piece_bytes(&kit).await;
    for n in (0..20).filter(|n| n % 4 != 0) {
        kit.s3.delete(&format!("/half/0-{n}")).await;
    }
    kit.s3.send(Method::PUT, "/half/copy", &[], &[("x-amz-copy-source", "/half/0-4")], "").await.ok();
    assert_eq!(kit.handle().keep().await.compacted, 0, "more may be deleted soon");
    kit.clock.advance(600_000);
    // While too few providers can be read nothing moves, and it is tried again later.
    for name in ["provider-0", "provider-1", "provider-2", "provider-3"] {
        kit.providers.set(name, Behaviour { dead: true, ..Behaviour::default() });
    }
    assert_eq!(kit.handle().keep().await.compacted, 0);
    for name in ["provider-0", "provider-1", "provider-2", "provider-3"] {
        kit.providers.set(name, Behaviour::default());
    }
    kit.clock.advance(600_000);
    let mut compacted = 0;
    for _ in 0..4 {
        compacted += kit.handle().keep().await.compacted;
        kit.settle().await;
    }
    assert!(compacted > 0);
    let after = piece_bytes(&kit).await;
    assert!(after * 2 <= before, "{after} bytes of {before} for a quarter of the objects");
    let segments = kit.handle().segments(None, 0, None).await.unwrap();
    assert!(segments.iter().all(|segment| segment.live * 2 > segment.used), "{segments:?}");
    assert_eq!(kit.providers.pieces_in_all(), segments.len() * 3, "the old pieces are deleted");
    assert_eq!(kit.market.live_deals().values().sum::<usize>(), segments.len() * 3, "and their deals ended");
    assert!(kit.market.paid_twice().is_empty());
    for n in (0..20).step_by(4) {
        kit.s3.expect(&format!("/half/0-{n}"), &noise(n, 12_000)).await;
    }
    kit.s3.delete("/half/0-4").await;
    kit.s3.expect("/half/copy", &noise(4, 12_000)).await;
    assert_eq!(kit.handle().keep().await.compacted, 0, "nothing is written anew twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_are_read_while_what_they_lie_in_is_written_anew() {
    let kit = Kit::start_with(4, |config| {
        config.renewal.automatic = true;
        config.renewal.interval = Duration::from_millis(2);
        config.renewal.compact_after = Duration::ZERO;
    })
    .await;
    kit.s3.make_bucket("busy").await;
    for round in 0..6 {
        put_together(&kit, "busy", round, 12).await;
        for n in (0..12).filter(|n| n % 3 != 0) {
            kit.s3.delete(&format!("/busy/{round}-{n}")).await;
        }
        for _ in 0..10 {
            for n in (0..12).step_by(3) {
                kit.s3.expect(&format!("/busy/{round}-{n}"), &noise(round * 100 + n, 12_000)).await;
            }
        }
    }
    let halves = async || {
        let segments = kit.handle().segments(None, 0, None).await.unwrap();
        segments.iter().filter(|segment| segment.live * 2 <= segment.used).count()
    };
    for _ in 0..200 {
        if halves().await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(halves().await, 0, "half-empty segments are left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn funds_that_run_out_are_warned_of_before_and_told_after() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("poor").await;
    kit.s3.put("/poor/o", noise(1, 200_000)).await.ok();
    kit.settle().await;
    let funds = kit.handle().status().await.unwrap();
    assert_eq!(funds.warning, None);
    // Enough for ten days beyond what is paid.
    let burn: u128 = funds.burn_per_day.unwrap().parse().unwrap();
    kit.market.set_balance(burn * 10);
    kit.live(130 * DAY).await;
    let state = kit.s3.head("/poor/o").await.header("x-depin-durability").unwrap().to_owned();
    assert!(state.starts_with("secured until"), "warned, not lost: {state}");
    kit.live(35 * DAY).await;
    let state = kit.s3.head("/poor/o").await.header("x-depin-durability").unwrap().to_owned();
    assert!(state.starts_with("secured until") && state.contains("; funds run out on"), "{state}");
    let view = kit.handle().objects(Default::default()).await.unwrap().remove(0);
    assert!(view.warning.unwrap().contains("send tokens"));
    assert!(kit.handle().status().await.unwrap().warning.is_some());
    let shard = kit.handle().segments(None, 0, None).await.unwrap()[0].shards[0].clone();
    assert!(shard.reason.contains("not renewed: funds are too low"), "{}", shard.reason);

    kit.live(20 * DAY).await;
    let state = kit.s3.head("/poor/o").await.header("x-depin-durability").unwrap().to_owned();
    assert_eq!(state, "unpaid: 3 of 3 deals ended, providers may drop the data");
    assert!(kit.handle().status().await.unwrap().warning.unwrap().contains("unpaid since the funds ran out"));

    kit.market.set_balance(burn * 1_000);
    kit.live(DAY).await;
    kit.settle().await;
    let state = kit.s3.head("/poor/o").await.header("x-depin-durability").unwrap().to_owned();
    assert!(state.starts_with("secured until"), "new money buys new deals: {state}");
    kit.s3.expect("/poor/o", &noise(1, 200_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_funds_data_is_stored_and_waits_for_its_deals() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("broke").await;
    kit.market.set_balance(0);
    kit.s3.put("/broke/o", "hello").await.ok();
    kit.settle().await;
    let shard = kit.handle().segments(None, 0, None).await.unwrap()[0].shards[0].clone();
    assert!(shard.state == "stored" && shard.reason.contains("funds are too low"), "{shard:?}");
    let refused = kit.s3.put("/broke/p", "more").await.failed(503, "ServiceUnavailable");
    assert!(refused.text().contains("send tokens"), "what could get no deal is not taken: {}", refused.text());
    kit.market.set_balance(10_u128.pow(30));
    kit.clock.advance(700_000);
    kit.settle().await;
    assert!(kit.s3.head("/broke/o").await.header("x-depin-durability").unwrap().starts_with("secured until"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proposal_whose_answer_was_lost_is_not_paid_twice() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("once").await;
    kit.s3.put("/once/o", noise(1, 100_000)).await.ok();
    kit.market.lose_answers(1);
    kit.handle().keep().await;
    let states: BTreeSet<String> =
        kit.handle().segments(None, 0, None).await.unwrap()[0].shards.iter().map(|shard| shard.state.clone()).collect();
    assert_eq!(states, BTreeSet::from(["proposing".to_owned()]));
    kit.clock.advance(60_000);
    kit.settle().await;
    assert_eq!((kit.market.deals_ever(), kit.market.paid_twice().len()), (3, 0));
    assert!(kit.s3.head("/once/o").await.header("x-depin-durability").unwrap().starts_with("secured until"));
}
