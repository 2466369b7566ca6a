//! `depin render …`: scenes in, frames out.

mod act;
mod estimate;
mod images;
mod look;
mod named;
mod plan;
mod submit;
mod watch;

use crate::{args::RenderCommand, error::Result, output::Output, remote::Remote, settings::Settings};
use named::Named;

/// Runs one of them.
pub async fn run(command: &RenderCommand, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let at = Named::new(&remote, out).await?;
    match command {
        RenderCommand::Estimate(args) => estimate::run(args, &at).await,
        RenderCommand::Submit(args) => submit::run(args, &at).await,
        RenderCommand::Jobs => look::jobs(&at).await,
        RenderCommand::Show(args) => look::show(args, &at).await,
        RenderCommand::Frames(args) => look::frames(args, &at).await,
        RenderCommand::Nodes(args) => look::nodes(args, &at).await,
        RenderCommand::Verify(args) => look::verify(args, &at).await,
        RenderCommand::Watch(args) => watch::run(args, &at).await,
        RenderCommand::Approve(args) => act::approve(args, &at).await,
        RenderCommand::Reject(args) => act::reject(args, &at).await,
        RenderCommand::Topup(args) => act::topup(args, &at).await,
        RenderCommand::Cancel(args) => act::cancel(args, &at).await,
        RenderCommand::Dispute(args) => act::dispute(args, &at).await,
        RenderCommand::Fetch(args) => images::fetch(args, &at).await,
        RenderCommand::Sheet(args) => images::sheet(args, &at).await,
    }
}
