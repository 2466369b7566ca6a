//! What a deployment file orders, as a table, and what it costs at most.

use crate::{
    args::SpanArg,
    error::{CliError, Result},
    output::{Output, Table, bytes, count, short_number, wrap},
};
use depin_quantity::group_digits;
use depin_sdl::{BLOCKS_PER_MONTH, Deployment, EndpointKind, Group, Price, ResourceUnit, blocks_per_month};
use serde::Serialize;
use std::num::NonZeroU64;

/// The highest price, per block and per month.
#[derive(Serialize)]
pub struct Ceiling {
    denom: String,
    per_block: String,
    per_month: String,
    /// In the coin that people know the denomination by, when it is known.
    coins_per_block: Option<String>,
    coins_per_month: Option<String>,
    blocks_per_month: u64,
    #[serde(skip)]
    block_ms: u64,
}

/// Length of a block of Akash's chain as its providers' price lists have it.
const BLOCK_MS: u64 = 6_117;

impl Ceiling {
    pub fn new(price: &Price, block_time: Option<SpanArg>) -> Result<Self> {
        let block = block_time.and_then(|span| NonZeroU64::new(span.0.get()));
        let blocks = block.map_or(BLOCKS_PER_MONTH, blocks_per_month);
        let month = price
            .for_blocks(blocks)
            .map_err(|error| CliError::refused("too-much", format_args!("the cost of a month: {error}")))?;
        Ok(Self {
            denom: price.denom.clone(),
            per_block: price.amount.to_decimal(),
            per_month: month.amount.to_decimal(),
            coins_per_block: coins(price),
            coins_per_month: coins(&month),
            blocks_per_month: blocks,
            block_ms: block.map_or(BLOCK_MS, NonZeroU64::get),
        })
    }

    pub fn text(&self) -> String {
        let month = match self.coins_per_month.as_deref().and_then(|text| text.split_once(' ')) {
            Some((amount, coin)) => format!("{} {coin}", short_number(amount, 2)),
            None => format!("{} {}", short_number(&self.per_month, 2), self.denom),
        };
        let (blocks, seconds) = (group_digits(&self.blocks_per_month.to_string(), ','), self.block_ms as f64 / 1000.0);
        // Some denominations are hashes, and people know them by their coin.
        let block = match self.coins_per_block.as_deref().and_then(|text| text.split_once(' ')) {
            Some((amount, coin)) if self.denom.len() > 16 => format!("{} {coin}", short_number(amount, 6)),
            _ => format!("{} {}", short_number(&self.per_block, 6), self.denom),
        };
        format!("ceiling   {block} a block\n          {month} a month of {blocks} blocks, {seconds} s each")
    }
}

/// As `4299.09 ACT`, where the coin is known.
fn coins(price: &Price) -> Option<String> {
    price.in_coins().map(|(amount, coin)| format!("{} {coin}", amount.to_decimal()))
}

/// What is ordered, with who runs where.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Groups {
    groups: Vec<Ordered>,
}

#[derive(Serialize)]
struct Ordered {
    #[serde(flatten)]
    group: Group,
    /// Names of the services of each unit, in the order of the units.
    services: Vec<Vec<String>>,
}

impl Groups {
    pub fn new(deployment: &Deployment) -> Self {
        let manifests = &deployment.manifest().groups;
        let ordered = deployment.groups().iter().zip(manifests).map(|(group, manifest)| {
            let of = |unit: &ResourceUnit| {
                let services = manifest.services.iter().filter(|service| service.resources.id == unit.resources.id);
                services.map(|service| service.name.clone()).collect()
            };
            Ordered { services: group.resources.iter().map(of).collect(), group: group.clone() }
        });
        Self { groups: ordered.collect() }
    }

    pub fn text(&self, out: &Output) -> String {
        let mut table = Table::new(&["GROUP", "SERVICES", ">COUNT", "EACH", "OUTSIDE", ">PRICE"]);
        let mut needs = String::new();
        for ordered in &self.groups {
            for (unit, services) in ordered.group.resources.iter().zip(&ordered.services) {
                table.row([
                    ordered.group.name.clone(),
                    services.join(" "),
                    unit.count.to_string(),
                    each(unit),
                    outside(unit),
                    short_number(&unit.price.amount.to_decimal(), 6),
                ]);
            }
            needs += &requirements(&ordered.group, out);
        }
        table.render(out) + &needs
    }
}

/// What each replica takes.
fn each(unit: &ResourceUnit) -> String {
    let resources = &unit.resources;
    let milli = resources.cpu.units.get();
    let cpu = if milli.is_multiple_of(1000) { (milli / 1000).to_string() } else { format!("{milli}m") };
    let volumes = resources.storage.iter().map(|volume| match volume.class() {
        Some(class) => format!("{} {class}", bytes(volume.size.get())),
        None => bytes(volume.size.get()),
    });
    let volumes = volumes.collect::<Vec<_>>().join(" + ");
    let mut text = format!("{cpu} CPU, {} memory, {volumes}", bytes(resources.memory.size.get()));
    if resources.gpu.units.get() > 0 {
        let model = |key: &str| key.trim_start_matches("vendor/").replacen("/model/", " ", 1);
        let models = resources.gpu.attributes.iter().map(|attribute| model(&attribute.key));
        text += &format!(", {} of {}", count(resources.gpu.units.get(), "GPU", "GPUs"), models.collect::<Vec<_>>().join(", "));
    }
    text
}

/// Ways in from outside.
fn outside(unit: &ResourceUnit) -> String {
    let of = |kind| unit.resources.endpoints.iter().filter(|endpoint| endpoint.kind == kind).count() as u64;
    let ways = [
        (of(EndpointKind::SharedHttp), "host", "hosts"),
        (of(EndpointKind::RandomPort), "port", "ports"),
        (of(EndpointKind::LeasedIp), "address", "addresses"),
    ];
    let said: Vec<String> = ways.iter().filter(|(many, ..)| *many > 0).map(|(many, one, more)| count(*many, one, more)).collect();
    if said.is_empty() { "-".to_owned() } else { said.join(", ") }
}

/// What the provider of a group must be; nothing when it may be any.
fn requirements(group: &Group, out: &Output) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(group.requirements.attributes.iter().map(|attribute| format!("{} = {}", attribute.key, attribute.value)));
    let signed_by = &group.requirements.signed_by;
    if !signed_by.all_of.is_empty() {
        parts.push(format!("signed by all of {}", signed_by.all_of.join(", ")));
    }
    if !signed_by.any_of.is_empty() {
        parts.push(format!("signed by one of {}", signed_by.any_of.join(", ")));
    }
    if parts.is_empty() {
        return String::new();
    }
    let text = format!("{} needs {}", group.name, parts.join("; "));
    format!("\n{}\n", wrap(&text, out.width, 0).join("\n"))
}
