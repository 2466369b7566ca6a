//! `depin metered …`: orders, batches and disputes of a founder's own service.

mod act;
mod close;
mod disputes;
mod look;
mod named;
mod orders;
mod reports;

pub use named::Named;

use crate::{args::MeteredCommand, error::Result, output::Output, remote::Remote, settings::Settings};

/// Runs one of them.
pub async fn run(command: &MeteredCommand, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let at = Named::new(&remote, out).await?;
    match command {
        MeteredCommand::Operators => look::operators(&at).await,
        MeteredCommand::Quote(args) => look::quote(args, &at).await,
        MeteredCommand::Orders(args) => look::orders(args, &at).await,
        MeteredCommand::Show(args) => look::show(&args.order, &at).await,
        MeteredCommand::Batches(args) => look::batches(args, &at).await,
        MeteredCommand::Disputes => look::disputes(&at).await,
        MeteredCommand::Order(args) => orders::open(args, &at).await,
        MeteredCommand::Raise(args) => orders::raise(args, &at).await,
        MeteredCommand::Close(args) => close::close(args, &at).await,
        MeteredCommand::LeastCaps(args) => orders::least_caps(args, &at).await,
        MeteredCommand::Report(args) => reports::report(args, &at).await,
        MeteredCommand::Dispute(args) => disputes::dispute(args, &at).await,
        MeteredCommand::Answer(args) => disputes::answer(args, &at).await,
        MeteredCommand::Concede(args) => disputes::concede(args, &at).await,
        MeteredCommand::Decide(args) => disputes::decide(args, &at).await,
    }
}
