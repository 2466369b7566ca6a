//! `depin sim`: networks simulated.

mod keys;

use crate::{args::SimCommand, error::Result, output::Output};

pub fn run(command: &SimCommand, out: &Output) -> Result<()> {
    match command {
        SimCommand::Keys(args) => keys::run(args, out),
    }
}
