//! The balance gate: whether a packet is paid, and when its customer is switched off.
//!
//! Source: helium/oracles `iot_packet_verifier/src/{verifier,pending}.rs`.

/// What the gate says about one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is paid.
    pub valid: bool,
    /// What is pending afterwards.
    pub pending: u128,
    /// Whether its customer is switched off.
    pub disabled: bool,
    /// Whether what is pending is charged now.
    pub burns: bool,
}

/// A packet of `cost` is valid when `balance` covers it and what is `pending`. A customer that cannot pay, or keeps less than `minimum`,
/// is switched off; what is pending is charged once it comes to `batch`.
///
/// - Units: base units of what packets are paid in, for all five.
/// - Rounding: none. A sum past 128 bits is more than any balance.
pub fn verify_packet(cost: u128, balance: u128, pending: u128, minimum: u128, batch: u128) -> Verdict {
    let after = pending.checked_add(cost).filter(|after| *after <= balance);
    let (valid, pending) = (after.is_some(), after.unwrap_or(pending));
    Verdict { valid, pending, disabled: !valid || balance.saturating_sub(pending) < minimum, burns: pending >= batch }
}
