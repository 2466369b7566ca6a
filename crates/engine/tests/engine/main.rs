//! The engine with a small honest machine: a key-value ledger over a `BTreeMap`.

mod beacon;
mod blocks;
mod clock;
mod committee;
mod crash;
mod damage;
mod heartbeat;
mod ledger;
mod prune;
mod rivals;
mod single;
mod votes;
