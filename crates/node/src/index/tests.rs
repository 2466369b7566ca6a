//! The index against a plain list of receipts: positions, restarts, questions, subscriptions.

use super::*;
use depin_economy::{Account, Event as EconomyEvent, Reason};
use depin_ledger::{Event, Failure, Receipt, ReceiptBody};
use depin_quantity::{Instant, Name, Seed, Units};
use depin_services::storage::StorageEvent;
use proptest::prelude::*;
use std::collections::BTreeSet;
use tempfile::TempDir;

const CHAIN: [u8; 32] = [7; 32];
const NO_LIMIT: usize = usize::MAX;

fn address(n: u8) -> Address {
    Address::new([n; 32])
}

fn unit(n: u8) -> UnitId {
    UnitId::new([n; 32])
}

/// One of a few kinds of events, by number.
fn event(n: u64) -> Event {
    let who = |shift: u64| address(((n >> shift) % 5) as u8 + 1);
    let deal = unit((n % 7) as u8 + 100);
    match n % 4 {
        0 => Event::Economy(EconomyEvent::Posting {
            token: Name::literal("FIL"),
            from: Account::Wallet(who(0)),
            to: Account::Escrow(deal),
            amount: Units::new(n.into()),
            reason: Reason::EscrowFunded,
        }),
        1 => Event::Service(StorageEvent::DealAccepted { deal, client: who(1), provider: who(2) }.into()),
        2 => Event::Service(
            StorageEvent::WindowOpened { provider: who(1), set: 3, seed: Seed::new([200; 32]), closes: Instant::new(n) }.into(),
        ),
        _ => Event::Economy(EconomyEvent::BaseFeeChanged { base_fee: Units::new(n.into()) }),
    }
}

/// A block: what begins it, and a transaction per entry of `events`, which says how many events it has.
fn block(height: u64, events: &[usize]) -> Vec<Receipt> {
    let time = Instant::new(1_000 * height);
    let begin = Receipt { height, time, index: 0, body: ReceiptBody::Begin, events: vec![event(height)] };
    let transaction = |(i, count): (usize, &usize)| {
        let number = height * 100 + i as u64;
        let failure = number.is_multiple_of(5).then(|| Failure { code: "no".to_owned(), message: "not today".to_owned() });
        let body = ReceiptBody::Transaction {
            id: transaction_id(height, i),
            sender: address((number % 3) as u8 + 10),
            nonce: number,
            action: "transfer".to_owned(),
            fee: Units::new(9),
            failure,
        };
        let events = (0..*count as u64).map(|k| event(number * 10 + k)).collect();
        Receipt { height, time, index: i as u32 + 1, body, events }
    };
    std::iter::once(begin).chain(events.iter().enumerate().map(transaction)).collect()
}

fn transaction_id(height: u64, i: usize) -> UnitId {
    UnitId::derive("test-transaction", &[&height.to_be_bytes(), &i.to_be_bytes()])
}

/// Some blocks of different shapes.
fn chain(blocks: u64) -> Vec<Receipt> {
    (1..=blocks).flat_map(|height| block(height, &[1, 0, 3, 2][..(height % 5).min(4) as usize])).collect()
}

fn records(receipts: &[Receipt]) -> Vec<LogRecord> {
    let record = |(i, r): (usize, &Receipt)| LogRecord { position: i as u64, height: r.height, bytes: r.encode() };
    receipts.iter().enumerate().map(record).collect()
}

struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("index.sqlite")
    }

    fn open(&self) -> Arc<Index> {
        Arc::new(Index::open(&self.path(), &CHAIN, First::default()).unwrap())
    }
}

async fn all_events(index: &Arc<Index>, filter: Filter) -> Vec<EventRecord> {
    index.events(0, NO_LIMIT, filter).await.unwrap().events
}

/// Everything that the file holds, as text.
fn dump(path: &Path) -> Vec<String> {
    let connection = depin_database::reader(path).unwrap();
    let mut lines = Vec::new();
    for table in ["meta", "blocks", "receipts", "events", "event_accounts", "event_units"] {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells: Vec<String> = (0..columns).map(|i| format!("{:?}", row.get_ref(i).unwrap())).collect();
            lines.push(format!("{table}: {}", cells.join(", ")));
        }
    }
    lines.sort();
    lines
}

#[tokio::test]
async fn events_get_dense_positions_in_the_order_of_the_log() {
    let receipts = chain(12);
    let home = Home::new();
    let index = home.open();
    index.apply(&records(&receipts)).unwrap();
    let events = all_events(&index, Filter::default()).await;
    let expected: Vec<&Event> = receipts.iter().flat_map(|receipt| &receipt.events).collect();
    assert_eq!(events.len(), expected.len());
    for (position, (event, expected)) in events.iter().zip(expected).enumerate() {
        assert_eq!(event.position, position as u64);
        assert_eq!(event.value().unwrap(), serde_json::to_value(expected).unwrap());
    }
    let marks = index.marks();
    assert_eq!((marks.next_receipt, marks.next_event, marks.height), (receipts.len() as u64, events.len() as u64, 12));
}

#[tokio::test]
async fn what_was_applied_before_changes_nothing() {
    let receipts = chain(8);
    let all = records(&receipts);
    let home = Home::new();
    let index = home.open();
    index.apply(&all[..20]).unwrap();
    assert_eq!(index.apply(&all[..20]).unwrap(), []);
    let before = dump(&home.path());
    assert_eq!(index.apply(&all[5..18]).unwrap(), []);
    assert_eq!(dump(&home.path()), before);
    assert_eq!(index.apply(&all).unwrap().len(), all.len() - 20);
}

#[tokio::test]
async fn gaps_and_receipts_that_are_none_are_refused_whole() {
    let all = records(&chain(8));
    let home = Home::new();
    let index = home.open();
    index.apply(&all[..10]).unwrap();
    let before = dump(&home.path());
    assert!(matches!(index.apply(&all[11..]), Err(IndexError::Gap { got: 11, expected: 10 })));
    let mut garbage = all.clone();
    garbage[12].bytes.truncate(5);
    assert!(matches!(index.apply(&garbage), Err(IndexError::Malformed { position: 12, .. })));
    let mut misplaced = all.clone();
    misplaced[13].height += 1;
    assert!(matches!(index.apply(&misplaced), Err(IndexError::Malformed { position: 13, .. })));
    assert_eq!(dump(&home.path()), before);
    assert_eq!(index.marks().next_receipt, 10);
    index.apply(&all[10..]).unwrap();
}

#[tokio::test]
async fn a_receipt_and_its_continuations_are_one() {
    let mut receipts = block(1, &[2]);
    let more =
        Receipt { index: 2, body: ReceiptBody::Continued { of: 1 }, events: vec![event(41), event(42)], ..receipts[0].clone() };
    receipts.push(more);
    receipts.push(Receipt { index: 3, body: ReceiptBody::End, events: vec![event(43)], ..receipts[0].clone() });
    let home = Home::new();
    let index = home.open();
    index.apply(&records(&receipts)).unwrap();
    let record = index.receipt(transaction_id(1, 0)).await.unwrap().unwrap();
    let expected: Vec<Event> = receipts[1].events.iter().chain(&receipts[2].events).cloned().collect();
    assert_eq!(record.receipt.events, expected);
    let events = all_events(&index, Filter::default()).await;
    let caused: Vec<bool> = events.iter().map(|event| event.transaction.is_some()).collect();
    assert_eq!(caused, [false, true, true, true, true, false]);
    // One that continues nothing is refused.
    receipts[2].body = ReceiptBody::Continued { of: 0 };
    let other = Home::new();
    assert!(matches!(other.open().apply(&records(&receipts)), Err(IndexError::Malformed { position: 2, .. })));
}

#[tokio::test]
async fn transactions_blocks_and_senders_are_found() {
    let receipts = chain(9);
    let home = Home::new();
    let index = home.open();
    index.apply(&records(&receipts)).unwrap();
    assert_eq!(index.receipt(transaction_id(99, 0)).await.unwrap(), None);
    let record = index.receipt(transaction_id(8, 2)).await.unwrap().unwrap();
    assert_eq!(record.receipt, receipts[record.position as usize]);
    assert_eq!(record.transaction().unwrap().0, transaction_id(8, 2));
    let at: Vec<Receipt> = index.receipts_at(8, 100).await.unwrap().into_iter().map(|r| r.receipt).collect();
    assert_eq!(at, block(8, &[1, 0, 3]));
    let block = index.block(8).await.unwrap().unwrap();
    assert_eq!((block.receipts, block.transactions, block.failed, block.events), (4, 3, 1, 5));
    assert_eq!(block.time, Instant::new(8_000));
    assert_eq!(index.block(10).await.unwrap(), None);
    assert_eq!(index.block(u64::MAX).await.unwrap(), None);
    let newest: Vec<u64> = index.blocks(None, 3).await.unwrap().iter().map(|b| b.height).collect();
    assert_eq!(newest, [9, 8, 7]);
    let older: Vec<u64> = index.blocks(Some(3), 10).await.unwrap().iter().map(|b| b.height).collect();
    assert_eq!(older, [2, 1]);
    let sender = record.transaction().unwrap().1;
    let by_sender = index.receipts_by(sender, None, 100).await.unwrap();
    let expected: Vec<u64> = (0..receipts.len() as u64)
        .rev()
        .filter(|i| matches!(&receipts[*i as usize].body, ReceiptBody::Transaction { sender: s, .. } if *s == sender))
        .collect();
    assert_eq!(by_sender.iter().map(|r| r.position).collect::<Vec<_>>(), expected);
    let second = index.receipts_by(sender, Some(expected[0]), 1).await.unwrap();
    assert_eq!(second[0].position, expected[1]);
}

#[tokio::test]
async fn pages_end_to_end_give_everything_once() {
    let receipts = chain(20);
    let home = Home::new();
    let index = home.open();
    index.apply(&records(&receipts)).unwrap();
    let filter = Filter { kinds: vec!["deal-accepted".to_owned()], ..Filter::default() };
    let (mut from, mut paged) = (0, Vec::new());
    loop {
        let page = index.events(from, 3, filter.clone()).await.unwrap();
        paged.extend(page.events);
        if page.next >= page.end {
            break;
        }
        from = page.next;
    }
    assert_eq!(paged, all_events(&index, filter).await);
    let beyond = index.events(u64::MAX, 10, Filter::default()).await.unwrap();
    assert_eq!((beyond.events.len(), beyond.next), (0, u64::MAX));
}

#[tokio::test]
async fn an_index_goes_on_where_it_was_cut_off() {
    let receipts = chain(30);
    let all = records(&receipts);
    let reference = Home::new();
    reference.open().apply(&all).unwrap();
    for (cut, written) in [1, 17, all.len() - 1].into_iter().flat_map(|cut| [(cut, false), (cut, true)]) {
        let (before, after) = (Home::new(), Home::new());
        let index = before.open();
        index.apply(&all[..cut]).unwrap();
        if written {
            index.write().unwrap();
        }
        // The files as a process that was killed here leaves them: written, never closed.
        for file in std::fs::read_dir(before.folder.path()).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), after.folder.path().join(file.file_name())).unwrap();
        }
        let again = after.open();
        if written {
            assert_eq!(again.marks(), index.marks());
        }
        // Blocks without transactions that were told and not written yet are read from the log again.
        assert!(again.marks().next_receipt <= index.marks().next_receipt);
        again.apply(&all).unwrap();
        again.write().unwrap();
        assert_eq!(dump(&after.path()), dump(&reference.path()));
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_continued_is_begun_again() {
    let all = records(&chain(10));
    let marks_after = |prepare: &dyn Fn(&Path), chain: &[u8; 32]| {
        let home = Home::new();
        home.open().apply(&all).unwrap();
        prepare(&home.path());
        let index = Index::open(&home.path(), chain, First::default()).unwrap();
        let marks = index.marks();
        if marks.next_receipt == 0 {
            index.apply(&all).unwrap();
        }
        marks.next_receipt
    };
    let change = |sql: &'static str| move |path: &Path| Connection::open(path).unwrap().execute_batch(sql).unwrap();
    let full = all.len() as u64;
    assert_eq!(marks_after(&|_| {}, &CHAIN), full);
    assert_eq!(marks_after(&|_| {}, &[8; 32]), 0, "another chain");
    assert_eq!(marks_after(&change("UPDATE meta SET value = x'00' WHERE key = 'version'"), &CHAIN), 0);
    assert_eq!(marks_after(&change("DELETE FROM meta WHERE key = 'marks'"), &CHAIN), 0);
    assert_eq!(marks_after(&change("DROP TABLE meta"), &CHAIN), 0);
    assert_eq!(marks_after(&|path| std::fs::write(path, b"no database at all, but long enough to look").unwrap(), &CHAIN), 0);
    assert_eq!(marks_after(&|path| std::fs::write(path, b"").unwrap(), &CHAIN), 0);
    assert_eq!(marks_after(&|path| Index::delete(path).unwrap(), &CHAIN), 0, "deleted");
}

/// A log that shows its records bit by bit.
struct TestLog {
    records: Arc<Vec<LogRecord>>,
    /// Lengths at which the log stood, in order; all at ends of blocks.
    lengths: Vec<usize>,
    step: usize,
}

impl ReceiptLog for TestLog {
    async fn longer_than(&mut self, len: u64) -> Option<u64> {
        while self.lengths.get(self.step).is_some_and(|l| *l as u64 <= len) {
            self.step += 1;
        }
        self.lengths.get(self.step).map(|len| *len as u64)
    }

    async fn read(&mut self, from: u64, max: usize) -> Result<Vec<LogRecord>, LogError> {
        let (from, end) = (from as usize, self.lengths[self.step]);
        Ok(self.records[from..end.min(from + max)].to_vec())
    }
}

#[tokio::test]
async fn following_tells_every_receipt_once_also_from_blocks_larger_than_a_chunk() {
    let mut receipts = block(1, &[1; 10]);
    receipts.extend(block(2, &vec![1; 3_000]));
    receipts.extend(block(3, &[2, 2]));
    let all = Arc::new(records(&receipts));
    let lengths = vec![11, 11 + 3_001, all.len()];
    let home = Home::new();
    for lengths in [lengths.clone(), vec![all.len()]] {
        let index = home.open();
        let told = Mutex::new(Vec::new());
        let log = TestLog { records: Arc::clone(&all), lengths, step: 0 };
        follow(Arc::clone(&index), log, |new| told.lock().unwrap().extend(new.iter().map(|r| r.position))).await.unwrap();
        assert_eq!(told.into_inner().unwrap(), (0..all.len() as u64).collect::<Vec<_>>());
        assert_eq!(index.marks().next_receipt, all.len() as u64);
        drop(index);
        Index::delete(&home.path()).unwrap();
    }
}

/// A log that stood at some lengths and waits for good at the last one.
struct WaitingLog(TestLog);

impl ReceiptLog for WaitingLog {
    async fn longer_than(&mut self, len: u64) -> Option<u64> {
        match self.0.longer_than(len).await {
            None => std::future::pending().await,
            longer => longer,
        }
    }

    async fn read(&mut self, from: u64, max: usize) -> Result<Vec<LogRecord>, LogError> {
        self.0.read(from, max).await
    }
}

#[tokio::test]
async fn an_index_that_read_what_the_log_makes_again_goes_on_and_one_of_another_log_is_begun_anew() {
    let receipts = chain(10);
    // The same blocks until the last but one, and another last one, as of an older copy that went on by itself.
    let mut other = receipts.clone();
    for receipt in other.iter_mut().filter(|receipt| receipt.height == 10) {
        receipt.time = Instant::new(10_001);
    }
    let (all, other) = (Arc::new(records(&receipts)), Arc::new(records(&other)));
    let behind = records(&chain(9)).len();
    let cases = [
        (&all, vec![all.len()], None),
        (&all, vec![behind, all.len()], None),
        (&all, vec![behind], Some("the log has fewer")),
        (&other, vec![all.len()], Some("is not the one that it read")),
        (&other, vec![behind, all.len()], Some("is not the one that it read")),
    ];
    for (records, lengths, why) in cases {
        let home = Home::new();
        home.open().apply(&all).unwrap();
        let index = home.open();
        let mut log = WaitingLog(TestLog { records: Arc::clone(records), lengths: lengths.clone(), step: 0 });
        let said = index.check(&mut log, Duration::from_millis(50)).await.unwrap();
        match why {
            None => assert_eq!((said, index.marks().next_receipt), (None, all.len() as u64), "{lengths:?}"),
            Some(why) => {
                assert!(said.as_ref().is_some_and(|said| said.contains(why)), "{lengths:?}: {said:?}");
                assert_eq!(index.marks(), Marks::default());
                index.apply(records).unwrap();
            }
        }
    }
    // One that has read nothing waits for nothing.
    let home = Home::new();
    let index = home.open();
    let mut log = WaitingLog(TestLog { records: all, lengths: vec![0], step: 0 });
    assert_eq!(index.check(&mut log, Duration::from_millis(50)).await.unwrap(), None);
}

/// Subscribers that begin anywhere, while blocks come in as fast as they can, get every matching event once and in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_subscription_has_no_seam() {
    let mut receipts = chain(600);
    // The last event matches every filter, so everyone knows when it is over.
    let end = Event::Service(StorageEvent::ProviderChanged { provider: address(2) }.into());
    receipts.push(Receipt { height: 601, time: Instant::new(601_000), index: 0, body: ReceiptBody::Begin, events: vec![end] });
    let all = Arc::new(records(&receipts));
    let home = Home::new();
    let index = home.open();
    index.apply(&all[..100]).unwrap();
    let last = receipts.iter().map(|r| r.events.len() as u64).sum::<u64>() - 1;
    let kinds = ["posting", "window-opened", "provider-changed"].map(str::to_owned).to_vec();
    let cases =
        [Filter::default(), Filter { kinds, ..Filter::default() }, Filter { account: Some(address(2)), ..Filter::default() }];
    let mut readers = Vec::new();
    for n in 0..24u64 {
        let (index, filter) = (Arc::clone(&index), cases[n as usize % 3].clone());
        readers.push(tokio::spawn(async move {
            // Some begin in the past, some in the future, some only when writing is under way.
            let from = n * 37;
            index.watch().wait_for(|marks| marks.next_receipt >= 100 + 20 * n).await.unwrap();
            let mut subscription = index.subscribe(from, filter.clone());
            let mut got: Vec<EventRecord> = Vec::new();
            while got.last().is_none_or(|event| event.position < last) {
                got.extend(subscription.next().await.unwrap().unwrap());
            }
            (from, filter, got)
        }));
    }
    let writer = {
        let (index, all) = (Arc::clone(&index), Arc::clone(&all));
        tokio::task::spawn_blocking(move || {
            let mut heights: Vec<usize> = (101..all.len()).filter(|i| all[*i].height != all[i - 1].height).collect();
            heights.push(all.len());
            let mut start = 100;
            for end in heights {
                index.apply(&all[start..end]).unwrap();
                start = end;
            }
        })
    };
    writer.await.unwrap();
    for reader in readers {
        let (from, filter, got) = reader.await.unwrap();
        let expected = index.events(from, NO_LIMIT, filter).await.unwrap().events;
        assert_eq!(got, expected, "from {from}");
    }
}

#[tokio::test]
async fn a_subscriber_that_lags_far_behind_reads_on_from_the_file() {
    let receipts = chain(3 * LIVE_BATCHES as u64);
    let all = records(&receipts);
    let home = Home::new();
    let index = home.open();
    let mut subscription = index.subscribe(0, Filter::default());
    let mut got = Vec::new();
    for record in &all {
        index.apply(std::slice::from_ref(record)).unwrap();
        if record.position == 3 {
            got.extend(subscription.next().await.unwrap().unwrap());
        }
    }
    while subscription.position() < index.marks().next_event {
        got.extend(subscription.next().await.unwrap().unwrap());
    }
    assert_eq!(got, all_events(&index, Filter::default()).await);
}

fn filter() -> impl Strategy<Value = Filter> {
    const KINDS: &[&str] = &["posting", "deal-accepted", "window-opened", "base-fee-changed", "storage", "economy", "nothing"];
    (
        proptest::collection::btree_set(proptest::sample::select(KINDS), 0..3),
        proptest::option::of(1u8..14),
        proptest::option::of(99u8..108),
    )
        .prop_map(|(kinds, account, deal)| Filter {
            kinds: kinds.into_iter().map(str::to_owned).collect(),
            account: account.map(address),
            unit: deal.map(unit),
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However the log is cut into batches, the file is the same.
    #[test]
    fn batches_do_not_matter(cuts in proptest::collection::btree_set(1usize..60, 0..12)) {
        let receipts = chain(24);
        let all = records(&receipts);
        let (whole, parts) = (Home::new(), Home::new());
        whole.open().apply(&all).unwrap();
        let index = parts.open();
        let cuts: BTreeSet<usize> = cuts.into_iter().filter(|cut| *cut < all.len()).collect();
        let mut start = 0;
        for end in cuts.into_iter().chain([all.len()]) {
            index.apply(&all[start..end]).unwrap();
            start = end;
        }
        prop_assert_eq!(dump(&parts.path()), dump(&whole.path()));
    }

    /// The index answers as a filter over the whole list does, and a live subscription agrees with it.
    #[test]
    fn questions_are_answered_as_a_plain_filter_would(filter in filter(), from in 0u64..80, limit in 1usize..40) {
        let receipts = chain(20);
        let home = Home::new();
        let index = home.open();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut live = index.live.subscribe();
            index.apply(&records(&receipts)).unwrap();
            let batch = live.recv().await.unwrap();
            let matching = batch.events.iter().filter(|named| filter.matches(&named.event, &named.names));
            let expected: Vec<EventRecord> = matching.map(|named| named.event.clone()).filter(|e| e.position >= from).collect();
            let page = index.events(from, limit, filter.clone()).await.unwrap();
            prop_assert_eq!(&page.events[..], &expected[..expected.len().min(limit)]);
            if expected.len() < limit {
                prop_assert_eq!(page.next, page.end.max(from));
            } else {
                prop_assert_eq!(page.next, expected[limit - 1].position + 1);
            }
            Ok(())
        })?;
    }
}
