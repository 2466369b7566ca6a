//! What the pools of one token are together: their shares, their groups, what overflows from one into another.
//!
//! In: one parameter version's pools and scores. Out: problems, each at the pool that it is about. Called by the second look.

use super::{
    Method, PoolRule, Spec, Target,
    check::{Check, near},
    pool::Part,
    reader::percent,
};
use depin_quantity::{Name, Share};
use std::collections::BTreeSet;

pub(super) fn look(check: &mut Check<'_>) {
    groups(check);
    if check.knows(&["pool", "supply"]) {
        sums(check);
    }
    overflows(check);
    targets(check);
}

/// Every group has pools that say so, of one token and one clock, and one token has one group.
fn groups(check: &mut Check<'_>) {
    let spec = check.spec;
    for (name, rule) in &spec.pools {
        let Part::Scored(group) = rule.part else { continue };
        match spec.scores.get(&group) {
            Some(score) if score.pools.contains(name) => {}
            // A score that names what is no pool may mean this one, and is told of.
            Some(score) if score.pools.iter().any(|pool| !spec.pools.contains_key(pool)) => {}
            None if !check.knows(&["score"]) => {}
            Some(_) => check.problem(
                &format!("incentive.pool.{name}.scored"),
                format!("pool `{name}` is scored by `{group}`, which does not name it"),
                &format!("add it to `pools` of [incentive.score.{group}]"),
            ),
            None => {
                let hint = near(group, spec.scores.keys(), &format!("add [incentive.score.{group}]"));
                let message = format!("pool `{name}` is scored by `{group}`, which is no declared score");
                check.problem(&format!("incentive.pool.{name}.scored"), message, &hint);
            }
        }
    }
    if !check.knows(&["pool"]) {
        return;
    }
    let mut tokens = BTreeSet::new();
    for (name, score) in &spec.scores {
        let path = format!("incentive.score.{name}");
        let rules: Vec<Option<&PoolRule>> = score.pools.iter().map(|pool| spec.pools.get(pool)).collect();
        let first = rules.first().copied().flatten().map(|rule| (rule.token, rule.clock));
        let fits = |rule: &Option<&PoolRule>| {
            rule.is_some_and(|rule| rule.part == Part::Scored(*name) && Some((rule.token, rule.clock)) == first)
        };
        if let Some(at) = rules.iter().position(|rule| !fits(rule)) {
            let message = format!("`{name}` must name pools with scored = \"{name}\", of one token and one clock");
            let hint = match rules[at] {
                None => near(score.pools[at], spec.pools.keys(), "change its `pools`"),
                Some(_) => format!("change `{}`, or remove it from `pools`", score.pools[at]),
            };
            check.problem(&format!("{path}.pools.[{at}]"), message, &hint);
        }
        if first.is_some_and(|(token, _)| !tokens.insert(token)) {
            check.problem(&path, "two scores share out the emission of one token".to_owned(), "make one of them");
        }
    }
}

/// In every period, the fixed and moving shares of a token's pools are the whole, or leave the rest to a scored group.
fn sums(check: &mut Check<'_>) {
    for token in check.spec.supplies.values().filter(|s| s.emission.is_some()).map(|s| s.token) {
        if let Some((path, message, hint)) = sum(check.spec, token) {
            check.problem(&path, message, &hint);
        }
    }
}

fn sum(spec: &Spec, token: Name) -> Option<(String, String, String)> {
    let whole = u64::from(Share::WHOLE.get());
    let own: Vec<(&Name, &PoolRule)> = spec.pools.iter().filter(|(_, p)| p.token == token && p.part != Part::Funded).collect();
    let Some((last, _)) = own.last() else {
        let path = format!("supply.{token}.emission");
        let hint = format!("add [incentive.pool.…] with emission = \"{token}\", share = \"100%\"");
        return Some((path, format!("no pool gets the emission of {token}: nobody is paid"), hint));
    };
    let scored = own.iter().any(|(_, p)| matches!(p.part, Part::Scored(_)));
    let mut at = Some(0);
    while let Some(period) = at {
        let sum: u64 = own.iter().map(|(_, p)| u64::from(p.part.share_at(period).get())).sum();
        if sum > whole || (sum != whole && !scored) || (sum == whole && scored) {
            let each = own.iter().filter(|(_, p)| !matches!(p.part, Part::Scored(_)));
            let each: Vec<String> = each.map(|(name, p)| format!("{name} {}", p.part.share_at(period))).collect();
            let when = if period == 0 { String::new() } else { format!(" from period {period} on") };
            let wanted = if scored { "below 100%, which leaves the rest to the scored ones" } else { "that sum to exactly 100%" };
            let message = format!(
                "the pools that share the emission of {token} must have shares {wanted}; they come to {}{when}: {}",
                percent(sum),
                each.join(", ")
            );
            let hint = match sum {
                sum if sum > whole => format!("lower some of them by {} together", percent(sum - whole)),
                sum if sum < whole => format!("raise some of them by {} together", percent(whole - sum)),
                _ => "lower one of them".to_owned(),
            };
            return Some((format!("incentive.pool.{last}.share"), message, hint));
        }
        at = own.iter().filter_map(|(_, p)| p.part.changes_after(period)).min();
    }
    None
}

/// What overflows ends somewhere, in the same token and by the same clock.
fn overflows(check: &mut Check<'_>) {
    let spec = check.spec;
    for (name, rule) in &spec.pools {
        let path = format!("incentive.pool.{name}.overflow");
        let (mut at, mut steps) = (rule, 0);
        while let Some(next) = at.overflow {
            let fits =
                spec.pools.get(&next).filter(|to| to.token == rule.token && to.clock == rule.clock && to.part != Part::Funded);
            let Some(to) = fits else {
                if check.knows(&["pool"]) {
                    let others = spec.pools.iter().filter(|(other, to)| *other != name && to.token == rule.token);
                    let hint = near(next, others.map(|(other, _)| other), "name another pool");
                    let message = format!("pool `{name}` overflows into `{next}`, which is no pool of its token and clock");
                    check.problem(&path, message, &hint);
                }
                break;
            };
            (at, steps) = (to, steps + 1);
            if steps > spec.pools.len() {
                let message = format!("what pool `{name}` overflows comes back to it");
                check.problem(&path, message, "let one of them keep it: remove its `overflow`");
                break;
            }
        }
    }
}

/// A pool that pays another one pays members.
fn targets(check: &mut Check<'_>) {
    let spec = check.spec;
    for (name, rule) in &spec.pools {
        let Method::Direct(Target::Pool(to)) = rule.method else { continue };
        let fits = |p: &PoolRule| p.token == rule.token && !matches!(p.method, Method::Direct(_));
        if spec.pools.get(&to).is_some_and(fits) || (!spec.pools.contains_key(&to) && !check.knows(&["pool"])) {
            continue;
        }
        let hint = near(to, spec.pools.iter().filter(|(_, p)| fits(p)).map(|(other, _)| other), "name a pool with members");
        let message = format!("pool `{name}` pays pool `{to}`, which has no members or another token");
        check.problem(&format!("incentive.pool.{name}.to"), message, &hint);
    }
}
