//! Between the market's words and the API's.

use crate::market::{DealState, MarketError};
use depin_client::{
    ClientError, SubmitError,
    api::{Deal, DealStage},
};
use depin_quantity::Instant;

/// A refusal is final, everything else leaves open what happened.
pub(super) fn market_error(error: ClientError) -> MarketError {
    if error.is_passing() || !matches!(error, ClientError::Refused { .. }) {
        MarketError::Unreachable { reason: error.to_string() }
    } else {
        MarketError::Refused { reason: error.to_string() }
    }
}

pub(super) fn submit_error(error: SubmitError) -> MarketError {
    match error {
        SubmitError::Client(error) => market_error(error),
        SubmitError::Uncertain { .. } | SubmitError::BaseFee { .. } => MarketError::Unreachable { reason: error.to_string() },
        SubmitError::Failed { message, .. } => MarketError::Refused { reason: message },
        SubmitError::WrongChain { .. } | SubmitError::TooLarge { .. } => MarketError::Refused { reason: error.to_string() },
    }
}

pub(super) fn state_of(deal: &Deal) -> DealState {
    let at = |time: &Option<depin_client::api::Time>| time.as_ref().map_or(Instant::new(0), |time| time.instant());
    let reason = || deal.reason.clone().unwrap_or_default();
    match deal.state {
        DealStage::Proposed => DealState::Proposed,
        DealStage::Accepted => DealState::Accepted,
        DealStage::Active => DealState::Active { until: at(&deal.until) },
        DealStage::Faulty => DealState::Faulty { until: at(&deal.until) },
        DealStage::Refused => DealState::Refused { reason: reason() },
        DealStage::Expired => DealState::Expired,
        DealStage::Ended => DealState::Ended { at: at(&deal.closed), reason: reason() },
    }
}
