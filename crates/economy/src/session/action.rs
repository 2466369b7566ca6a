//! What people do with tokens themselves, as one message: claim, repay, swap, and whatever else a network's file offers.
//!
//! In: an [`Action`] and who signed it, from the ledger or a simulation. Out: what [`Session::act`] moved, as [`Done`]. Each action
//! is whole: refused, it changed nothing. Absent on purpose: what a service reports (the meter's records).

use crate::{CreditOrder, CreditQuote, Limit, Refusal, Session, Topic, session::work::Work};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Decimal18, Measured, Name, Share, Span, UnitId, Units};
use serde::{Deserialize, Serialize};

/// One thing that a party does with its tokens. Amounts are base units of the token that the named rule is in.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum Action {
    /// Settles and pays what the actor's units accrued in pools, up to [`crate::CLAIM_UNITS_MAX`] units.
    Claim {
        /// Go on after this unit.
        after: Option<UnitId>,
    },
    /// Moves rewards that have vested into the wallet.
    WithdrawVested {
        /// Of this token.
        token: Name,
        /// At most this; everything when `None`.
        most: Option<Units>,
    },
    /// Repays fees owed, as far as vested rewards, locked rewards and the wallet go.
    Repay {
        /// In this token.
        token: Name,
    },
    /// Takes what has vested of a genesis allocation that the actor owns.
    TakeAllocation {
        /// The token.
        token: Name,
        /// The allocation.
        allocation: Name,
    },
    /// Swaps at an AMM pool.
    Swap {
        /// The AMM pool.
        amm_pool: Name,
        /// What is given.
        token: Name,
        /// How much of it.
        given: Units,
        /// Least of the other token that must come out.
        least: Units,
    },
    /// Funds an AMM pool with at most this much of its tokens, in name order.
    FundAmmPool {
        /// The AMM pool.
        amm_pool: Name,
        /// Of the first token.
        a: Units,
        /// Of the second token.
        b: Units,
    },
    /// Mints so many credits by burning what they cost.
    MintCredits {
        /// The credit.
        credit: Name,
        /// How many, in base units of the credit.
        amount: Units,
        /// Most that may be burnt for them, in base units of what is burnt.
        most: Option<Units>,
        /// Whose they are; `None` is the actor.
        to: Option<Address>,
    },
    /// Burns so much for as many credits as it pays for.
    BurnForCredits {
        /// The credit.
        credit: Name,
        /// How much, in base units of what is burnt.
        given: Units,
        /// Least credits that must come out.
        least: Units,
        /// Whose they are; `None` is the actor.
        to: Option<Address>,
    },
    /// Converts parts of payments that waited for an AMM pool; anybody may.
    ConvertWaiting {
        /// The AMM pool.
        amm_pool: Name,
    },
    /// Takes shares out of an AMM pool.
    WithdrawAmmPool {
        /// The AMM pool.
        amm_pool: Name,
        /// Shares.
        #[serde(with = "digits")]
        shares: u128,
    },
    /// Begins a validator whose operator is the actor, with a first stake.
    CreateValidator {
        /// The staking.
        staking: Name,
        /// Its part of what its delegators earn.
        commission: Share,
        /// How much.
        stake: Units,
    },
    /// Changes the actor's commission for what is accrued from now on.
    SetCommission {
        /// The staking.
        staking: Name,
        /// The new one.
        commission: Share,
    },
    /// Delegates to a validator.
    Delegate {
        /// The staking.
        staking: Name,
        /// To whom.
        validator: Address,
        /// How much.
        amount: Units,
    },
    /// Takes stake back from a validator; it is bound for the unbonding time.
    Undelegate {
        /// The staking.
        staking: Name,
        /// From whom.
        validator: Address,
        /// How much; all when `None`.
        amount: Option<Units>,
    },
    /// Moves stake from one validator to another.
    Redelegate {
        /// The staking.
        staking: Name,
        /// From whom.
        from: Address,
        /// To whom.
        to: Address,
        /// How much; all when `None`.
        amount: Option<Units>,
    },
    /// Pays what the actor's stake with a validator accrued.
    ClaimStake {
        /// The staking.
        staking: Name,
        /// With whom.
        validator: Address,
    },
    /// Pays the actor's commission.
    ClaimCommission {
        /// The staking.
        staking: Name,
    },
    /// Brings the actor's jailed validator back.
    Unjail {
        /// The staking.
        staking: Name,
    },
    /// Locks tokens for a time.
    Lock {
        /// The kind of lock.
        lock: Name,
        /// A natural id, free until now.
        id: UnitId,
        /// How much.
        amount: Units,
        /// For how long, in whole seconds.
        length: Span,
        /// Whether it stays so long until it is told to run down.
        constant: bool,
        /// What it is delegated to.
        scope: Option<Name>,
    },
    /// Puts more tokens into a lock.
    AddToLock {
        /// The lock.
        id: UnitId,
        /// How much.
        amount: Units,
    },
    /// Sets a lock's length anew from now, never shorter than what is left.
    ExtendLock {
        /// The lock.
        id: UnitId,
        /// The new length, in whole seconds.
        length: Span,
        /// Whether it stops running down.
        constant: bool,
    },
    /// Lets a constant lock run down from now on.
    CoolLock {
        /// The lock.
        id: UnitId,
    },
    /// Delegates a lock, or takes it back.
    DelegateLock {
        /// The lock.
        id: UnitId,
        /// To what; to nothing when `None`.
        scope: Option<Name>,
    },
    /// Takes the tokens out of a lock that is over.
    Unlock {
        /// The lock.
        id: UnitId,
    },
    /// Pays what a lock accrued.
    ClaimLock {
        /// The lock.
        id: UnitId,
    },
    /// Burns tokens for a fund's part.
    Redeem {
        /// The fund.
        treasury: Name,
        /// How much is burnt.
        burned: Units,
        /// Least that must be paid.
        least: Units,
    },
    /// Spends out of a fund; the actor fills its role.
    Spend {
        /// The fund.
        treasury: Name,
        /// Which token.
        token: Name,
        /// To whom.
        to: Address,
        /// How much.
        amount: Units,
    },
    /// Stops or resumes a fund's redemption; the actor fills its role.
    Freeze {
        /// The fund.
        treasury: Name,
        /// Whether it is stopped.
        stop: bool,
    },
    /// Mints bridged tokens for a deposit elsewhere; the actor fills the token's role.
    BridgeIn {
        /// Which token.
        token: Name,
        /// Whose they are.
        to: Address,
        /// How much.
        amount: Units,
        /// The deposit's id there; each is minted once.
        deposit: UnitId,
    },
    /// Burns bridged tokens that are to be paid out elsewhere.
    BridgeOut {
        /// Which token.
        token: Name,
        /// How much.
        amount: Units,
        /// Where, as an id there.
        destination: UnitId,
    },
    /// Asks to get back what a fault took from the actor.
    Appeal {
        /// Under which id it is held.
        slash: UnitId,
        /// Hash of what is brought forward.
        grounds: UnitId,
    },
    /// Gives back what a fault took, or lets it go its way; the actor is the judge.
    Judge {
        /// Under which id it is held.
        slash: UnitId,
        /// Whether it goes back.
        give_back: bool,
    },
    /// Sends tokens to another party.
    Transfer {
        /// Who gets them.
        to: Address,
        /// Which token.
        token: Name,
        /// How many base units; not zero.
        amount: Units,
    },
    /// Reports a price; the actor fills one of the pair's roles.
    ReportPrice {
        /// The pair, such as `FIL-USD`.
        pair: Name,
        /// Price of one whole token in 10^-18 of the quote currency.
        price: Decimal18,
    },
    /// Grants an allowance; the actor fills the kind's role.
    GrantAllowance {
        /// The kind, such as `datacap`.
        kind: Name,
        /// Who may use it.
        to: Address,
        /// How much more.
        amount: Measured,
    },
}

/// A number of 128 bits as text: tagged JSON holds none.
mod digits {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(number: &u128, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(number)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<u128, D::Error> {
        String::deserialize(d)?.parse().map_err(|_| D::Error::custom("a whole number of at most 128 bits, as text"))
    }
}

/// What an action did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Done {
    /// What the actor gained, gave or locked by it, by token, in the order in which it happened.
    pub moved: Vec<(Name, Units)>,
    /// Shares of an AMM pool that were given or taken.
    pub shares: u128,
    /// A claim was cut off: go on after this unit.
    pub more_after: Option<UnitId>,
    /// What now exists: the id of an unbonding or a lock.
    pub id: Option<UnitId>,
}

impl Done {
    /// Several did.
    const fn all(moved: Vec<(Name, Units)>) -> Self {
        Self { moved, shares: 0, more_after: None, id: None }
    }

    /// One token moved.
    pub(crate) fn moved(token: Name, amount: Units) -> Self {
        Self { moved: vec![(token, amount)], ..Self::default() }
    }

    fn one((token, amount): (Name, Units)) -> Self {
        Self::moved(token, amount)
    }

    /// Nothing moved.
    fn nothing((): ()) -> Self {
        Self::default()
    }
}

impl Action {
    /// Name for receipts and tables, the same as its tag in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Claim { .. } => "claim",
            Self::WithdrawVested { .. } => "withdraw-vested",
            Self::Repay { .. } => "repay",
            Self::TakeAllocation { .. } => "take-allocation",
            Self::Swap { .. } => "swap",
            Self::FundAmmPool { .. } => "fund-amm-pool",
            Self::WithdrawAmmPool { .. } => "withdraw-amm-pool",
            Self::MintCredits { .. } => "mint-credits",
            Self::BurnForCredits { .. } => "burn-for-credits",
            Self::ConvertWaiting { .. } => "convert-waiting",
            Self::CreateValidator { .. } => "create-validator",
            Self::SetCommission { .. } => "set-commission",
            Self::Delegate { .. } => "delegate",
            Self::Undelegate { .. } => "undelegate",
            Self::Redelegate { .. } => "redelegate",
            Self::ClaimStake { .. } => "claim-stake",
            Self::ClaimCommission { .. } => "claim-commission",
            Self::Unjail { .. } => "unjail",
            Self::Lock { .. } => "lock",
            Self::AddToLock { .. } => "add-to-lock",
            Self::ExtendLock { .. } => "extend-lock",
            Self::CoolLock { .. } => "cool-lock",
            Self::DelegateLock { .. } => "delegate-lock",
            Self::Unlock { .. } => "unlock",
            Self::ClaimLock { .. } => "claim-lock",
            Self::Redeem { .. } => "redeem",
            Self::Spend { .. } => "spend",
            Self::Freeze { .. } => "freeze",
            Self::BridgeIn { .. } => "bridge-in",
            Self::BridgeOut { .. } => "bridge-out",
            Self::Appeal { .. } => "appeal",
            Self::Judge { .. } => "judge",
            Self::Transfer { .. } => "transfer",
            Self::ReportPrice { .. } => "report-price",
            Self::GrantAllowance { .. } => "grant-allowance",
        }
    }

    /// Work units: an upper bound on what it costs to run, known before it runs. A row read and written is about two.
    pub const fn work(&self) -> u64 {
        match self {
            Self::Transfer { .. } => 4,
            Self::ReportPrice { .. } | Self::GrantAllowance { .. } => 10,
            Self::Claim { .. } | Self::WithdrawVested { .. } | Self::Repay { .. } => 40,
            Self::MintCredits { .. } | Self::BurnForCredits { .. } => 20,
            Self::ConvertWaiting { .. } => 160,
            Self::TakeAllocation { .. } | Self::Swap { .. } | Self::FundAmmPool { .. } | Self::WithdrawAmmPool { .. } => 20,
            Self::CreateValidator { .. } | Self::Delegate { .. } | Self::Undelegate { .. } => 40,
            Self::Redelegate { .. } => 80,
            Self::SetCommission { .. } | Self::ClaimStake { .. } | Self::ClaimCommission { .. } | Self::Unjail { .. } => 30,
            Self::Lock { .. }
            | Self::AddToLock { .. }
            | Self::ExtendLock { .. }
            | Self::CoolLock { .. }
            | Self::DelegateLock { .. }
            | Self::Unlock { .. }
            | Self::ClaimLock { .. } => 40,
            Self::Redeem { .. } | Self::Spend { .. } | Self::Freeze { .. } => 15,
            Self::BridgeIn { .. } | Self::BridgeOut { .. } | Self::Appeal { .. } | Self::Judge { .. } => 15,
        }
    }
}

impl Session<'_> {
    /// Does what a party asks for with its own tokens.
    ///
    /// # Errors
    /// The refusal of the operation, and then nothing changed.
    pub fn act(&mut self, who: Address, action: &Action) -> Result<Done, Refusal> {
        match action {
            // It checks everything before it writes, and there are many of them.
            Action::Transfer { .. } => self.directly().act(who, action),
            _ => self.atomically(|work| work.act(who, action)),
        }
    }
}

impl Work<'_> {
    fn act(&mut self, who: Address, action: &Action) -> Result<Done, Refusal> {
        match *action {
            // A claim settles pools of all tokens; postings say which token each part was in.
            Action::Claim { after } => Ok(Done { more_after: self.claim(who, after)?.more_after, ..Done::default() }),
            Action::WithdrawVested { token, most } => self.withdraw_after_debts(who, token, most),
            Action::Repay { token } => Ok(Done::moved(token, self.repay(who, token)?)),
            Action::TakeAllocation { token, allocation } => Ok(Done::moved(token, self.take_allocation(who, token, allocation)?)),
            Action::Swap { amm_pool, token, given, least } => self.swap_for(who, amm_pool, token, given, least),
            Action::FundAmmPool { amm_pool, a, b } => {
                Ok(Done { shares: self.fund_amm_pool(who, amm_pool, a, b)?, ..Done::default() })
            }
            Action::MintCredits { credit, amount, most, to } => {
                let within = |quote: &CreditQuote| match most {
                    Some(most) if quote.burnt > most => {
                        Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AtLeast(quote.burnt) })
                    }
                    _ => Ok(()),
                };
                self.buy_credits(who, to, credit, CreditOrder::Credits(amount), within)
            }
            Action::BurnForCredits { credit, given, least, to } => {
                let enough = |quote: &CreditQuote| match quote.credits {
                    gives if gives < least => Err(Refusal::Slippage { gives, least }),
                    _ => Ok(()),
                };
                self.buy_credits(who, to, credit, CreditOrder::Tokens(given), enough)
            }
            Action::ConvertWaiting { amm_pool } => Ok(Done { moved: self.convert_waiting(amm_pool)?, ..Done::default() }),
            Action::WithdrawAmmPool { amm_pool, shares } => self.withdraw_shares(who, amm_pool, shares),
            Action::CreateValidator { staking, commission, stake } => {
                Ok(Done::all(self.create_validator(staking, who, commission, stake)?))
            }
            Action::SetCommission { staking, commission } => self.set_commission(staking, who, commission).map(Done::nothing),
            Action::Delegate { staking, validator, amount } => Ok(Done::all(self.delegate(staking, who, validator, amount)?)),
            Action::Undelegate { staking, validator, amount } => {
                let (id, _, moved) = self.undelegate(staking, who, validator, amount)?;
                Ok(Done { moved, id: Some(id), ..Done::default() })
            }
            Action::Redelegate { staking, from, to, amount } => Ok(Done::all(self.redelegate(staking, who, from, to, amount)?.1)),
            Action::ClaimStake { staking, validator } => Ok(Done::all(self.claim_stake(staking, who, validator)?)),
            Action::ClaimCommission { staking } => Ok(Done::all(self.claim_commission(staking, who)?)),
            Action::Unjail { staking } => self.unjail(staking, who).map(Done::nothing),
            Action::Lock { lock, id, amount, length, constant, scope } => {
                self.lock_tokens(lock, id, who, amount, length, constant, scope)?;
                Ok(Done { id: Some(id), ..Done::default() })
            }
            Action::AddToLock { id, amount } => self.add_to_lock(who, id, amount).map(Done::nothing),
            Action::ExtendLock { id, length, constant } => self.extend_lock(who, id, length, constant).map(Done::nothing),
            Action::CoolLock { id } => self.cool_lock(who, id).map(Done::nothing),
            Action::DelegateLock { id, scope } => self.delegate_lock(who, id, scope).map(Done::nothing),
            Action::Unlock { id } => Ok(Done::all(self.unlock(who, id)?)),
            Action::ClaimLock { id } => Ok(Done::all(self.claim_lock(who, id)?)),
            Action::Redeem { treasury, burned, least } => self.redeem(who, treasury, burned, least).map(Done::one),
            Action::Spend { treasury, token, to, amount } => {
                self.spend(who, treasury, token, to, amount).map(|()| Done::moved(token, amount))
            }
            Action::Freeze { treasury, stop } => self.freeze(who, treasury, stop).map(Done::nothing),
            Action::BridgeIn { token, to, amount, deposit } => {
                self.bridge_in(who, token, to, amount, deposit).map(|()| Done::moved(token, amount))
            }
            Action::BridgeOut { token, amount, destination } => {
                self.bridge_out(who, token, amount, destination).map(|()| Done::moved(token, amount))
            }
            Action::Appeal { slash, grounds } => self.appeal(who, slash, grounds).map(Done::nothing),
            Action::Judge { slash, give_back } => self.judge(who, slash, give_back).map(Done::one),
            Action::Transfer { to, token, amount } => self.transfer(who, to, token, amount).map(|()| Done::moved(token, amount)),
            Action::ReportPrice { pair, price } => self.report_price(who, pair, price).map(Done::nothing),
            Action::GrantAllowance { kind, to, amount } => self.grant_allowance(who, kind, to, amount).map(Done::nothing),
        }
    }

    fn withdraw_after_debts(&mut self, who: Address, token: Name, most: Option<Units>) -> Result<Done, Refusal> {
        self.repay(who, token)?;
        self.owes_nothing(who, token)?;
        Ok(Done::moved(token, self.release_vested(who, token, most)?))
    }

    fn withdraw_shares(&mut self, who: Address, amm_pool: Name, shares: u128) -> Result<Done, Refusal> {
        let (a, b) = self.withdraw_amm_pool(who, amm_pool, shares)?;
        let tokens = self.spec.amm_pool(amm_pool).expect("the withdrawal found the AMM pool").tokens;
        Ok(Done { moved: vec![(tokens.0, a), (tokens.1, b)], shares, ..Done::default() })
    }

    fn swap_for(&mut self, who: Address, amm_pool: Name, token: Name, given: Units, least: Units) -> Result<Done, Refusal> {
        let out = self.swap(who, amm_pool, token, given, least)?;
        let (a, b) = self.spec.amm_pool(amm_pool).expect("the swap found the AMM pool").tokens;
        Ok(Done::moved(if token == a { b } else { a }, out))
    }

    /// Burns tokens for credits, at a price that `accept` agrees to.
    fn buy_credits(
        &mut self,
        who: Address,
        to: Option<Address>,
        credit: Name,
        order: CreditOrder,
        accept: impl FnOnce(&CreditQuote) -> Result<(), Refusal>,
    ) -> Result<Done, Refusal> {
        let quote = self.mint_credits(who, to.unwrap_or(who), credit, order, accept)?;
        Ok(Done { moved: vec![(quote.from, quote.burnt), (credit, quote.credits)], ..Done::default() })
    }
}
