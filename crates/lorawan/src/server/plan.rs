//! A downlink with its windows, and trying them.

use crate::{
    CodingRate, Eui, Hertz, Micros, Modulation,
    gwmp::{Emission, TxError, TxPacket, TxReport},
};
use serde::{Deserialize, Serialize};

/// A window in which a downlink can be emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxWindow {
    /// The concentrator's counter of microseconds when it opens.
    pub timestamp: u32,
    /// When that is here, about: the uplink's way here is not known.
    pub opens: Micros,
    /// At which frequency.
    pub frequency: Hertz,
    /// In which data rate.
    pub modulation: Modulation,
    /// Highest radiated power, in dBm.
    pub eirp_dbm: i8,
    /// How long the frame is on air in it.
    pub airtime: Micros,
}

/// A downlink for one hotspot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownlinkPlan {
    /// Its number, by which its outcome is told.
    pub id: u32,
    /// Which hotspot.
    pub gateway: Eui,
    /// For which device.
    pub device: Eui,
    /// One or two, in their order.
    pub windows: Vec<TxWindow>,
    /// The frame.
    #[serde(with = "crate::hexed")]
    pub frame: Vec<u8>,
}

impl DownlinkPlan {
    /// What a forwarder is asked to emit in a window. Its power is what radiates, less the antenna's gain.
    pub fn packet(&self, window: usize, antenna_gain_dbi: i8) -> Option<TxPacket> {
        let TxWindow { timestamp, frequency, modulation, eirp_dbm, .. } = *self.windows.get(window)?;
        Some(TxPacket {
            emission: Emission::AtTimestamp(timestamp),
            frequency,
            rf_chain: 0,
            power_dbm: Some(eirp_dbm.saturating_sub(antenna_gain_dbi)),
            modulation,
            coding_rate: matches!(modulation, Modulation::Lora { .. }).then_some(CodingRate::Cr45),
            deviation_hz: matches!(modulation, Modulation::Fsk { .. }).then_some(25_000),
            inverted: true,
            preamble: None,
            // Downlinks have no checksum of the radio's, so that an uplink's is never taken for one.
            without_crc: true,
            payload: self.frame.clone(),
        })
    }
}

/// What became of a downlink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TxOutcome {
    /// A forwarder emitted it, or is about to.
    Emitted {
        /// In which of its windows.
        window: usize,
        /// With which power, where it is another than asked.
        power_dbm: Option<i32>,
    },
    /// No window was left; why each was missed.
    Failed(Vec<TxError>),
}

/// What to do after a forwarder's report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextTry {
    /// Ask for this.
    Emit(TxPacket),
    /// It is over.
    Over(TxOutcome),
}

/// Tries the windows of a downlink: the next one whenever a forwarder refuses. Whoever speaks GWMP with the forwarder drives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    plan: DownlinkPlan,
    antenna_gain_dbi: i8,
    window: usize,
    missed: Vec<TxError>,
}

impl Attempt {
    /// Begins with the first window.
    pub const fn new(plan: DownlinkPlan, antenna_gain_dbi: i8) -> Self {
        Self { plan, antenna_gain_dbi, window: 0, missed: Vec::new() }
    }

    /// What is tried.
    pub const fn plan(&self) -> &DownlinkPlan {
        &self.plan
    }

    /// What to ask for now.
    pub fn current(&self) -> NextTry {
        match self.plan.packet(self.window, self.antenna_gain_dbi) {
            Some(packet) => NextTry::Emit(packet),
            None => NextTry::Over(TxOutcome::Failed(self.missed.clone())),
        }
    }

    /// Takes a forwarder's report on what was asked for.
    pub fn report(&mut self, report: &TxReport) -> NextTry {
        match report {
            TxReport::Accepted { power_dbm } => NextTry::Over(TxOutcome::Emitted { window: self.window, power_dbm: *power_dbm }),
            TxReport::Refused(error) => {
                self.missed.push(error.clone());
                self.window += 1;
                self.current()
            }
        }
    }
}
