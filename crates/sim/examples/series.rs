//! Prints what a run of a network that comes along did, quarter by quarter: `cargo run -p depin-sim --example series -- helium baseline 10`.
//! Years and a seed may follow the scenario; `key=value` sets a key of it.

use depin_networks::network_file;
use depin_sim::{Model, Point, RunKey, RunResult, results::Kind, run, scenario::Draft};
use std::process::ExitCode;

const COLUMNS: [&str; 17] = [
    "price",
    "service_price",
    "supply",
    "circulating",
    "staked",
    "minted",
    "burned",
    "reward_providers_usd",
    "sold_usd",
    "providers",
    "capacity",
    "demand",
    "usage",
    "utilisation",
    "quality",
    "revenue_usd",
    "profit_usd",
];

fn main() -> ExitCode {
    match tell(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn tell(arguments: &[String]) -> Result<(), String> {
    let (sets, plain): (Vec<&String>, Vec<&String>) = arguments.iter().partition(|argument| argument.contains('='));
    let name = plain.first().map_or("helium", |name| name.as_str());
    let file = network_file(name).map_err(|error| error.to_string())?;
    let mut draft = Draft::builtin(plain.get(1).map_or("baseline", |name| name.as_str())).map_err(|found| found.to_string())?;
    if let Some(years) = plain.get(2) {
        draft.set("scenario.years", years);
    }
    for (key, value) in sets.iter().filter_map(|set| set.split_once('=')) {
        draft.set(key, value);
    }
    let scenario = draft.for_network(file, name, None).map_err(|found| found.to_string())?;
    let model = Model::new(file, scenario).map_err(|error| error.to_string())?;
    let seed = plain.get(3).map_or(Ok(1), |seed| seed.parse()).map_err(|_| "a seed is a whole number".to_owned())?;
    let result = run(&model, &Point::default(), RunKey { seed, run: 0 }, &()).map_err(|failure| failure.to_string())?;
    print(&result);
    Ok(())
}

fn print(result: &RunResult) {
    println!("{:>6}{}", "week", COLUMNS.map(|name| format!("{:>12}", &name[..name.len().min(11)])).join(""));
    for rows in result.rows.chunks(13) {
        let cell = |name: &str| {
            let flow = depin_sim::results::COLUMNS.iter().any(|column| column.name == name && column.kind == Kind::Flow);
            let value = rows.iter().map(|row| row.get(name)).fold(0.0, |sum, value| if flow { sum + value } else { value });
            if value.abs() >= 1e5 { format!("{value:>12.3e}") } else { format!("{value:>12.3}") }
        };
        println!("{:>6}{}", rows.last().map_or(0, |row| row.timestep), COLUMNS.map(cell).join(""));
    }
    for (id, value) in result.kpis.iter().filter(|(_, value)| value.is_finite()) {
        println!("{:<60}{value:>14.4}", id.0);
    }
    println!("{:?}\n{:?}", result.effort, result.audit);
}
