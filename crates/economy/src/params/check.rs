//! A second look at a file that reads well: rules that can never work, and what its readers should know.
//!
//! In: one parameter version's checked parameters and its tree. Out: problems and warnings with their places. Called for every parameter version when a file is
//! read. Absent on purpose: metrics and kinds of a service (its descriptor judges those), and taste.

use super::{
    Allocation, AllocationVesting, CapKind, Emission, Method, PayPart, PayTo, Provenance, Spec, Supply, Target, VestingPart,
    bound,
    document::{self, Section},
    misfit,
    network::Draft,
    pool::Part,
    problem::{Problem, Stage},
    shares,
};
use depin_quantity::{Name, Units, group_digits, nearest_name};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// What was found.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
    /// Every role that the parameter version names, with where it stands.
    pub(super) roles: Vec<(Name, Range<usize>)>,
}

/// One parameter version that is looked at, and what was found so far.
pub(super) struct Check<'a> {
    pub(super) spec: &'a Spec,
    pub(super) caps: &'a BTreeMap<Name, Units>,
    partly: &'a BTreeSet<&'static str>,
    root: &'a Section,
    found: Findings,
}

/// Looks at what could be read of one parameter version.
pub(super) fn look(draft: &Draft, root: &Section) -> Findings {
    let spec = &draft.spec;
    let mut check = Check { spec, caps: &draft.caps, partly: &draft.partly, root, found: Findings::default() };
    for (token, supply) in &spec.supplies {
        check.caps(*token, supply);
        check.allocations(*token, supply);
        check.vesting_ends(*token, supply);
    }
    shares::look(&mut check);
    bound::look(&mut check);
    misfit::look(&mut check);
    check.pools();
    if check.knows(&["token", "supply", "pool", "credit", "stream", "charge", "service-fee", "treasury"]) {
        check.burns();
    }
    if check.knows(&["treasury", "pool", "stream", "charge", "service-fee", "fault", "staking"]) {
        check.funds();
    }
    check.amm_pools();
    check.found.roles = misfit::roles(&check);
    check.found
}

impl Spec {
    /// A problem with the value at a dotted path of the file, or with the nearest table around it: for those who check a file
    /// against more than an economy.
    pub fn problem_at(&self, path: &str, message: &str, hint: &str) -> Problem {
        let span = document::parse(&self.text).map_or(0..0, |root| root.place_of(path));
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

    /// How many tables of the file, in all its parameter versions, state figures that nobody publishes.
    pub fn parameters(&self) -> usize {
        let versions = std::iter::once(self).chain(self.later.iter().map(|(_, version)| version));
        let stated =
            versions.flat_map(|version| &version.provenance).filter(|(_, from)| matches!(from, Provenance::Parameter(_)));
        stated.map(|(path, from)| (path, format!("{from:?}"))).collect::<BTreeSet<_>>().len()
    }
}

impl Check<'_> {
    /// Whether all of these tables could be read: what is missing in the others is no mistake.
    pub(super) fn knows(&self, tables: &[&str]) -> bool {
        tables.iter().all(|table| !self.partly.contains(table))
    }

    /// Where a path of the file stands.
    pub(super) fn place(&self, path: &str) -> Range<usize> {
        self.root.place_of(path)
    }

    /// A gap that the file may give a reason for, at the table of the second path: then it is known, and else a warning.
    pub(super) fn gap(&mut self, (path, said): (&str, &str), message: String, otherwise: &str) {
        let known = self.spec.said(said);
        let mut problem = Problem::new(self.root.place_of(path), message);
        problem.known = known.is_some();
        self.found.warnings.push(problem.hint(known.as_deref().unwrap_or(otherwise)));
    }

    /// A network that cannot work.
    pub(super) fn problem(&mut self, path: &str, message: String, hint: &str) {
        self.found.problems.push(Problem::new(self.root.place_of(path), message).hint(hint).stage(Stage::Whole));
    }

    /// A figure that makes no sense beside others.
    pub(super) fn misfit(&mut self, path: &str, message: String, hint: &str) {
        self.found.problems.push(Problem::new(self.root.place_of(path), message).hint(hint));
    }

    /// A network that works, perhaps not as meant.
    pub(super) fn warning(&mut self, path: &str, message: String, hint: &str) {
        self.found.warnings.push(Problem::new(self.root.place_of(path), message).hint(hint));
    }

    pub(super) fn amount(&self, token: Name, units: Units) -> String {
        let decimals = self.spec.tokens.get(&token).map_or(0, |t| t.decimals);
        format!("{} {token}", group_digits(&units.to_decimal(decimals), ','))
    }

    fn caps(&mut self, token: Name, supply: &Supply) {
        let path = format!("supply.{token}.cap");
        if supply.cap.kind == CapKind::Model {
            let message = format!("the cap of {token} is shown and never enforced");
            self.gap((&path, &path), message, "write kind = \"clamp\" to stop minting at it");
        }
        let Some(emission) = &supply.emission else { return };
        let (cap, room) = (supply.cap.amount, supply.cap.amount.minus_or_zero(supply.at_genesis()));
        let stops = supply.cap.kind != CapKind::Model;
        match whole(emission) {
            None if stops => {
                let cap = self.amount(token, cap);
                let message = format!("the inflation of {token} has no end of its own; it stops at the cap of {cap}");
                self.gap((&path, &path), message, "write kind = \"model\" to let it go on");
            }
            Some(all) if all > room => self.overshoot(token, supply, emission, (all, room)),
            _ => {}
        }
    }

    /// A schedule that gives more than its cap leaves. A source does not mute it: the figure may have been copied wrong. Twice as much
    /// is an error, because a schedule that ends in its middle is none; what rounding leaves of it is nothing.
    fn overshoot(&mut self, token: Name, supply: &Supply, emission: &Emission, (all, room): (Units, Units)) {
        let path = format!("supply.{token}.emission.{}", emission.word());
        let over = all.minus_or_zero(room);
        if over.get() < all.get() / 1_000_000 {
            return;
        }
        let stops = supply.cap.kind != CapKind::Model;
        let source = self.spec.said(&path).map_or_else(String::new, |said| format!("; {said}"));
        let (gives, left) = (self.amount(token, all), self.amount(token, room));
        // Under a cap of kind net-emission, burning may make room for all of it.
        if supply.cap.kind == CapKind::Clamp && over > room {
            let each = self.spec.clocks.get(&emission.clock()).map_or_else(String::new, |clock| clock.every.to_string());
            let message = format!("the emission gives {gives} and the cap leaves {left}: most of it can never be minted");
            let hint =
                format!("figures are per period of clock `{}`, {each}; lower them, or raise the cap{source}", emission.clock());
            let figure = match emission {
                Emission::Decline { .. } => "rate",
                Emission::Table { .. } => "rows",
                Emission::HalfLife { .. } => "from",
                Emission::Flat { .. } | Emission::Inflation(_) => "amount",
            };
            self.misfit(&format!("{path}.{figure}"), message, &hint);
            return;
        }
        let what = if stops {
            let years =
                self.reached(emission, room).map_or_else(String::new, |years| format!(", about {years} years after it begins"));
            format!("minting stops at the cap{years}")
        } else {
            "the cap is passed".to_owned()
        };
        let over = self.amount(token, over);
        let cap = format!("supply.{token}.cap");
        if matches!(emission, Emission::Table { .. }) && self.root.is_there(&format!("{path}.then")) {
            let message = format!("the tail of {token}'s schedule has no end of its own; {what}, before {over} of it");
            self.gap((&cap, &path), message, "end the tail with then = { rows = … }, or raise the cap");
            return;
        }
        let message = format!("the cap of {token} is below genesis plus schedule: {over} of the schedule do not fit; {what}");
        self.warning(&cap, message, &format!("raise the cap, or end the schedule before it{source}"));
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
            let at = format!("{path}.[{index}].to");
            if part.vesting == AllocationVesting::Unallocated && !part.amount.is_zero() {
                let message = format!(
                    "{} of {token} ({}) belong to nobody and are never taken",
                    part.share,
                    self.amount(token, part.amount)
                );
                self.gap((&at, &format!("{path}[{index}]")), message, "name who gets them");
            }
            let locked = locked_for_good(part);
            if !locked.is_zero() {
                let message =
                    format!("the vesting rows of `{}` leave {}, which stay locked for good", part.to, self.amount(token, locked));
                let rows = if let AllocationVesting::Rows(rows) = &part.vesting { rows.len() } else { 0 };
                let last = format!("{path}[{index}].vest[{}]", rows.saturating_sub(1));
                self.gap((&at, &last), message, "add a row without an amount for the rest, if they are to unlock");
            }
        }
    }

    /// Vesting steps that do not come out even, and vesting that goes on when nothing is minted any more.
    fn vesting_ends(&mut self, token: Name, supply: &Supply) {
        let Some(clock) = self.spec.clocks.get(&supply.vest_clock) else { return };
        let minted = supply.emission.as_ref().and_then(|e| Some((periods(e)?, self.spec.clocks.get(&e.clock())?)));
        for (index, part) in supply.allocations.iter().enumerate() {
            let AllocationVesting::Rows(rows) = &part.vesting else { continue };
            for (nth, row) in rows.iter().enumerate() {
                let span = self.root.place_of(&format!("supply.{token}.allocation.[{index}].vest.[{nth}].over"));
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
                Method::Staked(staking) if !spec.stakings.contains_key(&staking) && self.knows(&["staking"]) => {
                    let hint = near(staking, spec.stakings.keys(), "add [incentive.staking.…], or name another");
                    let message = format!("nobody can earn from pool `{name}`: there is no staking `{staking}`");
                    self.problem(&format!("{path}.staking"), message, &hint);
                }
                Method::Staked(staking)
                    if self.knows(&["supply", "pool", "credit"])
                        && spec.stakings.get(&staking).is_some_and(|s| !self.can_be_held(s.token)) =>
                {
                    let message = format!("nobody can earn from pool `{name}`: nobody can hold what is staked");
                    self.problem(&path, message, "stake another token");
                }
                Method::Locked { lock, .. } if !spec.locks.contains_key(&lock) && self.knows(&["lock"]) => {
                    let hint = near(lock, spec.locks.keys(), "add [incentive.lock.…], or name another");
                    let message = format!("nobody can earn from pool `{name}`: there is no lock `{lock}`");
                    self.problem(&format!("{path}.lock"), message, &hint);
                }
                Method::Locked { lock, scope } => self.delegated(name, lock, scope),
                _ => {}
            }
            let fed = self.feeds(PayTo::Pool(*name)) || self.pool_pays(Target::Pool(*name));
            if rule.part == Part::Funded && !fed && self.knows(&["stream", "charge", "service-fee", "pool"]) {
                self.warning(&path, format!("nothing ever pays into pool `{name}`"), "pay it with to = \"pool.…\", or remove it");
            }
        }
    }

    /// A pool of locks that nobody can delegate to.
    fn delegated(&mut self, pool: &Name, lock: Name, scope: Option<Name>) {
        let Some(rule) = self.spec.locks.get(&lock) else { return };
        let path = format!("incentive.pool.{pool}.scope");
        match scope {
            Some(scope) if !rule.scopes.contains(&scope) => {
                let hint = near(scope, rule.scopes.iter(), "add it to the lock's `delegates-to`");
                let message = format!("nobody can earn from pool `{pool}`: locks `{lock}` are not delegated to `{scope}`");
                self.problem(&path, message, &hint);
            }
            None if rule.delegated_only => {
                let message =
                    format!("nobody can earn from pool `{pool}`: only delegated locks `{lock}` earn, and it has no scope");
                self.problem(&path, message, "write scope = \"…\", one of the lock's `delegates-to`");
            }
            _ => {}
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
    pub(super) fn parts(&self) -> impl Iterator<Item = (String, Name, PayPart)> + '_ {
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

    /// Whether anybody can ever hold a token in this parameter version: something mints it to somebody.
    pub(super) fn can_be_held(&self, token: Name) -> bool {
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

    /// AMM pools that payments are swapped at: somebody must fund them first.
    fn amm_pools(&mut self) {
        let used: BTreeSet<Name> = self.parts().filter_map(|(_, _, part)| part.convert).collect();
        for amm_pool in used {
            let path = format!("amm-pool.{amm_pool}");
            let message = format!(
                "payments are swapped at AMM pool `{amm_pool}`, which begins empty; until somebody funds it, they wait in treasury `conversions`"
            );
            self.gap((&path, &path), message, "fund it when the network starts");
        }
    }
}

/// A year of 365 days, in milliseconds.
const YEAR: u128 = 365 * 86_400_000;

/// The hint for a name that is none of these.
pub(super) fn near<'a>(name: Name, all: impl Iterator<Item = &'a Name>, otherwise: &str) -> String {
    nearest_name(name.as_str(), all.map(Name::as_str))
        .map_or_else(|| otherwise.to_owned(), |near| format!("did you mean `{near}`?"))
}

/// What a schedule gives in all; `None` when nothing ends it.
fn whole(emission: &Emission) -> Option<Units> {
    match emission {
        Emission::HalfLife { total, .. } => Some(*total),
        Emission::Table { .. } | Emission::Decline { .. } | Emission::Flat { .. } => Some(emission.scheduled(periods(emission)?)),
        Emission::Inflation(_) => None,
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
