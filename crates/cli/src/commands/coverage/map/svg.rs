//! The map as a picture.

use super::{
    Map, TILES, Tile, WitnessPath,
    picture::{HEIGHT, View, WIDTH},
};
use h3o::{CellIndex, LatLng};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// Colours of a scale of 0, a half and 1: crowded places are paid less.
const COLOURS: [(f64, f64, f64); 3] = [(236.0, 94.0, 74.0), (240.0, 190.0, 78.0), (62.0, 196.0, 166.0)];
const STYLE: &str = "\
<style>
text{font-family:Inter,'Helvetica Neue',Arial,sans-serif;fill:#c9d4e5}
.title{font-size:26px;font-weight:600;fill:#f2f6fc}.sub{font-size:14px;fill:#8b9ab3}
.name{font-size:13px;font-weight:500;fill:#e8eef8;paint-order:stroke;stroke:#0d1524;stroke-width:4px;stroke-linejoin:round}
.small{font-size:12px;fill:#8b9ab3}
.grid{fill:none;stroke:#1c2942;stroke-width:1}
.path{fill:none;stroke-linecap:round}
</style>
<defs>
<radialGradient id=\"sky\" cx=\"50%\" cy=\"45%\" r=\"75%\"><stop offset=\"0\" stop-color=\"#14203a\"/><stop offset=\"1\" stop-color=\"#0a101d\"/></radialGradient>
<radialGradient id=\"glow\"><stop offset=\"0\" stop-color=\"#8fe9ff\" stop-opacity=\".55\"/><stop offset=\"1\" stop-color=\"#8fe9ff\" stop-opacity=\"0\"/></radialGradient>
<linearGradient id=\"scale\"><stop offset=\"0\" stop-color=\"rgb(236,94,74)\"/><stop offset=\".5\" stop-color=\"rgb(240,190,78)\"/><stop offset=\"1\" stop-color=\"rgb(62,196,166)\"/></linearGradient>
</defs>
";

fn colour(scale: u32) -> String {
    let place = (f64::from(scale) / 10_000.0).clamp(0.0, 1.0) * 2.0;
    let (low, part) = if place < 1.0 { (0, place) } else { (1, place - 1.0) };
    let (a, b) = (COLOURS[low], COLOURS[low + 1]);
    let mixed = |a: f64, b: f64| (a + (b - a) * part).round();
    format!("rgb({},{},{})", mixed(a.0, b.0), mixed(a.1, b.1), mixed(a.2, b.2))
}

/// Text as XML takes it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn outline(cell: CellIndex, view: &View) -> String {
    let corner = |corner: &LatLng| {
        let (x, y) = view.at((corner.lat(), corner.lng()));
        format!("{x:.1},{y:.1}")
    };
    cell.boundary().iter().map(corner).collect::<Vec<_>>().join(" ")
}

/// The whole picture.
pub(super) fn draw(map: &Map) -> String {
    let (view, mut out) = (View::of(map), String::new());
    // Writing into a text does not fail.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\">\n{STYLE}"
    );
    let _ = writeln!(out, "<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"url(#sky)\"/>");
    grid(map, &view, &mut out);
    map.tiles.iter().for_each(|tile| draw_tile(tile, &view, &mut out));
    paths(map, &view, &mut out);
    dots(map, &view, &mut out);
    frame(map, &view, &mut out);
    out + "</svg>\n"
}

/// Empty hexes around those with hotspots.
fn grid(map: &Map, view: &View, out: &mut String) {
    let mut cells: BTreeSet<CellIndex> = BTreeSet::new();
    // Many hotspots have neighbours enough.
    let ring = if map.tiles.len() > 400 { 1 } else { 3 };
    for tile in &map.tiles {
        cells.extend(tile.cell.grid_disk::<Vec<_>>(ring));
    }
    let _ = write!(out, "<g class=\"grid\">");
    for cell in cells {
        let _ = write!(out, "<polygon points=\"{}\"/>", outline(cell, view));
    }
    let _ = writeln!(out, "</g>");
}

fn draw_tile(tile: &Tile, view: &View, out: &mut String) {
    let fill = tile.scale.map_or_else(|| "rgb(86,104,138)".to_owned(), colour);
    let scale =
        tile.scale.map_or_else(|| "no beacon judged yet".to_owned(), |scale| format!("scale {:.2}", f64::from(scale) / 10_000.0));
    let _ = writeln!(
        out,
        "<polygon points=\"{}\" fill=\"{fill}\" fill-opacity=\".26\" stroke=\"{fill}\" stroke-opacity=\".85\" stroke-width=\"1.6\"><title>{} · {} hotspots · {scale}</title></polygon>",
        outline(tile.cell, view),
        tile.cell,
        tile.hotspots
    );
}

/// Paths bow to one side, so that both directions are seen.
fn paths(map: &Map, view: &View, out: &mut String) {
    let draw = |path: &WitnessPath, out: &mut String| {
        let ((x, y), (to_x, to_y)) = (view.at(path.from), view.at(path.to));
        let (dx, dy) = (to_x - x, to_y - y);
        let (bow_x, bow_y) = (x + dx / 2.0 - dy * 0.14, y + dy / 2.0 + dx * 0.14);
        let (look, what) = match &path.reason {
            None => ("stroke=\"#7fd8ff\" stroke-opacity=\".8\" stroke-width=\"2\"", "counts"),
            Some(reason) => {
                ("stroke=\"#ff6b6b\" stroke-opacity=\".55\" stroke-width=\"1.4\" stroke-dasharray=\"5 5\"", reason.as_str())
            }
        };
        let _ = writeln!(
            out,
            "<path class=\"path\" {look} d=\"M{x:.1},{y:.1} Q{bow_x:.1},{bow_y:.1} {to_x:.1},{to_y:.1}\"><title>{} heard {}: {}</title></path>",
            path.witness.short(),
            path.beaconer.short(),
            escaped(what)
        );
    };
    map.paths.iter().filter(|path| path.reason.is_some()).for_each(|path| draw(path, out));
    map.paths.iter().filter(|path| path.reason.is_none()).for_each(|path| draw(path, out));
}

fn dots(map: &Map, view: &View, out: &mut String) {
    let named = map.dots.len() <= 60;
    let mut witnessed: BTreeMap<_, u32> = BTreeMap::new();
    for path in map.paths.iter().filter(|path| path.reason.is_none()) {
        *witnessed.entry(path.witness).or_default() += 1;
    }
    for dot in &map.dots {
        let ((x, y), many) = (view.at(dot.place), witnessed.get(&dot.address).copied().unwrap_or_default());
        let radius = if named { 6.5 } else { 3.0 };
        let fill = if dot.counts { "#eafaff" } else { "#7f8da6" };
        if dot.counts {
            let _ = write!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{:.1}\" fill=\"url(#glow)\"/>", radius * 4.5);
        }
        let _ = writeln!(
            out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{fill}\" stroke=\"#0d1524\" stroke-width=\"2\"><title>{}: {} packets, witness of {many}</title></circle>",
            escaped(&dot.name),
            dot.packets
        );
        if named {
            let _ =
                writeln!(out, "<text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">{}</text>", x + 12.0, y - 10.0, escaped(&dot.name));
        }
    }
}

fn frame(map: &Map, view: &View, out: &mut String) {
    let counting = map.paths.iter().filter(|path| path.reason.is_none()).count();
    let _ = writeln!(out, "<text class=\"title\" x=\"36\" y=\"54\">Proof of coverage</text>");
    let _ = writeln!(out, "<text class=\"sub\" x=\"36\" y=\"80\">{}</text>", escaped(&map.title));
    let told = format!(
        "{} hotspots · {} beacons heard that count · {} that do not · hexes of H3 resolution {}",
        map.dots.len(),
        counting,
        map.paths.len() - counting,
        u8::from(TILES)
    );
    let _ = writeln!(out, "<text class=\"sub\" x=\"36\" y=\"101\">{told}</text>");
    let (base, (length, pixels)) = (HEIGHT - 52.0, view.ruler());
    let _ = writeln!(
        out,
        "<g><path d=\"M36,{base} h{pixels:.1}\" stroke=\"#c9d4e5\" stroke-width=\"3\"/><text class=\"small\" x=\"36\" y=\"{:.1}\">{length}</text></g>",
        base + 20.0
    );
    let (left, line) = (WIDTH - 330.0, base);
    let _ = writeln!(
        out,
        "<g><rect x=\"{left}\" y=\"{:.1}\" width=\"180\" height=\"8\" rx=\"4\" fill=\"url(#scale)\"/><text class=\"small\" x=\"{left}\" y=\"{:.1}\">crowded: scale 0</text><text class=\"small\" x=\"{:.1}\" y=\"{:.1}\">1</text>",
        line - 5.0,
        line + 20.0,
        left + 172.0,
        line + 20.0
    );
    let _ = writeln!(
        out,
        "<path class=\"path\" d=\"M{:.1},{line} h34\" stroke=\"#7fd8ff\" stroke-width=\"2\"/><text class=\"small\" x=\"{:.1}\" y=\"{:.1}\">counts</text>",
        left + 206.0,
        left + 206.0,
        line + 20.0
    );
    let _ = writeln!(
        out,
        "<path class=\"path\" d=\"M{:.1},{line} h34\" stroke=\"#ff6b6b\" stroke-width=\"1.4\" stroke-dasharray=\"5 5\"/><text class=\"small\" x=\"{:.1}\" y=\"{:.1}\">does not</text></g>",
        left + 258.0,
        left + 258.0,
        line + 20.0
    );
}
