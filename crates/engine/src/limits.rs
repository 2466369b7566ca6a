//! Sizes that every node of a chain must agree on. A change is a new format version.

/// Version byte of headers and blocks.
pub const FORMAT: u8 = 5;
/// Bytes of a body at most, length prefixes included.
pub const MAX_BODY_BYTES: usize = 1 << 20;
/// Transactions of a block at most.
pub const MAX_TXS: usize = 8192;
/// Bytes of a row's key at most.
pub const MAX_ROW_KEY: usize = 128;
/// Bytes of a row's value at most.
pub const MAX_ROW_VALUE: usize = 64 << 10;
/// Bytes of a receipt at most.
pub const MAX_RECEIPT: usize = 64 << 10;
/// Records of the receipts log, the ends of blocks counted, that every node has for peers who join. What is older a node may give up.
pub const RECEIPTS_SERVED: u64 = 1 << 16;
/// Validators of a committee at most: a certificate of a full committee then stays below a tenth of a block's size.
pub const MAX_COMMITTEE: usize = 1000;
/// Milliseconds by which a proposer's clock may run ahead of a voter's before the voter waits.
pub const CLOCK_DRIFT_MS: u64 = 500;
/// Milliseconds that a voter waits at most for a block from the future; then it does not vote for it.
pub const CLOCK_WAIT_MS_MAX: u64 = 2_000;
/// Milliseconds by which the clock of a block may be later than its parent's where the parent's is ahead of the voter's already.
pub const CLOCK_STEP_MS_MAX: u64 = 10_000;
