//! What the service asks of a network's file.

use crate::{
    files::{FIVE, mixed},
    world::render,
};
use depin_economy::Spec;
use depin_quantity::Instant;
use depin_services::{
    Live, Service as _,
    descriptor::RENDERING,
    rendering::{PriceForm, Rendering, Tier},
};

fn problems(toml: &str) -> String {
    let spec = Spec::parse(toml).unwrap_or_else(|errors| panic!("{errors}"));
    Rendering::read(&spec, Instant::default()).err().map_or_else(String::new, |errors| errors.to_string())
}

#[test]
fn the_file_of_the_document_runs() {
    let spec = Spec::parse(FIVE[2].1).unwrap();
    let Ok(Live::Rendering(Rendering { params })) = Live::read(&spec, Instant::default()) else { panic!("it renders") };
    assert_eq!((params.re_renders_most, params.credit, params.rules.form), (3, 250_000, PriceForm::Dollars));
    assert_eq!(Tier::ALL.map(|tier| params.per_credit(tier)), [25, 100, 200]);
    assert!(params.rules.pledges && params.rules.value_earns && !params.rules.work_earns && !params.rules.nodes_stand);
    assert_eq!(params.rules.idle_period, None, "work alone, as the document says");
    assert_eq!(RENDERING.read_parameters(&spec).unwrap().len(), 29);
}

#[test]
fn jobs_run_under_every_economy() {
    for (emission, (earns, _)) in FIVE.iter().enumerate() {
        for (payment, (pays, _)) in FIVE.iter().enumerate() {
            let made = mixed("rendering", emission, payment, emission);
            assert_eq!(problems(&made.toml), "", "{earns} paid as {pays}");
        }
    }
}

/// A simulation needs none of what only a chain does: files from before stay good, and a chain says what to add.
#[test]
fn a_file_without_what_only_a_chain_needs_is_simulated_and_not_started() {
    let whole = render(&[]);
    let (before, rest) = whole.split_once("[service.rendering.credit]").unwrap();
    let after = rest.split_once("# ---- the later parameter version").unwrap().1;
    let old = format!("{before}# ---- the later parameter version{after}");
    let spec = Spec::parse(&old).unwrap();
    assert_eq!(RENDERING.read_parameters(&spec).unwrap().len(), 7);
    let told = problems(&old);
    assert!(
        ["credit", "check", "reputation", "job", "node", "window", "secret"].iter().all(|table| told.contains(table)),
        "{told}"
    );
}

#[test]
fn what_a_job_could_not_send_is_a_problem_of_the_file() {
    for (change, words) in [
        (("hold-most = \"30d\"", "hold-most = \"20d\""), "a job may be undecided for"),
        (("worth = \"0.25\"", "worth = \"0.0000001\""), "millionths"),
        (("worth = \"0.25\"", "worth = \"0\""), "a credit is worth"),
        (("reveal = \"1h\"", "reveal = \"1s\""), "nobody can do anything within"),
        (("nodes-most = 64", "nodes-most = 1"), "nodes-most"),
    ] {
        let told = problems(&render(&[change]));
        assert!(told.contains(words), "{change:?}: {told}");
    }
    let termination = "fee = \"nothing\"\nsource = \"knowledge base: frames";
    let share = "fee = \"share-of-pledge\"\npledge = \"node\"\nshare = \"10%\"\nsource = \"knowledge base: frames";
    assert_eq!(problems(&render(&[(termination, share)])), "");
}

#[test]
fn the_shortest_window_bounds_the_speed_of_a_chain() {
    let spec = Spec::parse(FIVE[2].1).unwrap();
    let window = Rendering::read(&spec, Instant::default()).unwrap().shortest_window().unwrap();
    assert_eq!((window.key, window.length.get()), ("window.reveal", 3_600_000));
}
