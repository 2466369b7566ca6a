//! Running a block: time passes, then each transaction, then fees.

use crate::{
    AccountRow, AdmitError, BlockEnv, ChainRow, Event, Executed, FORMAT, Failure, GenesisDoc, GenesisError, Message, Outcome,
    Receipt, ReceiptBody, RunError, Signatures, SignedItem, Transaction,
    block::JOB_WORK,
    content::{CONTENT_KEY, Content},
    receipt::EVENTS_MAX,
};
use depin_economy::{BlockFees, Economy, Refusal, Session};
use depin_quantity::{Address, Instant, Seed, Span, Units};
use depin_services::storage::{StorageError, StorageParams, Turn};
use depin_state::{Overlay, ReadState, State};
use std::sync::Arc;

/// Everything about a chain that never changes.
pub(crate) struct Rules {
    pub doc: GenesisDoc,
    pub economy: Economy,
    pub storage: StorageParams,
    pub cap: Span,
    signatures: Arc<dyn Signatures>,
}

impl Rules {
    pub fn new(doc: GenesisDoc, signatures: Arc<dyn Signatures>) -> Result<Self, GenesisError> {
        let spec = doc.check()?;
        let storage = StorageParams::read(&spec, doc.time).map_err(|e| GenesisError::Spec(e.to_string()))?;
        let cap = Span::from_millis(storage.epochs(storage.window).get() / 4);
        let rules = Self { doc, economy: Economy::new(spec), storage, cap, signatures };
        // A document that cannot fund its accounts is found here, not in the first block.
        let empty = depin_state::Tables::default();
        let mut overlay = Overlay::new(&empty);
        rules.genesis(&mut overlay, &mut Vec::new())?;
        Ok(rules)
    }

    /// Most work units of one block's transactions: twice what the base fee aims at.
    pub fn block_work(&self) -> u64 {
        self.economy.spec().fee().target_work.saturating_mul(2)
    }

    /// The network's main token: fees, rewards and deals are in it.
    pub fn token(&self) -> depin_quantity::Name {
        self.economy.spec().fee().token
    }

    fn genesis(&self, state: &mut dyn State, events: &mut Vec<depin_economy::Event>) -> Result<(), GenesisError> {
        let mut session = self.economy.session(state, self.doc.time, events);
        session.genesis(&self.doc.to_economy(self.token()))?;
        Ok(())
    }

    pub fn run(
        &self,
        base: &dyn ReadState,
        env: &BlockEnv,
        encoded: &[impl AsRef<[u8]>],
        trusted: bool,
    ) -> Result<Executed, RunError> {
        let decode = |(index, bytes): (usize, &_)| {
            let bytes: &[u8] = AsRef::as_ref(bytes);
            Transaction::decode(bytes).map_err(|e| RunError::Transaction { index, why: e.to_string() })
        };
        let transactions = encoded.iter().enumerate().map(decode).collect::<Result<Vec<_>, _>>()?;
        if !trusted {
            env.parent.stamp.check(&env.stamp, self.doc.speed_max, self.cap)?;
            self.check_signatures(&transactions)?;
        }
        let mut block = Block::begin(self, base, env);
        for (index, transaction) in transactions.iter().enumerate() {
            block.include(transaction).map_err(|why| match why {
                Left::Full => RunError::TooMuchWork { max: self.block_work() },
                Left::Refused(why) => RunError::Transaction { index, why: why.to_string() },
            })?;
        }
        Ok(block.end())
    }

    pub fn check_signatures(&self, transactions: &[Transaction]) -> Result<(), RunError> {
        let messages: Vec<Vec<u8>> = transactions.iter().map(|t| t.body.signed_bytes()).collect();
        let pairs = transactions.iter().zip(&messages);
        let items: Vec<_> = pairs.map(|(t, message)| SignedItem { key: &t.body.key, message, signature: &t.signature }).collect();
        if self.signatures.verify_all(&items) { Ok(()) } else { Err(RunError::Signature) }
    }

    pub fn choose(
        &self,
        base: &dyn ReadState,
        env: &BlockEnv,
        candidates: impl IntoIterator<Item = Arc<Transaction>>,
        bytes_max: usize,
    ) -> (Vec<Arc<Transaction>>, Executed) {
        let mut block = Block::begin(self, base, env);
        let (mut chosen, mut bytes) = (Vec::new(), 0);
        for transaction in candidates {
            let size = transaction.encode().len();
            if bytes + size > bytes_max {
                break;
            }
            match block.include(&transaction) {
                Ok(()) => {
                    bytes += size;
                    chosen.push(transaction);
                }
                Err(Left::Full) => break,
                Err(Left::Refused(_)) => {}
            }
        }
        (chosen, block.end())
    }
}

/// Why a transaction was left out of a block.
enum Left {
    Full,
    Refused(AdmitError),
}

/// A block in progress.
struct Block<'a> {
    rules: &'a Rules,
    env: &'a BlockEnv,
    state: Overlay<'a>,
    seed: Seed,
    base_fee: Units,
    fees: BlockFees,
    receipts: Vec<Receipt>,
}

impl<'a> Block<'a> {
    fn begin(rules: &'a Rules, base: &'a dyn ReadState, env: &'a BlockEnv) -> Self {
        let state = Overlay::new(base);
        let seed = next_seed(base, env);
        let base_fee = depin_economy::base_fee(rules.economy.spec(), base);
        let mut block = Self { rules, env, state, seed, base_fee, fees: BlockFees::NONE, receipts: Vec::new() };
        block.put_chain_row();
        let mut events = Vec::new();
        if env.parent.height == 0 {
            let mut funded = Vec::new();
            rules.genesis(&mut block.state, &mut funded).expect("the same document was tried when the rules were made");
            events.extend(funded.into_iter().map(Event::Economy));
        }
        block.pass_time(&mut events);
        block.state.settle();
        block.receipt(ReceiptBody::Begin, events);
        block
    }

    fn put_chain_row(&mut self) {
        let row = ChainRow {
            format: FORMAT,
            height: self.env.height(),
            time: self.now(),
            wall: self.env.stamp.wall,
            parent: self.env.parent.digest,
            seed: self.seed,
        };
        (&mut self.state as &mut dyn State).put(&(), &row);
    }

    fn now(&self) -> Instant {
        self.env.stamp.time
    }

    fn receipt(&mut self, body: ReceiptBody, mut events: Vec<Event>) {
        let of = u32::try_from(self.receipts.len()).expect("a block holds far fewer receipts");
        let mut more = if events.len() > EVENTS_MAX { events.split_off(EVENTS_MAX) } else { Vec::new() };
        self.push_receipt(of, body, events);
        while !more.is_empty() {
            let rest = more.split_off(more.len().min(EVENTS_MAX));
            let index = u32::try_from(self.receipts.len()).expect("a block holds far fewer receipts");
            self.push_receipt(index, ReceiptBody::Continued { of }, more);
            more = rest;
        }
    }

    fn push_receipt(&mut self, index: u32, body: ReceiptBody, events: Vec<Event>) {
        self.receipts.push(Receipt { height: self.env.height(), time: self.now(), index, body, events });
    }

    /// Closes what ended and does what is due, as far as the block's work for jobs goes.
    fn pass_time(&mut self, events: &mut Vec<Event>) {
        let (now, seed) = (self.now(), self.seed);
        self.with_turn(events, |session, turn_events, rules| {
            let closed = session.close(JOB_WORK).expect("nobody but the rules wrote this state");
            let notices = depin_economy::Meter::notices(session);
            let mut turn = Turn::new(&rules.storage, session, now, seed, turn_events);
            turn.follow(&notices);
            turn.run_due(u64::from(JOB_WORK.saturating_sub(closed.used)));
        });
    }

    /// Runs `f` on a session over this block's state and gathers what economy and service have to say.
    fn with_turn<T>(
        &mut self,
        events: &mut Vec<Event>,
        f: impl FnOnce(&mut Session<'_>, &mut Vec<depin_services::storage::StorageEvent>, &Rules) -> T,
    ) -> T {
        let (mut economy_events, mut storage_events) = (Vec::new(), Vec::new());
        let now = self.now();
        let mut session = self.rules.economy.session(&mut self.state, now, &mut economy_events);
        let result = f(&mut session, &mut storage_events, self.rules);
        drop(session);
        events.extend(economy_events.into_iter().map(Event::Economy));
        events.extend(storage_events.into_iter().map(Event::Storage));
        result
    }

    fn include(&mut self, transaction: &Transaction) -> Result<(), Left> {
        let body = &transaction.body;
        let work = body.work();
        if self.fees.work().saturating_add(work) > self.rules.block_work() {
            return Err(Left::Full);
        }
        let sender = body.sender();
        let base_fee = self.base_fee;
        self.rules.fits(body, work, base_fee).map_err(Left::Refused)?;
        crate::admit::check_nonce(&self.state, sender, body.nonce).map_err(Left::Refused)?;
        let mut events = Vec::with_capacity(2);
        let fee = self.take_fee(sender, work, body.tip, &mut events).map_err(|e| Left::Refused(AdmitError::Fee(e)))?;
        (&mut self.state as &mut dyn State).put(&sender, &AccountRow { nonce: body.nonce + 1 });
        let mark = self.state.mark();
        let mut effects = Vec::new();
        let failure = self.execute(sender, transaction, &mut effects).err();
        if failure.is_some() {
            self.state.rollback(mark);
        } else {
            events.append(&mut effects);
        }
        self.state.settle();
        let action = body.message.name().to_owned();
        let body = ReceiptBody::Transaction { id: transaction.id(), sender, nonce: body.nonce, action, fee, failure };
        self.receipt(body, events);
        Ok(())
    }

    fn take_fee(&mut self, sender: Address, work: u64, tip: Units, events: &mut Vec<Event>) -> Result<Units, Refusal> {
        let mut fees = self.fees;
        let charged = self.with_turn(events, |session, _, _| session.charge_fee(sender, work, tip, &mut fees))?;
        self.fees = fees;
        Ok(charged.burnt.plus(charged.tip)?)
    }

    fn execute(&mut self, sender: Address, transaction: &Transaction, events: &mut Vec<Event>) -> Result<(), Failure> {
        let (now, seed) = (self.now(), self.seed);
        self.with_turn(events, |session, turn_events, rules| match &transaction.body.message {
            Message::Transfer { to, token, amount } => session.transfer(sender, *to, *token, *amount).map(drop).map_err(economy),
            Message::Claim => session.claim(sender, None).map(drop).map_err(economy),
            Message::Withdraw { amount } => session.withdraw_vested(sender, rules.token(), *amount).map(drop).map_err(economy),
            Message::ReportPrice { pair, price } => session.report_price(sender, *pair, *price).map(drop).map_err(economy),
            Message::GrantDataCap { to, bytes } => {
                let bytes = depin_quantity::Measured::new((*bytes).into());
                session.grant_allowance(sender, depin_quantity::Name::literal("datacap"), *to, bytes).map(drop).map_err(economy)
            }
            Message::Storage(message) => {
                let mut turn = Turn::new(&rules.storage, session, now, seed, turn_events);
                turn.handle(sender, message, transaction.seed()).map_err(storage)?;
                let notices = turn.notices();
                turn.follow(&notices);
                Ok(())
            }
        })
    }

    fn end(mut self) -> Executed {
        let (fees, proposer) = (self.fees, Address::of_public_key(&self.env.proposer));
        let mut events = Vec::new();
        let finished = self.with_turn(&mut events, |session, _, _| session.finish_fees(fees, proposer));
        finished.expect("fees that were taken can be burnt and paid");
        if !events.is_empty() {
            self.receipt(ReceiptBody::End, events);
        }
        Executed { writes: self.state.into_writes(), receipts: self.receipts, work: fees.work() }
    }
}

impl Executed {
    /// Lets the digest of all rows follow the changes made on `base`.
    pub(crate) fn seal(mut self, base: &dyn ReadState) -> Outcome {
        let mut content = Content::of(base);
        content.change(&self.writes);
        self.writes.push_last(&CONTENT_KEY, &content.to_bytes());
        Outcome { writes: Arc::new(self.writes), receipts: self.receipts, content: content.digest(), work: self.work }
    }
}

/// The block's randomness: a hash chain over the digests of all its ancestors.
fn next_seed(base: &dyn ReadState, env: &BlockEnv) -> Seed {
    let before = base.get::<ChainRow>(&()).map_or(Seed::default(), |row| row.seed);
    Seed::derive("depin-block-seed", &[&before.get(), &env.parent.digest])
}

fn economy(refusal: Refusal) -> Failure {
    Failure { code: "economy".to_owned(), message: refusal.to_string() }
}

fn storage(error: StorageError) -> Failure {
    Failure { code: error.code().to_owned(), message: error.to_string() }
}
