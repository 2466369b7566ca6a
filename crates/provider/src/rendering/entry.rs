//! The node's entry on the ledger.

use super::{config::RenderingConfig, view::View};
use crate::operator::Registration;
use depin_ledger::Message;
use depin_services::rendering::RenderingMessage;

/// How the entry stands: in line with the settings and with its whole pledge, or which message brings it there.
///
/// One that a fault left below its pledge registers again, which tops it up. One that left, or was taken out for frames that it let lie, comes
/// back by a new start only. One that this process has seen in line and that says something else now was written by somebody else who has
/// the key: it is left as it is.
pub(super) fn registration(config: &RenderingConfig, url: &str, view: &View, begun: bool) -> Registration {
    let terms = config.terms(url);
    let register = |serving| {
        let message = RenderingMessage::Register { name: config.operator.name, terms: terms.clone() };
        Registration::Differs { message: Box::new(Message::service(message)), serving }
    };
    match &view.entry {
        None => register(false),
        Some(entry) if !entry.active && begun => Registration::Removed,
        Some(entry) if entry.active && !entry.below_pledge && entry.terms == terms => Registration::InLine,
        Some(entry) if entry.active && begun && entry.terms != terms => Registration::Contested {
            why: format!(
                "somebody else with this node's key registered it anew: at {}, with {} points; it is left so. If another daemon runs with \
                 the key, stop one of the two; start this one again to register its own settings",
                entry.terms.url, entry.terms.score
            ),
        },
        Some(entry) => register(entry.active),
    }
}
