//! A share that is set makes room, or leaves some, for the others that it shares a whole with.
//!
//! In exact parts of 10^9: what the others have together changes by what the one changed, each in proportion, rounded down; the largest
//! of them takes what is left over. So the sum stays what it was.

use super::{
    File,
    assign::{Assignment, Edits, find, typed},
    leaves::{Group, Leaf},
};
use crate::scenario::Diagnostic;
use depin_quantity::Share;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn balance(file: &File, set: &[Assignment], edits: &mut Edits) -> Result<(), Diagnostic> {
    let version = |leaf: &Leaf| if file.in_force { 0 } else { leaf.version };
    // By group and parameter version: which of its leaves were set, and by which assignment.
    let mut groups: BTreeMap<(&Group, usize), Vec<(usize, &Assignment)>> = BTreeMap::new();
    for one in set {
        for leaf in find(file, &one.key).unwrap_or_default() {
            if let Some(group) = &file.leaves[leaf].group {
                groups.entry((group, version(&file.leaves[leaf]))).or_default().push((leaf, one));
            } else if let Some(against) = &one.against {
                let message = format!("`{}` shares nothing with others, and cannot be set against `{against}`", one.key);
                return Err(typed(one, message, "leave --against out"));
            }
        }
    }
    for ((group, number), set) in groups {
        let own = |leaf: &Leaf| leaf.group.as_ref() == Some(group) && version(leaf) == number;
        let members: Vec<usize> = (0..file.leaves.len()).filter(|at| own(&file.leaves[*at])).collect();
        one_group(file, &members, &set, edits)?;
    }
    Ok(())
}

fn one_group(file: &File, members: &[usize], set: &[(usize, &Assignment)], edits: &mut Edits) -> Result<(), Diagnostic> {
    let (_, first) = set[0];
    let old = |leaf: usize| share(&file.leaves[leaf].text);
    let given: BTreeSet<usize> = set.iter().map(|(leaf, _)| *leaf).collect();
    let mut gained: i64 = 0;
    for (leaf, one) in set {
        let new = share(&edits.new[leaf])
            .ok_or_else(|| typed(one, format!("`{}` is not a share", one.value), "write it in per cent, like 60%"))?;
        gained += i64::from(new) - i64::from(old(*leaf).unwrap_or_default());
    }
    if gained == 0 {
        return Ok(());
    }
    let others: Vec<usize> = match &first.against {
        None => members.iter().copied().filter(|leaf| !given.contains(leaf)).collect(),
        Some(against) => {
            let named = find(file, against).map_err(|(message, hint)| typed(first, message, &hint))?;
            let named: Vec<usize> = named.into_iter().filter(|leaf| members.contains(leaf) && !given.contains(leaf)).collect();
            if named.is_empty() {
                let message = format!("`{against}` does not share with `{}`", first.key);
                return Err(typed(first, message, &format!("it shares with {}", paths(file, members, &given))));
            }
            named
        }
    };
    // What moves with time is not stretched: nobody could say how.
    if let Some(moving) = others.iter().find(|leaf| old(**leaf).is_none()) {
        let message = format!("`network.{}` moves with time, and no share can be taken from it", file.leaves[*moving].path);
        return Err(typed(first, message, "name another one with --against"));
    }
    let now: Vec<(usize, u32)> = others.iter().filter_map(|leaf| Some((*leaf, old(*leaf)?))).collect();
    let whole: i64 = now.iter().map(|(_, share)| i64::from(*share)).sum();
    let left = whole - gained;
    if left < 0 || (whole == 0 && left > 0) {
        let message = format!("the others have {} to give, and {} is asked for", per_cent(whole), per_cent(gained));
        return Err(typed(first, message, "set a smaller share, or several of them"));
    }
    let mut parts: Vec<i64> = now.iter().map(|(_, share)| i64::from(*share) * left / whole.max(1)).collect();
    let rest = left - parts.iter().sum::<i64>();
    if let Some(largest) = (0..parts.len()).max_by_key(|at| (parts[*at], std::cmp::Reverse(*at))) {
        parts[largest] += rest;
    }
    for ((leaf, _), part) in now.iter().zip(parts) {
        let part = u32::try_from(part).ok().and_then(Share::new).unwrap_or(Share::WHOLE);
        edits.new.insert(*leaf, format!("\"{part}\""));
    }
    Ok(())
}

/// Parts of 10^9 of a share that is written down.
fn share(text: &str) -> Option<u32> {
    text.trim_matches(['"', '\'']).trim().parse::<Share>().ok().map(Share::get)
}

fn per_cent(parts: i64) -> String {
    u32::try_from(parts.abs()).ok().and_then(Share::new).map_or_else(|| "more than all".to_owned(), |share| share.to_string())
}

fn paths(file: &File, members: &[usize], given: &BTreeSet<usize>) -> String {
    let others = members.iter().filter(|leaf| !given.contains(leaf));
    let words: Vec<String> = others.map(|leaf| format!("`network.{}`", file.leaves[*leaf].path)).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}
