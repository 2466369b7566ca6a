//! The device's entry on the ledger.

use super::{config::ClusterConfig, view::View};
use crate::operator::Registration;
use depin_ledger::Message;
use depin_services::clusters::{ClustersMessage, DeviceTerms};

/// How the entry stands: in line with the settings and with its whole pledge, or which message brings it there.
///
/// One that a fault left below its pledge registers again, which tops it up. A hired device keeps its profile until the hire is over; what else
/// changed is said at once. One that left, or was taken out as no such device, comes back by a new start only.
pub(super) fn registration(config: &ClusterConfig, terms: DeviceTerms, view: &View, begun: bool) -> Registration {
    let register = |terms: DeviceTerms, serving| {
        let message = ClustersMessage::Register { name: config.operator.name, terms };
        Registration::Differs { message: Box::new(Message::service(message)), serving }
    };
    let Some(entry) = &view.entry else { return register(terms, false) };
    let terms = match entry.hire {
        Some(_) => DeviceTerms { profile: entry.terms.profile, ..terms },
        None => terms,
    };
    if !entry.active {
        return if begun { Registration::Removed } else { register(terms, false) };
    }
    if !entry.below_pledge && entry.terms == terms {
        return Registration::InLine;
    }
    // A profile that waited for the end of a hire is the daemon's own.
    if begun && entry.terms != (DeviceTerms { profile: entry.terms.profile, ..terms.clone() }) {
        let why = format!(
            "somebody else with this device's key registered it anew: at {}, with {} processors; it is left so. If another daemon runs with \
             the key, stop one of the two; start this one again to register its own settings",
            entry.terms.url, entry.terms.profile.processors
        );
        return Registration::Contested { why };
    }
    register(terms, true)
}
