//! What people do with their tokens besides: claim, send, stake, lock, bridge, swap.

use super::world::{CUSTOMERS, Open, PROVIDERS, World, person};
use depin_economy::{Action, CommitteeRecord, Record};
use depin_quantity::{Address, Name, Rounding, Share, Span, Units};

impl World {
    /// Tokens from elsewhere arrive, AMM pools are funded, validators begin.
    pub fn prepare(&mut self) {
        let bridged: Vec<(Name, Name)> =
            self.spec().tokens().values().filter_map(|token| Some((token.id, token.bridged_by?))).collect();
        for (token, role) in bridged {
            for n in 1..=PROVIDERS + CUSTOMERS {
                let (bridge, deposit) = (self.roles[&role], self.fresh_id());
                let amount = Units::new(1_000_000_000_000);
                self.act("bridge in", bridge, &Action::BridgeIn { token, to: person(n), amount, deposit }).unwrap();
            }
        }
        let amm_pools: Vec<Name> = self.spec().amm_pools().keys().copied().collect();
        for amm_pool in amm_pools {
            let amount = self.part_of(person(1), self.token, 100);
            let _ = self.act("fund AMM pool", person(1), &Action::FundAmmPool { amm_pool, a: amount, b: amount });
        }
        let stakings: Vec<(Name, Share)> =
            self.spec().stakings().iter().map(|(name, rule)| (*name, rule.commission_least)).collect();
        for (staking, least) in stakings {
            for n in 1..=3 {
                let stake = self.part_of(person(n), self.token, 20);
                let create = Action::CreateValidator { staking, commission: least.max("10%".parse().unwrap()), stake };
                self.act("create validator", person(n), &create).unwrap();
            }
        }
    }

    fn part_of(&self, who: Address, token: Name, parts: u128) -> Units {
        self.reads().wallet(who, token).held.mul_div(1, parts, Rounding::Down).unwrap()
    }

    /// One block a period, signed by all validators but a few.
    pub fn blocks_are_signed(&mut self) {
        let stakings: Vec<Name> = self.spec().stakings().keys().copied().collect();
        for staking in stakings {
            let missing = self.chance.below(6) as u8;
            let (signed, missed) = (1..=3).map(person).partition(|who| *who != person(missing));
            let _ = self.send("signed", &Record::Committee(CommitteeRecord::Signed { staking, at: self.now, signed, missed }));
        }
    }

    pub fn people_act(&mut self) {
        match self.chance.below(10) {
            0 => {
                let who = self.provider();
                let _ = self.act("claim", who, &Action::Claim { after: None });
            }
            1 => {
                let (who, token) = (self.provider(), self.token);
                let _ = self.act("withdraw", who, &Action::WithdrawVested { token, most: None });
            }
            2 => self.mint_credits(),
            3 => {
                let (from, to, token) = (self.customer(), self.provider(), self.token);
                let amount = self.part_of(from, token, 10_000);
                let sent = self.with(|session| session.transfer(from, to, token, amount));
                self.count("transfer", sent.as_ref().err());
            }
            4 => {
                let (who, token) = (self.provider(), self.token);
                let _ = self.act("repay", who, &Action::Repay { token });
            }
            5 | 6 => self.stake(),
            7 => self.lock(),
            8 => self.appeal(),
            _ => self.trade(),
        }
    }

    fn mint_credits(&mut self) {
        let credits: Vec<Name> = self.spec().credits().keys().copied().collect();
        let Some(credit) = self.chance.pick(&credits).copied() else { return };
        for who in [self.customer(), self.provider()] {
            let amount = Units::new(self.chance.upto(10_000_000));
            let _ = self.act("mint credits", who, &Action::MintCredits { credit, amount, most: None, to: None });
        }
    }

    fn stake(&mut self) {
        let stakings: Vec<Name> = self.spec().stakings().keys().copied().collect();
        let Some(staking) = self.chance.pick(&stakings).copied() else { return };
        let (who, validator) = (self.customer(), person(1 + self.chance.below(3) as u8));
        match self.chance.below(4) {
            0 | 1 => {
                let amount = self.part_of(who, self.token, 1_000);
                let _ = self.act("delegate", who, &Action::Delegate { staking, validator, amount });
            }
            2 => drop(self.act("claim stake", who, &Action::ClaimStake { staking, validator })),
            _ => drop(self.act("undelegate", who, &Action::Undelegate { staking, validator, amount: None })),
        }
    }

    fn lock(&mut self) {
        if let Some(open) = self.chance.pick(&self.locks).copied().filter(|_| self.chance.one_in(2)) {
            let action = if self.chance.one_in(2) { Action::CoolLock { id: open.id } } else { Action::Unlock { id: open.id } };
            let _ = self.act(action.name(), open.who, &action);
            return;
        }
        let locks: Vec<(Name, Span)> = self.spec().locks().iter().map(|(name, rule)| (*name, rule.longest)).collect();
        let Some((lock, longest)) = self.chance.pick(&locks).copied() else { return };
        let (who, id) = (self.customer(), self.fresh_id());
        let days = longest.get() / 86_400_000;
        let length = Span::from_days(1 + self.chance.below(days.max(2) - 1));
        let (amount, constant) = (self.part_of(who, self.token, 1_000), self.chance.one_in(2));
        if self.act("lock", who, &Action::Lock { lock, id, amount, length, constant, scope: None }).is_ok() {
            self.locks.push(Open { id, kind: lock, who, active: true });
        }
    }

    /// Who was slashed appeals, and the judge decides.
    fn appeal(&mut self) {
        let Some(open) = self.slashes.pop() else { return };
        let Some(judge) = self.spec().fault(open.kind).and_then(|rule| Some(self.roles[&rule.appeal?.judge])) else { return };
        let grounds = self.fresh_id();
        let _ = self.act("appeal", open.who, &Action::Appeal { slash: open.id, grounds });
        let give_back = self.chance.one_in(2);
        let _ = self.act("judge", judge, &Action::Judge { slash: open.id, give_back });
    }

    fn redeem(&mut self) {
        let funds: Vec<(Name, Name)> =
            self.spec().treasuries().iter().filter_map(|(name, rule)| Some((*name, rule.redeem?.burns))).collect();
        let Some((treasury, burns)) = self.chance.pick(&funds).copied() else { return };
        let who = self.provider();
        let burned = self.part_of(who, burns, 1_000);
        if !burned.is_zero() {
            let _ = self.act("redeem", who, &Action::Redeem { treasury, burned, least: Units::ZERO });
        }
    }

    fn trade(&mut self) {
        self.redeem();
        let amm_pools: Vec<(Name, Name)> = self.spec().amm_pools().iter().map(|(name, rule)| (*name, rule.tokens.0)).collect();
        let Some((amm_pool, token)) = self.chance.pick(&amm_pools).copied() else { return };
        let who = self.customer();
        let given = self.part_of(who, token, 10_000);
        if self.chance.one_in(4) {
            drop(self.act("convert waiting", who, &Action::ConvertWaiting { amm_pool }));
        } else {
            let _ = self.act("swap", who, &Action::Swap { amm_pool, token, given, least: Units::new(1) });
        }
    }
}
