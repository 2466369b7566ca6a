//! What the openings come to: sizes hang together, and are about what is known of the networks. The same sums stand above each
//! service's figures.

use super::scenario;
use depin_sim::scenario::Scenario;

/// What an opening comes to.
struct Opening {
    scenario: Scenario,
    /// Units a day that all providers could serve.
    capacity: f64,
    /// Units a day that customers ask for.
    demand: f64,
    /// Dollars a day that they pay.
    revenue: f64,
}

fn opening(service: &str) -> Opening {
    let scenario = scenario("baseline", service);
    let (capacity, demand) = (scenario.opening_capacity(), scenario.opening_demand());
    let revenue = demand * scenario.price.start.value;
    Opening { scenario, capacity, demand, revenue }
}

impl Opening {
    fn utilisation(&self) -> f64 {
        self.demand / self.capacity
    }

    fn token(&self) -> f64 {
        self.scenario.market.start.value
    }

    fn devices(&self, class: &str) -> f64 {
        let class = &self.scenario.supply[class];
        class.count.value * class.devices.value
    }

    /// Months until one device of a class has earned what it cost.
    fn payback(&self, class: &str, income_a_day: f64, more_capital: f64) -> f64 {
        let class = &self.scenario.supply[class];
        (class.capital.value + more_capital) / (income_a_day - class.running.value) * 12.0 / 365.0
    }
}

fn near(value: f64, wanted: f64, part: f64) {
    assert!((value / wanted - 1.0).abs() <= part, "{value} is not within {part} of {wanted}");
}

#[test]
fn helium_opens_with_hotspots_at_a_twelfth_of_what_they_could_carry_and_burns_a_fiftieth_of_what_it_mints() {
    let opening = opening("coverage");
    near(opening.devices("indoor-and-outdoor"), 24_800.0, 0.001);
    assert!((0.04..0.15).contains(&opening.utilisation()), "{}", opening.utilisation());
    // Messari: 576 TB in the fourth quarter of 2024; 6,170 USD of credits a day in the first of 2025.
    near(opening.scenario.demand["carriers"].size.value, 576_000.0 / 92.0, 0.01);
    near(opening.revenue, 6_170.0, 0.3);
    // The file's schedule: 15 million HNT a year from August 2023 to July 2025.
    let burned = opening.revenue / opening.token() / (15_000_000.0 / 365.0);
    assert!((0.006..0.12).contains(&burned), "2024 had 0.035, January 2025 0.006, the first half of 2025 0.11: {burned}");
    // A mobile hotspot's part of what its treasury pays, by the sums of the document's rules, is about a dollar a day.
    let payback = opening.payback("indoor-and-outdoor", 1.0, 0.0);
    assert!((8.0..24.0).contains(&payback), "{payback}");
}

#[test]
fn filecoin_opens_three_tenths_full_and_pays_providers_a_hundred_times_what_clients_do() {
    let opening = opening("storage");
    // Messari: 32 % of some 3.4 EiB in the middle of 2025, 10 to 13 % of capacity lost a quarter.
    near(opening.capacity / opening.scenario.unit.per_day.value / 1_048_576.0, 4.2, 0.05);
    near(opening.utilisation(), 0.30, 0.05);
    // 1.4 billion FIL with a half-life of six years of 365 days; 1,539 days after the launch.
    let left = (-1_539.0 * std::f64::consts::LN_2 / (6.0 * 365.0)).exp();
    let minted = 1_400_000_000.0 * left * std::f64::consts::LN_2 / (6.0 * 365.0);
    near(minted, 272_000.0, 0.02);
    let part = opening.revenue / (minted * opening.token());
    assert!((0.002..0.02).contains(&part), "{part}");
    let income = minted * opening.token() / 4_400_000.0;
    near(income * 365.0 / 12.0, 9.4, 0.05);
    // 32 FIL of pledge for a TiB of quality 1.
    near(opening.payback("new-disks", income, 32.0 * opening.token()), 20.5, 0.15);
}

#[test]
fn render_opens_nearly_idle_and_burns_a_twentieth_of_what_it_mints() {
    let opening = opening("rendering");
    assert!((0.03..0.15).contains(&opening.utilisation()), "{}", opening.utilisation());
    // Epochs 56 to 75: 36,341 USD burned a week, 95 % of what was spent.
    near(opening.revenue, 36_341.0 / 7.0 / 0.95, 0.1);
    let minted = 5_905_580.0 / 365.0;
    let burned = opening.revenue / opening.token() / minted;
    assert!((0.03..0.1).contains(&burned), "epochs 56 to 75 had 0.075 of what was minted: {burned}");
    let income = 0.25 * minted * opening.token() / (opening.capacity / 24.0);
    assert!((3.0..9.0).contains(&opening.payback("new-cards", income, 0.0)));
}

#[test]
fn akash_opens_as_full_as_the_document_says_and_stakers_get_many_times_what_providers_are_paid() {
    let opening = opening("leasing");
    near(opening.capacity / 24.0, 700.0, 0.01);
    near(opening.utilisation(), 0.78, 0.02);
    // More than a million dollars in the first quarter of 2025.
    near(opening.revenue * 90.0, 1_000_000.0, 0.05);
    // 15 to 25 % a year on some 220 million AKT by the document's rules, 98 % to stakers.
    let stakers = 0.2 * 220_000_000.0 * 0.98 * opening.token() / 365.0;
    assert!((15.0..60.0).contains(&(stakers / opening.revenue)));
    let income = opening.utilisation() * 24.0 * opening.scenario.price.start.value;
    near(opening.payback("data-centres", income, 0.0), 22.0, 0.05);
}

#[test]
fn io_net_opens_a_sixth_hired_and_pays_devices_many_times_what_customers_do() {
    let opening = opening("clusters");
    let devices: f64 = opening.scenario.supply.keys().map(|class| opening.devices(class)).sum();
    near(devices, 7_500.0, 0.001);
    assert!((0.1..0.25).contains(&opening.utilisation()), "{}", opening.utilisation());
    near(opening.revenue * 92.0, 3_100_000.0, 0.02);
    // Half a year after the start: 500 million at 8 % a year, less 0.0000139 of itself each hour.
    let minted = 500e6 * 0.08 / 365.0 * (1.0 - 0.000_013_886_952_395_979_3_f64).powf(4_560.0);
    near(minted, 102_900.0, 0.02);
    let subsidy = 0.9 * minted * opening.token() / opening.revenue;
    assert!((3.0..12.0).contains(&subsidy), "three to one in the first quarter of 2025 as the price fell: {subsidy}");
    let burned = 0.0125 * opening.revenue / opening.token() / minted;
    assert!(burned < 0.01, "{burned}");
}
