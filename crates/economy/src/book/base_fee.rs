//! Transaction fees: the chain is a service too, and pays for its work.
//!
//! In: work units of each transaction and of each block, and the bytes of rows that each adds. Out: the base fee burnt, tips to the
//! proposer, a new base fee. Cheap on purpose: a fee reads and writes one wallet; supply and proposer are touched once per block by
//! [`BlockFees`].

use crate::{
    Account, Event, Reason, Refusal, Spec,
    book::{self, rows::BaseFeeRow},
    params::{FeeRule, RowFee},
    session::work::Work,
};
use depin_quantity::{Address, QuantityError, Rounding, Units};
use depin_state::ReadState;

/// Fees taken in the block in progress. They have left the payers' wallets and are nowhere else, so a block must hand them to
/// `Session::finish_fees` before it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "fees that are not finished are lost to every account"]
pub struct BlockFees {
    burn: Units,
    tips: Units,
    work: u64,
    bytes: u64,
    /// The block's base fee, once it was read: it stands until the block's fees are finished.
    base_fee: Option<Units>,
}

impl BlockFees {
    /// No fees yet.
    pub const NONE: Self = Self { burn: Units::ZERO, tips: Units::ZERO, work: 0, bytes: 0, base_fee: None };

    /// Work units charged so far.
    pub const fn work(&self) -> u64 {
        self.work
    }

    /// Bytes of rows charged so far.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the base fee goes by: the work, or the bytes as a part of their target, whichever is nearer to its own target or further
    /// above it.
    fn load(&self, rule: &FeeRule) -> u64 {
        let Some(row) = rule.row else { return self.work };
        let by_bytes = u128::from(self.bytes) * u128::from(rule.target_work) / u128::from(row.target.max(1));
        self.work.max(u64::try_from(by_bytes).unwrap_or(u64::MAX))
    }

    /// Everything taken so far.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] past 128 bits, which the cap of the token prevents.
    pub fn taken(&self) -> Result<Units, Refusal> {
        Ok(self.burn.plus(self.tips)?)
    }
}

/// What one transaction was charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeeCharged {
    /// `base_fee * work`, to be burnt.
    pub burnt: Units,
    /// `tip * work`, to the proposer.
    pub tip: Units,
}

impl RowFee {
    /// What so many bytes more cost at this base fee: `base * work * bytes`.
    ///
    /// # Errors
    /// Past 128 bits.
    pub fn price(&self, base: Units, bytes: u64) -> Result<Units, QuantityError> {
        base.times(self.work.into())?.times(bytes.into())
    }
}

/// The base fee after a block that did `work`.
///
/// `delta = clamp(work - target, -target, target)`; `next = max(minimum, base + base * |delta| / target / change)` with the sign
/// of `delta`: two divisions in that order, each rounded down.
///
/// - Units: base units per work unit.
/// - Source: lotus, base fee before FIP-0115 (change 8, minimum 100 attoFIL), the shape of EIP-1559.
pub fn next_base_fee(rule: &FeeRule, base: Units, work: u64) -> Result<Units, QuantityError> {
    let target = rule.target_work;
    let delta = work.abs_diff(target).min(target);
    let step = base.mul_div(delta.into(), target.into(), Rounding::Down)?.mul_div(1, rule.change.into(), Rounding::Down)?;
    let next = if work >= target { base.plus(step)? } else { base.minus_or_zero(step) };
    Ok(next.max(rule.minimum))
}

/// What one byte of rows more costs in the block in progress; nothing where the file says nothing of rows.
pub fn row_fee(spec: &Spec, state: &dyn ReadState) -> Result<Units, QuantityError> {
    spec.fee().row.map_or(Ok(Units::ZERO), |row| row.price(base_fee(spec, state), 1))
}

/// The base fee of the block in progress.
pub fn base_fee(spec: &Spec, state: &dyn ReadState) -> Units {
    state.get::<BaseFeeRow>(&()).map_or(spec.fee().initial, |row| row.base_fee)
}

impl Work<'_> {
    /// Takes `work * (base fee + tip)` from a wallet, debt or not: a debtor may still pay to repay.
    pub fn charge_fee(&mut self, payer: Address, work: u64, tip: Units, block: &mut BlockFees) -> Result<FeeCharged, Refusal> {
        let base = block.base_fee.unwrap_or_else(|| base_fee(self.spec, self.state.as_read()));
        let charged = FeeCharged { burnt: base.times(work.into())?, tip: tip.times(work.into())? };
        let amount = charged.burnt.plus(charged.tip)?;
        let (burn, tips) = (block.burn.plus(charged.burnt)?, block.tips.plus(charged.tip)?);
        let total = block.work.checked_add(work).ok_or(Refusal::TooLarge)?;
        self.take(payer, amount)?;
        *block = BlockFees { burn, tips, work: total, base_fee: Some(base), ..*block };
        Ok(charged)
    }

    /// Takes what `bytes` of rows more cost from a wallet, to be burnt; nothing where the file says nothing of rows.
    pub fn charge_rows(&mut self, payer: Address, bytes: u64, block: &mut BlockFees) -> Result<Units, Refusal> {
        let Some(row) = self.spec.fee().row.filter(|_| bytes > 0) else { return Ok(Units::ZERO) };
        let base = block.base_fee.unwrap_or_else(|| base_fee(self.spec, self.state.as_read()));
        let amount = row.price(base, bytes)?;
        let burn = block.burn.plus(amount)?;
        let bytes = block.bytes.checked_add(bytes).ok_or(Refusal::TooLarge)?;
        self.take(payer, amount)?;
        *block = BlockFees { burn, bytes, base_fee: Some(base), ..*block };
        Ok(amount)
    }

    fn take(&mut self, payer: Address, amount: Units) -> Result<(), Refusal> {
        let token = self.spec.fee().token;
        let mut row = book::wallet(self.state.as_read(), payer, token);
        let short = Refusal::Underfunded { token, needed: amount, has: row.held };
        row.held = row.held.minus(amount).map_err(|_| short)?;
        self.put_wallet(payer, token, &row);
        self.emit(Event::Posting {
            token,
            from: Account::Wallet(payer),
            to: Account::Fees,
            amount,
            reason: Reason::TransactionFee,
        });
        Ok(())
    }

    /// Burns the base fees, pays the tips, and sets the base fee of the next block.
    pub fn finish_fees(&mut self, block: BlockFees, proposer: Address) -> Result<(), Refusal> {
        let spec = self.spec;
        let rule = spec.fee();
        self.post(rule.token, Account::Fees, Account::Supply, block.burn, Reason::BaseFee)?;
        self.post(rule.token, Account::Fees, Account::Wallet(proposer), block.tips, Reason::Tip)?;
        let base = base_fee(spec, self.state.as_read());
        let next = next_base_fee(rule, base, block.load(rule))?;
        if next != base {
            self.state.put(&(), &BaseFeeRow { base_fee: next });
            self.emit(Event::BaseFeeChanged { base_fee: next });
        }
        Ok(())
    }
}
