//! Copies of frames as they come: checked, and put with those that came before.

use super::{
    Refusal, Server, Step,
    row::Check,
    state::{Hearing, Waiting},
};
use crate::{
    Eui, Micros,
    frame::{DataFrame, JoinRequest, UplinkFrame, payload_hash, read_uplink},
    gwmp::{Crc, RxPacket},
};

/// Most frames that wait for copies: what two seconds of a very large network bring.
const HEARING_MAX: usize = 10_000;
/// A copy that comes so soon after the first is late; afterwards it is a repetition.
const LATE: Micros = Micros::seconds(1);
/// How long the last uplink once more is a repetition; afterwards it is a replay.
const REPETITION: Micros = Micros::seconds(60);

impl Server {
    /// Takes a packet that a hotspot heard, at the time when it came here. What it does, [`Server::due`] says later; a refusal is among the step's
    /// events at once.
    pub fn hear(&mut self, now: Micros, gateway: Eui, packet: RxPacket) -> Step {
        let mut step = Step::default();
        if let Err((device, why)) = self.listen(now, gateway, packet) {
            step.refuse(now, device, Some(gateway), why);
        }
        step
    }

    fn listen(&mut self, now: Micros, gateway: Eui, packet: RxPacket) -> Result<(), (Option<Eui>, Refusal)> {
        let nobody = |why| (None, why);
        if packet.crc != Crc::Ok {
            return Err(nobody(Refusal::Crc));
        }
        let hash = payload_hash(&packet.payload);
        if let Some(hearing) = self.hearing.get_mut(&hash) {
            let device = Some(hearing.device);
            if hearing.copies.contains_key(&gateway) {
                return Err((device, Refusal::SameGateway));
            }
            hearing.copies.insert(gateway, (now, packet));
            return Ok(());
        }
        if self.hearing.len() >= HEARING_MAX {
            return Err(nobody(Refusal::Busy(self.hearing.len())));
        }
        self.config.region.plan().channel(packet.frequency, packet.modulation).map_err(|why| nobody(why.into()))?;
        let (device, waiting) = match read_uplink(&packet.payload).map_err(|why| nobody(why.into()))? {
            UplinkFrame::Join(request) => self.check_join(now, &request, &hash)?,
            UplinkFrame::Data(frame) => self.check_data(now, frame, &hash)?,
        };
        let copies = [(gateway, (now, packet))].into();
        self.hearing.insert(hash, Hearing { device, at: now, waiting, copies });
        self.schedule.insert((now.plus(self.config.dedup), self.heard, hash));
        self.heard += 1;
        Ok(())
    }

    fn is_late(&self, now: Micros, hash: &[u8; 32]) -> bool {
        self.closed.get(hash).is_some_and(|at| now.since(*at) < LATE)
    }

    fn check_join(&self, now: Micros, request: &JoinRequest, hash: &[u8; 32]) -> Result<(Eui, Waiting), (Option<Eui>, Refusal)> {
        let (device, nonce) = (request.dev_eui, request.dev_nonce);
        let row = self.devices.get(&device).ok_or((None, Refusal::UnknownDevice(device)))?;
        // The signature first: what is not the device's is no event of its own.
        if !request.matches(&row.spec.app_key) {
            return Err((None, Refusal::JoinMic));
        }
        let refuse = |why| (Some(device), why);
        if request.join_eui != row.spec.join_eui {
            return Err(refuse(Refusal::JoinEui { asked: request.join_eui, known: row.spec.join_eui }));
        }
        if self.is_late(now, hash) {
            return Err(refuse(Refusal::LateCopy));
        }
        if self.nonces.get(&device).is_some_and(|used| used.contains(&nonce)) {
            return Err(refuse(Refusal::NonceReused(nonce)));
        }
        Ok((device, Waiting::Join { nonce }))
    }

    fn check_data(&mut self, now: Micros, frame: DataFrame, hash: &[u8; 32]) -> Result<(Eui, Waiting), (Option<Eui>, Refusal)> {
        let address = frame.address;
        let sharing = self.addresses.get(&address).ok_or((None, Refusal::UnknownAddress(address)))?;
        for device in sharing.iter().copied() {
            let Some(row) = self.devices.get_mut(&device) else { continue };
            // The newer session first: its first uplink ends the older one.
            for (joining, slot) in [(true, &mut row.joining), (false, &mut row.session)] {
                let Some(session) = slot else { continue };
                let refuse = |why| Err((Some(device), why));
                match session.check(&frame) {
                    Check::Foreign => {}
                    Check::Fits(_) if !session.pace.take(now, self.config.frames_per_minute) => {
                        return refuse(Refusal::TooOften { most: self.config.frames_per_minute });
                    }
                    Check::Fits(counter) => {
                        session.reserved = Some(counter);
                        return Ok((device, Waiting::Data { frame, counter, joining }));
                    }
                    Check::Gap { counter, gap } => return refuse(Refusal::Gap { counter, gap }),
                    Check::Replay { counter, last } => {
                        let known = session.last.as_ref().filter(|known| known.hash == *hash && session.up == Some(counter));
                        return match known {
                            Some(known) if now.since(known.at) < LATE => refuse(Refusal::LateCopy),
                            Some(known) if now.since(known.at) < REPETITION && frame.confirmed && known.repeated < 8 => {
                                Ok((device, Waiting::Again { frame, counter }))
                            }
                            Some(known) if now.since(known.at) < REPETITION => refuse(Refusal::Retransmission { counter }),
                            _ => refuse(Refusal::Replay { counter, last }),
                        };
                    }
                }
            }
        }
        Err((None, Refusal::Mic(address)))
    }

    /// Forgets what can be no copy any more.
    pub(super) fn forget(&mut self, now: Micros) {
        self.closed.retain(|_, at| now.since(*at) < LATE);
    }
}
