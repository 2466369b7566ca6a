//! Prices: reports and their median, dollars in tokens, constant-product AMM pools, treasuries that redeem.

pub mod amm_pool;
pub mod dollars;
pub mod price;
pub mod rows;
pub mod treasury;
