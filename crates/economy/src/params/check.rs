//! A second look at a file that reads well: rules that can never work, and what its readers should know.
//!
//! In: one era's checked parameters and its tree. Out: problems and warnings with their places. Called for every era when a file is
//! read. Absent on purpose: measures and kinds of a service (its vocabulary judges those), and taste.

use super::{
    Allocation, AllocationVesting, CapKind, Emission, Method, PayPart, PayTo, Provenance, Spec, Supply, Target, VestingPart,
    document::{self, Section, Value},
    pool::Part,
    problem::Problem,
};
use depin_quantity::{Name, Units, group_digits};
use std::{collections::BTreeSet, ops::Range};

/// What was found.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

struct Check<'a> {
    spec: &'a Spec,
    root: &'a Section,
    found: Findings,
}

/// Looks at one era.
pub(super) fn look(spec: &Spec, root: &Section) -> Findings {
    let mut check = Check { spec, root, found: Findings::default() };
    for (token, supply) in &spec.supplies {
        check.caps(*token, supply);
        check.allocations(*token, supply);
        check.vesting_ends(*token, supply);
    }
    check.pools();
    check.burns();
    check.funds();
    check.venues();
    check.found
}

/// Where a path of a tree stands: its value, or that of the nearest table around it that is there.
fn place(root: &Section, path: &str) -> Range<usize> {
    let mut at = root.span.clone();
    let (mut section, mut path) = (root, path);
    while !path.is_empty() {
        // A name may hold points itself, so the longest key that fits comes first.
        let fits = |key: &&String| path.strip_prefix(key.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let Some(key) = section.entries.keys().filter(fits).max_by_key(|key| key.len()) else { break };
        let entry = &section.entries[key];
        path = path[key.len()..].trim_start_matches('.');
        at = match &entry.value {
            // A table's own place is its header; one that only holds others has none.
            Value::Table(inner) if inner.span.is_empty() => entry.key_span.clone(),
            _ => entry.span.clone(),
        };
        match &entry.value {
            Value::Table(inner) => section = inner,
            _ => break,
        }
    }
    at
}

impl Spec {
    /// A problem with the value at a dotted path of the file, or with the nearest table around it: for those who check a file
    /// against more than an economy.
    pub fn problem_at(&self, path: &str, message: &str, hint: &str) -> Problem {
        let span = document::parse(&self.text).map_or(0..0, |root| place(&root, path));
        let mut problem = Problem::new(span, message).hint(hint);
        problem.locate(&self.text);
        problem
    }

    /// What the file itself says of the table at a dotted path: a gap that it gives a reason for is a known one.
    pub fn said(&self, path: &str) -> Option<String> {
        match self.provenance.get(path)? {
            Provenance::Source(text) => Some(format!("known, by its source: {text}")),
            Provenance::Parameter(text) => Some(format!("known, the file's own choice: {text}")),
        }
    }

    /// Names of the services that the file has a section for.
    pub fn service_sections(&self) -> Vec<&str> {
        self.service.entries.keys().map(String::as_str).collect()
    }

    /// How many tables of the file, in all its eras, state figures that nobody publishes.
    pub fn parameters(&self) -> usize {
        let eras = std::iter::once(self).chain(self.later.iter().map(|(_, era)| era));
        let stated = eras.flat_map(|era| &era.provenance).filter(|(_, from)| matches!(from, Provenance::Parameter(_)));
        stated.map(|(path, from)| (path, format!("{from:?}"))).collect::<BTreeSet<_>>().len()
    }
}

impl Check<'_> {
    fn problem(&mut self, path: &str, message: String, hint: &str) {
        self.found.problems.push(Problem::new(place(self.root, path), message).hint(hint));
    }

    fn warning(&mut self, path: &str, message: String, hint: &str) {
        self.found.warnings.push(Problem::new(place(self.root, path), message).hint(hint));
    }

    fn amount(&self, token: Name, units: Units) -> String {
        let decimals = self.spec.tokens.get(&token).map_or(0, |t| t.decimals);
        format!("{} {token}", group_digits(&units.to_decimal(decimals), ','))
    }

    /// What the file says of a table, or else what to do.
    fn said(&self, path: &str, otherwise: &str) -> String {
        self.spec.said(path).unwrap_or_else(|| otherwise.to_owned())
    }

    fn caps(&mut self, token: Name, supply: &Supply) {
        let path = format!("supply.{token}.cap");
        if supply.cap.kind == CapKind::Model {
            let hint = self.said(&path, "write kind = \"clamp\" to stop minting at it");
            self.warning(&path, format!("the cap of {token} is shown and never enforced"), &hint);
        }
        let Some(emission) = &supply.emission else { return };
        let (cap, room) = (supply.cap.amount, supply.cap.amount.minus_or_zero(supply.at_genesis()));
        let stops = supply.cap.kind != CapKind::Model;
        match whole(emission) {
            None if stops => {
                let cap = self.amount(token, cap);
                let hint = self.said(&path, "write kind = \"model\" to let it go on");
                self.warning(
                    &path,
                    format!("the inflation of {token} has no end of its own; it stops at the cap of {cap}"),
                    &hint,
                );
            }
            Some(all) if all > room => {
                let over = self.amount(token, all.minus_or_zero(room));
                let what = if stops {
                    let years = self
                        .reached(emission, room)
                        .map_or_else(String::new, |years| format!(", about {years} years after it begins"));
                    format!("minting stops at the cap{years}")
                } else {
                    "the cap is passed".to_owned()
                };
                let schedule = format!("supply.{token}.emission.{}", kind(emission));
                let hint = self.said(&schedule, "raise the cap, or end the schedule before it");
                self.warning(
                    &path,
                    format!("the cap of {token} is below genesis plus schedule: {over} of the schedule do not fit; {what}"),
                    &hint,
                );
            }
            _ => {}
        }
    }

    /// Whole years after which a schedule has given `room`.
    fn reached(&self, emission: &Emission, room: Units) -> Option<u64> {
        let clock = self.spec.clocks.get(&emission.clock())?;
        let (mut low, mut high) = (0u64, periods(emission)?);
        while low < high {
            let middle = low + (high - low) / 2;
            if emission.scheduled(middle) >= room { high = middle } else { low = middle + 1 }
        }
        Some(u64::try_from(u128::from(low) * u128::from(clock.every.get()) / YEAR).unwrap_or(u64::MAX))
    }

    fn allocations(&mut self, token: Name, supply: &Supply) {
        for (index, part) in supply.allocations.iter().enumerate() {
            let path = format!("supply.{token}.allocation");
            let span = item(self.root, &path, index);
            if part.vesting == AllocationVesting::Unallocated && !part.amount.is_zero() {
                let message = format!(
                    "{} of {token} ({}) belong to nobody and are never taken",
                    part.share,
                    self.amount(token, part.amount)
                );
                let hint = self.said(&format!("{path}[{index}]"), "name who gets them");
                self.found.warnings.push(Problem::new(span.clone(), message).hint(hint));
            }
            let locked = locked_for_good(part);
            if !locked.is_zero() {
                let message =
                    format!("the vesting rows of `{}` leave {}, which stay locked for good", part.to, self.amount(token, locked));
                let rows = if let AllocationVesting::Rows(rows) = &part.vesting { rows.len() } else { 0 };
                let last = format!("{path}[{index}].vest[{}]", rows.saturating_sub(1));
                let hint = self.said(&last, "add a row without an amount for the rest, if they are to unlock");
                self.found.warnings.push(Problem::new(span, message).hint(hint));
            }
        }
    }

    /// Vesting steps that do not come out even, and vesting that goes on when nothing is minted any more.
    fn vesting_ends(&mut self, token: Name, supply: &Supply) {
        let Some(clock) = self.spec.clocks.get(&supply.vest_clock) else { return };
        let minted = supply.emission.as_ref().and_then(|e| Some((periods(e)?, self.spec.clocks.get(&e.clock())?)));
        for (index, part) in supply.allocations.iter().enumerate() {
            let AllocationVesting::Rows(rows) = &part.vesting else { continue };
            let span = item(self.root, &format!("supply.{token}.allocation"), index);
            for row in rows {
                if !row.over.is_multiple_of(row.every.max(1)) {
                    let message = format!(
                        "vesting of `{}` goes past its end: {} periods of clock `{}` are no whole number of steps of {}",
                        part.to, row.over, supply.vest_clock, row.every
                    );
                    self.found.problems.push(Problem::new(span.clone(), message).hint("choose `over` as a multiple of `every`"));
                }
                let ends = u128::from(row.after + row.over) * u128::from(clock.every.get());
                if let Some((periods, emission_clock)) = minted
                    && ends > u128::from(periods) * u128::from(emission_clock.every.get())
                {
                    let message = format!("vesting of `{}` goes past the end of the emission of {token}", part.to);
                    self.found
                        .warnings
                        .push(Problem::new(span.clone(), message).hint("shorten `over`, if both are to end together"));
                    break;
                }
            }
        }
    }

    /// Pools that nobody can earn from, and funded ones that nothing feeds.
    fn pools(&mut self) {
        let spec = self.spec;
        for (name, rule) in &spec.pools {
            let path = format!("incentive.pool.{name}");
            match rule.method {
                Method::Staked(staking) if !spec.stakings.contains_key(&staking) => self.problem(
                    &format!("{path}.staking"),
                    format!("nobody can earn from pool `{name}`: there is no staking `{staking}`"),
                    "add [incentive.staking.…], or name another",
                ),
                Method::Staked(staking) if spec.stakings.get(&staking).is_some_and(|s| !self.can_be_held(s.token)) => {
                    self.problem(
                        &path,
                        format!("nobody can earn from pool `{name}`: nobody can hold what is staked"),
                        "stake another token",
                    );
                }
                Method::Locked { lock, .. } if !spec.locks.contains_key(&lock) => self.problem(
                    &format!("{path}.lock"),
                    format!("nobody can earn from pool `{name}`: there is no lock `{lock}`"),
                    "add [incentive.lock.…], or name another",
                ),
                Method::Locked { lock, scope: Some(scope) }
                    if spec.locks.get(&lock).is_some_and(|rule| !rule.scopes.contains(&scope)) =>
                {
                    self.problem(
                        &format!("{path}.scope"),
                        format!("nobody can earn from pool `{name}`: locks `{lock}` are not delegated to `{scope}`"),
                        "add it to the lock's `delegates-to`",
                    );
                }
                _ => {}
            }
            if rule.part == Part::Funded && !self.feeds(PayTo::Pool(*name)) && !self.pool_pays(Target::Pool(*name)) {
                self.warning(&path, format!("nothing ever pays into pool `{name}`"), "pay it with to = \"pool.…\", or remove it");
            }
        }
    }

    /// Whether any payment has a part for this.
    fn feeds(&self, to: PayTo) -> bool {
        self.parts().any(|(_, _, part)| part.to == to)
    }

    fn pool_pays(&self, target: Target) -> bool {
        self.spec.pools.values().any(|rule| rule.method == Method::Direct(target))
    }

    /// Every part of every payment, with where it stands and the token that it is paid in.
    fn parts(&self) -> impl Iterator<Item = (String, Name, PayPart)> + '_ {
        let kind = |table: &'static str, name: &Name, currencies: &[Name], pays: &super::Pays| {
            let path = format!("utility.{table}.{name}");
            let mut all = Vec::new();
            for (nth, token) in currencies.iter().enumerate() {
                let key = if nth > 0 && pays.other.is_some() { "pays-other" } else { "pays" };
                all.extend(pays.of(*token, currencies).iter().map(|part| (format!("{path}.{key}"), *token, *part)));
            }
            all
        };
        let streams = self.spec.streams.iter().flat_map(move |(name, rule)| kind("stream", name, &rule.currencies, &rule.pays));
        let charges = self.spec.charges.iter().flat_map(move |(name, rule)| kind("charge", name, &rule.currencies, &rule.pays));
        let fees = self.spec.service_fees.iter().flat_map(|(name, rule)| {
            rule.pays.iter().map(move |part| (format!("utility.service-fee.{name}"), rule.token, *part))
        });
        streams.chain(charges).chain(fees)
    }

    /// Whether anybody can ever hold a token in this era: something mints it to somebody.
    fn can_be_held(&self, token: Name) -> bool {
        if self.spec.tokens.get(&token).is_some_and(|t| t.bridged_by.is_some()) {
            return true;
        }
        if let Some(credit) = self.spec.credits.get(&token) {
            return credit.from != token && self.can_be_held(credit.from);
        }
        let taken = |part: &Allocation| {
            !part.amount.is_zero() && !matches!(part.vesting, AllocationVesting::Emitted | AllocationVesting::Unallocated)
        };
        self.spec.supplies.get(&token).is_some_and(|s| s.allocations.iter().any(taken))
            || self.spec.pools.values().any(|pool| pool.token == token && pool.part != Part::Funded)
    }

    /// Burns of what nobody can hold.
    fn burns(&mut self) {
        let mut burnt: Vec<(String, Name)> = self.parts().map(|(path, token, _)| (path, token)).collect();
        burnt.extend(self.spec.credits.iter().map(|(name, rule)| (format!("utility.credit.{name}"), rule.from)));
        burnt.extend(
            self.spec.treasuries.iter().filter_map(|(name, rule)| Some((format!("treasury.{name}.redeem"), rule.redeem?.burns))),
        );
        let mut told = BTreeSet::new();
        for (path, token) in burnt {
            if !self.can_be_held(token) && told.insert((path.clone(), token)) {
                let message = format!("nobody can ever hold {token}, so this payment or burn has no source");
                self.problem(
                    &path,
                    message,
                    &format!("mint {token}: an allocation, an emission with a pool, a bridge, or [utility.credit.{token}]"),
                );
            }
        }
    }

    /// Funds that nothing pays into.
    fn funds(&mut self) {
        let slashed = |to: &super::SlashTo| matches!(to, super::SlashTo::Treasury(_));
        let fed: BTreeSet<Name> = self
            .spec
            .pools
            .values()
            .filter_map(|rule| if let Method::Direct(Target::Treasury(name)) = rule.method { Some(name) } else { None })
            .chain(self.parts().filter_map(|(_, _, part)| if let PayTo::Treasury(name) = part.to { Some(name) } else { None }))
            .chain(
                self.spec
                    .faults
                    .values()
                    .flat_map(|f| &f.to)
                    .chain(self.spec.stakings.values().flat_map(|s| &s.slash_to))
                    .filter_map(|(to, _)| {
                        if slashed(to)
                            && let super::SlashTo::Treasury(name) = to
                        {
                            Some(*name)
                        } else {
                            None
                        }
                    }),
            )
            .collect();
        for name in self.spec.treasuries.keys().filter(|name| !fed.contains(name)).copied().collect::<Vec<_>>() {
            let message = format!("nothing ever pays into treasury `{name}`");
            self.warning(&format!("treasury.{name}"), message, "pay it with to = \"treasury.…\", or remove it");
        }
    }

    /// Venues that payments are swapped at: somebody must fund them first.
    fn venues(&mut self) {
        let used: BTreeSet<Name> = self.parts().filter_map(|(_, _, part)| part.convert).collect();
        for venue in used {
            let path = format!("venue.{venue}");
            let hint = self.said(&path, "fund it when the network starts");
            let message = format!(
                "payments are swapped at venue `{venue}`, which begins empty; until somebody funds it, they wait in treasury `conversions`"
            );
            self.warning(&path, message, &hint);
        }
    }
}

/// A year of 365 days, in milliseconds.
const YEAR: u128 = 365 * 86_400_000;

/// Where an entry of a list stands.
fn item(root: &Section, path: &str, index: usize) -> Range<usize> {
    let mut section = root;
    let mut keys = path.split('.').peekable();
    while let Some(key) = keys.next() {
        match section.entries.get(key).map(|entry| &entry.value) {
            Some(Value::Table(inner)) => section = inner,
            Some(Value::List(items)) if keys.peek().is_none() => {
                return items.get(index).map_or_else(|| place(root, path), |item| item.span.clone());
            }
            _ => break,
        }
    }
    place(root, path)
}

/// What a schedule gives in all; `None` when nothing ends it.
fn whole(emission: &Emission) -> Option<Units> {
    match emission {
        Emission::HalfLife { total, .. } => Some(*total),
        Emission::Table { .. } | Emission::Decline { .. } | Emission::Flat { .. } => Some(emission.scheduled(periods(emission)?)),
        Emission::Inflation(_) => None,
    }
}

/// The key of a kind of emission.
const fn kind(emission: &Emission) -> &'static str {
    match emission {
        Emission::HalfLife { .. } => "half-life",
        Emission::Table { .. } => "table",
        Emission::Decline { .. } => "decline",
        Emission::Flat { .. } => "flat",
        Emission::Inflation(_) => "inflation",
    }
}

/// How many periods a schedule has; `None` when it has no last one.
fn periods(emission: &Emission) -> Option<u64> {
    match emission {
        Emission::Table { rows, .. } => rows.last().map(|row| row.start + row.periods),
        Emission::Decline { periods, .. } | Emission::Flat { periods, .. } => Some(*periods),
        Emission::HalfLife { .. } | Emission::Inflation(_) => None,
    }
}

/// What the rows of an allocation never unlock.
fn locked_for_good(part: &Allocation) -> Units {
    let AllocationVesting::Rows(rows) = &part.vesting else { return Units::ZERO };
    let mut left = part.amount;
    let mut shares = 0u64;
    for row in rows {
        match row.part {
            VestingPart::Amount(amount) => left = left.minus_or_zero(amount),
            VestingPart::Share(share) => shares += u64::from(share.get()),
            VestingPart::Rest => return Units::ZERO,
        }
    }
    let whole = u64::from(depin_quantity::Share::WHOLE.get());
    match shares {
        0 => left,
        shares => part
            .amount
            .mul_div(whole.saturating_sub(shares).into(), whole.into(), depin_quantity::Rounding::Down)
            .unwrap_or(Units::ZERO),
    }
}
