//! `depin cluster …`: devices looked at, clusters hired, jobs run on them.

mod act;
mod desk;
mod hire;
mod history;
mod jobs;
mod look;
mod named;

use crate::{
    args::{ClusterCommand, ClusterDeviceCommand, ClusterJobCommand},
    error::Result,
    output::Output,
    remote::Remote,
    settings::Settings,
};
use named::Named;
pub use named::devices;

/// Runs one of them.
pub async fn run(command: &ClusterCommand, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let at = Named::new(&remote, out).await?;
    match command {
        ClusterCommand::Devices(args) => look::devices(args, &at).await,
        ClusterCommand::Device(ClusterDeviceCommand::Show(args)) => look::device(args, &at).await,
        ClusterCommand::Blocks => look::blocks(&at).await,
        ClusterCommand::Nominations(args) => look::nominations(args, &at).await,
        ClusterCommand::Rewards(args) => history::rewards(args, &at).await,
        ClusterCommand::Slashes(args) => history::slashes(args, &at).await,
        ClusterCommand::Hire(args) => hire::run(args, &at).await,
        ClusterCommand::List(args) => look::hires(args, &at).await,
        ClusterCommand::Show(args) => look::hire(args, &at).await,
        ClusterCommand::Job(ClusterJobCommand::Submit(args)) => jobs::submit(args, &at).await,
        ClusterCommand::Job(ClusterJobCommand::List(args)) => jobs::list(args, &at).await,
        ClusterCommand::Job(ClusterJobCommand::Logs(args)) => jobs::logs(args, &at).await,
        ClusterCommand::Job(ClusterJobCommand::Stop(args)) => jobs::stop(args, &at).await,
        ClusterCommand::Dashboard(args) => jobs::dashboard(args, &at).await,
        ClusterCommand::Extend(args) => act::extend(args, &at).await,
        ClusterCommand::Replace(args) => act::replace(args, &at).await,
        ClusterCommand::End(args) => act::end(args, &at).await,
    }
}
