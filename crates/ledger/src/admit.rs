//! Whether a transaction can be included at all.

use crate::{AccountRow, Body, Transaction, run::Rules};
use depin_economy::{Refusal, Spec};
use depin_quantity::{Address, Name, Units};
use depin_state::ReadState;

/// Why a transaction cannot be included; it costs nothing. Checked in this order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdmitError {
    /// For another chain.
    #[error("the transaction is for chain `{given}`, this is `{here}`; sign it for this one")]
    Chain {
        /// Chain named.
        given: Name,
        /// This chain.
        here: Name,
    },
    /// More work than any block holds.
    #[error("it needs {work} work units, a block holds {max}; split it")]
    TooMuchWork {
        /// Units needed.
        work: u64,
        /// Units that a block holds.
        max: u64,
    },
    /// Its message says what is refused whatever the rows are.
    #[error("{0}")]
    Bounds(String),
    /// Included before.
    #[error("nonce {given} is used; the next one of this account is {next}")]
    Replayed {
        /// Nonce given.
        given: u64,
        /// Nonce expected.
        next: u64,
    },
    /// Out of order: an earlier transaction of the same sender is missing.
    #[error("nonce {given} is ahead; nonce {next} comes first")]
    Ahead {
        /// Nonce given.
        given: u64,
        /// Nonce expected.
        next: u64,
    },
    /// The base fee rose above what the sender pays.
    #[error("the base fee is {now} base units per work unit, the transaction pays at most {max}; sign it again with more")]
    BaseFee {
        /// Highest accepted by the sender.
        max: Units,
        /// The base fee now.
        now: Units,
    },
    /// The sender cannot pay the fee.
    #[error("the fee cannot be paid: {0}")]
    Fee(Refusal),
}

impl AdmitError {
    /// The refusal with its amounts in whole tokens, as the network with these parameters writes them. `Display` knows no network, so
    /// it has base units.
    pub fn told(&self, spec: &Spec) -> String {
        match self {
            Self::BaseFee { max, now } => {
                let [max, now] = [max, now].map(|units| spec.amount_text(spec.fee().token, *units));
                format!("the base fee is {now} per work unit, the transaction pays at most {max}; sign it again with more")
            }
            Self::Fee(refusal) => format!("the fee cannot be paid: {}", refusal.told(spec)),
            other => other.to_string(),
        }
    }

    /// Short stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Chain { .. } => "wrong-chain",
            Self::TooMuchWork { .. } => "too-much-work",
            Self::Bounds(_) => "bounds",
            Self::Replayed { .. } => "replayed",
            Self::Ahead { .. } => "ahead",
            Self::BaseFee { .. } => "base-fee",
            Self::Fee(_) => "fee",
        }
    }
}

impl Rules {
    /// Checks what holds for a transaction on finalized rows; a nonce that is ahead is fine, since others may come before.
    pub(crate) fn admit(&self, state: &dyn ReadState, transaction: &Transaction) -> Result<(), AdmitError> {
        let body = &transaction.body;
        let (work, base_fee) = (body.work(), depin_economy::base_fee(self.economy().spec(), state));
        self.fits(body, work, base_fee)?;
        body.message.bounds().map_err(AdmitError::Bounds)?;
        let sender = body.sender();
        match check_nonce(state, sender, body.nonce) {
            Ok(()) | Err(AdmitError::Ahead { .. }) => {}
            Err(reason) => return Err(reason),
        }
        let fee = base_fee.plus(body.tip).and_then(|each| each.times(work.into()));
        let fresh = if state.has::<AccountRow>(&sender) { 0 } else { AccountRow::BYTES };
        let bytes = fresh + body.history();
        let spec = self.economy().spec();
        if bytes > 0 && spec.fee().row.is_some() {
            within(body, depin_economy::row_base_fee(spec, state))?;
        }
        let rows = depin_economy::row_fee(spec, state).and_then(|each| each.times(bytes.into()));
        let needed = fee.and_then(|fee| fee.plus(rows?)).map_err(|e| AdmitError::Fee(e.into()))?;
        let (token, has) = (self.token(), depin_economy::wallet(state, sender, self.token()).held);
        let credit = if body.tip.is_zero() { depin_economy::fee_credit(spec, state, sender) } else { Units::ZERO };
        if has < needed.minus_or_zero(credit) {
            Err(AdmitError::Fee(Refusal::Underfunded { token, needed, has }))
        } else {
            Ok(())
        }
    }

    /// Checks what needs no row: the chain, the work, the base fee.
    pub(crate) fn fits(&self, body: &Body, work: u64, base_fee: Units) -> Result<(), AdmitError> {
        if body.chain_id != self.doc.chain_id {
            return Err(AdmitError::Chain { given: body.chain_id, here: self.doc.chain_id });
        }
        let max = self.block_work();
        if work > max {
            return Err(AdmitError::TooMuchWork { work, max });
        }
        within(body, base_fee)
    }
}

/// Refuses a base fee, of work or of rows, above what the sender pays.
pub(crate) fn within(body: &Body, base_fee: Units) -> Result<(), AdmitError> {
    let max = body.base_fee_max;
    if max < base_fee { Err(AdmitError::BaseFee { max, now: base_fee }) } else { Ok(()) }
}

/// Refuses a nonce that is not the sender's next one.
pub(crate) fn check_nonce(state: &dyn ReadState, sender: Address, given: u64) -> Result<(), AdmitError> {
    let next = state.get::<AccountRow>(&sender).unwrap_or_default().nonce;
    match given.cmp(&next) {
        std::cmp::Ordering::Less => Err(AdmitError::Replayed { given, next }),
        std::cmp::Ordering::Greater => Err(AdmitError::Ahead { given, next }),
        std::cmp::Ordering::Equal => Ok(()),
    }
}
