//! What a dishonest hotspot does, as data.
//!
//! A profile changes what a hotspot *says*, never what its radio does: that is what makes it an attack. What each earns, and which check of the proof of
//! coverage catches it, is for whoever verifies to show.

use crate::Position;
use depin_lorawan::{Eui, Micros};
use serde::{Deserialize, Serialize};

/// Something that a hotspot does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "attack", deny_unknown_fields)]
pub enum Attack {
    /// It reports each beacon that it heard once more, later, as if it had come then.
    ReplayedBeacons {
        /// How much later.
        after: Micros,
    },
    /// It says that it stands elsewhere.
    SpoofedLocation {
        /// Where.
        claimed: Position,
    },
    /// It reports every beacon that one of these hears, or sends, as if it had heard it: they stand in one room, or share a link.
    ColludingWitnesses {
        /// Who.
        room: Vec<Eui>,
        /// Strength that it makes up, dBm.
        rssi_dbm: i32,
        /// Signal to noise that it makes up, in tenths of a decibel.
        snr_ddb: i32,
    },
    /// It adds to the strength of everything that it reports.
    FalseRssi {
        /// How much, in dB; negative to look farther away.
        add_db: i32,
    },
}

/// What a hotspot does beyond listening and sending; nothing when it is honest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Conduct(pub Vec<Attack>);

impl Conduct {
    /// Where it says that it stands, if it lies about that.
    pub fn claimed(&self) -> Option<Position> {
        self.0.iter().find_map(|one| if let Attack::SpoofedLocation { claimed } = one { Some(*claimed) } else { None })
    }

    /// What it adds to strengths.
    pub fn added_db(&self) -> i32 {
        self.0.iter().map(|one| if let Attack::FalseRssi { add_db } = one { *add_db } else { 0 }).fold(0, i32::saturating_add)
    }

    /// How much later it reports beacons once more.
    pub fn replays(&self) -> impl Iterator<Item = Micros> {
        self.0.iter().filter_map(|one| if let Attack::ReplayedBeacons { after } = one { Some(*after) } else { None })
    }

    /// Strength and signal to noise with which it reports a beacon of, or heard by, that hotspot, if they collude.
    pub fn colludes(&self, with: Eui) -> Option<(i32, i32)> {
        self.0.iter().find_map(|one| match one {
            Attack::ColludingWitnesses { room, rssi_dbm, snr_ddb } if room.contains(&with) => Some((*rssi_dbm, *snr_ddb)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_data() {
        let text = r#"[{"attack":"replayed-beacons","after":2000000},
            {"attack":"spoofed-location","claimed":{"latitude":52.0,"longitude":13.0,"height_m":5.0}},
            {"attack":"colluding-witnesses","room":["00000000000000a2"],"rssi_dbm":-105,"snr_ddb":20},
            {"attack":"false-rssi","add_db":-30}]"#;
        let conduct: Conduct = serde_json::from_str(text).unwrap();
        assert_eq!(conduct.replays().collect::<Vec<_>>(), [Micros::seconds(2)]);
        assert_eq!(conduct.claimed().unwrap().latitude(), 52.0);
        assert_eq!((conduct.colludes(Eui::new(0xa2)), conduct.colludes(Eui::new(0xa3))), (Some((-105, 20)), None));
        assert_eq!((conduct.added_db(), Conduct::default().added_db()), (-30, 0));
        assert_eq!(serde_json::from_str::<Conduct>(&serde_json::to_string(&conduct).unwrap()).unwrap(), conduct);
        assert!(serde_json::from_str::<Conduct>(r#"[{"attack":"false-rssi","add_db":1,"more":2}]"#).is_err());
    }
}
