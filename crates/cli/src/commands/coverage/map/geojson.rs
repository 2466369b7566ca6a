//! The map as GeoJSON (RFC 7946): longitudes before latitudes.

use super::Map;
use serde_json::{Value, json};

/// The outline of a cell, closed.
fn ring(cell: h3o::CellIndex) -> Vec<[f64; 2]> {
    let mut ring: Vec<[f64; 2]> = cell.boundary().iter().map(|corner| [corner.lng(), corner.lat()]).collect();
    ring.extend(ring.first().copied());
    ring
}

fn feature(geometry: Value, properties: Value) -> Value {
    json!({ "type": "Feature", "geometry": geometry, "properties": properties })
}

pub(super) fn of(map: &Map) -> Value {
    let tiles = map.tiles.iter().map(|tile| {
        let scale = tile.scale.map(|scale| f64::from(scale) / 10_000.0);
        let properties = json!({ "kind": "hex", "cell": tile.cell.to_string(), "hotspots": tile.hotspots, "scale": scale });
        feature(json!({ "type": "Polygon", "coordinates": [ring(tile.cell)] }), properties)
    });
    let counted = map.hexes.iter().filter_map(|hex| {
        let cell: h3o::CellIndex = hex.cell.parse().ok()?;
        let properties = json!({ "kind": "counted-hex", "cell": hex.cell, "there": hex.there, "counted": hex.counted });
        Some(feature(json!({ "type": "Polygon", "coordinates": [ring(cell)] }), properties))
    });
    let paths = map.paths.iter().map(|path| {
        let line = [[path.from.1, path.from.0], [path.to.1, path.to.0]];
        let properties = json!({
            "kind": "witness", "beaconer": path.beaconer, "witness": path.witness, "counts": path.reason.is_none(), "reason": path.reason,
        });
        feature(json!({ "type": "LineString", "coordinates": line }), properties)
    });
    let dots = map.dots.iter().map(|dot| {
        let properties =
            json!({ "kind": "hotspot", "hotspot": dot.address, "owner": dot.name, "packets": dot.packets, "counts": dot.counts });
        feature(json!({ "type": "Point", "coordinates": [dot.place.1, dot.place.0] }), properties)
    });
    json!({ "type": "FeatureCollection", "features": tiles.chain(counted).chain(paths).chain(dots).collect::<Vec<_>>() })
}
