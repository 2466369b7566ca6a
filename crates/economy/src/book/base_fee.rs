//! Transaction fees: the chain is a service too, and pays for its work.
//!
//! In: work units of each transaction and of each block, and the bytes of rows that each adds. Out: the base fees burnt, tips to the
//! proposer, new base fees. Work and rows have a base fee each, so that neither is made dear by cheap floods of the other. Cheap on purpose: a fee reads and writes one wallet; supply and proposer are touched once per block by
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
    /// The same of rows.
    row_base_fee: Option<Units>,
}

impl BlockFees {
    /// No fees yet.
    pub const NONE: Self = Self { burn: Units::ZERO, tips: Units::ZERO, work: 0, bytes: 0, base_fee: None, row_base_fee: None };

    /// Work units charged so far.
    pub const fn work(&self) -> u64 {
        self.work
    }

    /// Bytes of rows charged so far.
    pub const fn bytes(&self) -> u64 {
        self.bytes
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

/// The base fee after a block that did `load` where `target` is meant: work units, or bytes of rows.
///
/// `delta = clamp(load - target, -target, target)`; `next = max(minimum, base + base * |delta| / target / change)` with the sign
/// of `delta`: two divisions in that order, each rounded down.
///
/// - Units: base units per work unit.
/// - Source: lotus, base fee before FIP-0115 (change 8, minimum 100 attoFIL), the shape of EIP-1559.
pub fn next_base_fee(rule: &FeeRule, base: Units, load: u64, target: u64) -> Result<Units, QuantityError> {
    let delta = load.abs_diff(target).min(target);
    let step = base.mul_div(delta.into(), target.into(), Rounding::Down)?.mul_div(1, rule.change.into(), Rounding::Down)?;
    let next = if load >= target { base.plus(step)? } else { base.minus_or_zero(step) };
    Ok(next.max(rule.minimum))
}

/// What one byte of rows more costs in the block in progress; nothing where the file says nothing of rows.
pub fn row_fee(spec: &Spec, state: &dyn ReadState) -> Result<Units, QuantityError> {
    spec.fee().row.map_or(Ok(Units::ZERO), |row| row.price(row_base_fee(spec, state), 1))
}

/// The base fee of the block in progress.
pub fn base_fee(spec: &Spec, state: &dyn ReadState) -> Units {
    state.get::<BaseFeeRow>(&()).map_or(spec.fee().initial, |row| row.base_fee)
}

/// The base fee of rows in the block in progress: base units per unit of work that a byte is worth. Moves by the bytes that blocks add
/// alone, as the base fee moves by their work; both begin alike and have the same least value.
pub fn row_base_fee(spec: &Spec, state: &dyn ReadState) -> Units {
    state.get::<BaseFeeRow>(&()).map_or(spec.fee().initial, |row| row.rows)
}

/// What of base fees a party may owe on top of what it owes: what it has pledged less that debt, where the network's file lets fees be
/// owed; else nothing.
///
/// - Units: base units of the token that fees are paid in.
/// - Source: own rule. A pledge that comes back repays a debt before its owner has it, so a fee that is owed under it is covered; who was
///   charged its last token for a failure can still say that it is over.
pub fn fee_credit(spec: &Spec, state: &dyn ReadState, party: Address) -> Units {
    let fee = spec.fee();
    if !fee.on_pledge {
        return Units::ZERO;
    }
    let pledged = book::balance(state, Account::Pledge(party), fee.token);
    pledged.minus_or_zero(book::wallet(state, party, fee.token).owed)
}

impl Work<'_> {
    /// Takes `work * (base fee + tip)` from a wallet, debt or not: a debtor may still pay to repay. Where the file lets fees be owed, what
    /// of the base fee the wallet lacks is added to the debt, and burnt when that is paid; a tip is paid at once or not at all.
    pub fn charge_fee(&mut self, payer: Address, work: u64, tip: Units, block: &mut BlockFees) -> Result<FeeCharged, Refusal> {
        let base = block.base_fee.unwrap_or_else(|| base_fee(self.spec, self.state.as_read()));
        let charged = FeeCharged { burnt: base.times(work.into())?, tip: tip.times(work.into())? };
        let (tips, total) = (block.tips.plus(charged.tip)?, block.work.checked_add(work).ok_or(Refusal::TooLarge)?);
        let burn = block.burn.plus(charged.burnt)?;
        let owed = self.take(payer, charged)?;
        let burn = burn.minus(owed)?;
        *block = BlockFees { burn, tips, work: total, base_fee: Some(base), ..*block };
        Ok(charged)
    }

    /// Takes what `bytes` of rows more cost from a wallet, to be burnt; nothing where the file says nothing of rows.
    pub fn charge_rows(&mut self, payer: Address, bytes: u64, block: &mut BlockFees) -> Result<Units, Refusal> {
        let Some(row) = self.spec.fee().row.filter(|_| bytes > 0) else { return Ok(Units::ZERO) };
        let base = block.row_base_fee.unwrap_or_else(|| row_base_fee(self.spec, self.state.as_read()));
        let amount = row.price(base, bytes)?;
        let burn = block.burn.plus(amount)?;
        let bytes = block.bytes.checked_add(bytes).ok_or(Refusal::TooLarge)?;
        let owed = self.take(payer, FeeCharged { burnt: amount, tip: Units::ZERO })?;
        let burn = burn.minus(owed)?;
        *block = BlockFees { burn, bytes, row_base_fee: Some(base), ..*block };
        Ok(amount)
    }

    /// Takes a fee from a wallet; gives what of the part that is to be burnt is owed instead.
    fn take(&mut self, payer: Address, charged: FeeCharged) -> Result<Units, Refusal> {
        let token = self.spec.fee().token;
        let needed = charged.burnt.plus(charged.tip)?;
        let mut row = book::wallet(self.state.as_read(), payer, token);
        let owed = needed.minus_or_zero(row.held);
        let credit = if owed.is_zero() || !charged.tip.is_zero() {
            Units::ZERO
        } else {
            fee_credit(self.spec, self.state.as_read(), payer)
        };
        if owed > credit {
            return Err(Refusal::Underfunded { token, needed, has: row.held });
        }
        let amount = needed.minus(owed)?;
        (row.held, row.owed) = (row.held.minus(amount)?, row.owed.plus(owed)?);
        self.put_wallet(payer, token, &row);
        if !owed.is_zero() {
            self.emit(Event::DebtChanged { party: payer, owed: row.owed });
        }
        self.emit(Event::Posting {
            token,
            from: Account::Wallet(payer),
            to: Account::Fees,
            amount,
            reason: Reason::TransactionFee,
        });
        Ok(owed)
    }

    /// Burns the base fees, pays the tips, and sets the base fees of the next block.
    pub fn finish_fees(&mut self, block: BlockFees, proposer: Address) -> Result<(), Refusal> {
        let spec = self.spec;
        let rule = spec.fee();
        self.post(rule.token, Account::Fees, Account::Supply, block.burn, Reason::BaseFee)?;
        self.post(rule.token, Account::Fees, Account::Wallet(proposer), block.tips, Reason::Tip)?;
        let state = self.state.as_read();
        let now = BaseFeeRow { base_fee: base_fee(spec, state), rows: row_base_fee(spec, state) };
        let next = BaseFeeRow {
            base_fee: next_base_fee(rule, now.base_fee, block.work, rule.target_work)?,
            rows: rule.row.map_or(Ok(now.rows), |row| next_base_fee(rule, now.rows, block.bytes, row.target.max(1)))?,
        };
        if next != now {
            self.state.put(&(), &next);
        }
        if next.base_fee != now.base_fee {
            self.emit(Event::BaseFeeChanged { base_fee: next.base_fee });
        }
        if next.rows != now.rows {
            self.emit(Event::RowBaseFeeChanged { base_fee: next.rows });
        }
        Ok(())
    }
}
