//! Who renders what, and whether it is rendered again: drawn from the dispatcher's secret and the chain's seeds.
//!
//! In: the secret, whose hash the job committed to before any seed was known; seeds of the chain; the nodes that stood when the job was
//! drawn. Out: nodes, and a ticket's number. Pure: the dispatcher computes it while the job runs, everybody when it has ended, the ledger
//! for what it judges. See the decision record 23.

use super::terms::{Eligible, Opening, Purpose, Salt, Secret};
use depin_quantity::{Address, ContentHash, Seed, Share, UnitId};

/// Attempts of one frame at most, and turns of one check.
pub const ATTEMPTS_MOST: u8 = 16;

/// What the job commits to before its seed is known.
pub fn secret_hash(secret: Secret) -> ContentHash {
    ContentHash::derive("depin-rendering-secret", &[&secret.get()])
}

/// What a node commits to with its delivery: the hash of a frame's decoded pixels, a salt, and the node itself, so that whoever copies the
/// commitment cannot open it as its own.
pub fn commitment(pixels: ContentHash, salt: Salt, node: UnitId) -> ContentHash {
    ContentHash::derive("depin-rendering-pixels", &[&pixels.get(), &salt.get(), &node.get()])
}

/// The hash of a frame's key, which the delivery carries.
pub fn key_hash(key: [u8; 32]) -> ContentHash {
    ContentHash::derive("depin-rendering-key", &[&key])
}

/// The salt of a ticket. It opens the one ticket; the secret opens all.
pub fn salt_of(secret: Secret, job: UnitId, node: UnitId, frame: u32, attempt: u8, purpose: &Purpose) -> Salt {
    let purpose = borsh::to_vec(purpose).expect("writing to memory does not fail");
    let parts: [&[u8]; 6] = [&secret.get(), &job.get(), &node.get(), &frame.to_be_bytes(), &[attempt], &purpose];
    Salt::new(ContentHash::derive("depin-rendering-salt", &parts).get())
}

/// What stands on the ledger for a frame that a node is to render: the same form whatever it is for.
pub fn ticket_hash(job: UnitId, node: UnitId, opening: &Opening) -> UnitId {
    let purpose = borsh::to_vec(&opening.purpose).expect("writing to memory does not fail");
    let parts: [&[u8]; 6] =
        [&job.get(), &node.get(), &opening.frame.to_be_bytes(), &[opening.attempt], &purpose, &opening.salt.get()];
    UnitId::derive("depin-rendering-ticket", &parts)
}

/// The node that `hash` draws among those whose owner is not in `without`, by weight, in the order of the list; none when nobody is left.
///
/// The first 16 bytes of the hash modulo the sum of weights: the bias is below 2^-80.
pub fn pick(hash: Seed, nodes: &[Eligible], without: &[Address]) -> Option<Eligible> {
    let open = || nodes.iter().filter(|node| !without.contains(&node.owner));
    let total: u128 = open().map(|node| u128::from(node.weight)).sum();
    let first: [u8; 16] = hash.get()[..16].try_into().expect("a seed has 32 bytes");
    let mut at = u128::from_be_bytes(first).checked_rem(total)?;
    for node in open() {
        match at.checked_sub(node.weight.into()) {
            Some(rest) => at = rest,
            None => return Some(*node),
        }
    }
    None
}

/// The node of a frame's attempt: each attempt goes to another owner than those before, until every owner has had it, then begins anew.
pub fn assigned(secret: Secret, seed: Seed, frame: u32, attempt: u8, nodes: &[Eligible]) -> Option<Eligible> {
    let mut had = Vec::new();
    let mut node = None;
    for turn in 0..=attempt.min(ATTEMPTS_MOST - 1) {
        let parts: [&[u8]; 4] = [&secret.get(), &seed.get(), &frame.to_be_bytes(), &[turn]];
        let hash = Seed::derive("depin-rendering-assignment", &parts);
        node = pick(hash, nodes, &had);
        if node.is_none() {
            had.clear();
            node = pick(hash, nodes, &had);
        }
        had.extend(node.map(|node| node.owner));
    }
    node
}

/// Whether a delivery is to be rendered again. `drawn` is the seed that was drawn after the delivery was on the ledger.
///
/// The first 8 bytes of the hash, as a number below 2^64, lie below `share * 2^64`.
pub fn is_checked(secret: Secret, drawn: Seed, ticket: UnitId, share: Share) -> bool {
    let hash = Seed::derive("depin-rendering-check", &[&secret.get(), &drawn.get(), &ticket.get()]);
    let first: [u8; 8] = hash.get()[..8].try_into().expect("a seed has 32 bytes");
    let scaled = (u128::from(u64::from_be_bytes(first)) * u128::from(Share::WHOLE.get())) >> 64;
    scaled < u128::from(share.get())
}

/// The node that renders a delivery of `owner` again: another owner's; each turn goes to another than those before.
pub fn checker(secret: Secret, drawn: Seed, ticket: UnitId, turn: u8, owner: Address, nodes: &[Eligible]) -> Option<Eligible> {
    let mut had = vec![owner];
    let mut node = None;
    for turn in 0..=turn.min(ATTEMPTS_MOST - 1) {
        let hash = Seed::derive("depin-rendering-checker", &[&secret.get(), &drawn.get(), &ticket.get(), &[turn]]);
        node = pick(hash, nodes, &had);
        had.extend(node.map(|node| node.owner));
        node?;
    }
    node
}

/// The node of a planted frame, by its number: a dispatcher cannot give those to its friends either.
pub fn planted(secret: Secret, seed: Seed, number: u32, nodes: &[Eligible]) -> Option<Eligible> {
    let parts: [&[u8]; 3] = [&secret.get(), &seed.get(), &number.to_be_bytes()];
    pick(Seed::derive("depin-rendering-planted", &parts), nodes, &[])
}

/// Planted frames of a job at most: one for sixteen frames, and one more.
pub const fn planted_most(frames: u32) -> u32 {
    frames / 16 + 1
}

/// The tickets that a job's end has opened: `most` numbers below `tickets`, each once, in rising order.
pub fn sample(seed: Seed, job: UnitId, tickets: u32, most: u32) -> Vec<u32> {
    let mut numbers = std::collections::BTreeSet::new();
    for turn in 0..u64::from(most) * 4 {
        if numbers.len() as u32 >= most.min(tickets) {
            break;
        }
        let hash = Seed::derive("depin-rendering-sample", &[&seed.get(), &job.get(), &turn.to_be_bytes()]);
        let first: [u8; 8] = hash.get()[..8].try_into().expect("a seed has 32 bytes");
        numbers.insert((u64::from_be_bytes(first) % u64::from(tickets.max(1))) as u32);
    }
    numbers.into_iter().collect()
}

#[cfg(test)]
mod tests;
