//! Figures that make no sense beside others: above a cap, before the launch, of no effect; and names that look misspelt.
//!
//! In: one parameter version's parameters. Out: problems for what cannot work, warnings for what is only odd, each at its figure. Called by the
//! second look. Figures that make no sense by themselves are refused where they are read.

use super::{
    BondLeast, BreakerMost, ChargePrice, Each, Emission, FaultFee, FeeAmount, Method, PledgeSize, Target,
    check::{Check, near},
    pool::Part,
    problem::Problem,
};
use depin_quantity::{Name, Share, Span, Units, nearest_name};
use std::{collections::BTreeMap, ops::Range};

pub(super) fn look(check: &mut Check<'_>) {
    collateral(check);
    payments(check);
    stakes(check);
    funds(check);
    fees(check);
    markets(check);
    nothings(check);
    counts(check);
}

impl Check<'_> {
    /// Most of a token that there can ever be; nothing of one without a cap of its own.
    fn cap(&self, token: Name) -> Option<Units> {
        self.caps.get(&token).copied()
    }

    /// An amount that nobody can ever have.
    fn above_cap(&mut self, path: &str, token: Name, amount: Units, what: &str) -> bool {
        let Some(cap) = self.cap(token).filter(|cap| amount > *cap) else { return false };
        let (amount, cap) = (self.amount(token, amount), self.amount(token, cap));
        let message = format!("{what} of {amount} is above the cap of {cap}: nobody can ever have so much");
        self.misfit(path, message, &format!("write at most {cap}"));
        true
    }
}

fn collateral(check: &mut Check<'_>) {
    let spec = check.spec;
    for (name, rule) in &spec.pledges {
        let path = format!("incentive.pledge.{name}");
        let (key, each, unit) = match rule.size {
            PledgeSize::PerUnit { each, .. } => ("per-unit", each, "units"),
            PledgeSize::PerGib(each) => ("per-gib", each, "GiB"),
        };
        if check.above_cap(&format!("{path}.{key}"), rule.token, each, &format!("pledge `{name}`")) {
            continue;
        }
        check.above_cap(&format!("{path}.least"), rule.token, rule.least, &format!("the least pledge `{name}`"));
        let fit = check.cap(rule.token).map(|cap| cap.get() / each.get().max(1));
        if let Some(fit) = fit.filter(|fit| *fit < 100) {
            let message = format!("all {} that there can ever be is the pledge of {fit} {unit}", rule.token);
            check.warning(&format!("{path}.{key}"), message, "lower the pledge, if more are to take part");
        }
    }
    for (name, rule) in &spec.faults {
        let path = format!("incentive.fault.{name}");
        if let FaultFee::PerGib(each) = rule.fee {
            check.above_cap(&format!("{path}.amount"), rule.token, each, &format!("the fee of fault `{name}`"));
        }
    }
}

fn payments(check: &mut Check<'_>) {
    let spec = check.spec;
    for (name, rule) in &spec.streams {
        let path = format!("utility.stream.{name}");
        for (token, rate) in &rule.rates_most {
            check.above_cap(&format!("{path}.rate.most"), *token, *rate, &format!("a rate of stream `{name}`"));
        }
        for (token, least) in &rule.deposit_least {
            check.above_cap(&format!("{path}.deposit.least"), *token, *least, &format!("a first deposit of stream `{name}`"));
        }
        if let Some(bond) = rule.bond {
            let (key, each) = match bond.least {
                BondLeast::PerGib(each) => ("per-gib", each),
                BondLeast::PerUnit(each) => ("per-unit", each),
                BondLeast::Fixed(each) => ("amount", each),
            };
            check.above_cap(&format!("{path}.bond.{key}"), bond.token, each, &format!("the bond of stream `{name}`"));
        }
        let longest = spec.clocks.get(&rule.clock).and_then(|clock| clock.every.get().checked_mul(rule.periods_most));
        if longest.is_some_and(|longest| rule.warn_before.get() >= longest) {
            let message = format!("the payer of `{name}` is told before the longest term begins");
            check.warning(&format!("{path}.warn.before"), message, "write a time shorter than `term`");
        }
    }
    for (name, rule) in &spec.charges {
        if let ChargePrice::Priced(priced) = &rule.price
            && let Each::Units(each) = priced.each
            && let Some(token) = rule.currencies.first()
        {
            check.above_cap(
                &format!("utility.charge.{name}.priced.amount"),
                *token,
                each,
                &format!("the price of charge `{name}`"),
            );
        }
    }
    for (name, rule) in &spec.service_fees {
        if let FeeAmount::Units(amount) = rule.amount {
            check.above_cap(&format!("utility.service-fee.{name}.amount"), rule.token, amount, &format!("service fee `{name}`"));
        }
    }
    for (token, supply) in &spec.supplies {
        if let Some(net) = supply.net_emission {
            check.above_cap(&format!("supply.{token}.net-emission.most"), *token, net.most, "net emission in one period");
        }
    }
}

fn stakes(check: &mut Check<'_>) {
    let spec = check.spec;
    for (name, rule) in &spec.stakings {
        let path = format!("incentive.staking.{name}");
        if rule.commission_least == Share::WHOLE {
            let message = format!("validators of `{name}` keep everything, so nobody earns by delegating");
            check.warning(&format!("{path}.commission-least"), message, "write a smaller share");
        }
        if rule.liveness.is_some_and(|liveness| liveness.signed_least == Share::WHOLE) {
            let message = "a validator is jailed for a single missed block".to_owned();
            check.warning(&format!("{path}.liveness.signed-least"), message, "write a smaller share, like \"50%\"");
        }
    }
    for (name, rule) in &spec.locks {
        check.above_cap(&format!("incentive.lock.{name}.least"), rule.token, rule.least, &format!("the least lock of `{name}`"));
    }
    for (token, supply) in &spec.supplies {
        let Some(Emission::Inflation(rule)) = &supply.emission else { continue };
        if !spec.stakings.is_empty() && !spec.stakings.contains_key(&rule.staking) && check.knows(&["staking"]) {
            let hint = near(rule.staking, spec.stakings.keys(), "name a declared staking");
            let message = format!("inflation goes by the stake of `{}`, which is no declared staking", rule.staking);
            check.misfit(&format!("supply.{token}.emission.inflation.staking"), message, &hint);
        }
    }
    for (name, score) in &spec.scores {
        let Some(lock) = score.lock.filter(|lock| !spec.locks.contains_key(lock) && check.knows(&["lock"])) else { continue };
        let hint = near(lock, spec.locks.keys(), "add [incentive.lock.…], or remove the key");
        let message = format!("score `{name}` goes by locks `{lock}`, which are not declared");
        check.misfit(&format!("incentive.score.{name}.lock"), message, &hint);
    }
}

fn funds(check: &mut Check<'_>) {
    let spec = check.spec;
    for (name, rule) in &spec.treasuries {
        let path = format!("treasury.{name}");
        if let Some(breaker) = rule.breaker
            && let BreakerMost::Amount(token, most) = breaker.most
            && check.cap(token).is_some_and(|cap| most > cap)
        {
            let message = format!("a breaker above the cap of {token} never trips");
            check.warning(&format!("{path}.breaker.most-amount"), message, "write a smaller amount");
        }
        if let (Some(at), Some(launch)) = (rule.freeze_at, spec.network.launch)
            && at <= launch
        {
            let message = format!("treasury `{name}` is frozen before the launch, so nothing is ever redeemed");
            check.misfit(&format!("{path}.freeze-at"), message, "write a later date, or remove `redeem`");
        }
        if rule.spends.is_none() && rule.redeem.is_none() && name.as_str() != "conversions" {
            let message = format!("nothing ever leaves treasury `{name}`");
            check.warning(&path, message, "say who spends from it: spends = \"…\"");
        }
    }
}

fn fees(check: &mut Check<'_>) {
    let fee = check.spec.fee;
    for (key, each) in [("minimum", fee.minimum), ("initial", fee.initial)] {
        let block = each.times(u128::from(fee.target_work)).unwrap_or(Units::new(u128::MAX));
        let what = "the fee of a block of usual work";
        if check.above_cap(&format!("utility.fee.{key}.amount"), fee.token, block, what) {
            return;
        }
    }
    if let Some(row) = fee.row {
        let block = row.price(fee.minimum, row.target).unwrap_or(Units::new(u128::MAX));
        check.above_cap("utility.fee.row.work", fee.token, block, "what the rows of a block of usual growth cost");
    }
}

/// Prices that are too old to count and still do, and AMM pools that take much.
fn markets(check: &mut Check<'_>) {
    let spec = check.spec;
    for (name, rule) in spec.prices.iter().filter(|(_, rule)| rule.stale_after > Span::from_days(30)) {
        let message = format!("a price of {} counts {} after it was reported", name, rule.stale_after);
        check.warning(
            &format!("price.{name}.stale-after"),
            message,
            "write at most \"30d\"; the five networks write 10 minutes to a day",
        );
    }
    for (name, rule) in spec.amm_pools.iter().filter(|(_, rule)| rule.fee.get() > Share::WHOLE.get() / 10) {
        let message = format!("AMM pool `{name}` keeps {} of everything that is swapped there", rule.fee);
        check.warning(&format!("amm-pool.{name}.fee"), message, "AMM pools usually take below 1%");
    }
}

/// Shares of nothing: they change nothing, so that they are probably not what was meant.
fn nothings(check: &mut Check<'_>) {
    let spec = check.spec;
    let nothing = Share::default();
    for (name, _) in spec.pools.iter().filter(|(_, rule)| rule.part == Part::Fixed(nothing)) {
        let message = format!("pool `{name}` gets nothing of the emission");
        check.warning(&format!("incentive.pool.{name}.share"), message, "write a larger share, or remove the pool");
    }
    let parts: Vec<String> = check.parts().filter(|(_, _, part)| part.share == nothing).map(|(path, ..)| path).collect();
    for path in parts {
        check.warning(&path, "a part of 0% gets nothing".to_owned(), "remove it, or write a larger share");
    }
    for (token, supply) in &spec.supplies {
        for (index, part) in supply.allocations.iter().enumerate().filter(|(_, part)| part.amount.is_zero()) {
            let whole = supply.genesis.unwrap_or(supply.cap.amount);
            if !whole.is_zero() {
                let message = format!("`{}` is allocated nothing", part.to);
                check.warning(&format!("supply.{token}.allocation.[{index}].to"), message, "write a larger share, or remove it");
            }
        }
    }
}

/// What a charge counts for a score, some score goes by.
fn counts(check: &mut Check<'_>) {
    let spec = check.spec;
    if !check.knows(&["score"]) {
        return;
    }
    for (name, rule) in &spec.charges {
        let Some((scope, gauge)) = rule.counts else { continue };
        let path = format!("utility.charge.{name}.counts");
        if spec.scores.is_empty() {
            let message = format!("charge `{name}` is counted for a score, and there is none");
            check.warning(&path, message, "add [incentive.score.…] with used = { gauge, per }, or remove `counts`");
            continue;
        }
        let scopes: Vec<Name> = spec.scores.values().flat_map(|score| score.scopes.iter().copied()).collect();
        if !scopes.contains(&scope) {
            let hint = near(scope, scopes.iter(), "name a scope of a score");
            let message = format!("charge `{name}` is counted for `{scope}`, which is a scope of no score");
            check.misfit(&format!("{path}.scope"), message, &hint);
        }
        let gauges: Vec<Name> =
            spec.scores.values().flat_map(|score| score.used.iter().chain(&score.active)).map(|(gauge, _)| *gauge).collect();
        if !gauges.contains(&gauge) {
            let hint = near(gauge, gauges.iter(), "name a gauge that a score goes by");
            let message = format!("charge `{name}` is added to `{gauge}`, a gauge that no score goes by");
            check.misfit(&format!("{path}.gauge"), message, &hint);
        }
    }
}

/// Every role that a parameter version names, with where it stands.
pub(super) fn roles(check: &Check<'_>) -> Vec<(Name, Range<usize>)> {
    let spec = check.spec;
    let mut roles: Vec<(Name, String)> = Vec::new();
    for (pair, rule) in &spec.prices {
        roles.extend(rule.reporters.iter().enumerate().map(|(i, role)| (*role, format!("price.{pair}.reporters.[{i}]"))));
    }
    for (name, rule) in &spec.treasuries {
        roles.extend(rule.spends.map(|role| (role, format!("treasury.{name}.spends"))));
        roles.extend(rule.freezes.map(|role| (role, format!("treasury.{name}.freezes"))));
    }
    for (name, rule) in &spec.faults {
        roles.extend(rule.appeal.map(|appeal| (appeal.judge, format!("incentive.fault.{name}.appeal.judge"))));
    }
    for (name, rule) in &spec.allowances {
        roles.push((rule.granted_by, format!("incentive.allowance.{name}.granted-by")));
    }
    for (name, rule) in &spec.pools {
        if let Method::Direct(Target::Role(role)) = rule.method {
            roles.push((role, format!("incentive.pool.{name}.to")));
        }
    }
    roles.into_iter().map(|(role, path)| (role, check.place(&path))).collect()
}

/// Roles of a whole file that look like a slip of another one. Names that differ in their digits alone are meant so.
pub(super) fn roles_alike(roles: &[(Name, Range<usize>)]) -> Vec<Problem> {
    let mut places: BTreeMap<Name, Vec<&Range<usize>>> = BTreeMap::new();
    for (role, place) in roles {
        let seen = places.entry(*role).or_default();
        if !seen.contains(&place) {
            seen.push(place);
        }
    }
    let letters = |name: &Name| name.as_str().chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let mut found = Vec::new();
    for (role, at) in places.iter().filter(|(_, at)| at.len() == 1) {
        // The rarer one is the slip; of two that stand once, the later one.
        let others = places
            .iter()
            .filter(|(other, there)| letters(other) != letters(role) && (there.len() > 1 || there[0].start < at[0].start));
        if let Some(meant) = nearest_name(role.as_str(), others.map(|(other, _)| other.as_str())) {
            let message = format!("role `{role}` is named once, and `{meant}` beside it: each is filled by its own account");
            found.push(Problem::new(at[0].clone(), message).hint(format!("did you mean `{meant}`?")));
        }
    }
    found
}
