//! What an audit beside blocks takes of memory. Alone in its process, whose peak is looked at.
#![cfg(target_os = "linux")]

mod common;
use common::*;
use depin_quantity::UnitId;

/// Most bytes of memory that this process has held, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak is told");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
fn an_audit_beside_blocks_does_not_copy_the_rows() {
    let alice = party(1);
    let mut chain = Chain::new(&[(&alice, 100)]);
    chain.block(1000, &[]).unwrap();
    let mut rows: Vec<_> =
        chain.ledger.tables(|tables| tables.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect());
    let of_alice = |key: &[u8]| key.windows(32).position(|part| part == alice.address.get());
    let found = rows.iter().find_map(|(key, value)| Some((key.clone(), value.clone(), of_alice(key)?)));
    let (wallet, value, at) = found.expect("a wallet");
    // Many wallets more, of others. They are in no token's supply, which the audit says.
    for n in 0..150_000_u64 {
        let mut key = wallet.clone();
        key[at..at + 32].copy_from_slice(&UnitId::derive("other", &[&n.to_be_bytes()]).get());
        rows.push((key, value.clone()));
    }
    chain.ledger.load(rows).unwrap();
    let before = peak();
    let audit = chain.ledger.audit_beside().unwrap();
    assert!(audit.rows > 150_000 && !audit.ok, "{:?}", audit.violations);
    let more = peak() - before;
    assert!(more < 16 << 10, "{more} KiB more than before");
}
