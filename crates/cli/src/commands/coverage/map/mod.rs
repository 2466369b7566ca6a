//! `depin coverage map`: where hotspots are, who witnessed whose beacon, how crowded each hex is.
//!
//! In: hotspots, their last beacons and the hexes of the ledger. Out: a picture, GeoJSON, or a table. Everything in it is asserted or
//! judged on the ledger; where a radio wave really went, nobody knows.

mod geojson;
mod picture;
mod svg;

use super::named::{Named, parts};
use crate::{
    args::MapArgs,
    error::{CliError, Result},
    output::Table,
};
use depin_client::api::{CoverageBeacon, CoverageHex, CoverageHotspot};
use depin_files::Readers;
use depin_quantity::Address;
use h3o::{CellIndex, LatLng, Resolution};
use std::{collections::BTreeMap, path::Path};

/// A hotspot on the map.
pub(super) struct Dot {
    pub address: Address,
    pub name: String,
    /// Degrees north and east.
    pub place: (f64, f64),
    pub packets: u64,
    /// Whether it counts in its hex.
    pub counts: bool,
}

/// A witness of a hotspot's last beacon.
pub(super) struct WitnessPath {
    pub from: (f64, f64),
    pub to: (f64, f64),
    pub beaconer: Address,
    pub witness: Address,
    /// Why it does not count; none when it does.
    pub reason: Option<String>,
}

/// A hex with hotspots in it.
pub(super) struct Tile {
    pub cell: CellIndex,
    pub hotspots: u32,
    /// Scale of its hotspots' last beacons, in parts of 10^4; none where none was judged.
    pub scale: Option<u32>,
}

/// Everything on the map.
pub(super) struct Map {
    pub title: String,
    pub dots: Vec<Dot>,
    pub paths: Vec<WitnessPath>,
    pub tiles: Vec<Tile>,
    /// Hexes as the ledger counts them, of all its sizes.
    pub hexes: Vec<CoverageHex>,
}

/// Resolution of the hexes that are drawn: an edge of half a kilometre.
const TILES: Resolution = Resolution::Eight;

impl Map {
    fn new(
        title: String,
        hotspots: &[CoverageHotspot],
        beacons: &[CoverageBeacon],
        hexes: Vec<CoverageHex>,
        at: &Named<'_>,
    ) -> Self {
        let mut dots = Vec::new();
        let mut tiles: BTreeMap<CellIndex, (u32, Vec<u32>)> = BTreeMap::new();
        let scales: BTreeMap<Address, u32> =
            beacons.iter().filter(|beacon| beacon.reason.is_none()).map(|beacon| (beacon.hotspot, beacon.scale)).collect();
        for hotspot in hotspots {
            let Some(there) = &hotspot.location else { continue };
            let place = (there.latitude, there.longitude);
            let (name, counts) = (at.name(hotspot.owner), hotspot.counted_until.is_some());
            dots.push(Dot { address: hotspot.address, name, place, packets: hotspot.packets, counts });
            if let Ok(place) = LatLng::new(place.0, place.1) {
                let tile = tiles.entry(place.to_cell(TILES)).or_default();
                tile.0 += 1;
                tile.1.extend(scales.get(&hotspot.address));
            }
        }
        let places: BTreeMap<Address, (f64, f64)> = dots.iter().map(|dot| (dot.address, dot.place)).collect();
        let paths = beacons.iter().flat_map(|beacon| beacon.witnesses.iter().map(move |witness| (beacon, witness)));
        let paths = paths.filter_map(|(beacon, witness)| {
            let (from, to) = (*places.get(&beacon.hotspot)?, *places.get(&witness.hotspot)?);
            let reason = match (&witness.reason, witness.selected) {
                (None, true) => None,
                (None, false) => Some("not among the first".to_owned()),
                (Some(reason), _) => Some(reason.clone()),
            };
            Some(WitnessPath { from, to, beaconer: beacon.hotspot, witness: witness.hotspot, reason })
        });
        let paths = paths.collect();
        let tile = |(cell, (hotspots, scales)): (CellIndex, (u32, Vec<u32>))| {
            let many = u32::try_from(scales.len()).unwrap_or(u32::MAX);
            Tile { cell, hotspots, scale: (many > 0).then(|| scales.iter().sum::<u32>() / many.max(1)) }
        };
        Self { title, paths, tiles: tiles.into_iter().map(tile).collect(), dots, hexes }
    }
}

pub(super) async fn run(args: &MapArgs, at: &Named<'_>) -> Result<()> {
    let status = at.remote.client.status().await?;
    let hotspots: Vec<CoverageHotspot> = at.hotspots(None).await?.into_iter().filter(|hotspot| !hotspot.retired).collect();
    let (beacons, hexes) = (at.beacons().await?, at.hexes().await?);
    let time = status.time.get(..16).unwrap_or(&status.time).replace('T', " ");
    let map = Map::new(format!("{} · {} · {time} UTC", status.network, status.chain_id), &hotspots, &beacons, hexes, at);
    if let Some(path) = &args.svg {
        write(path, &svg::draw(&map))?;
    }
    let json = geojson::of(&map);
    if let Some(path) = &args.geojson {
        write(path, &format!("{json:#}\n"))?;
    }
    let written = args.svg.as_ref().or(args.geojson.as_ref());
    at.out.result(&json, |out| {
        if let Some(path) = written {
            let (dots, paths) = (map.dots.len(), map.paths.len());
            return format!("{dots} hotspots and {paths} paths of beacons in {}", path.display());
        }
        let mut table = Table::new(&["HEX", "MIDDLE", ">HOTSPOTS", ">SCALE"]);
        for tile in &map.tiles {
            let middle = LatLng::from(tile.cell);
            table.row([
                tile.cell.to_string(),
                format!("{:.4},{:.4}", middle.lat(), middle.lng()),
                tile.hotspots.to_string(),
                tile.scale.map_or_else(|| "-".to_owned(), |scale| parts(scale.into())),
            ]);
        }
        table.render_or(out, "no hotspot said where it is")
    })
}

fn write(path: &Path, text: &str) -> Result<()> {
    depin_files::replace(path, text.as_bytes(), Readers::Everybody).map_err(|error| CliError::file("write", path, &error))
}
