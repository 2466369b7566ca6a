//! Carries the databases' operations between nodes during a state sync.
//!
//! The engine's transport decodes an operation without being told its length bounds, and ours have bounds. So operations travel as
//! [`Wire`], whose bounds are fixed; [`Served`] wraps them where a node answers, [`Fetch`] unwraps them where it asks, verdicts on
//! wrong answers included.

use crate::{
    limits::MAX_RECEIPT,
    receipt::PLACE,
    store::{Family, ReceiptsDb, RowsDb, Runtime, row_cfg},
};
use commonware_codec::{Buf, EncodeSize, Error as CodecError, RangeCfg, Read, Write};
use commonware_cryptography::sha256;
use commonware_glue::stateful::db::{AttachableResolver, Shared, p2p::Mailbox};
use commonware_runtime::{BufMut, Spawner as _, Supervisor as _};
use commonware_storage::qmdb::{
    any::ordered::variable::Operation as RowOp,
    keyless::variable::Operation as ReceiptOp,
    sync::{Feedback, Request, Response, Source, source},
};
use commonware_utils::channel::{mpsc, oneshot};
use std::sync::Arc;

/// Where the two databases' operations come from.
pub(crate) type RowSource = Fetch<RowsDb, RowOp<Family, Vec<u8>, Vec<u8>>>;
pub(crate) type ReceiptSource = Fetch<ReceiptsDb, ReceiptOp<Family, Vec<u8>>>;

/// An operation with length bounds of its own.
pub(crate) trait Bounded: Read + Write + EncodeSize + Clone + Send + Sync + 'static {
    fn bounds() -> Self::Cfg;
}

impl Bounded for RowOp<Family, Vec<u8>, Vec<u8>> {
    fn bounds() -> Self::Cfg {
        row_cfg()
    }
}

impl Bounded for ReceiptOp<Family, Vec<u8>> {
    fn bounds() -> Self::Cfg {
        (RangeCfg::from(0..=MAX_RECEIPT + PLACE), ())
    }
}

/// An operation on the wire.
#[derive(Clone)]
pub(crate) struct Wire<Op>(Op);

impl<Op: Bounded> Write for Wire<Op> {
    fn write(&self, buf: &mut impl BufMut) {
        self.0.write(buf);
    }
}

impl<Op: Bounded> EncodeSize for Wire<Op> {
    fn encode_size(&self) -> usize {
        self.0.encode_size()
    }
}

impl<Op: Bounded> Read for Wire<Op> {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        Op::read_cfg(buf, &Op::bounds()).map(Self)
    }
}

type Answer<Op> = Response<Family, Op, sha256::Digest>;

fn convert<A, B>(answer: Answer<A>, each: fn(A) -> B) -> Answer<B> {
    match answer {
        Response::Operations { proof, operations } => {
            Response::Operations { proof, operations: operations.into_iter().map(each).collect() }
        }
        Response::Boundary { proof, op, pinned_nodes } => Response::Boundary { proof, op: each(op), pinned_nodes },
    }
}

/// A database that answers peers.
pub(crate) struct Served<DB>(Shared<DB>);

impl<DB, Op> Source for Served<DB>
where
    DB: Send + Sync + 'static,
    Op: Bounded,
    Shared<DB>: Source<Family = Family, Digest = sha256::Digest, Op = Op>,
{
    type Family = Family;
    type Digest = sha256::Digest;
    type Op = Wire<Op>;
    type Error = <Shared<DB> as Source>::Error;

    async fn serve(&self, request: Request<Family>) -> source::Result<Self> {
        let (answer, _) = self.0.serve(request).await?;
        Ok((convert(answer, Wire), None))
    }
}

/// Asks peers for operations of one database.
pub(crate) struct Fetch<DB, Op> {
    mailbox: Mailbox<Served<DB>, Family, Wire<Op>, sha256::Digest>,
    runtime: Arc<Runtime>,
}

impl<DB, Op> Fetch<DB, Op> {
    pub(crate) fn new(mailbox: Mailbox<Served<DB>, Family, Wire<Op>, sha256::Digest>, runtime: Runtime) -> Self {
        Self { mailbox, runtime: Arc::new(runtime) }
    }
}

impl<DB, Op> Clone for Fetch<DB, Op> {
    fn clone(&self) -> Self {
        Self { mailbox: self.mailbox.clone(), runtime: self.runtime.clone() }
    }
}

impl<DB, Op> Source for Fetch<DB, Op>
where
    DB: Send + Sync + 'static,
    Op: Bounded,
{
    type Family = Family;
    type Digest = sha256::Digest;
    type Op = Op;
    type Error = <Mailbox<Served<DB>, Family, Wire<Op>, sha256::Digest> as Source>::Error;

    async fn serve(&self, request: Request<Family>) -> source::Result<Self> {
        let (answer, feedback) = self.mailbox.serve(request).await?;
        let feedback = feedback.map(|feedback| {
            let (verdict, judged) = oneshot::channel();
            let (next, answers) = mpsc::channel(1);
            self.runtime.child("verdict").spawn(move |_| relay(feedback, judged, next));
            Feedback::new(verdict, answers)
        });
        Ok((convert(answer, |Wire(op)| op), feedback))
    }
}

/// Passes verdicts on answers to the transport, and the answers that follow a rejection back.
async fn relay<Op: Bounded>(
    mut feedback: Feedback<Answer<Wire<Op>>>,
    mut judged: oneshot::Receiver<bool>,
    next: mpsc::Sender<(Answer<Op>, oneshot::Sender<bool>)>,
) {
    // A dropped verdict cancels the request; dropping our side tells the transport so.
    while let Ok(valid) = judged.await {
        if valid {
            feedback.accept();
            return;
        }
        let Some((answer, later)) = feedback.reject().await else { return };
        let (verdict, receiver) = oneshot::channel();
        if next.send((convert(answer, |Wire(op)| op), verdict)).await.is_err() {
            return;
        }
        (feedback, judged) = (later, receiver);
    }
}

impl<DB, Op> AttachableResolver<DB> for Fetch<DB, Op>
where
    DB: Send + Sync + 'static,
    Op: Bounded,
{
    async fn attach_database(&self, database: Shared<DB>) {
        self.mailbox.attach_database(Shared::new("served", Served(database)));
    }
}
