//! `depin lease`: containers on leased machines.

mod check;
mod order;

use crate::{args::LeaseCommand, error::Result, output::Output};

pub fn run(command: &LeaseCommand, out: &Output) -> Result<()> {
    match command {
        LeaseCommand::Check(args) => check::run(args, out),
    }
}
