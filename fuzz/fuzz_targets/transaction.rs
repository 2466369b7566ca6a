//! Bytes that are a transaction re-encode to themselves; all others are refused.
#![no_main]
use depin_ledger::{Receipt, Transaction};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(transaction) = Transaction::decode(bytes) {
        assert_eq!(transaction.encode(), bytes);
        let _ = (transaction.id(), transaction.body.work(), transaction.body.sender());
    }
    if let Some(receipt) = Receipt::decode(bytes) {
        assert_eq!(receipt.encode(), bytes);
    }
});
