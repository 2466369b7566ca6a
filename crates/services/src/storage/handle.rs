//! Where messages enter.

use super::{error::StorageError, message::StorageMessage, turn::Turn};
use depin_quantity::{Address, Seed};

impl Turn<'_> {
    /// Runs `sender`'s message. `unique` is bound to the transaction that carries it.
    ///
    /// # Errors
    /// [`StorageError`]; the caller rolls back whatever was written before it was found.
    pub fn handle(&mut self, sender: Address, message: &StorageMessage, unique: Seed) -> Result<(), StorageError> {
        match message {
            StorageMessage::RegisterProvider { name, url, capacity, ask } => self.register(sender, *name, url, *capacity, ask),
            StorageMessage::SetAsk(ask) => self.set_ask(sender, ask),
            StorageMessage::RemoveProvider => self.remove_provider(sender),
            StorageMessage::ProposeDeals(proposals) => self.propose(sender, proposals, unique),
            StorageMessage::AcceptDeals(deals) => self.accept(sender, deals),
            StorageMessage::RefuseDeals { deals, reason } => self.refuse(sender, deals, reason),
            StorageMessage::ProveSectors(proofs) => self.prove_sectors(sender, proofs),
            StorageMessage::ProveSet { set, leaves } => self.prove_set(sender, *set, leaves),
            StorageMessage::DeclareFaults(deals) => self.declare_faults(sender, deals),
            StorageMessage::DeclareRecovered(deals) => self.declare_recovered(sender, deals),
            StorageMessage::ExtendDeals { deals, epochs } => self.extend(sender, deals, *epochs),
            StorageMessage::AcceptExtensions(deals) => self.accept_extensions(sender, deals),
            StorageMessage::EndDeals(deals) => self.ask_end(sender, deals),
            StorageMessage::AgreeEnds(deals) => self.agree_end(sender, deals),
            StorageMessage::TerminateDeals(deals) => self.give_up(sender, deals),
            StorageMessage::SettleDeals(deals) => self.settle(deals),
        }
    }
}
