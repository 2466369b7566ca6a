//! The client against a small node of its own: a pool, nonces, finality, and every kind of bad day on the way.

mod events;
mod reads;
mod sender;
mod server;
