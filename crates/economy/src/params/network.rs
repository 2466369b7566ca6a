//! The whole file: `[network]`, `[[token]]`, `[clock.*]`, and how the other sections come together.

use super::{
    Spec, bind, check, clock,
    document::{self, Section},
    era, incentive,
    problem::{Problem, SpecErrors},
    reader::{Context, Reader},
    supply, treasury, utility,
};
use depin_quantity::{Instant, Name, nearest_name};
use std::collections::BTreeMap;

/// What a network is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkInfo {
    /// Its name, which is its folder's.
    pub name: Name,
    /// Its name for people.
    pub title: String,
    /// The service that is metered.
    pub service: Name,
    /// Which description the figures follow: `document` or `mainnet`.
    pub variant: Name,
    /// When the network that it describes was launched: supply paths start there. One that runs here starts when it starts.
    pub launch: Option<Instant>,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its name.
    pub id: Name,
    /// Base units are 10^-decimals of the token.
    pub decimals: u8,
    /// Whether parties may send it to each other.
    pub transferable: bool,
    /// The role that mints it when it is deposited elsewhere; withdrawing burns it here.
    pub bridged_by: Option<Name>,
}

pub(super) use super::clock::{Clocks, periods};

/// Reads a name that must be one of `known`.
pub(super) fn reference<T>(r: &mut Reader<'_>, key: &str, what: &str, known: &BTreeMap<Name, T>) -> Option<Name> {
    let name = r.name(key)?;
    if known.contains_key(&name) {
        return Some(name);
    }
    let hint = nearest_name(name.as_str(), known.keys().map(Name::as_str))
        .map_or_else(|| format!("declared: {}", list(known)), |near| format!("did you mean `{near}`?"));
    r.problem(key, &format!("`{name}` is no declared {what}"), &hint);
    None
}

fn list<T>(known: &BTreeMap<Name, T>) -> String {
    if known.is_empty() { "none".to_owned() } else { known.keys().map(Name::as_str).collect::<Vec<_>>().join(", ") }
}

/// Reads a network file: the first era, and those that its changes begin.
pub(super) fn parse(text: &str) -> Result<Spec, SpecErrors> {
    let root = document::parse(text).map_err(|problem| SpecErrors::new(vec![problem], text))?;
    let context = Context::new(BTreeMap::new());
    let nothing = Section { entries: BTreeMap::new(), span: 0..0, path: String::new() };
    let (first, changes) = era::split(&mut Reader::new(&nothing, &context), root);
    let mut problems = context.problems.into_inner();
    let mut whole = read_era(&first, text, &mut problems);
    let mut before = whole.clone();
    for change in changes {
        let spec = read_era(&change.root, text, &mut problems);
        if let (Some(before), Some(after)) = (&before, &spec) {
            problems.extend(kept(before, after, change.span));
        }
        before.clone_from(&spec);
        if let (Some(whole), Some(start), Some(spec)) = (&mut whole, change.start, spec) {
            whole.warnings.extend(spec.warnings.iter().cloned());
            whole.later.push((start, spec));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    problems.retain(|p: &Problem| seen.insert((p.span.start, p.span.end, p.message.clone())));
    match whole {
        Some(mut spec) if problems.is_empty() => {
            seen.clear();
            spec.warnings.retain(|p: &Problem| seen.insert((p.span.start, p.span.end, p.message.clone())));
            spec.warnings.iter_mut().for_each(|warning| warning.locate(text));
            spec.warnings.sort_by_key(|p| (p.span.start, p.span.end));
            Ok(spec)
        }
        _ => {
            if problems.is_empty() {
                problems.push(Problem::new(0..text.len(), "the file could not be read"));
            }
            Err(SpecErrors::new(problems, text))
        }
    }
}

fn read_era(root: &Section, text: &str, problems: &mut Vec<Problem>) -> Option<Spec> {
    let context = Context::new(BTreeMap::new());
    let mut reader = Reader::new(root, &context);
    let mut spec = read(&mut reader, root, text);
    reader.finish(spec.is_some());
    problems.extend(context.problems.into_inner());
    if let Some(spec) = &mut spec {
        let found = check::look(spec, root);
        spec.warnings = context.warnings.take();
        spec.warnings.extend(found.warnings);
        problems.extend(found.problems);
    }
    spec
}

/// What a change may not change: tokens keep their places, clocks their periods, and neither goes away.
fn kept(before: &Spec, after: &Spec, span: std::ops::Range<usize>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, clock) in &before.clocks {
        if after.clocks.get(name) != Some(clock) {
            let message = format!("a change can't change or remove clock `{name}`: its periods are counted already");
            problems.push(Problem::new(span.clone(), message).hint("declare another clock"));
        }
    }
    for (name, token) in &before.tokens {
        if after.tokens.get(name).is_none_or(|t| t.decimals != token.decimals) {
            let message = format!("a change can't remove token `{name}` or change its decimals");
            problems.push(Problem::new(span.clone(), message).hint("keep the token as it is"));
        }
    }
    for (name, supply) in &before.supplies {
        let vests = before.pools.values().any(|pool| pool.token == *name && pool.vesting.is_some());
        let clock = |s: &supply::Supply| s.emission.as_ref().map(super::Emission::clock);
        if vests && after.supplies.get(name).is_some_and(|s| clock(s) != clock(supply)) {
            let message = format!("a change can't change the emission's clock of {name}: rewards vest by it");
            problems.push(Problem::new(span.clone(), message).hint("keep the clock"));
        }
        let rows = |s: &supply::Supply| s.allocations.iter().any(|a| matches!(a.vesting, supply::AllocationVesting::Rows(_)));
        let fixed = |s: &supply::Supply| (s.genesis, s.at_genesis(), rows(s).then_some(s.vest_clock));
        if after.supplies.get(name).is_none_or(|s| fixed(s) != fixed(supply)) {
            let message = format!("a change can't change what was minted of {name} at the start, or its vesting clock");
            problems.push(Problem::new(span.clone(), message).hint("change the cap or the emission"));
        }
    }
    let payments = utility::broken(before, after).into_iter();
    problems.extend(payments.map(|message| Problem::new(span.clone(), message).hint("declare another kind beside it")));
    problems
}

fn read(r: &mut Reader<'_>, root: &Section, text: &str) -> Option<Spec> {
    let network = r.table("network", network);
    let tokens: Option<BTreeMap<Name, Token>> = r.list("token", token).map(|all| all.into_iter().map(|t| (t.id, t)).collect());
    *r.context().tokens.borrow_mut() = tokens.clone().unwrap_or_default();
    let tokens = tokens?;
    let clocks = clock::read(r)?;
    let supplies = supply::read(r, &tokens, &clocks);
    let (prices, venues) = (utility::prices(r), utility::venues(r, &tokens));
    let utility = utility::read_all(r, &tokens, &clocks, prices.as_ref(), venues.as_ref());
    let supplies = supplies?;
    let treasuries = treasury::read(r, &tokens, &supplies)?;
    let incentive = r.table("incentive", |r| incentive::read(r, &supplies, &clocks, &tokens));
    let (incentive, utility) = (incentive?, utility?);
    let bindings = bind::read(r, &incentive, &utility);
    let paying = incentive.pools.iter().map(|(name, pool)| (*name, pool.token)).collect();
    let funds: Vec<Name> = treasuries.keys().copied().collect();
    utility::resolve(r, &paying, Some(&funds));
    let service = r.unread("service");
    let mut provenance = BTreeMap::new();
    root.provenance(&mut provenance);
    Some(Spec {
        network: network?,
        tokens,
        clocks,
        supplies,
        pools: incentive.pools,
        scores: incentive.scores,
        pledges: incentive.pledges,
        faults: incentive.faults,
        allowances: incentive.allowances,
        stakings: incentive.stakings,
        locks: incentive.locks,
        treasuries,
        streams: utility.streams,
        charges: utility.charges,
        credits: utility.credits,
        service_fees: utility.service_fees,
        fee: utility.fee,
        prices: prices?,
        venues: venues?,
        bindings: bindings?,
        service: service?,
        provenance,
        text: text.to_owned(),
        warnings: Vec::new(),
        later: Vec::new(),
    })
}

fn network(r: &mut Reader<'_>) -> Option<NetworkInfo> {
    let (name, title, service, variant) = (r.name("name"), r.text("title"), r.name("service"), r.name("variant"));
    let launch = if r.has("launch") {
        Some(r.table("launch", |r| r.date_time("at"))?)
    } else {
        r.ask("launch");
        None
    };
    Some(NetworkInfo { name: name?, title: title?, service: service?, variant: variant?, launch })
}

fn token(r: &mut Reader<'_>) -> Option<Token> {
    let (id, decimals) = (r.name("id"), r.integer("decimals", 0..=18));
    let transferable = if r.has("transferable") { r.flag("transferable") } else { Some(true) };
    let bridged_by = if r.has("bridged-by") { Some(r.name("bridged-by")?) } else { None };
    let decimals = u8::try_from(decimals?).ok()?;
    Some(Token { id: id?, decimals, transferable: transferable?, bridged_by })
}
