//! Figures and names that read well and make no sense: each kind is told once, at the token that is wrong, with what to do.
//!
//! A case is a file, one replacement in it, the words that are underlined, and the whole error or warning.
#![allow(missing_docs)]

mod cases;

use cases::{AKASH, Case, ERRORS, FILECOIN, HELIUM, IO, RENDER, WARNINGS};
use depin_economy::{Problem, Spec};

fn changed((file, from, to, ..): &Case) -> String {
    assert!(file.contains(from), "{from}");
    file.replacen(from, to, 1)
}

/// What a case gives, when it is not the one problem with everything that it says.
fn wrong(case: &Case, text: &str, found: &[Problem]) -> Option<String> {
    let &(_, from, to, place, message, help) = case;
    let shown = |p: &Problem| {
        let line = text[..p.span.start].matches('\n').count() + 1;
        assert_eq!(p.line, line, "{from} -> {to}");
        format!("{} / {} / {}", &text[p.span.clone()], p.message, p.hint.as_deref().unwrap_or(""))
    };
    let found: Vec<String> = found.iter().map(shown).collect();
    let wanted = format!("{place} / {message} / {help}");
    (found != [wanted.clone()]).then(|| format!("{from} -> {to}\nwanted {wanted}\nfound  {}\n", found.join("\n       ")))
}

#[test]
fn each_misfit_is_one_error_at_its_token_with_help() {
    let check = |case: &Case| {
        let text = changed(case);
        match Spec::parse(&text) {
            Ok(_) => Some(format!("{} -> {} passes\n", case.1, case.2)),
            Err(errors) => wrong(case, &text, errors.problems()),
        }
    };
    let wrong: Vec<String> = ERRORS.iter().filter_map(check).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_only_odd_is_a_warning_at_its_token_with_help() {
    let check = |case: &Case| {
        let text = changed(case);
        let spec = Spec::parse(&text).unwrap_or_else(|errors| panic!("{} -> {}:\n{errors}", case.1, case.2));
        let found: Vec<Problem> = spec.warnings().iter().filter(|warning| !warning.known).cloned().collect();
        wrong(case, &text, &found)
    };
    let wrong: Vec<String> = WARNINGS.iter().filter_map(check).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_five_networks_have_notes_and_no_warnings() {
    for text in [FILECOIN, HELIUM, RENDER, AKASH, IO] {
        let spec = Spec::parse(text).unwrap_or_else(|errors| panic!("{errors}"));
        let odd: Vec<&Problem> = spec.warnings().iter().filter(|warning| !warning.known).collect();
        assert!(odd.is_empty(), "{odd:#?}");
    }
}

/// Mistakes in `[clock]`, `[supply]` and `[[token]]` hide nothing that does not depend on them.
#[test]
fn independent_mistakes_are_told_in_one_run() {
    let text = AKASH
        .replacen("[clock.day]\nevery = \"1d\"", "[clock.day]\nevery = \"one day\"", 1)
        .replacen("kind = \"clamp\"", "kind = \"clamped\"", 1)
        .replacen("decimals = 6\nbridged", "decimals = 66\nbridged", 1)
        .replacen("unbonding = \"21d\"", "unbonding = \"0d\"", 1)
        .replacen("fee = \"share-of-pledge\"", "fee = \"share-of-pledges\"", 1)
        .replacen("stale-after = \"1h\"", "stale-after = \"-1h\"", 1)
        .replacen("warn = { before = \"1h\"", "warn = { before = \"0h\"", 1)
        .replacen("per-unit = \"0.5 AKT\"", "per-unit = \"500_000_000 AKT\"", 1);
    let errors = Spec::parse(&text).unwrap_err();
    let found: Vec<&str> = errors.problems().iter().map(|p| p.message.as_str()).collect();
    for wanted in [
        "`one day` is not a length of time",
        "`clamped` is none of clamp, net-emission, model",
        "`decimals` must be a whole number from 0 to 18, and 66 is not",
        "`unbonding` is no time at all",
        "`share-of-pledges` is none of nothing, reward, per-gib, share-of-pledge, termination",
        "`-1h` is below zero",
        "`before` is no time at all",
    ] {
        assert!(found.contains(&wanted), "no `{wanted}` in {found:#?}");
    }
    assert!(found.iter().any(|message| message.starts_with("pledge `bid` of 500,000,000 AKT is above the cap")), "{found:#?}");
    assert_eq!(found.len(), 8, "nothing follows from them: {found:#?}");
}

/// A slip at the end of the text stands before what follows from it at the beginning.
#[test]
fn causes_stand_before_their_consequences() {
    let text =
        AKASH.replacen("[incentive.pledge.bid]\nper-unit = \"0.5 AKT\"", "[incentive.pledge.bid]\nper-unit = \"half an AKT\"", 1);
    let text = text.replacen("{ to = \"ecosystem\", share = \"8%\"", "{ to = \"ecosystem\", share = \"7%\"", 1);
    let text = text.replacen("bids = { pledge = \"bid\" }", "bids = {}", 1) + "\n[venu]\n";
    let errors = Spec::parse(&text).unwrap_err();
    let found: Vec<&str> = errors.problems().iter().map(|p| p.message.as_str()).collect();
    assert_eq!(
        found,
        [
            "`half an AKT` is not an amount",
            "unknown key `venu`",
            "`allocation` comes to 99%; the shares must sum to exactly 100%"
        ]
    );
}

#[test]
fn one_source_stands_for_a_whole_file() {
    let bare: String = IO
        .lines()
        .filter(|line| !line.starts_with("source = ") && !line.starts_with("parameter = ") && !line.starts_with("why = "))
        .map(|line| format!("{line}\n"))
        .collect();
    let errors = Spec::parse(&bare).unwrap_err();
    assert!(errors.problems().iter().all(|p| p.message.contains("figures without a source")), "{errors}");
    let whole = format!("source = \"one page says it all\"\n{bare}");
    let spec = Spec::parse(&whole).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(format!("{:?}", spec.provenance()[""]).contains("one page"));
    let read = |r: &mut depin_economy::Reader<'_>| r.table("hire", |r| r.span("least"));
    let others = spec.read_service("clusters", |r| {
        let least = read(r);
        r.table("check", |r| Some((r.span("every")?, r.span("uptime")?, r.span("first-hire-after")?)))?;
        r.table("score", |r| {
            Some((
                r.integer("multiplier", 0..=u64::MAX)?,
                r.integer("connectivity", 0..=u64::MAX)?,
                r.integer("hired", 0..=u64::MAX)?,
            ))
        })?;
        of_the_live_service(r)?;
        least
    });
    assert!(others.is_ok(), "{others:?}");
}

/// Reads what the file has for the service that runs.
fn of_the_live_service(r: &mut depin_economy::Reader<'_>) -> Option<()> {
    let integers = |r: &mut depin_economy::Reader<'_>, keys: &[&str]| {
        keys.iter().try_for_each(|key| r.integer(key, 0..=u64::MAX).map(|_| ()))
    };
    r.table("multiplier", |r| r.decimal("cpu"))?;
    r.table("proof", |r| {
        integers(r, &["window", "misses"])?;
        Some((r.name("checker")?, r.span("limit")?, r.span("within")?, r.share("lock-least")?))
    })?;
    r.table("work", |r| integers(r, &["region-kib", "passes", "reads", "products", "steps", "delay"]))?;
    r.table("pay", |r| r.span("every"))?;
    r.table("bounds", |r| {
        integers(r, &["per-owner", "processors", "memory-mib", "devices", "per-hirer"])?;
        r.span("closed-kept")
    })?;
    Some(())
}
