//! Jobs, people and the dispatcher as they are named on the command line.

use crate::{
    args::DeskArgs,
    error::{CliError, Result},
    output::Output,
    remote::{Remote, STARTS_RENDERERS, name_in, needs_service},
};
use depin_client::{
    Rendering, Sender,
    api::{RenderingJob, RenderingJobQuery, RenderingNetwork, RenderingNode, RenderingNodeQuery, RenderingTicket},
    render::{Desk, RenderCallError},
    whole_list,
};
use depin_devnet::{
    home,
    services::rendering::gateway::{KEY, NAME},
};
use depin_quantity::{Address, Decimal18, Instant, UnitId};
use depin_services::rendering::Tier;
use std::collections::BTreeMap;

/// Pages of one list.
const PAGES_MAX: usize = 64;
/// 10^-18 in a millionth.
const MILLIONTH: u128 = 1_000_000_000_000;

/// What every command about rendering works with.
pub(super) struct Named<'a> {
    pub remote: &'a Remote,
    pub out: &'a Output,
    pub now: Instant,
    names: BTreeMap<Address, String>,
}

impl<'a> Named<'a> {
    pub(super) async fn new(remote: &'a Remote, out: &'a Output) -> Result<Self> {
        let status = remote.client.status().await?;
        needs_service(status.network, status.service, "rendering", STARTS_RENDERERS)?;
        Ok(Self { remote, out, now: Instant::new(status.time_ms), names: remote.names().await? })
    }

    pub(super) const fn rendering(&self) -> Rendering<'_> {
        self.remote.client.rendering()
    }

    /// The name of an account, or the ends of its address.
    pub(super) fn name(&self, address: Address) -> String {
        name_in(&self.names, address)
    }

    pub(super) async fn network(&self) -> Result<RenderingNetwork> {
        Ok(self.rendering().network().await?)
    }

    /// Every job on the ledger.
    pub(super) async fn jobs(&self) -> Result<Vec<RenderingJob>> {
        let page = |after| async move {
            self.rendering().jobs(&RenderingJobQuery { after, limit: Some(200), ..RenderingJobQuery::default() }).await
        };
        Ok(whole_list(PAGES_MAX, page).await?)
    }

    /// Every node, those that left too.
    pub(super) async fn nodes(&self, tier: Option<Tier>) -> Result<Vec<RenderingNode>> {
        let page = |after| async move {
            self.rendering().nodes(&RenderingNodeQuery { tier, after, limit: Some(1_000), owner: None }).await
        };
        let mut found = whole_list(PAGES_MAX, page).await?;
        found.sort_by_cached_key(|node| {
            let name = self.name(node.owner);
            (name.len(), name, node.node)
        });
        Ok(found)
    }

    /// Every ticket of a job, in the order in which they were given out.
    pub(super) async fn tickets(&self, job: UnitId) -> Result<Vec<RenderingTicket>> {
        let page = |after: Option<String>| async move { self.rendering().tickets(job, after.as_deref(), Some(500)).await };
        Ok(whole_list(PAGES_MAX * 8, page).await?)
    }

    /// The job of that id, or whose id alone begins so.
    pub(super) async fn job(&self, text: &str) -> Result<RenderingJob> {
        let unknown = || {
            CliError::refused("unknown-job", format_args!("there is no job `{text}`"))
                .hint("`depin render jobs` lists them; closed ones are forgotten after a while")
        };
        if let Ok(id) = text.parse::<UnitId>() {
            return self.rendering().job(id).await?.ok_or_else(unknown);
        }
        let beginning = text.trim_end_matches('…').to_ascii_lowercase();
        let all = if beginning.is_empty() { Vec::new() } else { self.jobs().await? };
        let mut found = all.into_iter().filter(|job| job.job.to_string().starts_with(&beginning));
        match (found.next(), found.next()) {
            (Some(job), None) => Ok(job),
            (Some(_), Some(_)) => Err(CliError::refused("ambiguous", format_args!("several jobs begin with `{beginning}`"))
                .hint("write more of the id")),
            (None, _) => Err(unknown()),
        }
    }

    /// The dispatcher that was named, or the home's.
    pub(super) fn desk(&self, args: &DeskArgs) -> Result<Desk> {
        let (url, key) = match (&args.desk, &args.desk_key) {
            (Some(url), Some(path)) => {
                let read = depin_files::read_secret(path, 4_096)
                    .map_err(|error| CliError::refused("desk-key", format_args!("{}: {error}", path.display())))?;
                (url.clone(), read.trim().to_owned())
            }
            _ => {
                let endpoints = self.remote.settings.home.endpoints()?;
                let found = endpoints.and_then(|all| all.endpoints.into_iter().find(|endpoint| endpoint.name == NAME));
                let found = found.and_then(|endpoint| Some((endpoint.url, endpoint.settings.get(KEY)?.clone())));
                found.ok_or_else(|| {
                    CliError::refused("no-dispatcher", "no dispatcher of this home runs, and none was named")
                        .hint("`depin up --network render` starts one, `depin gateway render` one of your own; name it by --desk URL --desk-key DIR/access.key")
                })?
            }
        };
        Desk::new(&url, &key, &self.remote.settings.trust()?).map_err(|error| of_desk(&error))
    }

    /// A sender of the key named, or of the home's key of whoever is to do it.
    pub(super) fn sender(&self, key: Option<&str>, who: Address, what: &str) -> Result<Sender> {
        if let Some(key) = key {
            return self.remote.sender(key);
        }
        let home = &self.remote.settings.home;
        for path in home::key_names(home)?.into_iter().map(|name| home.key(name)) {
            if home::address_of(&path).ok() == Some(who) {
                return Ok(Sender::new(self.remote.client.clone(), home.load_key(&path)?));
            }
        }
        Err(CliError::refused("no-key", format_args!("it is {}'s to {what}, and this home has no such key", self.name(who)))
            .hint("name a key with --from: a name from `depin wallet show`, or a key file"))
    }
}

/// What a dispatcher said no with.
pub(super) fn of_desk(error: &RenderCallError) -> CliError {
    match error {
        RenderCallError::Refused { code, message, hint, status } if *status < 500 => {
            let code = if code.is_empty() { "dispatcher" } else { code };
            CliError::refused(code, message).hint(hint)
        }
        RenderCallError::Refused { message, hint, .. } => CliError::broken("dispatcher", message).hint(hint),
        RenderCallError::Away { .. } => CliError::broken("no-dispatcher", format_args!("the dispatcher at {error}"))
            .hint("is `depin up` or `depin gateway render` running?"),
        error => CliError::refused("dispatcher", error),
    }
}

/// So many millionths, as people read them.
pub(super) fn money(millionths: u64, currency: impl std::fmt::Display) -> String {
    format!("{} {currency}", Decimal18::new(u128::from(millionths) * MILLIONTH).to_decimal())
}

/// Work as people read it.
pub(super) fn obh(thousandths: u64) -> String {
    let text = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
    format!("{} OBh", text.trim_end_matches('0').trim_end_matches('.'))
}

/// An id as tables show it: enough to name it again.
pub(super) fn short(id: UnitId) -> String {
    id.to_string().chars().take(8).collect()
}
