//! Final votes that blocks carry about their ancestors.
//!
//! Every node hears of a final block through another set of votes, so what a node heard can be no input of a ledger. A proposer
//! therefore puts into its block what it heard: the certificate of an ancestor, and votes that came too late for an earlier
//! certificate. In: activity of consensus, and what the machine still waits for. Out: [`Votes`] for a block, and checks of the
//! votes of others: each must be signed by a member of the committee, under the name of this chain, for the digest that it is said
//! to be for. That the digest is an ancestor's, and how long a vote counts, is the machine's to judge: it knows the chain of digests.

use crate::{
    block::public_bytes,
    intact::Voted,
    limits::MAX_COMMITTEE,
    machine::{Attested, Awaited, Digest},
    network::vote_namespace,
};
use commonware_actor::Feedback;
use commonware_codec::{Buf, EncodeSize, Error as CodecError, MaxEncodeSize as _, RangeCfg, Read, Write};
use commonware_consensus::{
    Reporter,
    simplex::{
        scheme::ed25519::Scheme,
        types::{Activity, Attributable as _, Finalization, Finalize, Proposal},
    },
    types::{Height, View},
};
use commonware_cryptography::{certificate::Scheme as _, ed25519, sha256};
use commonware_parallel::Sequential;
use commonware_runtime::BufMut;
use commonware_utils::{
    Participant,
    ordered::{Quorum as _, Set},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A quorum's votes for one block.
type Certificate = Finalization<Scheme, sha256::Digest>;
/// One validator's vote for one block.
type Vote = Finalize<Scheme, sha256::Digest>;

/// Views whose votes are kept. Above the longest that a machine may wait for votes, in views: the rest are views without a block.
const VIEWS: usize = 256;

/// Why the votes in a block are no votes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum VoteFault {
    #[error("the certificate for height {0} is not this committee's, of this chain")]
    Certificate(u64),
    #[error("a late vote for height {0} is not signed by a member of this committee, of this chain")]
    Late(u64),
    #[error("late votes stand by height and signer, each once; those for height {0} do not")]
    Order(u64),
}

/// Votes in a block: at most one certificate, and late votes by rising height and signer. Heights are what the proposer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Votes {
    certificate: Option<(Height, Certificate)>,
    late: Vec<(Height, Vote)>,
}

impl Votes {
    /// Bytes at most.
    pub(crate) fn max_encode_size() -> usize {
        let participants = u32::try_from(MAX_COMMITTEE).expect("a committee is small");
        let certificate = Height::MAX_ENCODE_SIZE + Certificate::max_encode_size(participants);
        1 + certificate + 5 + MAX_COMMITTEE * (Height::MAX_ENCODE_SIZE + Vote::MAX_ENCODE_SIZE)
    }
}

impl Write for Votes {
    fn write(&self, buf: &mut impl BufMut) {
        self.certificate.write(buf);
        self.late.write(buf);
    }
}

impl EncodeSize for Votes {
    fn encode_size(&self) -> usize {
        self.certificate.encode_size() + self.late.encode_size()
    }
}

impl Read for Votes {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        let certificate = Option::<(Height, Certificate)>::read_cfg(buf, &((), MAX_COMMITTEE))?;
        let late = Vec::<(Height, Vote)>::read_cfg(buf, &(RangeCfg::from(..=MAX_COMMITTEE), ((), ())))?;
        Ok(Self { certificate, late })
    }
}

/// What was heard about one block.
#[derive(Default)]
struct Observed {
    certificate: Option<Certificate>,
    /// Not checked yet: consensus reports votes before it looks at their signatures.
    votes: BTreeMap<Participant, Vote>,
}

/// Who may vote, and what was heard of them lately.
pub(crate) struct Voters {
    scheme: Scheme,
    observed: Mutex<BTreeMap<View, BTreeMap<sha256::Digest, Observed>>>,
}

impl Voters {
    /// The committee of a chain, with nothing heard yet.
    pub(crate) fn new(chain_id: &str, committee: Set<ed25519::PublicKey>) -> Arc<Self> {
        let scheme = Scheme::verifier(&vote_namespace(chain_id), committee);
        Arc::new(Self { scheme, observed: Mutex::default() })
    }

    /// Notes a vote or a certificate.
    fn observe(&self, activity: &Activity<Scheme, sha256::Digest>) {
        match activity {
            Activity::Finalize(vote) => {
                self.note(&vote.proposal, |observed| {
                    observed.votes.entry(vote.signer()).or_insert_with(|| vote.clone());
                });
            }
            Activity::Finalization(certificate) => {
                self.note(&certificate.proposal, |observed| {
                    observed.certificate.get_or_insert_with(|| certificate.clone());
                });
            }
            _ => {}
        }
    }

    fn note(&self, proposal: &Proposal<sha256::Digest>, note: impl FnOnce(&mut Observed)) {
        let mut observed = self.observed();
        note(observed.entry(proposal.round.view()).or_default().entry(proposal.payload).or_default());
        while observed.len() > VIEWS {
            observed.pop_first();
        }
    }

    /// What was heard of what the machine waits for: the certificate of the lowest height that has none yet, and votes that are in
    /// no certificate of a height that has one.
    pub(crate) fn choose(&self, awaited: &[Awaited]) -> Votes {
        let observed = self.observed();
        let find = |digest: Digest| observed.values().find_map(|views| views.get(&sha256::Digest(digest)));
        let mut votes = Votes::default();
        for ancestor in awaited {
            let Some(known) = find(ancestor.digest) else { continue };
            let mut counted: BTreeSet<[u8; 32]> = ancestor.signed.iter().copied().collect();
            if !ancestor.certified {
                let Some(certificate) = known.certificate.as_ref().filter(|_| votes.certificate.is_none()) else { continue };
                counted.extend(certificate.certificate.signers.iter().filter_map(|signer| self.key(signer)));
                votes.certificate = Some((Height::new(ancestor.height), certificate.clone()));
            }
            for (signer, vote) in &known.votes {
                let new = self.key(*signer).is_some_and(|key| !counted.contains(&key));
                if new && votes.late.len() < MAX_COMMITTEE && self.signed(vote) {
                    votes.late.push((Height::new(ancestor.height), vote.clone()));
                }
            }
        }
        votes
    }

    /// Checks order and signatures.
    pub(crate) fn check(&self, votes: &Votes) -> Result<(), VoteFault> {
        if let Some((height, certificate)) = &votes.certificate
            && !certificate.verify(&mut rand::rng(), &self.scheme, &Sequential)
        {
            return Err(VoteFault::Certificate(height.get()));
        }
        for pair in votes.late.windows(2) {
            let place = |(height, vote): &(Height, Vote)| (*height, vote.signer());
            if place(&pair[0]) >= place(&pair[1]) {
                return Err(VoteFault::Order(pair[1].0.get()));
            }
        }
        match votes.late.iter().find(|(_, vote)| !self.signed(vote)) {
            Some((height, _)) => Err(VoteFault::Late(height.get())),
            None => Ok(()),
        }
    }

    /// Votes that passed [`Voters::check`], by the keys of those who cast them.
    pub(crate) fn attested(&self, votes: &Votes) -> Vec<Attested> {
        let mut attested = Vec::new();
        if let Some((height, certificate)) = &votes.certificate {
            attested.push(Attested {
                height: height.get(),
                digest: certificate.proposal.payload.0,
                certified: true,
                signers: certificate.certificate.signers.iter().filter_map(|signer| self.key(signer)).collect(),
            });
        }
        for (height, vote) in &votes.late {
            let (height, digest) = (height.get(), vote.proposal.payload.0);
            let signer = self.key(vote.signer());
            match attested.last_mut().filter(|last| !last.certified && (last.height, last.digest) == (height, digest)) {
                Some(last) => last.signers.extend(signer),
                None => attested.push(Attested { height, digest, certified: false, signers: signer.into_iter().collect() }),
            }
        }
        attested
    }

    fn signed(&self, vote: &Vote) -> bool {
        vote.verify(&mut rand::rng(), &self.scheme, &Sequential)
    }

    fn key(&self, signer: Participant) -> Option<[u8; 32]> {
        self.scheme.participants().key(signer).map(public_bytes)
    }

    fn observed(&self) -> MutexGuard<'_, BTreeMap<View, BTreeMap<sha256::Digest, Observed>>> {
        // Insertions and removals only; whole at every point.
        self.observed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens to consensus on the way to whoever else does.
#[derive(Clone)]
pub(crate) struct Listening<R> {
    pub(crate) voters: Arc<Voters>,
    /// Who this validator is, and where its votes are noted; none for who only follows.
    pub(crate) own: Option<(Participant, Arc<Voted>)>,
    pub(crate) inner: R,
}

impl<R> Listening<R> {
    /// Notes a vote of this validator.
    fn note_own(&self, activity: &Activity<Scheme, sha256::Digest>) {
        let Some((me, voted)) = &self.own else { return };
        let (signer, view) = match activity {
            Activity::Notarize(vote) => (vote.signer(), vote.proposal.round.view()),
            Activity::Nullify(vote) => (vote.signer(), vote.round.view()),
            Activity::Finalize(vote) => (vote.signer(), vote.proposal.round.view()),
            _ => return,
        };
        if signer == *me {
            voted.note(view.get());
        }
    }
}

impl<R: Reporter<Activity = Activity<Scheme, sha256::Digest>>> Reporter for Listening<R> {
    type Activity = R::Activity;

    fn report(&mut self, activity: Self::Activity) -> Feedback {
        self.note_own(&activity);
        self.voters.observe(&activity);
        self.inner.report(activity)
    }
}
