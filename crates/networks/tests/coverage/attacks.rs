//! What dishonest witnesses report, which check catches each, and what each earned: the profiles of the simulated air (`depin_air::Attack`), by what
//! they make a hotspot say.

use crate::{beacons::*, world::*};
use depin_economy::Action;
use depin_quantity::{Address, Name, Span, Units};
use depin_services::coverage::{
    self, CoverageMessage, Disclosed, Location, cell_at,
    poc::{Entropy, InvalidReason, WitnessReport},
};

const HONEST: u8 = 11;
const ATTACKER: u8 = 20;

/// A dishonest witness.
struct Attack {
    name: &'static str,
    /// Where it says that it stands, in hundredths of a degree north of the beaconer.
    claimed: i32,
    /// What it reports of a beacon, which it heard or not; and of the one before it.
    says: fn(Entropy, Entropy) -> WitnessReport,
    caught: Option<InvalidReason>,
}

const ATTACKS: [Attack; 8] = [
    // Replayed beacons: the forwarder hears an old one again.
    Attack { name: "a replayed beacon", claimed: 2, says: |_, past| heard(past), caught: Some(InvalidReason::InvalidPacket) },
    // A spoofed location: it stands beside the beaconer, and hears it as one that does.
    Attack {
        name: "a place 22 km away, claimed from 100 m",
        claimed: 20,
        says: |now, _| WitnessReport { rssi_ddbm: -600, ..heard(now) },
        caught: Some(InvalidReason::BadRssi),
    },
    Attack {
        name: "a place 145 km away",
        claimed: 130,
        says: |now, _| heard(now),
        caught: Some(InvalidReason::MaxDistanceExceeded),
    },
    // Colluding witnesses in one room, who say so.
    Attack { name: "one room", claimed: 0, says: |now, _| heard(now), caught: Some(InvalidReason::BelowMinDistance) },
    // A strength that was made up.
    Attack {
        name: "louder than can be",
        claimed: 2,
        says: |now, _| WitnessReport { rssi_ddbm: -500, ..heard(now) },
        caught: Some(InvalidReason::BadRssi),
    },
    Attack {
        name: "another channel",
        claimed: 2,
        says: |now, _| WitnessReport { frequency: heard(now).frequency + 200_000, ..heard(now) },
        caught: Some(InvalidReason::InvalidFrequency),
    },
    // What nothing on the chain can see: docs/security.md says so.
    Attack {
        name: "quieter than it was",
        claimed: 2,
        says: |now, _| WitnessReport { rssi_ddbm: -1_450, ..heard(now) },
        caught: None,
    },
    Attack { name: "told by its fellow, with a strength that may be", claimed: 4, says: |now, _| heard(now), caught: None },
];

fn stands(net: &mut Net, n: u8, owner: Address, hundredths: i32) {
    net.send(owner, &joins(n, owner)).unwrap();
    let cell = cell_at(52.52 + f64::from(hundredths) / 100.0, 13.405).unwrap();
    let location = Location { cell, ..berlin() };
    net.send(owner, &CoverageMessage::AssertLocation { hotspot: hotspot(n), location }).unwrap();
}

fn iot(net: &Net, who: Address) -> u128 {
    net.reads().wallet(who, Name::literal("IOT")).held.get()
}

/// Why the attacker's report is not valid, and what its owner and the honest witness's earned in the day.
fn attacked(attack: &Attack) -> (Option<InvalidReason>, u128, u128) {
    let mut net = Net::document();
    let credits = Action::MintCredits { credit: DC, amount: Units::new(2_000_000), most: None, to: None };
    net.act(ANYBODY, &credits);
    stands(&mut net, 10, ANYBODY, 0);
    stands(&mut net, HONEST, OWNER, -2);
    stands(&mut net, ATTACKER, CUSTOMER, attack.claimed);
    let past = drawn(&mut net, 10);
    finish(&mut net, &[]);
    let entropy = drawn(&mut net, 10);
    let all = [
        (10, Disclosed::Beacon(sent(entropy))),
        (HONEST, Disclosed::Witness(heard(entropy))),
        (ATTACKER, Disclosed::Witness((attack.says)(entropy, past))),
    ];
    let reports = all.iter().map(|(n, report)| sealed(&net, 10, entropy, *n, report)).collect();
    net.send(ANYBODY, &CoverageMessage::HandIn(reports)).unwrap();
    let verdict = finish(&mut net, &all);
    let reason = verdict.witnesses.iter().find(|one| one.hotspot == hotspot(ATTACKER)).unwrap().reason;
    let before = [CUSTOMER, OWNER].map(|who| iot(&net, who));
    net.pass(Span::from_days(1));
    net.price();
    net.pass(Span::from_days(1));
    let after = [CUSTOMER, OWNER].map(|who| iot(&net, who));
    assert_eq!(coverage::audit(net.rows()), Vec::<String>::new());
    (reason, after[0] - before[0], after[1] - before[1])
}

#[test]
fn each_attack_is_caught_by_its_check_or_earns_what_an_honest_witness_does() {
    for attack in &ATTACKS {
        let (caught, earned, honest) = attacked(attack);
        println!("{}: {caught:?}, earned {earned} of IOT's base units; an honest witness {honest}", attack.name);
        assert_eq!(caught, attack.caught, "{}", attack.name);
        assert!(honest > 0, "{}", attack.name);
        assert_eq!(earned, if caught.is_some() { 0 } else { honest }, "{}", attack.name);
    }
}
