//! The provider's entry on the ledger.

use super::{config::LeasingConfig, view::View};
use crate::operator::Registration;
use depin_client::api::LeasingProvider;
use depin_ledger::Message;
use depin_services::leasing::LeasingMessage;

/// How the entry stands: in line with the settings and with its whole pledge, or which message brings it there.
///
/// One that a fault left below the pledge registers again, which tops it up. One that left (`begun` says that this process has seen it
/// take part) comes back by a new start only. One that this process has seen in line and that says something else now was written by
/// somebody else who has the key: it is left as it is.
pub(super) fn registration(config: &LeasingConfig, url: &str, view: &View, begun: bool) -> Registration {
    let register = |serving| {
        let (name, url, attributes) = (config.operator.name, url.to_owned(), config.attributes.clone());
        let message = LeasingMessage::RegisterProvider { name, url, attributes };
        Registration::Differs { message: Box::new(Message::service(message)), serving }
    };
    match &view.entry {
        None => register(false),
        Some(entry) if !entry.active && begun => Registration::Removed,
        Some(entry) if entry.active && !entry.below_pledge && is_same(config, url, entry) => Registration::InLine,
        Some(entry) if entry.active && begun && !is_same(config, url, entry) => Registration::Contested { why: contested(entry) },
        Some(entry) => register(entry.active),
    }
}

/// What somebody else wrote, and what to do about it.
fn contested(entry: &LeasingProvider) -> String {
    let attributes: Vec<String> = entry.attributes.iter().map(|one| format!("{}={}", one.key, one.value)).collect();
    format!(
        "somebody else with this provider's key registered it anew: as `{}` at {}, with {}; it is left so. If another daemon runs with \
         the key, stop one of the two; start this one again to register its own settings",
        entry.name,
        entry.url,
        attributes.join(", ")
    )
}

fn is_same(config: &LeasingConfig, url: &str, entry: &LeasingProvider) -> bool {
    entry.name == config.operator.name && entry.url == url && entry.attributes == config.attributes
}
