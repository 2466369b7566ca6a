//! Prices: reports and their median, dollars in tokens, constant-product venues, treasuries that redeem.

pub mod dollars;
pub mod price;
pub mod rows;
pub mod treasury;
pub mod venue;
