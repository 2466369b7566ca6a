//! `depin lease`: containers on leased machines.
//!
//! Order, bids, lease and money are on the ledger. Manifests, logs, files and shells go to the gateway of the provider that has the lease.

mod act;
mod check;
mod copy;
mod gate;
mod guests;
mod image;
mod look;
mod order;
mod place;
mod probe;
mod ready;
mod shell;
mod streams;
mod terminal;
mod up;

pub use look::priced;

use crate::{
    args::{LeaseCommand, LeaseImageCommand},
    error::Result,
    output::Output,
    remote::Remote,
    settings::Settings,
};
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
        LeaseCommand::Events(args) if args.follow => streams::events(args, &at).await,
        LeaseCommand::Events(args) => look::events(args, &at).await,
        LeaseCommand::Logs(args) => streams::logs(args, &at).await,
        LeaseCommand::Shell(args) => shell::shell(args, &at).await,
        LeaseCommand::Exec(args) => shell::exec(args, &at).await,
        LeaseCommand::Cp(args) => copy::cp(args, &at).await,
        LeaseCommand::Image(LeaseImageCommand::Push(args)) => image::push(args, &at).await,
        LeaseCommand::Send(args) => act::send(args, &at).await,
        LeaseCommand::Token(args) => guests::token(args, &at).await,
        LeaseCommand::Host(args) => guests::host(args, &at).await,
        LeaseCommand::Revoke(args) => guests::revoke(args, &at).await,
        LeaseCommand::Probe(args) => probe::probe(args, &at).await,
        LeaseCommand::Topup(args) => act::topup(args, &at).await,
        LeaseCommand::Update(args) => act::update(args, &at).await,
        LeaseCommand::Close(args) => act::close(args, &at).await,
        LeaseCommand::Providers => look::providers(&at).await,
    }
}
