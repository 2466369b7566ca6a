//! Agents and a price of one's own: providers who want their money back sooner, and a price that halves when a service is half empty. `cargo run -p depin-sim --example own_agents`; a test runs it.

use depin_sim::{
    Investor, Model, Point, PriceFormation, Prospect, RunKey, ServiceView, run, scenario::Draft, scenario::PriceRule,
};

/// Enters when an entry would be paid back in a part of the time that others ask for, and leaves after a month of losses.
#[derive(Debug)]
struct Cautious {
    part: f64,
}

impl Investor for Cautious {
    fn enters(&self, prospect: &Prospect) -> bool {
        prospect.beats_elsewhere() && prospect.payback() < prospect.hurdle * self.part
    }

    fn leaves(&self, days: u32, _: f64) -> bool {
        days > 30
    }
}

/// Asks for more the fuller the service is.
struct ByFullness;

impl PriceFormation for ByFullness {
    fn wanted(&self, _: &PriceRule, view: &ServiceView<'_>) -> Option<f64> {
        Some(0.1 + view.fullness())
    }
}

fn main() {
    let mut draft = Draft::builtin("baseline").expect("it comes along");
    let scenario = draft.set("scenario.years", "2").resolve("clusters").expect("it reads");
    let network = depin_networks::network_file("io.net").expect("it comes along");
    let usual = Model::new(network, scenario.clone()).expect("a model");
    let own = Model::new(network, scenario).expect("a model").with_investor(Cautious { part: 0.5 }).with_price(ByFullness);
    for (name, model) in [("as they come along", usual), ("own", own)] {
        let result = run(&model, &Point::default(), RunKey { seed: 7, run: 0 }, &()).expect("a run");
        let last = result.rows.last().expect("it has rows");
        println!(
            "{name}: {} providers, {:.0} units a day, {:.2} USD each",
            last.get("providers"),
            last.get("capacity"),
            last.get("service_price")
        );
    }
}

#[test]
fn whoever_wants_the_money_back_at_once_never_comes() {
    main();
    let scenario = Draft::builtin("baseline").unwrap().set("scenario.years", "1").resolve("clusters").unwrap();
    let network = depin_networks::network_file("io.net").unwrap();
    let entered = |model: Model| {
        let result = run(&model.paired_with(&[]), &Point::default(), RunKey { seed: 7, run: 0 }, &()).unwrap();
        result.rows.iter().map(|row| row.get("entered")).sum::<f64>()
    };
    assert!(entered(Model::new(network, scenario.clone()).unwrap()) > 0.0);
    assert_eq!(entered(Model::new(network, scenario).unwrap().with_investor(Cautious { part: 0.0 })), 0.0);
}
