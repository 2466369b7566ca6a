//! A simulated end device, class A, LoRaWAN 1.0.x: it joins, sends, counts, and hears what is for it.
//!
//! In: what to send and when. Out: transmissions, and where it listens after them. Its keys, counters and channels are those of a real one; its
//! radio is the caller's: a test hands the frames on, the simulated air carries them.
//!
//! Absent on purpose: ADR, classes B and C, persistence. It counts its DevNonce up as 1.0.4 says.

mod session;

pub use session::{DeviceError, Received};

use crate::{
    Eui, Hertz, Key, Micros, Modulation,
    frame::build_join_request,
    region::{Airtime, CfList, Channel, Duty, DutyError, Plan, Region, Window, airtime},
};
use session::DeviceSession;

/// Something that a device sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmission {
    /// Centre frequency.
    pub frequency: Hertz,
    /// Data rate.
    pub modulation: Modulation,
    /// Radiated power in tenths of dBm.
    pub eirp_ddbm: i32,
    /// The frame.
    pub bytes: Vec<u8>,
    /// How long it is on air.
    pub airtime: Micros,
}

/// Who a device is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its name.
    pub dev_eui: Eui,
    /// Whom it joins.
    pub join_eui: Eui,
    /// Its root key (AppKey).
    pub root: Key,
}

/// A simulated end device.
#[derive(Clone, Debug)]
pub struct EndDevice {
    identity: Identity,
    plan: &'static Plan,
    data_rate: u8,
    /// The next DevNonce; above 16 bits there is none.
    dev_nonce: u32,
    chance: u64,
    duty: Duty,
    session: Option<DeviceSession>,
    /// Where an answer to the last transmission would come.
    listens: Option<Listens>,
}

#[derive(Clone, Debug)]
struct Listens {
    windows: [Window; 2],
    delay: Micros,
}

impl EndDevice {
    /// A device that has never joined. `seed` decides its channels.
    pub fn new(identity: Identity, region: Region, seed: u64) -> Self {
        let plan = region.plan();
        let data_rate = plan.join_channels[0].data_rate_min;
        let chance = seed ^ identity.dev_eui.get();
        Self { identity, plan, data_rate, dev_nonce: 0, chance, duty: Duty::default(), session: None, listens: None }
    }

    /// Who it is.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Sends in this data rate from now on, where a channel has it.
    pub fn set_data_rate(&mut self, index: u8) {
        if self.plan.channels.iter().any(|channel| (channel.data_rate_min..=channel.data_rate_max).contains(&index)) {
            self.data_rate = index;
        }
    }

    /// Goes on with this DevNonce, as a device that was made anew from a copy of its memory would.
    pub fn set_dev_nonce(&mut self, nonce: u16) {
        self.dev_nonce = u32::from(nonce);
    }

    /// Whether it has a session.
    pub const fn has_joined(&self) -> bool {
        self.session.is_some()
    }

    /// The counter of its next uplink, while it has a session.
    pub fn next_counter(&self) -> Option<u32> {
        self.session.as_ref().map(|session| session.up)
    }

    /// Sets that counter: what a device does that forgot it, or one that is tampered with.
    pub fn set_counter(&mut self, counter: u32) {
        if let Some(session) = &mut self.session {
            session.up = counter;
        }
    }

    /// A number below `bound`, each time another (SplitMix64).
    fn draw(&mut self, bound: usize) -> usize {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed % bound.max(1) as u64) as usize
    }

    /// Asks to join.
    ///
    /// # Errors
    /// [`DeviceError::NoncesUsedUp`], or [`DeviceError::Duty`] while it must be silent; nothing is used up then.
    pub fn join(&mut self, now: Micros) -> Result<Transmission, DeviceError> {
        let nonce = u16::try_from(self.dev_nonce).map_err(|_| DeviceError::NoncesUsedUp)?;
        let Identity { join_eui, dev_eui, root } = &self.identity;
        let bytes = build_join_request(*join_eui, *dev_eui, nonce, root);
        let mut channels = self.plan.join_channels.to_vec();
        if self.plan.dwell_max.is_some() {
            channels.retain(|channel| channel.data_rate_min <= self.data_rate && self.data_rate <= channel.data_rate_max);
        }
        let sent = self.emit(now, &channels, bytes, Plan::JOIN_RX1_DELAY, 0)?;
        self.dev_nonce += 1;
        self.session = None;
        Ok(sent)
    }

    /// Sends an uplink.
    ///
    /// # Errors
    /// [`DeviceError`]; nothing is counted then.
    pub fn send(&mut self, now: Micros, port: u8, payload: &[u8], confirmed: bool) -> Result<Transmission, DeviceError> {
        let rate = self.plan.data_rate(self.data_rate).ok_or(DeviceError::NoSession)?;
        let session = self.session.as_ref().ok_or(DeviceError::NoSession)?;
        let room = usize::from(rate.payload_max).saturating_sub(session.options.len());
        if payload.len() > room {
            return Err(DeviceError::TooLong { got: payload.len(), room });
        }
        let bytes = session.build(port, payload, confirmed)?;
        let (channels, delay, offset) = (self.channels(), session.rx1_delay, session.rx1_offset);
        let sent = self.emit(now, &channels, bytes, delay, offset)?;
        if let Some(session) = &mut self.session {
            session.sent(&sent.bytes);
        }
        Ok(sent)
    }

    /// Sends its last uplink once more, byte for byte, as devices do that miss a confirmation.
    ///
    /// # Errors
    /// [`DeviceError::NoSession`] before the first one, [`DeviceError::Duty`] while it must be silent.
    pub fn repeat(&mut self, now: Micros) -> Result<Transmission, DeviceError> {
        let session = self.session.as_ref().ok_or(DeviceError::NoSession)?;
        let (bytes, delay, offset) = (session.last.clone(), session.rx1_delay, session.rx1_offset);
        if bytes.is_empty() {
            return Err(DeviceError::NoSession);
        }
        let channels = self.channels();
        self.emit(now, &channels, bytes, delay, offset)
    }

    /// Channels with its data rate: those of every device, and those of its join.
    fn channels(&self) -> Vec<Channel> {
        let list = self.session.as_ref().and_then(|session| session.cf_list);
        let given = |channel: &Channel| match list {
            None => self.plan.join_channels.contains(channel),
            Some(CfList::Frequencies(all)) => self.plan.join_channels.contains(channel) || all.contains(&channel.frequency),
            Some(CfList::Mask(all)) => {
                let index = usize::from(channel.index);
                all.get(index / 16).is_some_and(|mask| mask >> (index % 16) & 1 == 1)
            }
        };
        let mut channels = self.plan.channels.to_vec();
        channels.retain(|one| given(one) && (one.data_rate_min..=one.data_rate_max).contains(&self.data_rate));
        channels
    }

    fn emit(
        &mut self,
        now: Micros,
        channels: &[Channel],
        bytes: Vec<u8>,
        delay: Micros,
        offset: u8,
    ) -> Result<Transmission, DeviceError> {
        let modulation = self.plan.data_rate(self.data_rate).ok_or(DeviceError::NoSession)?.modulation;
        let airtime = airtime(Airtime::uplink(modulation, bytes.len()));
        if let Some(most) = self.plan.dwell_max
            && airtime > most
            && self.data_rate < 4
        {
            return Err(DeviceError::Dwell { airtime, most });
        }
        let place = self.draw(channels.len());
        let frequency = channels.get(place).ok_or(DeviceError::NoSession)?.frequency;
        self.duty.check(self.plan, frequency, now, airtime).map_err(|error: DutyError| DeviceError::Duty(error))?;
        let windows = [self.plan.rx1(frequency, modulation, offset)?, self.plan.rx2()];
        self.duty.spend(self.plan, frequency, now, airtime);
        self.listens = Some(Listens { windows, delay });
        Ok(Transmission { frequency, modulation, eirp_ddbm: self.plan.device_eirp_ddbm, bytes, airtime })
    }

    /// When it listens, and where, after a transmission that ended at `end`: both windows, or none before the first transmission.
    pub fn windows(&self, end: Micros) -> Option<[(Micros, Window); 2]> {
        let Listens { windows: [first, second], delay } = self.listens.as_ref()?;
        let opens = end.plus(*delay);
        Some([(opens, *first), (opens.plus(Plan::RX2_AFTER_RX1), *second)])
    }

    /// Hears a frame in one of its windows.
    ///
    /// # Errors
    /// [`DeviceError`]: why it is not for this device; nothing changes then.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Received, DeviceError> {
        if bytes.first().is_some_and(|header| header >> 5 == 1) {
            if self.session.is_some() {
                return Err(DeviceError::NotAsked);
            }
            let nonce = self.dev_nonce.checked_sub(1).and_then(|last| u16::try_from(last).ok()).ok_or(DeviceError::NotAsked)?;
            let session = DeviceSession::accept(bytes, &self.identity.root, nonce)?;
            let address = session.address;
            self.session = Some(session);
            return Ok(Received::Joined(address));
        }
        self.session.as_mut().ok_or(DeviceError::NoSession)?.receive(bytes)
    }
}
