//! Keeps the route on the ledger in line with the devices, and what is known of the ledger new.

use super::{Chain, ChainConfig, ChainError, lists, setup};
use crate::{engine::Command, gateway::Shared};
use depin_client::Sender;
use depin_lorawan::server::{DeviceRow, Server};
use depin_quantity::{UnitId, Units};
use depin_services::coverage::{CoverageMessage, EuiPair, FILTERS_MAX, SessionFilter, SessionKey};
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::oneshot;

/// What the problems of the chain's side concern.
const CHAIN: &str = "chain";
const CREDITS: &str = "credits";
/// EUI pairs of one message.
const EUIS_AT_ONCE: usize = 64;

/// See the module.
pub(super) struct Keeper {
    pub chain: Arc<Chain>,
    pub sender: Sender,
    pub oui: u32,
    pub route: UnitId,
    pub shared: Arc<Shared>,
    pub wishes: ChainConfig,
}

/// What devices there are: their joins, and the addresses and keys of their sessions.
#[derive(Default)]
struct Devices {
    euis: BTreeSet<(u64, u64)>,
    filters: BTreeSet<(u32, [u8; 16])>,
}

impl Devices {
    fn of(server: &Server) -> Self {
        let mut devices = Self::default();
        for row in server.devices() {
            devices.euis.insert((row.spec.join_eui.get(), row.spec.dev_eui.get()));
            devices.filters.extend(sessions(row));
        }
        devices
    }
}

fn sessions(row: &DeviceRow) -> impl Iterator<Item = (u32, [u8; 16])> {
    row.session.iter().chain(&row.joining).map(|session| (session.address.get(), *session.keys.network.bytes()))
}

impl Keeper {
    /// Compares for ever.
    pub(super) async fn run(self) {
        loop {
            tokio::time::sleep(self.wishes.poll).await;
            let kept = match self.look().await {
                Ok(()) => self.keep().await,
                Err(error) => Err(error),
            };
            match kept {
                Ok(()) => self.shared.problems.solved(CHAIN),
                Err(error) => self.shared.problems.note(CHAIN, error.to_string()),
            }
        }
    }

    /// Reads what reports and answers follow from.
    pub(super) async fn look(&self) -> Result<(), ChainError> {
        let client = self.sender.client();
        let time_ms = client.status().await?.time_ms;
        self.chain.state().time_ms = time_ms;
        let hotspots = lists::hotspots(client).await?;
        self.chain.state().hotspots = hotspots;
        Ok(())
    }

    /// Says to the ledger what differs.
    async fn keep(&self) -> Result<(), ChainError> {
        self.keep_credits().await?;
        let client = self.sender.client();
        // An engine that is gone says nothing of devices: nothing is taken off the ledger then.
        let Some(mut wanted) = self.devices().await else { return Ok(()) };
        if !self.wishes.list_keys {
            wanted.filters.clear();
        }
        let (euis, filters) = (lists::euis(client, self.route).await?, lists::filters(client, self.route).await?);
        let pair = |(app_eui, dev_eui): &(u64, u64)| EuiPair { app_eui: *app_eui, dev_eui: *dev_eui };
        for part in wanted.euis.difference(&euis).map(pair).collect::<Vec<_>>().chunks(EUIS_AT_ONCE) {
            let change = CoverageMessage::ChangeEuis { route: self.route, add: part.to_vec(), remove: Vec::new() };
            setup::say(&self.sender, "joins of new devices could not be routed here", change).await?;
        }
        for part in euis.difference(&wanted.euis).map(pair).collect::<Vec<_>>().chunks(EUIS_AT_ONCE) {
            let change = CoverageMessage::ChangeEuis { route: self.route, add: Vec::new(), remove: part.to_vec() };
            setup::say(&self.sender, "joins of removed devices are still routed here", change).await?;
        }
        let filter =
            |(devaddr, key): &(u32, [u8; 16])| SessionFilter { devaddr: *devaddr, key: SessionKey::new(*key), max_copies: 0 };
        // New sessions before old ones go: no uplink is without a route meanwhile.
        for part in wanted.filters.difference(&filters).map(filter).collect::<Vec<_>>().chunks(FILTERS_MAX) {
            let change = CoverageMessage::ChangeFilters { route: self.route, add: part.to_vec(), remove: Vec::new() };
            setup::say(&self.sender, "session keys could not be listed", change).await?;
        }
        for part in filters.difference(&wanted.filters).map(filter).collect::<Vec<_>>().chunks(FILTERS_MAX) {
            let change = CoverageMessage::ChangeFilters { route: self.route, add: Vec::new(), remove: part.to_vec() };
            setup::say(&self.sender, "old session keys could not be taken off the list", change).await?;
        }
        Ok(())
    }

    async fn keep_credits(&self) -> Result<(), ChainError> {
        let Some(oui) = self.sender.client().coverage().oui(self.oui).await? else { return Ok(()) };
        let left = oui.balance.units.minus_or_zero(oui.pending.units);
        if let Some(keep) = self.wishes.keep.filter(|keep| left < *keep) {
            let credits = keep.minus_or_zero(left).plus(keep).unwrap_or(keep);
            setup::provide(&self.sender, credits).await?;
            setup::say(&self.sender, "no credits could be added", CoverageMessage::AddCredits { oui: self.oui, credits }).await?;
        } else if oui.disabled || left < oui.unit_cost.as_ref().map_or(Units::new(1), |cost| cost.units.max(Units::new(1))) {
            let why = format!(
                "OUI {} has {} left, so hotspots deliver nothing that would be paid; add credits with `depin coverage credits mint`",
                self.oui, oui.balance.display
            );
            self.shared.problems.note(CREDITS, why);
            return Ok(());
        }
        self.shared.problems.solved(CREDITS);
        Ok(())
    }

    async fn devices(&self) -> Option<Devices> {
        let (reply, answer) = oneshot::channel();
        let look = Box::new(move |server: &Server| drop(reply.send(Devices::of(server))));
        self.shared.commands.send(Command::Look(look)).await.ok()?;
        answer.await.ok()
    }
}
