//! Coverage: hotspots prove that they can hear each other, and carry packets.

use super::{
    Aspect, ChargeKind, Counted, FaultKind, Figure, Gravity, Kind, Metric, PledgeKind, Provenance, Service, Table, Unit, Value,
};
use depin_quantity::Name;

const PACKET_UNITS: Name = Name::literal("packet-units");
const MOBILE_UNITS: Name = Name::literal("mobile-units");
const HOTSPOTS: Name = Name::literal("hotspots");

/// Wireless coverage.
pub static COVERAGE: Service = Service {
    name: Name::literal("coverage"),
    title: "Wireless coverage",
    description: "hotspots beacon and witness each other's beacons, and carry the packets of devices",
    network: Some(Name::literal("helium")),
    metrics: &[
        Metric {
            name: Name::literal("witness-units"),
            unit: Unit::Each("ten-thousandth of a reward unit"),
            counted: Counted::Accrued,
            aspect: Aspect::Capacity,
            description: "valid witnesses of beacons, scaled by how crowded the beacon's hex is (HIP-15, HIP-17)",
        },
        Metric {
            name: Name::literal("beacon-units"),
            unit: Unit::Each("ten-thousandth of a reward unit"),
            counted: Counted::Accrued,
            aspect: Aspect::Capacity,
            description: "own valid beacons by the number of their witnesses, scaled alike (HIP-15, HIP-17)",
        },
        Metric {
            name: PACKET_UNITS,
            unit: Unit::Each("unit of 24 bytes"),
            counted: Counted::Accrued,
            aspect: Aspect::Usage,
            description: "packets carried, each in units of 24 bytes, rounded up",
        },
        Metric {
            name: Name::literal("coverage-points"),
            unit: Unit::Each("point"),
            counted: Counted::Accrued,
            aspect: Aspect::Capacity,
            description: "points of the hexes that a mobile hotspot covers, by signal and rank, times speed test and trust",
        },
        Metric {
            name: MOBILE_UNITS,
            unit: Unit::Each("priced unit of mobile data"),
            counted: Counted::Accrued,
            aspect: Aspect::Usage,
            description: "mobile data carried, each session in the unit that one price is for, rounded up",
        },
        Metric {
            name: Name::literal("carrier-units"),
            unit: Unit::Each("priced unit of mobile data"),
            counted: Counted::Accrued,
            aspect: Aspect::Detail,
            description: "the same data once more, for the carrier whose subscribers used it and who paid for it (HIP-87)",
        },
        Metric {
            name: HOTSPOTS,
            unit: Unit::Each("hotspot"),
            counted: Counted::Current,
            aspect: Aspect::Presence,
            description: "hotspots with an asserted location, one each",
        },
    ],
    streams: &[],
    charges: &[
        ChargeKind {
            name: Name::literal("packet"),
            basis: PACKET_UNITS,
            held: false,
            deposit: false,
            description: "packets delivered to the owner of the address range",
        },
        ChargeKind {
            name: Name::literal("session"),
            basis: MOBILE_UNITS,
            held: false,
            deposit: false,
            description: "data of a mobile session",
        },
    ],
    pledges: &[PledgeKind {
        name: Name::literal("hotspot"),
        basis: HOTSPOTS,
        whole: 1,
        description: "a hotspot's owner, while it takes part",
    }],
    faults: &[FaultKind {
        name: Name::literal("denied"),
        affected: HOTSPOTS,
        gravity: Gravity::Ending,
        description: "the hotspot stands on the denylist: it lied about where it is or what it heard",
    }],
    allowances: &[],
    fees: &[
        Kind { name: Name::literal("onboarding"), description: "a hotspot joins" },
        Kind { name: Name::literal("assert-location"), description: "a hotspot says where it is" },
        Kind { name: Name::literal("oui"), description: "a customer opens an OUI" },
    ],
    gauges: &[
        Kind { name: Name::literal("credits-burnt"), description: "data credits burnt for data in the period" },
        Kind { name: Name::literal("active-devices"), description: "hotspots that were rewarded within 30 days" },
        Kind {
            name: Name::literal("onboarding-fees"),
            description: "onboarding fees that active hotspots paid, in data credits (HIP-88)",
        },
    ],
    scopes: &[
        Kind { name: Name::literal("iot"), description: "LoRaWAN" },
        Kind { name: Name::literal("mobile"), description: "cellular and Wi-Fi" },
    ],
    parameters: &[
        Table {
            key: "",
            figures: &[
                Figure {
                    key: "reporter",
                    value: Value::Extra(&Value::Name("ingest")),
                    description: "role whose word is when a radio report came in; without it, the time of the block counts",
                },
                Figure {
                    key: "arbiter",
                    value: Value::Extra(&Value::Name("denylist")),
                    description: "role that keeps the denylist; without it nobody is denied",
                },
            ],
            provenance: Provenance::Reason("off unless a file says so"),
        },
        Table {
            key: "beacon",
            figures: &[
                Figure { key: "interval", value: Value::Span("6h"), description: "one beacon per hotspot in each such time" },
                Figure {
                    key: "entropy-valid",
                    value: Value::Span("180s"),
                    description: "how long a beacon's randomness may be used",
                },
                Figure {
                    key: "witnesses-most",
                    value: Value::Integer(14, 1..=1_000),
                    description: "earliest witnesses of a beacon that count (HIP-83)",
                },
                Figure {
                    key: "reveal-within",
                    value: Value::Extra(&Value::Span("10m")),
                    description: "time in which the reports of a beacon are disclosed; 10 minutes where it is left out",
                },
                Figure {
                    key: "counted-for",
                    value: Value::Extra(&Value::Span("60h")),
                    description: "how long a hotspot counts in its hex after a witnessed beacon; 60 hours where it is left out",
                },
            ],
            provenance: Provenance::Source(
                "helium/gateway-rs src/beaconer.rs: one beacon in 6 hours; helium/oracles iot_verifier/src/entropy.rs: 180 s; HIP-83: the first 14 witnesses",
            ),
        },
        Table {
            key: "witness",
            figures: &[
                Figure { key: "within", value: Value::Span("4s"), description: "latest arrival after the beacon" },
                Figure {
                    key: "after-first",
                    value: Value::Span("1500ms"),
                    description: "latest arrival after the first witness, when that arrived before the beacon",
                },
                Figure {
                    key: "distance-least-cells",
                    value: Value::Integer(8, 0..=1_000_000),
                    description: "nearest witness in cells of resolution 11",
                },
                Figure {
                    key: "distance-most-km",
                    value: Value::Integer(100, 1..=1_000),
                    description: "farthest witness in kilometres",
                },
                Figure {
                    key: "frequency-off-most-khz",
                    value: Value::Integer(100, 1..=1_000_000),
                    description: "farthest that a witness's frequency may be from the beacon's, in kHz; as far still counts",
                },
                Figure {
                    key: "target",
                    value: Value::Integer(4, 1..=100),
                    description: "witnesses at which a beacon is worth one reward unit",
                },
                Figure { key: "decay", value: Value::Decimal("0.8"), description: "factor of each further witness" },
            ],
            provenance: Provenance::Source(
                "helium/oracles iot_verifier/src/poc.rs: 4,000 ms after the beacon, 1,500 ms after the first witness, 8 cells, 100 km, 100 kHz; HIP-15: 4 witnesses, 0.8",
            ),
        },
        Table {
            key: "packet",
            figures: &[
                Figure {
                    key: "unit",
                    value: Value::Bytes("24B"),
                    description: "size of a unit; a packet counts whole units, at least one",
                },
                Figure {
                    key: "late-after",
                    value: Value::Extra(&Value::Span("10m")),
                    description: "latest report of a packet after it was received; 10 minutes where it is left out",
                },
                Figure {
                    key: "claim-within",
                    value: Value::Extra(&Value::Span("1h")),
                    description: "time in which a customer answers a claim; an hour where it is left out",
                },
            ],
            provenance: Provenance::Source("document: usage is paid per 24 bytes"),
        },
        Table {
            key: "addresses",
            figures: &[Figure {
                key: "most",
                value: Value::Integer(2_048, 8..=1 << 25),
                description: "device addresses of one OUI, over all its routes. Without this table it may have all that nobody else has",
            }],
            provenance: Provenance::Reason(
                "nobody takes all addresses; mainnet prices them instead, 8 at a time, and devices may share one",
            ),
        },
        Table {
            key: "gate",
            figures: &[
                Figure {
                    key: "minimum",
                    value: Value::Extra(&Value::Integer(3_500_000, 0..=1_000_000_000_000_000_000)),
                    description: "base units that an OUI keeps; with less it is switched off. Without this table none has to keep any",
                },
                Figure {
                    key: "burn-from",
                    value: Value::Extra(&Value::Integer(10_000, 0..=1_000_000_000_000_000_000)),
                    description: "base units from which on what an OUI owes is charged. Without this table it is charged at once",
                },
            ],
            provenance: Provenance::Source(
                "helium/oracles iot_packet_verifier: a minimum of 3,500,000 DC, burns once 10,000 DC are pending",
            ),
        },
        Table {
            key: "mobile",
            figures: &[
                Figure {
                    key: "figures",
                    value: Value::Extra(&Value::Choice(&["2024-10", "2026-01"])),
                    description: "points of hexes, location trust and worth of hexes by the figures of that date. Without this table there is no mobile coverage",
                },
                Figure {
                    key: "unit",
                    value: Value::Extra(&Value::Bytes("20000B")),
                    description: "size of a unit of mobile data; a session counts whole units",
                },
                Figure {
                    key: "epoch",
                    value: Value::Extra(&Value::Span("1d")),
                    description: "how often coverage is judged; a day where it is left out",
                },
                Figure {
                    key: "heartbeat",
                    value: Value::Extra(&Value::Span("1h")),
                    description: "one heartbeat counts in each such time; an hour where it is left out",
                },
                Figure {
                    key: "heartbeats-least",
                    value: Value::Extra(&Value::Integer(12, 1..=64)),
                    description: "so many must count in an epoch; 12 where it is left out",
                },
                Figure {
                    key: "silent-after",
                    value: Value::Extra(&Value::Span("3d")),
                    description: "silence after which an access point's seniority begins anew; 3 days where it is left out",
                },
                Figure {
                    key: "speed-tests-within",
                    value: Value::Extra(&Value::Span("48h")),
                    description: "how old a speed test may be; 48 hours where it is left out",
                },
                Figure {
                    key: "speed-tests-least",
                    value: Value::Extra(&Value::Integer(2, 1..=6)),
                    description: "so many are needed; 2 where it is left out",
                },
                Figure {
                    key: "speed-server",
                    value: Value::Extra(&Value::Name("speed-test")),
                    description: "role whose key measures speed; without it anybody's does",
                },
                Figure {
                    key: "locator",
                    value: Value::Extra(&Value::Name("locator")),
                    description: "role whose key says where an access point is; without it its own word counts",
                },
                Figure {
                    key: "assigner",
                    value: Value::Extra(&Value::Name("assigner")),
                    description: "role that grades hexes and access points; without it all hexes are worth their whole",
                },
                Figure {
                    key: "session-longest",
                    value: Value::Extra(&Value::Span("7d")),
                    description: "longest session that is paid; 7 days where it is left out",
                },
            ],
            provenance: Provenance::Source(
                "helium/oracles mobile_verifier, coverage_point_calculator, hex_assignments; HIP-53: 20,000 bytes a data credit",
            ),
        },
        Table {
            key: "reciprocity",
            figures: &[
                Figure {
                    key: "within",
                    value: Value::Extra(&Value::Span("48h")),
                    description: "how old the last valid beacon and witness of a hotspot may be (HIP-106). Without this table it needs none",
                },
                Figure {
                    key: "exempt",
                    value: Value::Extra(&Value::Span("48h")),
                    description: "how long a new hotspot needs none",
                },
            ],
            provenance: Provenance::Source("HIP-106; helium/oracles iot_verifier/src/poc.rs: 48 hours"),
        },
    ],
};
