//! An operator as a whole: its duty and its interface, put together and started.

use super::{
    config::MeteredConfig,
    duty::MeteredDuty,
    status::{MeteredFigures, MeteredStatus},
};
use crate::operator::{Operator, OperatorHandle, Routes, StartError};
use depin_client::{Client, SigningKey};
use depin_quantity::Address;

/// An operator of a founder's own service; see [`MeteredOperator::start`].
#[derive(Debug)]
pub struct MeteredOperator;

impl MeteredOperator {
    /// Serves the HTTP interface and starts to follow the ledger. Returns when the interface answers; [`MeteredHandle::ready`] waits
    /// for the rest, which goes on trying while the node is away.
    ///
    /// # Errors
    /// [`StartError`]; then nothing runs.
    pub async fn start(config: MeteredConfig, client: Client, key: SigningKey) -> Result<MeteredHandle, StartError> {
        let operator = Operator::<MeteredFigures>::bind(config.operator.clone(), client, key).await?;
        let duty = MeteredDuty { url: operator.url().to_owned(), config };
        // Everything that it knows is on the ledger: it can work when it runs.
        Ok(MeteredHandle(operator.start(duty, Routes::none(), [])))
    }
}

/// A running operator. Dropped without [`MeteredHandle::stop`] it is cut off, which loses nothing.
#[derive(Debug)]
pub struct MeteredHandle(OperatorHandle<MeteredFigures>);

impl MeteredHandle {
    /// Its address on the ledger.
    pub const fn address(&self) -> Address {
        self.0.address()
    }

    /// Base URL under which customers reach it.
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// What it says of itself now.
    pub fn status(&self) -> MeteredStatus {
        self.0.status()
    }

    /// Waits until it is registered and has gone through everything once. Goes on waiting while there are problems;
    /// [`MeteredHandle::status`] names them.
    pub async fn ready(&self) {
        self.0.ready().await;
    }

    /// Resolves with the reason when it cannot go on: a defect of this program.
    pub fn failed(&self) -> impl Future<Output = String> + Send + 'static + use<> {
        self.0.failed()
    }

    /// Stops in order, within some seconds.
    pub async fn stop(self) {
        self.0.stop().await;
    }
}
