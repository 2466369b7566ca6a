//! The file that says what an access point is: its kind, its hexes, who may report, and whose subscribers pay.

use depin_services::coverage::{
    cell_at,
    mobile::{
        CHUNKS_MAX, HEXES_MAX, HexSignal,
        points::{Kind, Signal},
    },
};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::Path,
};

/// Longest secret.
const SECRET_MAX: usize = 128;

/// What is wrong with the file.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {why}")]
pub struct SiteError {
    /// The file.
    file: String,
    /// What is wrong, and what to write.
    why: String,
}

/// A hex, by its cell or by a place in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HexEntry {
    cell: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    signal: Signal,
    /// Tenths of dBm.
    #[serde(default)]
    power: i32,
}

/// A radio whose accounting is taken.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RadioEntry {
    /// Its address.
    from: IpAddr,
    /// The secret that it shares with this daemon.
    secret: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kind: Kind,
    hexes: Vec<HexEntry>,
    access_points: Vec<RadioEntry>,
    /// By realm; `*` for all others.
    carriers: BTreeMap<String, u32>,
}

/// What an access point is.
#[derive(Clone)]
pub struct Site {
    /// Its kind.
    pub kind: Kind,
    /// Its hexes, by cell.
    pub hexes: Vec<HexSignal>,
    /// Whose accounting is taken, with the secret of each.
    pub secrets: BTreeMap<IpAddr, Vec<u8>>,
    /// Carriers by realm; `*` for all others.
    pub carriers: BTreeMap<String, u32>,
}

impl std::fmt::Debug for Site {
    /// Without the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let from: Vec<_> = self.secrets.keys().collect();
        f.debug_struct("Site").field("kind", &self.kind).field("hexes", &self.hexes.len()).field("from", &from).finish()
    }
}

impl Site {
    /// Reads the file.
    ///
    /// # Errors
    /// [`SiteError`]: what is wrong, and what to write.
    pub fn read(path: &Path) -> Result<Self, SiteError> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
        let site = text.and_then(|text| Self::parse(&text));
        site.map_err(|why| SiteError { file: path.display().to_string(), why })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let File { kind, hexes, access_points, carriers } = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut sorted: Vec<HexSignal> = hexes.iter().map(hex).collect::<Result<_, _>>()?;
        sorted.sort_by_key(|hex| hex.cell);
        let most = HEXES_MAX * usize::from(CHUNKS_MAX);
        if sorted.is_empty() || sorted.len() > most {
            return Err(format!("an access point covers 1 to {most} hexes, not {}", sorted.len()));
        }
        let cells: BTreeSet<u64> = sorted.iter().map(|hex| hex.cell).collect();
        if cells.len() != sorted.len() {
            return Err("a hex is listed twice; list each once".to_owned());
        }
        let mut secrets = BTreeMap::new();
        for RadioEntry { from, secret } in access_points {
            if secret.is_empty() || secret.len() > SECRET_MAX {
                return Err(format!("the secret of {from} has {} bytes; name one of 1 to {SECRET_MAX}", secret.len()));
            }
            if secrets.insert(from.to_canonical(), secret.into_bytes()).is_some() {
                return Err(format!("{from} is listed twice; list each access point once"));
            }
        }
        if secrets.is_empty() {
            return Err("access_points is empty; name who may report, each with its secret".to_owned());
        }
        if carriers.is_empty() || carriers.values().any(|carrier| *carrier == 0) {
            return Err("carriers names nobody, or number 0; write realms with numbers, \"*\" for all others".to_owned());
        }
        Ok(Self { kind, hexes: sorted, secrets, carriers })
    }

    /// The carrier of a realm.
    pub fn carrier(&self, realm: Option<&str>) -> Option<u32> {
        let named = realm.and_then(|realm| self.carriers.get(&realm.to_ascii_lowercase()));
        named.or_else(|| self.carriers.get("*")).copied()
    }

    /// A number that changes with the hexes.
    pub fn hexes_hash(&self) -> String {
        let bytes = borsh::to_vec(&self.hexes).unwrap_or_default();
        depin_quantity::UnitId::derive("depin-mobile-hexes", &[&bytes]).to_string()
    }
}

fn hex(entry: &HexEntry) -> Result<HexSignal, String> {
    let cell = match (&entry.cell, entry.latitude, entry.longitude) {
        (Some(cell), None, None) => u64::from_str_radix(cell, 16).map_err(|_| format!("`{cell}` is no H3 cell"))?,
        (None, Some(latitude), Some(longitude)) => {
            cell_at(latitude, longitude).ok_or_else(|| format!("{latitude}, {longitude} is no place"))?
        }
        _ => return Err("a hex has a cell of H3's resolution 12, or a latitude and a longitude".to_owned()),
    };
    Ok(HexSignal { cell, signal: entry.signal, power: entry.power })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{
        "kind": "outdoor-wifi",
        "hexes": [{ "latitude": 52.52, "longitude": 13.405, "signal": "high", "power": -700 }],
        "access_points": [{ "from": "192.0.2.7", "secret": "a secret" }],
        "carriers": { "carrier.example": 2, "*": 1 }
    }"#;

    #[test]
    fn a_file_says_what_an_access_point_is() {
        let site = Site::parse(GOOD).unwrap();
        assert_eq!((site.kind, site.hexes[0].cell), (Kind::OutdoorWifi, cell_at(52.52, 13.405).unwrap()));
        assert_eq!([Some("Carrier.example"), Some("other"), None].map(|realm| site.carrier(realm)), [Some(2), Some(1), Some(1)]);
        assert!(!format!("{site:?}").contains("a secret"));
    }

    #[test]
    fn what_cannot_be_is_told() {
        for (from, to, why) in [
            ("\"latitude\": 52.52, ", "", "a latitude and a longitude"),
            ("a secret", "", "0 bytes"),
            ("\"*\": 1", "\"*\": 0", "number 0"),
            ("outdoor-wifi", "balcony", "balcony"),
            ("\"high\"", "\"loud\"", "loud"),
            ("\"from\"", "\"fro\"", "fro"),
        ] {
            let error = Site::parse(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
