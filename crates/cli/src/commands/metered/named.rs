//! Orders, batches and people as they are named on the command line.

use crate::{
    error::{CliError, Result},
    output::Output,
    remote::{Remote, name_in, needs_service},
};
use depin_client::{
    Client, Metered, Sender,
    api::{MeteredBatch, MeteredOrder, OrderQuery},
    whole_list,
};
use depin_devnet::home;
use depin_quantity::{Address, Instant, UnitId};
use std::collections::BTreeMap;

/// Pages that are searched for the beginning of an id.
const PAGES_MAX: usize = 64;

/// What a command about metered units needs.
const HOW: &str = "make one of your own with `depin new NAME --service metered --unit \"…\" --economy …`, and start it with `depin up --network NAME`";

/// What every command about metered units works with.
pub struct Named<'a> {
    pub remote: &'a Remote,
    pub out: &'a Output,
    pub now: Instant,
    names: BTreeMap<Address, String>,
}

impl<'a> Named<'a> {
    pub async fn new(remote: &'a Remote, out: &'a Output) -> Result<Self> {
        let status = remote.client.status().await?;
        needs_service(status.network, status.service, "metered", HOW)?;
        let names = remote.names().await?;
        Ok(Self { remote, out, now: Instant::new(status.time_ms), names })
    }

    pub(super) const fn client(&self) -> &Client {
        &self.remote.client
    }

    pub(super) const fn metered(&self) -> Metered<'_> {
        self.remote.client.metered()
    }

    /// The name of an account, or the ends of its address.
    pub(super) fn name(&self, address: Address) -> String {
        name_in(&self.names, address)
    }

    /// The order of that id, or whose id alone begins so.
    pub async fn order(&self, text: &str) -> Result<MeteredOrder> {
        let unknown = || {
            CliError::refused("unknown-order", format_args!("there is no order `{text}`"))
                .hint("`depin metered orders` lists them; closed ones are forgotten after a while")
        };
        if let Ok(id) = text.parse::<UnitId>() {
            return self.metered().order(id).await?.ok_or_else(unknown);
        }
        let beginning = text.trim_end_matches('…').to_ascii_lowercase();
        if beginning.is_empty() || !beginning.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(unknown());
        }
        let orders = whole_list(PAGES_MAX, |after| async move {
            self.metered().orders(&OrderQuery { after, limit: Some(1_000), ..OrderQuery::default() }).await
        });
        let mut found = orders.await?;
        found.retain(|order| order.id.to_string().starts_with(&beginning));
        match (found.pop(), found.is_empty()) {
            (Some(order), true) => Ok(order),
            (Some(_), false) => {
                Err(CliError::refused("ambiguous", format_args!("{} orders begin with `{beginning}`", found.len() + 1))
                    .hint("write more of the id"))
            }
            (None, _) => Err(unknown()),
        }
    }

    /// The batch of that id, or of that order and number: `3fa2b1/0`.
    pub(super) async fn batch(&self, text: &str) -> Result<MeteredBatch> {
        let unknown = || {
            CliError::refused("unknown-batch", format_args!("there is no batch `{text}`"))
                .hint("write its id, or its order and number as `depin metered batches ORDER` shows them: 3fa2b1/0")
        };
        if let Ok(id) = text.parse::<UnitId>() {
            return self.metered().batch(id).await?.ok_or_else(unknown);
        }
        let (order, number) = text.split_once('/').ok_or_else(unknown)?;
        let number: u32 = number.parse().map_err(|_| unknown())?;
        let order = self.order(order).await?;
        let after = number.checked_sub(1).map(|before| before.to_string());
        let page = self.metered().batches(order.id, after.as_deref(), Some(1)).await?;
        page.items.into_iter().find(|batch| batch.number == number).ok_or_else(unknown)
    }

    /// A sender of the key named, or of the home's key of whoever is to do it.
    pub(super) fn sender(&self, key: Option<&str>, who: Option<Address>, what: &str) -> Result<Sender> {
        if let Some(key) = key {
            return self.remote.sender(key);
        }
        let home = &self.remote.settings.home;
        let wallet = home::key_names(home)?.into_iter().map(|name| home.key(name));
        let operators = home.provider_names()?.into_iter().map(|name| home.provider(name).join("key"));
        for path in wallet.chain(operators) {
            if home::address_of(&path).ok().is_some_and(|address| Some(address) == who) {
                return Ok(Sender::new(self.client().clone(), home.load_key(&path)?));
            }
        }
        let whose = who.map_or_else(|| "nobody's".to_owned(), |who| format!("{}'s", self.name(who)));
        Err(CliError::refused("no-key", format_args!("it is {whose} to {what}, and this home has no such key"))
            .hint("name a key with --from: a name from `depin wallet show`, or a key file"))
    }
}

/// An order's id as tables show it: enough to name it again.
pub(super) fn short(id: UnitId) -> String {
    id.to_string().chars().take(12).collect()
}
