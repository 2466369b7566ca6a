//! The whole file: `[network]`, `[[token]]`, `[clock.*]`, and how the other sections come together.

use super::{
    FeeRule, Spec, bind, check, clock,
    document::{self, Section},
    grammar::GRAMMAR,
    incentive, misfit, pool,
    problem::{Problem, SpecErrors},
    reader::{Context, Declared, Reader},
    supply, treasury, utility, version,
};
use depin_quantity::{Instant, Name, Units, nearest_name};
use std::collections::{BTreeMap, BTreeSet};

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
    /// When the network that it describes was launched: supply projections start there. One that runs here starts when it starts.
    pub launch: Option<Instant>,
    /// What was put over the file before it began, in order.
    pub overlays: Vec<Name>,
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

/// Reads a name that must be one of `known`. A misspelt one is read as it was meant.
pub(super) fn reference<T>(r: &mut Reader<'_>, key: &str, what: &str, known: &Declared<T>) -> Option<Name> {
    let name = r.name(key)?;
    if known.has(name) {
        return Some(name);
    }
    if what == "token" && r.context().tokens.borrow().is_none() {
        return None;
    }
    let near = nearest_name(name.as_str(), known.all().keys().map(Name::as_str));
    let hint = near.map_or_else(|| format!("declared: {}", list(known)), |near| format!("did you mean `{near}`?"));
    r.problem(key, &format!("`{name}` is no declared {what}"), &hint);
    near?.parse().ok()
}

fn list<T>(known: &Declared<T>) -> String {
    let names: Vec<&str> = known.all().keys().map(Name::as_str).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Reads a network file: the first parameter version, and those that its changes begin.
pub(super) fn parse(text: &str) -> Result<Spec, SpecErrors> {
    let root = document::parse(text).map_err(|problem| SpecErrors::new(vec![problem], text))?;
    let context = Context::new(None, sourced(&root));
    let version::Split { first, overlays, changes } =
        version::split(&mut Reader::new(&Section::default(), Some(&GRAMMAR), &context), root);
    let (mut problems, mut roles) = (context.problems.into_inner(), Vec::new());
    let mut whole = read_version(&first, text, &mut problems, &mut roles);
    let mut before = whole.clone();
    for change in changes {
        let spec = read_version(&change.root, text, &mut problems, &mut roles);
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
            spec.network.overlays.clone_from(&overlays);
            spec.later.iter_mut().for_each(|(_, later)| later.network.overlays.clone_from(&overlays));
            spec.warnings.extend(misfit::roles_alike(&roles));
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

/// What could be read of a file's first parameter version, when that is a network at all.
pub(super) fn draft(text: &str) -> Option<Spec> {
    let root = document::parse(text).ok()?;
    let context = Context::new(None, sourced(&root));
    let first = version::split(&mut Reader::new(&Section::default(), Some(&GRAMMAR), &context), root).first;
    let draft = read(&mut Reader::new(&first, Some(&GRAMMAR), &context), &first, text);
    Some(draft.spec).filter(|spec| spec.network.service != UNREAD)
}

/// Whether the file says at its top where all its figures come from.
fn sourced(root: &Section) -> bool {
    root.has("source") || (root.has("parameter") && root.has("why"))
}

/// Reads one parameter version. What is wrong with the network as a whole is looked for in what could be read.
fn read_version(
    root: &Section,
    text: &str,
    problems: &mut Vec<Problem>,
    roles: &mut Vec<(Name, std::ops::Range<usize>)>,
) -> Option<Spec> {
    let context = Context::new(None, sourced(root));
    let mut reader = Reader::new(root, Some(&GRAMMAR), &context);
    let mut draft = read(&mut reader, root, text);
    reader.finish(true);
    let mut told = context.problems.into_inner();
    let found = check::look(&draft, root);
    draft.spec.warnings = context.warnings.take();
    draft.spec.warnings.extend(found.warnings);
    told.extend(found.problems);
    roles.extend(found.roles);
    let whole = told.is_empty() && draft.whole;
    problems.extend(told);
    whole.then_some(draft.spec)
}

/// What could be read of a parameter version.
pub(super) struct Draft {
    /// Its tables; those that could not be read are not there.
    pub(super) spec: Spec,
    /// Whether that is all of it.
    pub(super) whole: bool,
    /// Caps that could be read.
    pub(super) caps: BTreeMap<Name, Units>,
    /// Tables of which some could not be read: what is missing in them is no mistake.
    pub(super) partly: BTreeSet<&'static str>,
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

/// Reads all tables, each with what could be read of those before it.
fn read(r: &mut Reader<'_>, root: &Section, text: &str) -> Draft {
    let network = r.table("network", network);
    let tokens = tokens(r);
    let clocks = clock::read(r);
    let supplies = supply::read(r, &tokens, &clocks);
    let (prices, amm_pools) = (utility::prices(r), utility::amm_pools(r, &tokens));
    let utility = utility::read_all(r, &tokens, &clocks, &prices, &amm_pools);
    let treasuries = treasury::read(r, &tokens, &supplies);
    let given = pool::Given { supplies: &supplies, clocks: &clocks, tokens: &tokens, prices: &prices };
    let incentive = r.table("incentive", |r| Some(incentive::read(r, &given)));
    let all = incentive.is_some() && utility.is_some();
    let (incentive, utility) = (incentive.unwrap_or_default(), utility.unwrap_or_default());
    let bindings = bind::read(r, &incentive, &utility);
    utility::resolve(r, &incentive.pools, &treasuries);
    let service = r.unread("service");
    let mut provenance = BTreeMap::new();
    root.provenance(&mut provenance);
    let mut partly = Partly { names: BTreeSet::new() };
    let fee = utility.fee;
    let whole = all && network.is_some() && service.is_some() && fee.is_some();
    let spec = Spec {
        network: network.unwrap_or_else(|| NetworkInfo {
            name: UNREAD,
            title: String::new(),
            service: UNREAD,
            variant: UNREAD,
            launch: None,
            overlays: Vec::new(),
        }),
        tokens: partly.of("token", tokens),
        clocks: partly.of("clock", clocks),
        supplies: partly.of("supply", supplies),
        pools: partly.of("pool", incentive.pools),
        scores: partly.of("score", incentive.scores),
        pledges: partly.of("pledge", incentive.pledges),
        faults: partly.of("fault", incentive.faults),
        allowances: partly.of("allowance", incentive.allowances),
        stakings: partly.of("staking", incentive.stakings),
        locks: partly.of("lock", incentive.locks),
        treasuries: partly.of("treasury", treasuries),
        streams: partly.of("stream", utility.streams),
        charges: partly.of("charge", utility.charges),
        credits: partly.of("credit", utility.credits),
        service_fees: partly.of("service-fee", utility.service_fees),
        fee: fee.unwrap_or(FeeRule {
            token: UNREAD,
            minimum: Units::ZERO,
            initial: Units::ZERO,
            target_work: 1,
            change: 1,
            row: None,
            on_pledge: false,
        }),
        prices: partly.of("price", prices),
        amm_pools: partly.of("amm-pool", amm_pools),
        bindings: partly.of("bind", bindings),
        service: service.unwrap_or_default(),
        provenance,
        text: text.to_owned(),
        warnings: Vec::new(),
        later: Vec::new(),
    };
    let mut partly = partly.names;
    if !all {
        partly.extend(["pool", "staking", "lock", "stream", "charge", "credit", "service-fee", "fault"]);
    }
    let caps = r.context().caps.take();
    Draft { spec, whole: whole && partly.is_empty(), caps, partly }
}

/// Stands for a name that could not be read; a draft that holds it is never given out.
const UNREAD: Name = Name::literal("-");

struct Partly {
    names: BTreeSet<&'static str>,
}

impl Partly {
    fn of<T>(&mut self, table: &'static str, declared: Declared<T>) -> BTreeMap<Name, T> {
        if !declared.whole() {
            self.names.insert(table);
        }
        declared.readable()
    }
}

/// Reads the list of tokens. One that cannot be read is known by its name, so that amounts of it are no mistakes.
fn tokens(r: &mut Reader<'_>) -> Declared<Token> {
    let mut ids = Vec::new();
    let read = r.entries("token", |r| {
        let read = token(r);
        ids.push(read.as_ref().map(|t| t.id).or_else(|| r.peek_name("id")));
        read
    });
    let whole = read.is_some();
    let mut all = BTreeMap::new();
    for (index, (id, token)) in ids.into_iter().zip(read.unwrap_or_default()).enumerate() {
        let Some(id) = id else { continue };
        if all.insert(id, token).is_some() {
            r.problem_in(&["token", &format!("[{index}]"), "id"], &format!("token `{id}` is declared twice"), "remove one");
        }
    }
    *r.context().tokens.borrow_mut() = (whole && !all.is_empty()).then(|| all.clone());
    all.into_iter().collect()
}

fn network(r: &mut Reader<'_>) -> Option<NetworkInfo> {
    let (name, title, service, variant) = (r.name("name"), r.text("title"), r.name("service"), r.name("variant"));
    let launch = if r.has("launch") {
        Some(r.table("launch", |r| r.date_time("at"))?)
    } else {
        r.ask("launch");
        None
    };
    Some(NetworkInfo { name: name?, title: title?, service: service?, variant: variant?, launch, overlays: Vec::new() })
}

fn token(r: &mut Reader<'_>) -> Option<Token> {
    let (id, decimals) = (r.name("id"), r.integer("decimals", 0..=18));
    let transferable = if r.has("transferable") { r.flag("transferable") } else { Some(true) };
    let bridged_by = if r.has("bridged-by") { Some(r.name("bridged-by")?) } else { None };
    let decimals = u8::try_from(decimals?).ok()?;
    Some(Token { id: id?, decimals, transferable: transferable?, bridged_by })
}
