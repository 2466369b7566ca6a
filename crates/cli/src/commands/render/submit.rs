//! `depin render submit`.

use super::{
    act,
    named::{Named, money, of_desk, short},
    plan::{self, Plan},
    watch,
};
use crate::{
    args::{SpanArg, SubmitArgs, Switch},
    error::{CliError, Result},
    output::Progress,
};
use depin_client::{
    SigningKey,
    render::{Desk, DraftView, KnownFrame, NewDraft, RenderCallError, SCENE_PART, scene_key},
};
use depin_quantity::{ContentHash, Span, UnitId};
use depin_services::rendering::{NewJob, RenderingMessage};
use serde::Serialize;
use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    time::Duration,
};

/// How often a part is sent again that did not get through.
const TRIES: u32 = 8;

#[derive(Serialize)]
struct Ordered<'p> {
    job: UnitId,
    plan: &'p Plan,
    receipt: depin_client::api::FinalReceipt,
}

pub(super) async fn run(args: &SubmitArgs, at: &Named<'_>) -> Result<()> {
    let desk = at.desk(&args.desk)?;
    let sender = at.remote.sender(args.signer.from.as_deref().unwrap_or("customer"))?;
    let plan = plan::plan(&args.scene, at).await?;
    if plan.nodes == 0 {
        return Err(
            CliError::refused("no-node", "no node could take this job now").hint("`depin render nodes` lists what they offer")
        );
    }
    let funds = match &args.max {
        Some(typed) => act::millionths(typed, plan.priced_in)?,
        None => plan.funds,
    };
    if funds < plan.funds {
        at.out.warn(format_args!(
            "{} are held, and the estimate says {}: it pauses when they are used up, and goes on after `depin render topup`",
            money(funds, plan.priced_in),
            money(plan.funds, plan.priced_in)
        ));
    }
    let name = args.scene.scene.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut progress = Progress::start(at.out);
    let drafted = upload(&desk, &plan, sender.key(), name, &mut progress).await?;
    progress.done();
    let terms = terms(args, at, &plan, &drafted, funds).await?;
    let message = RenderingMessage::OpenJob(Box::new(terms));
    let receipt = act::send(at, &sender, message).await?;
    let job = opened(&receipt).ok_or_else(|| CliError::broken("answer", "the receipt names no job"))?;
    at.out.note(format_args!("job {} is ordered: {} are held", short(job), money(funds, plan.priced_in)));
    if !args.detach {
        // The result is the job as it stands when its frames are here.
        return watch::until_here(&desk, job, at).await;
    }
    let done = Ordered { job, plan: &plan, receipt };
    at.out.result(&done, |_| format!("{job}\n`depin render watch {}` follows it", short(job)))
}

/// The order, as the artist signs it.
async fn terms(
    args: &SubmitArgs,
    at: &Named<'_>,
    plan: &Plan,
    (sealed, draft): &(ContentHash, DraftView),
    funds: u64,
) -> Result<NewJob> {
    let network = at.network().await?;
    let window = |name: &str| Span::from_millis(network.windows_ms.get(name).copied().unwrap_or(0));
    let within = |asked: Option<SpanArg>, most: Span| asked.map_or(most, |asked| asked.0);
    Ok(NewJob {
        dispatcher: draft.dispatcher,
        scene: plan.scene,
        sealed: *sealed,
        engine: plan.engine.clone(),
        frames: plan.frames,
        width: plan.width,
        height: plan.height,
        samples: plan.samples,
        seed: args.scene.seed,
        format: plan.format,
        tier: args.scene.tier.0,
        memory_mb: u32::try_from(args.scene.memory.0 >> 20).unwrap_or(u32::MAX),
        auto_approve: args.auto_approve == Switch::On,
        check_share: plan.checks,
        frame_work_most: plan.work_most,
        deliver_within: within(args.deliver_within, window("deliver")),
        open_for: within(args.open_for, window("open")),
        funds,
        secret: draft.secret,
    })
}

/// The job that a receipt says was opened.
fn opened(receipt: &depin_client::api::FinalReceipt) -> Option<UnitId> {
    let mut inner = receipt.events.iter().map(|event| event.get("event").unwrap_or(event));
    inner.find(|event| event["kind"] == "job-opened").and_then(|event| event["job"].as_str()?.parse().ok())
}

/// Seals the scene, sends what of it is not with the dispatcher, and drafts the job there.
async fn upload(
    desk: &Desk,
    plan: &Plan,
    artist: &SigningKey,
    name: String,
    progress: &mut Progress,
) -> Result<(ContentHash, DraftView)> {
    progress.step("sealing the scene");
    let key = scene_key(artist, plan.scene);
    let scratch = plan::scratch()?;
    let (from, to) = (plan.packed.path().to_owned(), scratch.path().join("sealed"));
    let sealed_to = to.clone();
    let sealed = tokio::task::spawn_blocking(move || -> std::result::Result<_, depin_render::SealError> {
        depin_render::seal(&mut File::open(from)?, &mut File::create(sealed_to)?, &key)
    });
    let sealed = sealed.await.map_err(|error| CliError::broken("scene", error))?;
    let sealed = sealed.map_err(|error| CliError::broken("scene", error))?;
    let (hash, of) = (ContentHash::new(sealed.hash), sealed.bytes);
    let mut file = File::open(&to).map_err(|error| CliError::file("read", &to, &error))?;
    let mut has = desk.scene(hash).await.map_err(|error| of_desk(&error))?;
    let (mut tries, mut told) = (0, None);
    while !has.whole {
        let percent = has.have * 100 / of.max(1);
        if told != Some(percent / 10) {
            progress.step(format!("sending the scene: {percent} % of {}", crate::output::bytes(of)));
            told = Some(percent / 10);
        }
        let mut part = vec![0; usize::try_from((of - has.have).min(SCENE_PART as u64)).unwrap_or(SCENE_PART)];
        let read = file.seek(SeekFrom::Start(has.have)).and_then(|_| file.read_exact(&mut part));
        read.map_err(|error| CliError::file("read", &to, &error))?;
        match desk.put_scene(hash, (has.have, of), part).await {
            Ok(now) => (has, tries) = (now, 0),
            Err(error) if tries < TRIES && may_go_on(&error) => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(250 << tries.min(5))).await;
                // What of it came through is asked, so it goes on from there.
                has = desk.scene(hash).await.unwrap_or(has);
            }
            Err(error) => return Err(of_desk(&error)),
        }
    }
    let known = plan.test.as_ref().and_then(|test| Some(KnownFrame { index: index_of(plan, test.frame)?, pixels: test.pixels? }));
    let draft = NewDraft { name, sealed: hash, key: hex::encode(key), known: known.into_iter().collect() };
    Ok((hash, desk.draft(&draft).await.map_err(|error| of_desk(&error))?))
}

/// The how manieth of the range a frame is.
fn index_of(plan: &Plan, frame: i64) -> Option<u32> {
    u32::try_from((frame - plan.frames.first) / plan.frames.step.max(1)).ok()
}

/// Whether the same part may get through later.
fn may_go_on(error: &RenderCallError) -> bool {
    error.is_passing() || error.code() == Some("offset")
}
