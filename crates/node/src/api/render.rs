//! From the ledger's types to the wire's.

use super::App;
use crate::index::{EventRecord, Names, ReceiptRecord};
use depin_client::api::{self, Amount, Failure, FinalReceipt};
use depin_economy::Spec;
use depin_ledger::ReceiptBody;
use depin_quantity::{Name, Units};
use depin_services::storage::StorageParams;
use std::collections::BTreeMap;

/// The network's tokens and their decimals.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    decimals: BTreeMap<Name, u8>,
    /// The token in which fees are paid.
    pub main: Name,
    /// The token in which deals are paid.
    pub deals: Name,
}

impl Tokens {
    pub fn of(spec: &Spec, storage: Option<&StorageParams>) -> Self {
        let decimals = spec.tokens().iter().map(|(name, token)| (*name, token.decimals)).collect();
        let main = spec.fee().token;
        Self { decimals, main, deals: storage.map_or(main, |storage| storage.token) }
    }

    /// The first of them by name.
    pub fn first(&self) -> Name {
        self.decimals.keys().next().copied().unwrap_or(self.main)
    }

    pub fn names(&self) -> impl Iterator<Item = Name> {
        self.decimals.keys().copied()
    }

    pub fn decimals(&self, token: Name) -> u8 {
        self.decimals.get(&token).copied().unwrap_or(0)
    }

    pub fn amount(&self, token: Name, units: Units) -> Amount {
        Amount::new(token, units, self.decimals(token))
    }

    /// An amount of the main token.
    pub fn main(&self, units: Units) -> Amount {
        self.amount(self.main, units)
    }

    /// An amount of the token that deals are paid in.
    pub fn deals(&self, units: Units) -> Amount {
        self.amount(self.deals, units)
    }

    /// Whole tokens as a float, for metrics only.
    pub fn whole(&self, token: Name, units: Units) -> f64 {
        units.get() as f64 / 10f64.powi(self.decimals(token).into())
    }
}

impl App {
    /// A transaction's receipt; `None` for what a block did by itself.
    pub(super) fn receipt(&self, record: &ReceiptRecord) -> Result<Option<FinalReceipt>, serde_json::Error> {
        let receipt = &record.receipt;
        let ReceiptBody::Transaction { id, sender, nonce, action, fee, failure } = &receipt.body else { return Ok(None) };
        let failure = failure.as_ref().map(|f| Failure { code: f.code.clone(), message: f.message.clone() });
        Ok(Some(FinalReceipt {
            id: *id,
            height: receipt.height,
            time: receipt.time.into(),
            index: receipt.index,
            sender: *sender,
            nonce: *nonce,
            action: action.clone(),
            fee: self.tokens.main(*fee),
            failure,
            events: receipt.events.iter().map(serde_json::to_value).collect::<Result<_, _>>()?,
        }))
    }
}

/// An event as it goes over the wire.
pub(super) fn event(record: &EventRecord) -> Result<api::EventRecord, serde_json::Error> {
    let event = record.event()?;
    Ok(api::EventRecord {
        position: record.position,
        height: record.height,
        time: record.time.into(),
        transaction: record.transaction.map(|(id, _)| id),
        kind: record.kind.clone(),
        accounts: Names::of(&event, record.transaction).accounts.into_iter().collect(),
        subject: event.subject(),
        event: record.value()?,
    })
}

/// Bytes as hexadecimal digits.
pub(super) fn hex32(bytes: &[u8; 32]) -> String {
    hex::encode(bytes)
}
