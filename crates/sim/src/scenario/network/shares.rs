//! A share that is set makes room, or leaves some, for the others that it shares a whole with.
//!
//! In exact parts of 10^9: what the others have together changes by what the one changed, each in proportion, rounded down; the largest
//! of them takes what is left over. So the sum stays what it was. Each parameter version of the file is balanced by itself, with what is in
//! force in it; a share that a change does not say, and that is another than before, is said in that change anew. Where scored pools take
//! what the others leave, nobody else has to give.

use super::{
    File,
    assign::{Added, Assignment, Edits, find, typed},
    leaves::Group,
};
use crate::scenario::Diagnostic;
use depin_quantity::Share;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn balance(file: &File, set: &[Assignment], edits: &mut Edits) -> Result<(), Diagnostic> {
    // Which leaves were set, and by which assignment.
    let mut given: BTreeMap<usize, &Assignment> = BTreeMap::new();
    for one in set {
        for leaf in find(file, &one.key).unwrap_or_default() {
            if file.leaves[leaf].group.is_some() {
                given.insert(leaf, one);
            } else if let Some(against) = &one.against {
                let message = format!("`{}` shares nothing with others, and cannot be set against `{against}`", one.key);
                return Err(typed(one, message, "leave --against out"));
            }
        }
    }
    // What each share is, while one version follows the other.
    let mut now: BTreeMap<&str, String> = BTreeMap::new();
    let versions = if file.in_force { 0 } else { file.changes.len() };
    for version in 0..=versions {
        let standing = if file.in_force { (0..file.leaves.len()).collect() } else { file.standing(version) };
        for (group, members) in groups(file, &standing) {
            let set: Vec<(usize, &Assignment)> = members.iter().filter_map(|leaf| Some((*leaf, *given.get(leaf)?))).collect();
            let open = set.iter().all(|(_, one)| one.against.is_none()) && has_rest(file, &standing, group);
            let shared = if set.is_empty() || open {
                BTreeMap::new()
            } else {
                let when = file.changes.get(version.wrapping_sub(1)).map(|change| change.when.as_str());
                one_group(file, &members, &set, edits).map_err(|found| dated(found, when))?
            };
            for at in members {
                let leaf = &file.leaves[at];
                let own = given.get(&at).and_then(|_| edits.new.get(&at)).or(shared.get(&at)).unwrap_or(&leaf.text).clone();
                if leaf.version == version || file.in_force {
                    if own != leaf.text {
                        edits.new.insert(at, own.clone());
                    }
                } else if now.get(leaf.path.as_str()).is_some_and(|now| *now != own) {
                    edits.added.push(Added { change: version, leaf: at, text: own.clone() });
                }
                now.insert(&leaf.path, own);
            }
        }
    }
    Ok(())
}

/// Those who share something, by what they share.
fn groups<'f>(file: &'f File, standing: &[usize]) -> BTreeMap<&'f Group, Vec<usize>> {
    let mut groups: BTreeMap<&Group, Vec<usize>> = BTreeMap::new();
    for at in standing {
        if let Some(group) = &file.leaves[*at].group {
            groups.entry(group).or_default().push(*at);
        }
    }
    groups
}

/// Whether scored pools take what is left of a token's emission.
fn has_rest(file: &File, standing: &[usize], group: &Group) -> bool {
    let Group::Pools(token) = group else { return false };
    let said = |path: &str| standing.iter().map(|at| &file.leaves[*at]).find(|leaf| leaf.path == path);
    let mut scored = standing.iter().filter_map(|at| file.leaves[*at].path.strip_suffix(".scored"));
    scored.any(|pool| said(&format!("{pool}.emission")).is_some_and(|leaf| leaf.text.trim_matches('"') == token))
}

/// In a later version it is said in which.
fn dated(found: Diagnostic, when: Option<&str>) -> Diagnostic {
    match when {
        Some(when) => Diagnostic { message: format!("{} (as the file is from {when} on)", found.message), ..found },
        None => found,
    }
}

/// What the others of a group have when some of it are set.
fn one_group(
    file: &File,
    members: &[usize],
    set: &[(usize, &Assignment)],
    edits: &Edits,
) -> Result<BTreeMap<usize, String>, Diagnostic> {
    let (_, first) = set[0];
    let old = |leaf: usize| share(&file.leaves[leaf].text);
    let given: BTreeSet<usize> = set.iter().map(|(leaf, _)| *leaf).collect();
    let mut gained: i64 = 0;
    for (leaf, one) in set {
        let new = edits.new.get(leaf).and_then(|text| share(text));
        let new = new.ok_or_else(|| typed(one, format!("`{}` is not a share", one.value), "write it in per cent, like 60%"))?;
        gained += i64::from(new) - i64::from(old(*leaf).unwrap_or_default());
    }
    if gained == 0 {
        return Ok(BTreeMap::new());
    }
    let others = others(file, members, &given, first)?;
    // What moves with time is not stretched: nobody could say how.
    if let Some(moving) = others.iter().find(|leaf| old(**leaf).is_none()) {
        let message = format!("`network.{}` moves with time, and no share can be taken from it", file.leaves[*moving].path);
        let hint = "name another one with --against, or let an [[event]] of a scenario set the share when that one is gone";
        return Err(typed(first, message, hint));
    }
    let now: Vec<(usize, u32)> = others.iter().filter_map(|leaf| Some((*leaf, old(*leaf)?))).collect();
    let whole: i64 = now.iter().map(|(_, share)| i64::from(*share)).sum();
    let left = whole - gained;
    if left < 0 || (whole == 0 && left > 0) {
        let message = format!("the others have {} to give, and {} is asked for", per_cent(whole), per_cent(gained));
        let message =
            if gained < 0 { format!("nobody is there to take the {} that it leaves", per_cent(gained)) } else { message };
        return Err(typed(first, message, "set a smaller share, or several of them"));
    }
    let mut parts: Vec<i64> = now.iter().map(|(_, share)| i64::from(*share) * left / whole.max(1)).collect();
    let rest = left - parts.iter().sum::<i64>();
    if let Some(largest) = (0..parts.len()).max_by_key(|at| (parts[*at], std::cmp::Reverse(*at))) {
        parts[largest] += rest;
    }
    let text = |part: i64| format!("\"{}\"", u32::try_from(part).ok().and_then(Share::new).unwrap_or(Share::WHOLE));
    Ok(now.iter().zip(parts).map(|((leaf, _), part)| (*leaf, text(part))).collect())
}

/// Those who make room: all that were not set, or the one that is named.
fn others(file: &File, members: &[usize], given: &BTreeSet<usize>, first: &Assignment) -> Result<Vec<usize>, Diagnostic> {
    let free: Vec<usize> = members.iter().copied().filter(|leaf| !given.contains(leaf)).collect();
    if let Some(against) = &first.against {
        let named = find(file, against).map_err(|(message, hint)| typed(first, message, &hint))?;
        let named: Vec<usize> = named.into_iter().filter(|leaf| free.contains(leaf)).collect();
        if named.is_empty() {
            let message = format!("`{against}` does not share with `{}`", first.key);
            return Err(typed(first, message, &format!("it shares with {}", paths(file, &free))));
        }
        return Ok(named);
    }
    if free.is_empty() {
        let message = format!("`{}` shares with nobody who was not set, so that its share can be no other", first.key);
        let hint = "shares come to 100% together; write another list into a copy of the file, and name that as the network";
        return Err(typed(first, message, hint));
    }
    Ok(free)
}

/// Parts of 10^9 of a share that is written down.
fn share(text: &str) -> Option<u32> {
    text.trim_matches(['"', '\'']).trim().parse::<Share>().ok().map(Share::get)
}

fn per_cent(parts: i64) -> String {
    u32::try_from(parts.abs()).ok().and_then(Share::new).map_or_else(|| "more than all".to_owned(), |share| share.to_string())
}

fn paths(file: &File, others: &[usize]) -> String {
    let words: Vec<String> = others.iter().map(|leaf| format!("`network.{}`", file.leaves[*leaf].path)).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}
