//! What a device has from a join on.

use crate::{
    DevAddr, Key, Micros,
    frame::{BuildError, Data, DataFrame, Direction, FrameError, SessionKeys, build_data, read_join_accept},
    region::{CfList, DutyError, RegionError},
};

/// Why a device does not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// It has not joined.
    #[error("the device has no session; let it join first")]
    NoSession,
    /// Its counter of nonces is at its end.
    #[error("the device has used all 65,536 DevNonces")]
    NoncesUsedUp,
    /// Its frame counter is at its end.
    #[error("the device has used all frame counters of its session; let it join again")]
    CountersUsedUp,
    /// It must be silent.
    #[error(transparent)]
    Duty(DutyError),
    /// Too long on air.
    #[error("{airtime} on air; a device has at most {most} there")]
    Dwell {
        /// How long it would be.
        airtime: Micros,
        /// How long it may be.
        most: Micros,
    },
    /// Too long for the data rate.
    #[error("a payload of {got} bytes; {room} fit in this data rate")]
    TooLong {
        /// Its bytes.
        got: usize,
        /// Bytes that fit.
        room: usize,
    },
    /// Nobody asked for a join accept.
    #[error("a join accept that was not asked for")]
    NotAsked,
    /// It is for another device.
    #[error("a frame for {0}, another device")]
    Foreign(DevAddr),
    /// It was heard before.
    #[error("a downlink with counter {got}; at least {least} is expected")]
    Replay {
        /// Its counter.
        got: u32,
        /// The lowest that is taken.
        least: u32,
    },
    /// It cannot be read, or is not signed for it.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// It cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Its channel is none.
    #[error(transparent)]
    Region(#[from] RegionError),
}

/// What a device heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// It has joined.
    Joined(DevAddr),
    /// A downlink.
    Data {
        /// Its counter.
        counter: u32,
        /// Its port.
        port: Option<u8>,
        /// Its payload in the clear.
        payload: Vec<u8>,
        /// Whether it confirms the last uplink.
        ack: bool,
        /// Whether more waits for it.
        pending: bool,
        /// Commands in its header.
        options: Vec<u8>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct DeviceSession {
    pub address: DevAddr,
    keys: SessionKeys,
    pub rx1_delay: Micros,
    pub rx1_offset: u8,
    pub cf_list: Option<CfList>,
    /// Counter of the next uplink.
    pub up: u32,
    /// Lowest counter of the next downlink.
    down: u32,
    /// Whether a downlink waits to be confirmed.
    owes_ack: bool,
    /// Commands for the next uplink.
    pub options: Vec<u8>,
    pub last: Vec<u8>,
}

impl DeviceSession {
    pub(super) fn accept(bytes: &[u8], root: &Key, dev_nonce: u16) -> Result<Self, DeviceError> {
        let accept = read_join_accept(bytes, root)?;
        Ok(Self {
            address: accept.address,
            keys: SessionKeys::derive(root, accept.join_nonce, accept.net_id, dev_nonce),
            rx1_delay: Micros::seconds(u64::from(accept.rx_delay.max(1))),
            rx1_offset: accept.rx1_offset,
            cf_list: accept.cf_list,
            up: 0,
            down: 0,
            owes_ack: false,
            // Whether the network hears it, and what time it is.
            options: vec![0x02, 0x0d],
            last: Vec::new(),
        })
    }

    pub(super) fn build(&self, port: u8, payload: &[u8], confirmed: bool) -> Result<Vec<u8>, DeviceError> {
        if self.up == u32::MAX {
            return Err(DeviceError::CountersUsedUp);
        }
        let data = Data {
            direction: Direction::Up,
            confirmed,
            address: self.address,
            adr: false,
            adr_ack_req: false,
            ack: self.owes_ack,
            pending: false,
            counter: self.up,
            options: if port == 0 { &[] } else { &self.options },
            port: Some(port),
            payload,
        };
        Ok(build_data(&data, &self.keys)?)
    }

    pub(super) fn sent(&mut self, bytes: &[u8]) {
        self.up = self.up.saturating_add(1);
        self.owes_ack = false;
        self.options.clear();
        self.last = bytes.to_vec();
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) -> Result<Received, DeviceError> {
        let frame = DataFrame::read(bytes)?;
        if frame.direction == Direction::Up || frame.address != self.address {
            return Err(DeviceError::Foreign(frame.address));
        }
        let upper = self.down & !0xffff;
        let mut counter = upper | u32::from(frame.counter);
        if counter < self.down {
            if frame.matches(&self.keys.network, counter) {
                return Err(DeviceError::Replay { got: counter, least: self.down });
            }
            counter = counter.checked_add(0x1_0000).ok_or(FrameError::Mic)?;
        }
        if !frame.matches(&self.keys.network, counter) {
            return Err(FrameError::Mic.into());
        }
        self.down = counter.saturating_add(1);
        self.owes_ack = frame.confirmed;
        let payload = frame.decrypt(&self.keys, counter);
        let DataFrame { port, ack, pending, options, .. } = frame;
        Ok(Received::Data { counter, port, payload, ack, pending, options })
    }
}
