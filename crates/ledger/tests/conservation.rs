//! Random sequences of operations: minted − burned = everything held, whatever happens.

mod common;
use common::*;
use depin_economy::Action;
use depin_ledger::*;
use depin_quantity::{Measured, UnitId, Units};
use depin_services::storage::{Proposal, StorageMessage};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Transfer { from: usize, to: usize, amount: u128 },
    Propose { provider: usize, term: u64, price: u128, verified: bool },
    Accept { provider: usize, deal: usize },
    Refuse { provider: usize, deal: usize },
    Prove { deal: usize },
    Faulty { deal: usize },
    Recovered { deal: usize },
    Extend { deal: usize, epochs: u64 },
    AcceptExtension { deal: usize },
    End { deal: usize },
    AgreeEnd { deal: usize },
    GiveUp { deal: usize },
    Settle { deal: usize },
    Claim { provider: usize },
    Withdraw { provider: usize },
    Grant { bytes: u64 },
    Answer,
    Pass { epochs: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let (p, d) = (0usize..2, 0usize..6);
    prop_oneof![
        (0usize..4, 0usize..4, any::<u64>()).prop_map(|(from, to, amount)| Step::Transfer { from, to, amount: amount.into() }),
        (p.clone(), 100u64..9000, 1u128..1_000_000_000_000, any::<bool>())
            .prop_map(|(provider, term, price, verified)| Step::Propose { provider, term, price, verified }),
        (p.clone(), d.clone()).prop_map(|(provider, deal)| Step::Accept { provider, deal }),
        (p.clone(), d.clone()).prop_map(|(provider, deal)| Step::Refuse { provider, deal }),
        d.clone().prop_map(|deal| Step::Prove { deal }),
        d.clone().prop_map(|deal| Step::Prove { deal }),
        d.clone().prop_map(|deal| Step::Faulty { deal }),
        d.clone().prop_map(|deal| Step::Recovered { deal }),
        (d.clone(), 1u64..9000).prop_map(|(deal, epochs)| Step::Extend { deal, epochs }),
        d.clone().prop_map(|deal| Step::AcceptExtension { deal }),
        d.clone().prop_map(|deal| Step::End { deal }),
        d.clone().prop_map(|deal| Step::AgreeEnd { deal }),
        d.clone().prop_map(|deal| Step::GiveUp { deal }),
        d.prop_map(|deal| Step::Settle { deal }),
        p.clone().prop_map(|provider| Step::Claim { provider }),
        p.prop_map(|provider| Step::Withdraw { provider }),
        (1u64..100_000).prop_map(|bytes| Step::Grant { bytes }),
        Just(Step::Answer),
        (1u64..4000).prop_map(|epochs| Step::Pass { epochs }),
    ]
}

struct World {
    chain: Chain,
    client: Party,
    notary: Party,
    providers: Vec<Provider>,
    piece: (depin_services::storage::piece::Commitment, depin_services::storage::piece::PieceSize),
    deals: Vec<UnitId>,
}

impl World {
    fn new() -> Self {
        let (client, notary) = (party(1), party(900));
        let mut providers = vec![Provider::new(10), Provider::new(11)];
        let accounts = [(&client, 1_000_000), (&notary, 1), (&providers[0].party, 500), (&providers[1].party, 500)];
        let mut chain = Chain::new(&accounts);
        let mut piece = None;
        for provider in &mut providers {
            piece = Some(provider.store(&[5; 777]));
            provider.register(&mut chain, 1 << 20);
        }
        Self { chain, client, notary, providers, piece: piece.expect("two providers"), deals: Vec::new() }
    }

    /// Sends, whatever comes of it: refusals are part of the game, and so is a sender that cannot pay its fee.
    fn try_send(&mut self, from: &Party, message: Message) {
        let next = self.chain.ledger.nonce(from.address);
        let body = Body {
            chain_id: name("test-chain"),
            key: from.public,
            nonce: next,
            base_fee_max: Units::new(1_000_000),
            tip: Units::new(3),
            message,
        };
        let tx = from.sign(body);
        let _ = self.chain.block(1000, &[tx]);
    }

    fn storage(&mut self, from: &Party, message: StorageMessage) {
        self.try_send(from, Message::service(message));
    }

    fn on_deal(&mut self, deal: usize, message: impl FnOnce(Vec<UnitId>) -> StorageMessage, by_client: bool) {
        let Some(&id) = self.deals.get(deal) else { return };
        let Some(row) = self.chain.ledger.read(|s| depin_services::storage::read::deal(s, id)) else { return };
        let owner = if row.provider == self.providers[0].party.address { 10 } else { 11 };
        let from = if by_client { party(1) } else { party(owner) };
        self.storage(&from, message(vec![id]));
    }

    fn answer(&mut self) {
        for i in 0..self.providers.len() {
            let provider = std::mem::replace(&mut self.providers[i], Provider::new(999));
            if self.chain.fil(&provider.party) > Units::new(FIL / 1000) {
                provider.answer_windows_if_possible(&mut self.chain);
            }
            self.providers[i] = provider;
        }
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Transfer { from, to, amount } => {
                let parties = [party(1), party(900), party(10), party(11)];
                let message =
                    Message::Act(Action::Transfer { to: parties[to].address, token: name("FIL"), amount: Units::new(amount) });
                self.try_send(&parties[from], message);
            }
            Step::Propose { provider, term, price, verified } => {
                let price = Units::new(price);
                let deal = Proposal { term, price, verified, ..proposal(&self.providers[provider], self.piece) };
                let next = self.chain.ledger.nonce(self.client.address);
                let message = StorageMessage::ProposeDeals(vec![deal]);
                let mut body = self.chain.body(&party(1), Message::service(message));
                body.nonce = next;
                let tx = self.client.sign(body);
                self.deals.push(depin_services::storage::deal_id(tx.seed(), 0));
                let _ = self.chain.block(1000, &[tx]);
            }
            Step::Accept { provider, deal } => {
                let Some(&id) = self.deals.get(deal) else { return };
                self.storage(&party(10 + provider as u64), StorageMessage::AcceptDeals(vec![id]));
            }
            Step::Refuse { provider, deal } => {
                let Some(&id) = self.deals.get(deal) else { return };
                let message = StorageMessage::RefuseDeals { deals: vec![id], reason: "no".to_owned() };
                self.storage(&party(10 + provider as u64), message);
            }
            Step::Prove { deal } => {
                let Some(&id) = self.deals.get(deal) else { return };
                let Some(row) = self.chain.ledger.read(|s| depin_services::storage::read::deal(s, id)) else { return };
                if row.challenge.is_none() {
                    return;
                }
                let index = usize::from(row.provider != self.providers[0].party.address);
                let proof = self.providers[index].sector_proof(id, &row);
                self.storage(&party(10 + index as u64), StorageMessage::ProveSectors(vec![proof]));
            }
            Step::Faulty { deal } => self.on_deal(deal, StorageMessage::DeclareFaults, false),
            Step::Recovered { deal } => self.on_deal(deal, StorageMessage::DeclareRecovered, false),
            Step::Extend { deal, epochs } => self.on_deal(deal, |deals| StorageMessage::ExtendDeals { deals, epochs }, true),
            Step::AcceptExtension { deal } => self.on_deal(deal, StorageMessage::AcceptExtensions, false),
            Step::End { deal } => self.on_deal(deal, StorageMessage::EndDeals, true),
            Step::AgreeEnd { deal } => self.on_deal(deal, StorageMessage::AgreeEnds, false),
            Step::GiveUp { deal } => self.on_deal(deal, StorageMessage::TerminateDeals, false),
            Step::Settle { deal } => self.on_deal(deal, StorageMessage::SettleDeals, false),
            Step::Claim { provider } => self.try_send(&party(10 + provider as u64), Message::Act(Action::Claim { after: None })),
            Step::Withdraw { provider } => self
                .try_send(&party(10 + provider as u64), Message::Act(Action::WithdrawVested { token: name("FIL"), most: None })),
            Step::Grant { bytes } => {
                let (notary, to) = (party(900), self.client.address);
                debug_assert_eq!(notary.address, self.notary.address);
                self.try_send(
                    &notary,
                    Message::Act(Action::GrantAllowance { kind: name("datacap"), to, amount: Measured::new(bytes.into()) }),
                );
            }
            Step::Answer => self.answer(),
            Step::Pass { epochs } => self.chain.pass(epochs, |_| ()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_minted_or_lost_by_any_sequence_of_operations(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in steps {
            let shown = format!("{step:?}");
            world.run(step);
            let audit = world.chain.ledger.audit();
            prop_assert!(audit.ok, "after {shown}: {:?}", audit.violations);
        }
    }
}
