//! The gateway of leases from outside: over loopback and TLS, in front of a desk in memory.

mod crowd;
mod desk;
mod rest;
mod shell;
mod streams;
mod tls;
mod tokens;
mod world;
