//! Running a block: time passes, then each transaction, then fees.

use crate::{
    AccountRow, AdmitError, BlockEnv, Body, ChainRow, Event, FORMAT, Failure, GenesisDoc, GenesisError, Message, Outcome,
    Receipt, ReceiptBody, RunError, Signatures, SignedItem, Transaction, VoteError, block::JOB_WORK, chance::Sources,
    committee::Committee, receipt::EVENTS_MAX,
};
use depin_economy::{BlockContext, BlockFees, Chance, CommitteeRecord, Economy, Refusal, Session, Widened};
use depin_quantity::{Address, Instant, Span, UnitId, Units};
use depin_services::{Network, Window};
use depin_state::{Overlay, ReadState, State};
use std::sync::Arc;

/// Most that ledger time may advance in one block where no proof window asks for less: as under windows of half an hour.
const CAP: Span = Span::from_secs(450);

/// Bytes of rows a block that the limit of a block goes by: where the file says nothing of rows, and at least, so that a message always
/// fits.
const ROWS_TARGET: (u64, u64) = (65_536, 1_024);
/// So many times as much as the base fee aims at one block may add.
const ROWS_MOST: u64 = 16;

/// Everything about a chain that never changes.
pub(crate) struct Rules {
    pub doc: GenesisDoc,
    pub network: Network,
    pub cap: Span,
    pub committee: Committee,
    pub sources: Sources,
    signatures: Arc<dyn Signatures>,
}

impl Rules {
    pub fn new(doc: GenesisDoc, signatures: Arc<dyn Signatures>) -> Result<Self, GenesisError> {
        // A document that cannot fund its accounts is found here, not in the first block.
        let spec = doc.rehearse()?;
        let committee = Committee::new(&doc.validators, &spec);
        let network = Network::new(spec, doc.time)?;
        let cap = network.service().shortest_window().map_or(CAP, Window::step);
        let sources = Sources::new(&doc);
        Ok(Self { doc, network, cap, committee, sources, signatures })
    }

    pub const fn economy(&self) -> &Economy {
        self.network.economy()
    }

    /// Most work units of one block's transactions: twice what the base fee aims at.
    pub fn block_work(&self) -> u64 {
        self.economy().spec().fee().target_work.saturating_mul(2)
    }

    /// Most bytes of rows that one block's transactions add.
    pub fn block_rows(&self) -> u64 {
        let (usual, least) = ROWS_TARGET;
        self.economy().spec().fee().row.map_or(usual, |row| row.target.max(least)).saturating_mul(ROWS_MOST)
    }

    /// The network's main token: fees, rewards and deals are in it.
    pub fn token(&self) -> depin_quantity::Name {
        self.economy().spec().fee().token
    }

    fn genesis(&self, state: &mut dyn State, chance: Chance, events: &mut Vec<Event>) -> Result<(), GenesisError> {
        let (at, mut events) = (BlockContext::new(self.doc.time, chance), Widened(events));
        let mut session = self.economy().session(state, at, &mut events);
        self.doc.start(self.economy().spec(), &mut session)
    }

    /// When time has something to do next, given the state after a block at `now`: what the network has, or a round of randomness for what
    /// waits for one.
    pub fn next_due(&self, state: &dyn ReadState, now: Instant) -> Option<Instant> {
        let due = self.network.next_due(state, now);
        let round = Some(now).filter(|_| self.network.awaits_seed(state)).map(|now| self.sources.next_due(state, now));
        due.into_iter().chain(round).min()
    }

    pub fn run(
        &self,
        base: &dyn ReadState,
        env: &BlockEnv,
        encoded: &[impl AsRef<[u8]>],
        trusted: bool,
    ) -> Result<Outcome, RunError> {
        let batch = Batch::decode(encoded)?;
        if !trusted {
            env.parent.stamp.check(&env.stamp, self.doc.speed_max, self.cap)?;
            batch.check_signatures(&*self.signatures)?;
        }
        let mut block = Block::begin(self, base, env, batch.transactions.len())?;
        for (index, (transaction, signed)) in batch.iter().enumerate() {
            block.include(transaction, Transaction::id_of(signed)).map_err(|reason| match reason {
                Left::Full => RunError::TooMuchWork { max: self.block_work() },
                Left::Crowded => RunError::TooManyRows { max: self.block_rows() },
                Left::Refused(reason) => RunError::Transaction { index, reason: reason.to_string() },
            })?;
        }
        Ok(block.end())
    }

    pub fn choose(
        &self,
        base: &dyn ReadState,
        env: &BlockEnv,
        candidates: impl IntoIterator<Item = Arc<Transaction>>,
        bytes_max: usize,
    ) -> Result<(Vec<Arc<Transaction>>, Outcome), RunError> {
        let mut block = Block::begin(self, base, env, 0)?;
        let (mut chosen, mut bytes) = (Vec::new(), 0);
        for transaction in candidates {
            let size = borsh::object_length(&*transaction).expect("counting bytes does not fail");
            if bytes + size > bytes_max {
                break;
            }
            match block.include(&transaction, transaction.id()) {
                Ok(()) => {
                    bytes += size;
                    chosen.push(transaction);
                }
                Err(Left::Full | Left::Crowded) => break,
                Err(Left::Refused(_)) => {}
            }
        }
        Ok((chosen, block.end()))
    }
}

/// Decoded transactions with the bytes that their senders signed.
struct Batch {
    transactions: Vec<Transaction>,
    /// Signed bytes of all, one behind the other.
    signed: Vec<u8>,
    /// Where each one's signed bytes end.
    ends: Vec<usize>,
}

impl Batch {
    fn decode(encoded: &[impl AsRef<[u8]>]) -> Result<Self, RunError> {
        let n = encoded.len();
        let mut batch = Self { transactions: Vec::with_capacity(n), signed: Vec::new(), ends: Vec::with_capacity(n) };
        for (index, bytes) in encoded.iter().enumerate() {
            let bytes = bytes.as_ref();
            let transaction = Transaction::decode(bytes).map_err(|e| RunError::Transaction { index, reason: e.to_string() })?;
            Transaction::append_signed_bytes(bytes, &mut batch.signed);
            batch.ends.push(batch.signed.len());
            batch.transactions.push(transaction);
        }
        Ok(batch)
    }

    /// Transactions and their signed bytes.
    fn iter(&self) -> impl Iterator<Item = (&Transaction, &[u8])> {
        let mut start = 0;
        self.transactions.iter().zip(&self.ends).map(move |(transaction, end)| {
            let signed = &self.signed[start..*end];
            start = *end;
            (transaction, signed)
        })
    }

    fn check_signatures(&self, signatures: &dyn Signatures) -> Result<(), RunError> {
        let inner: Vec<_> = self.transactions.iter().flat_map(Transaction::inner_signatures).collect();
        let outer = self.iter().map(|(t, message)| SignedItem { key: &t.body.key, message, signature: &t.signature });
        let items: Vec<_> = outer.chain(inner.iter().map(SignedItem::of)).collect();
        if signatures.verify_all(&items) { Ok(()) } else { Err(RunError::Signature) }
    }
}

/// Why a transaction was left out of a block.
enum Left {
    /// The block holds as much work as it may.
    Full,
    /// The block adds as many bytes of rows as it may.
    Crowded,
    Refused(AdmitError),
}

/// Rows that most transactions write: the sender's nonce and wallet, and the payee's.
const ROWS: usize = 3;
/// Events of most transactions: the fee and what it paid.
const EVENTS: usize = 2;

/// A block in progress.
struct Block<'a> {
    rules: &'a Rules,
    env: &'a BlockEnv,
    state: Overlay<'a>,
    chance: Chance,
    base_fee: Units,
    row_base_fee: Units,
    fees: BlockFees,
    /// Bytes of rows that its transactions added.
    rows: u64,
    receipts: Vec<Receipt>,
    /// Events of the receipt in progress.
    events: Vec<Event>,
}

impl<'a> Block<'a> {
    /// A block that will hold about this many transactions.
    fn begin(rules: &'a Rules, base: &'a dyn ReadState, env: &'a BlockEnv, transactions: usize) -> Result<Self, RunError> {
        let mut state = Overlay::with_room(base, transactions * ROWS);
        let chance = rules.sources.begin(&mut state, env)?;
        let spec = rules.economy().spec();
        let (base_fee, row_base_fee) = (depin_economy::base_fee(spec, base), depin_economy::row_base_fee(spec, base));
        let (receipts, events) = (Vec::with_capacity(transactions), Vec::new());
        let fees = BlockFees::NONE;
        let mut block = Self { rules, env, state, chance, base_fee, row_base_fee, fees, rows: 0, receipts, events };
        block.put_chain_row();
        if env.parent.height == 0 {
            let started = rules.genesis(&mut block.state, block.chance, &mut block.events);
            started.expect("the same document was tried when the rules were made");
        }
        block.count_votes()?;
        block.pass_time();
        block.state.settle();
        block.receipt(ReceiptBody::Begin);
        Ok(block)
    }

    /// Counts votes about ancestors, before time passes: a validator that is jailed now is no validator when a pool closes now.
    fn count_votes(&mut self) -> Result<(), VoteError> {
        let (env, at) = (self.env, self.context());
        let state = &mut self.state as &mut dyn State;
        self.rules.committee.date(state, env.stamp.time, env.view);
        let records = self.rules.committee.count(state, env)?;
        // Refused where the parameters in force have no such staking: nobody listens.
        let _ = self.rules.network.committee(&mut self.state, at, records, &mut self.events);
        Ok(())
    }

    fn put_chain_row(&mut self) {
        let row = ChainRow {
            format: FORMAT,
            height: self.env.height(),
            time: self.now(),
            wall: self.env.stamp.wall,
            parent: self.env.parent.digest,
        };
        (&mut self.state as &mut dyn State).put(&(), &row);
    }

    fn now(&self) -> Instant {
        self.env.stamp.time
    }

    fn context(&self) -> BlockContext {
        BlockContext::new(self.now(), self.chance).at_speed(self.env.stamp.speed)
    }

    /// Ends the receipt in progress; what is too much for one goes into others behind it.
    fn receipt(&mut self, body: ReceiptBody) {
        let events = std::mem::replace(&mut self.events, Vec::with_capacity(EVENTS));
        if events.len() <= EVENTS_MAX {
            return self.push_receipt(body, events);
        }
        let (of, mut body) = (self.next_index(), body);
        let mut events = events.into_iter();
        while events.len() > 0 {
            let part = events.by_ref().take(EVENTS_MAX).collect();
            self.push_receipt(body, part);
            body = ReceiptBody::Continued { of };
        }
    }

    fn push_receipt(&mut self, body: ReceiptBody, events: Vec<Event>) {
        let index = self.next_index();
        self.receipts.push(Receipt { height: self.env.height(), time: self.now(), index, body, events });
    }

    fn next_index(&self) -> u32 {
        u32::try_from(self.receipts.len()).expect("a block holds far fewer receipts")
    }

    /// Closes what ended and does what is due, as far as the block's work for jobs goes.
    fn pass_time(&mut self) {
        let at = self.context();
        self.rules.network.pass_time(&mut self.state, at, JOB_WORK, &mut self.events);
    }

    /// Runs `f` on a session of the economy over this block's state.
    fn with_session<T>(&mut self, f: impl FnOnce(&mut Session<'_>) -> T) -> T {
        let at = self.context();
        let mut events = Widened(&mut self.events);
        f(&mut self.rules.economy().session(&mut self.state, at, &mut events))
    }

    fn include(&mut self, transaction: &Transaction, id: UnitId) -> Result<(), Left> {
        let body = &transaction.body;
        let work = body.work();
        if self.fees.work().saturating_add(work) > self.rules.block_work() {
            return Err(Left::Full);
        }
        let sender = body.sender();
        let base_fee = self.base_fee;
        self.rules.fits(body, work, base_fee).map_err(Left::Refused)?;
        crate::admit::check_nonce(&self.state, sender, body.nonce).map_err(Left::Refused)?;
        let (before, fees, entering) = (self.state.mark(), self.fees, self.state.growth());
        let fee = self.enter(body, work).map_err(Left::Refused)?;
        let (own, entered) = (self.added_since(entering), self.state.growth());
        let (mark, said) = (self.state.mark(), self.events.len());
        let done = self.execute(sender, &body.message, id);
        let ((rows, bytes), failure) = match done.and_then(|()| self.pay_rows(body, own, entered, said)) {
            Ok(paid) => (paid, None),
            Err(failure) => ((Units::ZERO, 0), Some(failure)),
        };
        if failure.is_some() {
            self.state.rollback(mark);
            self.events.truncate(said);
        }
        let added = self.rows.saturating_add(own).saturating_add(bytes);
        if added > self.rules.block_rows() {
            self.state.rollback(before);
            self.events.clear();
            self.fees = fees;
            return Err(Left::Crowded);
        }
        self.rows = added;
        let fee = fee.plus(rows).expect("both were in one token's supply");
        self.state.settle();
        let action = body.message.name().to_owned();
        self.receipt(ReceiptBody::Transaction { id, sender, nonce: body.nonce, action, fee, failure });
        Ok(())
    }

    /// Takes the fee and counts the nonce, whatever becomes of the message; a refusal changes nothing.
    fn enter(&mut self, body: &Body, work: u64) -> Result<Units, AdmitError> {
        let (sender, growth, fees) = (body.sender(), self.state.growth(), self.fees);
        let (mark, said) = (self.state.mark(), self.events.len());
        (&mut self.state as &mut dyn State).put(&sender, &AccountRow { nonce: body.nonce + 1 });
        let bytes = self.added_since(growth) + body.history();
        let fee = self.take_fee(sender, work, body.tip).map_err(AdmitError::Fee);
        let fee = fee.and_then(|fee| {
            self.rows_within(body, bytes)?;
            let rows = self.take_row_fee(sender, bytes).map_err(AdmitError::Fee)?;
            fee.plus(rows).map_err(|e| AdmitError::Fee(e.into()))
        });
        if fee.is_err() {
            self.state.rollback(mark);
            self.events.truncate(said);
            self.fees = fees;
        }
        fee
    }

    /// Refuses rows whose base fee is above what the sender pays.
    fn rows_within(&self, body: &Body, bytes: u64) -> Result<(), AdmitError> {
        let priced = bytes > 0 && self.rules.economy().spec().fee().row.is_some();
        if priced { crate::admit::within(body, self.row_base_fee) } else { Ok(()) }
    }

    /// Takes what the rows of a message cost, and what it told since `said` as far as it is long, which no block may have to add alone
    /// with those of its sender; says how many bytes.
    fn pay_rows(&mut self, body: &Body, own: u64, entered: i64, said: usize) -> Result<(Units, u64), Failure> {
        let (bytes, most) = (self.added_since(entered) + self.told_since(said), self.rules.block_rows());
        if own.saturating_add(bytes) > most {
            let message = format!("it adds {bytes} bytes to the ledger, one block may add {most}; split it");
            return Err(Failure { code: "too-many-rows".to_owned(), message });
        }
        self.rows_within(body, bytes).map_err(|above| dear(bytes, &format!("which cost too much now: {above}")))?;
        let paid = self.take_row_fee(body.sender(), bytes).map_err(|refusal| {
            let why = Failure::refused(&refusal, self.rules.economy().spec()).message;
            dear(bytes, &format!("whose fee cannot be paid: {why}"))
        })?;
        Ok((paid, bytes))
    }

    /// Takes what so many bytes of rows cost.
    fn take_row_fee(&mut self, sender: Address, bytes: u64) -> Result<Units, Refusal> {
        let mut fees = self.fees;
        let charged = self.with_session(|session| session.charge_rows(sender, bytes, &mut fees))?;
        self.fees = fees;
        Ok(charged)
    }

    fn added_since(&self, growth: i64) -> u64 {
        u64::try_from(self.state.growth() - growth).unwrap_or(0)
    }

    /// As how many bytes of rows the events since `said` count.
    fn told_since(&self, said: usize) -> u64 {
        let told = self.events.iter().skip(said).map(|event| borsh::object_length(event).expect("lengths fit") as u64);
        Body::history_of(told.sum())
    }

    fn take_fee(&mut self, sender: Address, work: u64, tip: Units) -> Result<Units, Refusal> {
        let mut fees = self.fees;
        let charged = self.with_session(|session| session.charge_fee(sender, work, tip, &mut fees))?;
        self.fees = fees;
        Ok(charged.burnt.plus(charged.tip)?)
    }

    fn execute(&mut self, sender: Address, message: &Message, id: UnitId) -> Result<(), Failure> {
        let (at, unique) = (self.context(), Transaction::seed_of(id));
        if let Message::SignedTwice { first, second } = message {
            let evidence = self.evidence(first, second)?;
            let told = self.rules.network.committee(&mut self.state, at, evidence, &mut self.events);
            return told.map_err(|refusal| Failure::refused(&refusal, self.rules.economy().spec()));
        }
        if let Message::ReportRandomness { round, value } = message {
            return self.rules.sources.report(&mut self.state, at.now, sender, (*round, *value));
        }
        self.rules.network.act(&mut self.state, at, (sender, unique), message, &mut self.events)
    }

    /// What two votes say to the stakings of the network.
    fn evidence(&self, first: &[u8], second: &[u8]) -> Result<Vec<CommitteeRecord>, Failure> {
        let doc = &self.rules.doc;
        let vote = self.rules.signatures.double_vote(doc.chain_id.as_str(), &doc.validators, first, second);
        let vote = vote.map_err(|message| Failure { code: "no-double-vote".to_owned(), message })?;
        self.rules.committee.signed_twice(&self.state, self.now(), self.env.view, vote)
    }

    fn end(mut self) -> Outcome {
        let (fees, proposer) = (self.fees, Address::of_public_key(&self.env.proposer));
        let finished = self.with_session(|session| session.finish_fees(fees, proposer));
        finished.expect("fees that were taken can be burnt and paid");
        if !self.events.is_empty() {
            self.receipt(ReceiptBody::End);
        }
        Outcome { writes: Arc::new(self.state.into_writes()), receipts: self.receipts, work: fees.work() }
    }
}

/// A message is undone whose rows its sender cannot pay, or not at this price.
fn dear(bytes: u64, why: &str) -> Failure {
    Failure { code: "row-fee".to_owned(), message: format!("it adds {bytes} bytes to the ledger, {why}") }
}
