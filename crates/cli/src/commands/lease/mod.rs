//! `depin lease`: containers on leased machines.
//!
//! What is done here is done on the ledger: order, bids, lease, money. Manifests go to the gateway of the provider that has the lease.

mod act;
mod check;
mod look;
mod order;
mod place;
mod up;

use crate::{args::LeaseCommand, error::Result, output::Output, remote::Remote, settings::Settings};
use place::Place;

pub async fn run(command: &LeaseCommand, settings: &Settings, out: &Output) -> Result<()> {
    if let LeaseCommand::Check(args) = command {
        return check::run(args, out);
    }
    let remote = Remote::new(settings)?;
    let at = Place::new(&remote, out).await?;
    match command {
        LeaseCommand::Check(args) => check::run(args, out),
        LeaseCommand::Up(args) => up::run(args, &at).await,
        LeaseCommand::Accept(args) => act::accept(args, &at).await,
        LeaseCommand::List(args) => look::list(args, &at).await,
        LeaseCommand::Show(args) => look::show(args, &at).await,
        LeaseCommand::Bids(args) => look::bids(args, &at).await,
        LeaseCommand::Status(args) => look::status(args, &at).await,
        LeaseCommand::Events(args) => look::events(args, &at).await,
        LeaseCommand::Topup(args) => act::topup(args, &at).await,
        LeaseCommand::Update(args) => act::update(args, &at).await,
        LeaseCommand::Close(args) => act::close(args, &at).await,
        LeaseCommand::Providers => look::providers(&at).await,
    }
}
