//! The ledger's signature check, remembering what it found good.
//!
//! In: signed items from the API and from blocks. Out: yes or no. A transaction is checked when it comes and again when its block
//! is judged; the second time a hash answers. Only good signatures are remembered, in two generations of bounded size.

use depin_client::Verifier;
use depin_ledger::{DoubleVote, Signatures, SignedItem, Transaction};
use depin_quantity::UnitId;
use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Signatures remembered per generation: more than the pool holds.
const GENERATION: usize = 100_000;

/// Checks by the ZIP-215 rule and remembers. Shared by reference.
#[derive(Debug, Default)]
pub struct CheckedSignatures {
    verifier: Verifier,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    young: HashSet<UnitId>,
    old: HashSet<UnitId>,
}

impl Seen {
    fn insert(&mut self, digest: UnitId) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest);
    }

    fn contains(&self, digest: &UnitId) -> bool {
        self.young.contains(digest) || self.old.contains(digest)
    }
}

impl CheckedSignatures {
    /// Whether the transaction is signed by its sender, and what its message holds by whom it says.
    pub fn verify(&self, transaction: &Transaction) -> bool {
        self.verify_transactions(std::iter::once(transaction))
    }

    /// Whether each of many transactions is signed by its sender, and what is in them by whom they say; one that is not spoils all.
    pub fn verify_transactions<'a>(&self, transactions: impl Iterator<Item = &'a Transaction>) -> bool {
        let messages: Vec<_> = transactions.map(|transaction| (transaction, transaction.body.signed_bytes())).collect();
        let inner: Vec<_> = messages.iter().flat_map(|(transaction, _)| transaction.inner_signatures()).collect();
        let outer = messages.iter().map(|(t, message)| SignedItem { key: &t.body.key, message, signature: &t.signature });
        let items: Vec<_> = outer.chain(inner.iter().map(SignedItem::of)).collect();
        self.verify_all(&items)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        // Sets of hashes are whole after every call.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Signatures for CheckedSignatures {
    fn double_vote(&self, chain_id: &str, validators: &[[u8; 32]], first: &[u8], second: &[u8]) -> Result<DoubleVote, String> {
        let shown = depin_engine::DoubleVote::check(chain_id, validators, first, second);
        shown.map(|vote| DoubleVote { validator: vote.validator, view: vote.view }).map_err(|why| why.to_string())
    }

    fn verify_all(&self, items: &[SignedItem<'_>]) -> bool {
        let digest = |item: &SignedItem<'_>| UnitId::derive("depin-checked-signature", &[item.key, item.signature, item.message]);
        let digests: Vec<UnitId> = items.iter().map(digest).collect();
        let unknown: Vec<usize> = {
            let seen = self.lock();
            (0..items.len()).filter(|i| !seen.contains(&digests[*i])).collect()
        };
        let good = match unknown[..] {
            [] => return true,
            [one] => self.verifier.verify_one(items[one].key, items[one].message, items[one].signature),
            _ => self.verifier.verify_batch(unknown.iter().map(|i| (items[*i].key, items[*i].message, items[*i].signature))),
        };
        if good {
            let mut seen = self.lock();
            unknown.iter().for_each(|i| seen.insert(digests[*i]));
        }
        good
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::SigningKey;

    #[test]
    fn a_good_signature_is_good_again_and_never_covers_for_another() {
        let key = SigningKey::from_seed(&[7; 32]);
        let public = key.public_key();
        let (signature, other) = (key.sign(b"one"), key.sign(b"two"));
        let checked = CheckedSignatures::default();
        let item = |message, signature| SignedItem { key: &public, message, signature };
        for _ in 0..2 {
            assert!(checked.verify_all(&[item(b"one", &signature)]));
            assert!(!checked.verify_all(&[item(b"one", &other)]));
            assert!(!checked.verify_all(&[item(b"two", &signature)]));
            assert!(!checked.verify_all(&[item(b"one", &signature), item(b"two", &signature)]));
            assert!(checked.verify_all(&[item(b"one", &signature), item(b"two", &other)]));
        }
        assert_eq!(checked.lock().young.len(), 2);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut seen = Seen::default();
        let digest = |n: u64| UnitId::derive("test", &[&n.to_be_bytes()]);
        for n in 0..=2 * GENERATION as u64 {
            seen.insert(digest(n));
        }
        assert!(seen.young.len() + seen.old.len() <= 2 * GENERATION);
        assert!(seen.contains(&digest(2 * GENERATION as u64)) && !seen.contains(&digest(0)));
    }
}
