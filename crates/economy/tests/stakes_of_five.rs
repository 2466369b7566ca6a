//! Stake, locks and slashes on the networks that come in the box.

use depin_economy::*;
use depin_quantity::{Address, Instant, Name, Share, Span, UnitId, Units};
use depin_state::{Memory, State};

const FILES: [(&str, &str); 5] = [
    ("akash", include_str!("../../../networks/akash/network.toml")),
    ("filecoin", include_str!("../../../networks/filecoin/network.toml")),
    ("helium", include_str!("../../../networks/helium/network.toml")),
    ("io.net", include_str!("../../../networks/io.net/network.toml")),
    ("render", include_str!("../../../networks/render/network.toml")),
];
/// The first of June 2025.
const START: u64 = 1_748_736_000_000;
const KEEPER: Address = Address::new([9; 32]);

fn party(n: u8) -> Address {
    Address::new([n; 32])
}

struct World {
    name: &'static str,
    economy: Economy,
    state: Memory,
    now: Instant,
    events: Vec<Event>,
}

impl World {
    fn new(name: &'static str, text: &str) -> Self {
        let spec = Spec::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let economy = Economy::new(spec);
        let mut world = Self { name, economy, state: Memory::new(), now: Instant::new(START), events: Vec::new() };
        let roles = world.economy.spec().roles().into_iter().map(|role| (role, KEEPER)).collect();
        world.with(|s| s.genesis(&Genesis { roles, ..Genesis::default() })).unwrap_or_else(|e| panic!("{name}: {e}"));
        world
    }

    fn with<T>(&mut self, run: impl FnOnce(&mut Session<'_>) -> T) -> T {
        run(&mut self.economy.session(&mut self.state, BlockContext::new(self.now, Chance::NONE), &mut self.events))
    }

    fn spec(&self) -> Spec {
        self.economy.spec().at(Instant::new(START), self.now).clone()
    }

    fn reads(&self) -> Reads<'_> {
        self.economy.reads(self.state.as_read(), self.now)
    }

    #[track_caller]
    fn does(&mut self, who: u8, action: Action) -> Done {
        let done = self.with(|s| s.act(party(who), &action));
        let done = done.unwrap_or_else(|e| panic!("{}: {action:?}: {e}", self.name));
        self.check();
        done
    }

    #[track_caller]
    fn check(&self) {
        let report = audit(self.economy.spec(), self.state.as_read());
        assert!(report.ok(), "{}: {:#?}", self.name, report.violations);
    }

    fn advance(&mut self, span: Span) {
        self.now = self.now.later(span);
        while self.with(|s| s.close(1_000)).unwrap().more {}
        self.check();
    }

    /// Gives two parties a thousand whole tokens each.
    fn give(&mut self, token: Name) -> Units {
        let decimals = self.spec().token(token).unwrap().decimals;
        let amount = Units::new(1_000 * 10u128.pow(decimals.into()));
        for n in [1, 2] {
            self.with(|s| s.advance(token, party(n), amount)).unwrap_or_else(|e| panic!("{}: {e}", self.name));
        }
        amount
    }
}

fn part(amount: Units, of: u128) -> Units {
    Units::new(amount.get() / of)
}

#[test]
fn who_stakes_on_a_network_earns_by_its_pools_and_leaves_with_the_rest_after_a_slash() {
    let mut seen = Vec::new();
    for (name, text) in FILES {
        let mut world = World::new(name, text);
        for (staking, rule) in world.spec().stakings().clone() {
            let all = world.give(rule.token);
            let commission = rule.commission_least.max(Share::new(100_000_000).unwrap());
            world.does(1, Action::CreateValidator { staking, commission, stake: part(all, 2) });
            world.does(2, Action::Delegate { staking, validator: party(1), amount: part(all, 4) });
            assert_eq!(world.reads().bonded(staking).unwrap().bonded, part(all, 4).times(3).unwrap());
            world.advance(Span::from_days(1));
            let pools: Vec<(Name, PoolRule)> = world.spec().pools().iter().map(|(n, p)| (*n, *p)).collect();
            let emitted = pools.iter().any(|(pool, rule)| {
                rule.method == Method::Staked(staking) && world.reads().emission(*pool).is_some_and(|row| !row.minted.is_zero())
            });
            let accrued = world.does(2, Action::ClaimStake { staking, validator: party(1) }).moved;
            assert_eq!(accrued.is_empty(), !emitted, "{name}: {accrued:?}");
            let at = world.now;
            let twice = Record::Committee(CommitteeRecord::SignedTwice { staking, validator: party(1), at });
            let taken = world.with(|s| s.record(&twice)).unwrap().moved;
            assert_eq!(taken, rule.double_sign.of(part(all, 4).times(3).unwrap(), depin_quantity::Rounding::Down).unwrap());
            let done = world.does(2, Action::Undelegate { staking, validator: party(1), amount: None });
            assert!(done.id.is_some());
            world.advance(rule.unbonding);
            assert!(world.reads().leaving(party(2)).is_empty());
            seen.push(name);
        }
    }
    assert_eq!(seen, ["akash", "io.net"]);
}

#[test]
fn who_locks_on_a_network_earns_from_the_pools_that_locks_share() {
    let mut seen = Vec::new();
    for (name, text) in FILES {
        let mut world = World::new(name, text);
        for (lock, rule) in world.spec().locks().clone() {
            let all = world.give(rule.token);
            let scopes: Vec<Option<Name>> =
                if rule.scopes.is_empty() { vec![None] } else { rule.scopes.iter().map(|s| Some(*s)).collect() };
            for (n, scope) in scopes.iter().enumerate() {
                let id = UnitId::derive("lock", &[&[n as u8]]);
                let amount = part(all, 10);
                world.does(1, Action::Lock { lock, id, amount, length: rule.longest, constant: false, scope: *scope });
                let weight = world.reads().lock(id).unwrap().weight;
                assert!(weight >= amount.times(u128::from(rule.most_times) / 1_000_000_000).unwrap(), "{name}: {weight}");
            }
            for _ in 0..40 {
                world.advance(Span::from_days(1));
            }
            let mut accrued = 0;
            for n in 0..scopes.len() {
                accrued += world.does(1, Action::ClaimLock { id: UnitId::derive("lock", &[&[n as u8]]) }).moved.len();
            }
            let shares =
                world.spec().pools().values().filter(|p| matches!(p.method, Method::Locked { lock: l, .. } if l == lock)).count();
            assert!(shares == 0 || accrued > 0, "{name}: {shares} pools, and nothing accrued");
            seen.push(name);
        }
    }
    assert_eq!(seen, ["helium"]);
}
