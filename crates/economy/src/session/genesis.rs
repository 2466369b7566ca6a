//! The start of a network: clocks, allocations, roles, first accounts.
//!
//! In: who fills which role, who owns which allocation, and what is given out of an allocation before its vesting begins. Out: the
//! part of the cap that no emission mints, minted into allocation accounts. Nothing else is minted, so accounts for trying things
//! are funded out of an allocation too.

use crate::{
    Account, AllocationVesting, Reason, Refusal, Spec,
    params::{Allocation, Part, VestingPart, VestingRow},
    reward::rows::EmissionRow,
    session::{
        rows::{GenesisRow, RoleRow},
        work::Work,
    },
    supply::rows::AllocationRow,
    time::{clock::clock_row, close::NO_EMISSION, rows::ClockRow},
};
use depin_quantity::{Address, Instant, Name, Rounding, Share, Units};

/// What a network starts with, besides its file.
#[derive(Clone, Debug, Default)]
pub struct Genesis {
    /// Accounts that fill the roles which the file names; see [`Spec::roles`].
    pub roles: Vec<(Name, Address)>,
    /// Accounts that may take what vests of an allocation: token, allocation, owner. One without an owner stays untouched.
    pub owners: Vec<(Name, Name, Address)>,
    /// What is given out of allocations at the start.
    pub grants: Vec<Grant>,
}

/// Tokens given out of an allocation before its vesting begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Which token.
    pub token: Name,
    /// Out of which allocation.
    pub from: Name,
    /// To whom.
    pub to: Address,
    /// How much, in base units.
    pub amount: Units,
}

/// Why a network cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// It has started.
    #[error("the network has started already; a new one needs an empty state")]
    Started,
    /// The file names a role that nobody fills.
    #[error("nobody fills the role `{0}`; give it an account")]
    MissingRole(Name),
    /// A role that the file does not name.
    #[error("the network has no role `{0}`; remove it")]
    UnknownRole(Name),
    /// An allocation that the file does not have, or that an emission mints.
    #[error("{token} has no allocation `{name}` that is minted at the start")]
    UnknownAllocation {
        /// The token.
        token: Name,
        /// The name given.
        name: Name,
    },
    /// Grants past what the allocation can give: its part without stated vesting rows.
    #[error("grants out of `{name}` come to {asked} base units; at most {most} of it are not bound by stated vesting rows")]
    TooMuch {
        /// The allocation.
        name: Name,
        /// What was asked.
        asked: Units,
        /// What there is.
        most: Units,
    },
    /// A movement that the book refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// What of an allocation has vested `elapsed` periods after the start, of what genesis left in it.
///
/// Per row, with `e = elapsed - after` cut down to whole steps of `every`: nothing before `after`, then `floor(amount * e / over)`,
/// all of it from `over` on. A row's amount is stated, or a share of what genesis left, or what the other rows leave of that.
///
/// - Units: base units; periods of the vesting clock.
/// - Rounding: the vested part down, so the locked part up.
/// - Source: specs-actors `actors/builtin/multisig/multisig_state.go`, amount locked; rows: lotus `chain/stmgr/supply.go`; steps:
///   io.net documentation, coin restrictions (equal monthly parts from the end of month 13).
pub fn allocation_vested(rule: &Allocation, granted: Units, elapsed: u64) -> Result<Units, Refusal> {
    let left = rule.amount.minus(granted)?;
    match &rule.vesting {
        AllocationVesting::Emitted | AllocationVesting::Unallocated => Ok(Units::ZERO),
        AllocationVesting::Immediate => Ok(left),
        AllocationVesting::Rows(rows) => {
            let amounts = row_amounts(rows, left)?;
            rows.iter().zip(amounts).try_fold(Units::ZERO, |sum, (row, amount)| Ok(sum.plus(row_vested(row, amount, elapsed)?)?))
        }
    }
}

/// What each row unlocks in all, of what genesis left.
fn row_amounts(rows: &[VestingRow], left: Units) -> Result<Vec<Units>, Refusal> {
    let shares = rows.iter().map(|row| if let VestingPart::Share(share) = row.part { u64::from(share.get()) } else { 0 });
    let whole = shares.sum::<u64>() == u64::from(Share::WHOLE.get());
    let mut amounts = Vec::with_capacity(rows.len());
    for row in rows {
        amounts.push(match row.part {
            VestingPart::Amount(amount) => amount,
            VestingPart::Share(share) => share.of(left, Rounding::Down)?,
            VestingPart::Rest => Units::ZERO,
        });
    }
    let rest = left.minus(amounts.iter().try_fold(Units::ZERO, |sum, amount| sum.plus(*amount))?)?;
    let takes_rest =
        rows.iter().rposition(|row| row.part == VestingPart::Rest).or(if whole { rows.len().checked_sub(1) } else { None });
    if let Some(amount) = takes_rest.and_then(|i| amounts.get_mut(i)) {
        *amount = amount.plus(rest)?;
    }
    Ok(amounts)
}

/// What of one row's `amount` is free when `elapsed` periods are over: whole steps of `every` since `after`, over `over`, down.
pub fn row_vested(row: &VestingRow, amount: Units, elapsed: u64) -> Result<Units, Refusal> {
    let Some(passed) = elapsed.checked_sub(row.after) else { return Ok(Units::ZERO) };
    if passed >= row.over {
        return Ok(amount);
    }
    let steps = passed - passed % row.every.max(1);
    Ok(amount.mul_div(steps.into(), row.over.into(), Rounding::Down)?)
}

/// The most that grants may take of an allocation: what no stated row binds.
fn grantable(rule: &Allocation) -> Result<Units, Refusal> {
    match &rule.vesting {
        AllocationVesting::Emitted | AllocationVesting::Unallocated => Ok(Units::ZERO),
        AllocationVesting::Immediate => Ok(rule.amount),
        AllocationVesting::Rows(rows) => {
            let mut stated =
                rows.iter().filter_map(|row| if let VestingPart::Amount(amount) = row.part { Some(amount) } else { None });
            let free = rows.iter().any(|row| !matches!(row.part, VestingPart::Amount(_)));
            // Rows that state all their amounts leave nothing to give but what vests at once.
            let stated = stated.try_fold(Units::ZERO, Units::plus)?;
            if free { Ok(rule.amount.minus(stated)?) } else { Ok(Units::ZERO) }
        }
    }
}

fn find(spec: &Spec, token: Name, name: Name) -> Option<&Allocation> {
    let allocation = spec.supply(token)?.allocations.iter().find(|a| a.to == name)?;
    (!matches!(allocation.vesting, AllocationVesting::Emitted | AllocationVesting::Unallocated)).then_some(allocation)
}

impl Work<'_> {
    /// Starts the network at the present time.
    pub fn begin(&mut self, genesis: &Genesis) -> Result<(), GenesisError> {
        if self.state.has::<GenesisRow>(&()) {
            return Err(GenesisError::Started);
        }
        self.state.put(&(), &GenesisRow { at: self.now });
        self.fill_roles(genesis)?;
        self.start_clocks()?;
        self.mint_allocations(genesis)?;
        self.give_grants(genesis)
    }

    fn fill_roles(&mut self, genesis: &Genesis) -> Result<(), GenesisError> {
        let mut missing = self.versions.roles();
        for (role, account) in &genesis.roles {
            if !self.versions.roles().contains(role) {
                return Err(GenesisError::UnknownRole(*role));
            }
            missing.remove(role);
            self.state.put(role, &RoleRow { account: *account });
        }
        missing.first().map_or(Ok(()), |role| Err(GenesisError::MissingRole(*role)))
    }

    /// Period 0 begins at the network's start or at a date. Periods before the start are never closed here, and what their
    /// schedule gave is forfeited.
    fn start_clocks(&mut self) -> Result<(), GenesisError> {
        let spec = self.spec;
        for (name, clock) in spec.clocks() {
            let origin = clock.begins(self.now);
            self.state.put(name, &ClockRow { origin, first: 0, next: 0, closed: 0 });
            let first = self.period(*name);
            self.state.put(name, &ClockRow { origin, first, next: first, closed: 0 });
        }
        for (name, pool) in spec.pools() {
            let first = clock_row(self.state.as_read(), pool.clock).first;
            let begins = self.period_start(pool.clock, first);
            let scored = matches!(pool.part, Part::Scored(_));
            let before = if scored || first == 0 { Units::ZERO } else { self.schedules().part(*name, Instant::new(0), begins) };
            self.state.put(name, &EmissionRow { scheduled: before, forfeited: before, ..NO_EMISSION });
        }
        Ok(())
    }

    fn mint_allocations(&mut self, genesis: &Genesis) -> Result<(), GenesisError> {
        let spec = self.spec;
        for (token, name, _) in &genesis.owners {
            find(spec, *token, *name).ok_or(GenesisError::UnknownAllocation { token: *token, name: *name })?;
        }
        for (token, supply) in spec.supplies() {
            for part in supply.allocations.iter().filter(|a| a.vesting != AllocationVesting::Emitted) {
                let owner = genesis.owners.iter().find(|(t, name, _)| t == token && *name == part.to).map(|(_, _, owner)| *owner);
                let row = AllocationRow { amount: part.amount, granted: Units::ZERO, released: Units::ZERO, owner };
                self.state.put(&(*token, part.to), &row);
                self.post(*token, Account::Supply, Account::Allocation(part.to), part.amount, Reason::Allocation)?;
            }
        }
        Ok(())
    }

    fn give_grants(&mut self, genesis: &Genesis) -> Result<(), GenesisError> {
        for grant in &genesis.grants {
            let unknown = GenesisError::UnknownAllocation { token: grant.token, name: grant.from };
            let rule = find(self.spec, grant.token, grant.from).ok_or(unknown)?;
            let key = (grant.token, grant.from);
            let mut row = self.state.get::<AllocationRow>(&key).expect("every minted allocation has a row");
            row.granted = row.granted.plus(grant.amount).map_err(Refusal::from)?;
            let most = grantable(rule)?;
            if row.granted > most {
                return Err(GenesisError::TooMuch { name: grant.from, asked: row.granted, most });
            }
            self.state.put(&key, &row);
            self.post(grant.token, Account::Allocation(grant.from), Account::Wallet(grant.to), grant.amount, Reason::Grant)?;
        }
        Ok(())
    }

    /// Takes what has vested of an allocation and was not taken, into its owner's wallet; returns the amount.
    pub fn take_allocation(&mut self, owner: Address, token: Name, name: Name) -> Result<Units, Refusal> {
        let spec = self.spec;
        let unknown = Refusal::Unknown { what: crate::Topic::Allocation };
        let rule = find(spec, token, name).ok_or(unknown.clone())?;
        let mut row = self.state.get::<AllocationRow>(&(token, name)).ok_or(unknown)?;
        if row.owner != Some(owner) {
            return Err(Refusal::NotAllowed { role: name });
        }
        let clock = spec.supply(token).map(|s| s.vest_clock).expect("the allocation was found in it");
        let elapsed = self.period(clock).saturating_sub(clock_row(self.state.as_read(), clock).first);
        let amount = allocation_vested(rule, row.granted, elapsed)?.minus_or_zero(row.released);
        row.released = row.released.plus(amount)?;
        self.state.put(&(token, name), &row);
        self.post(token, Account::Allocation(name), Account::Wallet(owner), amount, Reason::AllocationVested)?;
        Ok(amount)
    }
}
