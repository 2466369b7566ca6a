//! What a job would be: the scene looked at, a frame measured, the nodes that could take it, the price.

use super::named::{Named, money, obh};
use crate::{
    args::SceneArgs,
    error::{CliError, Result},
    output::Progress,
};
use depin_client::api::{RenderingNetwork, RenderingNode};
use depin_quantity::{ContentHash, Share};
use depin_render::{
    EngineSettings, Engines, Found, FrameFormat, FrameSettings, Inspection, Limits, Product, RenderError, Renderer, Scene,
    SceneLimits, Unpacked, benchmark, inspect,
};
use depin_services::rendering::{Engine, Format, Frames, price_of, work_of};
use serde::Serialize;
use std::{path::Path, time::Duration};
use tempfile::TempDir;

/// The most that a frame is paid for, in hundredths of what the test frame took: frames differ, and other machines may be busy.
const ROOM: u64 = 300;
/// Size and samples where neither the scene nor anybody says them.
const SIZE: (u32, u32) = (640, 480);
const SAMPLES: u32 = 16;
/// Longest time of the test frame.
const TEST_FRAME_MOST: Duration = Duration::from_secs(1_800);

/// What was measured by a frame rendered here.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Test {
    /// The frame's number.
    pub frame: i64,
    /// How long it took, milliseconds.
    pub milliseconds: u64,
    /// This machine's score.
    pub score: u32,
    /// The hash of its pixels, where it can be planted: it was rendered by the build of the job.
    pub pixels: Option<ContentHash>,
}

/// See the module. Values are in millionths of `priced_in`.
#[derive(Debug, Serialize)]
pub(super) struct Plan {
    pub engine: Engine,
    pub frames: Frames,
    pub count: u64,
    pub width: u32,
    pub height: u32,
    pub samples: u32,
    /// The form of what is delivered; outputs of a task.
    pub format: Format,
    /// SHA-256 of the packed scene, and its bytes.
    pub scene: ContentHash,
    pub scene_bytes: u64,
    pub test: Option<Test>,
    /// Work of a frame as expected, and the most that is paid for, in thousandths of an OctaneBench-hour.
    pub work: u64,
    pub work_most: u64,
    pub frame_price: u64,
    pub frame_most: u64,
    /// Everything: frames, checks, a planted one.
    pub price: u64,
    pub priced_in: depin_quantity::Name,
    /// The same in credits, thousandths.
    pub credits: u64,
    /// The same in tokens, where there is a price; decimal text.
    pub tokens: Option<String>,
    /// What is to be held: the price with room for frames that are out at once, and the dispatcher's bond.
    pub funds: u64,
    /// Nodes that could take it now, and the sum of their scores.
    pub nodes: usize,
    pub score: u64,
    /// How long it may take by that, seconds.
    pub seconds: Option<u64>,
    #[serde(skip)]
    pub packed: Scene,
    /// The folder that it is in; gone with this.
    #[serde(skip)]
    pub _scratch: TempDir,
    #[serde(skip)]
    pub checks: Share,
}

/// What the scene is, as far as its renderer here says.
struct Looked {
    found: Option<Found>,
    inspection: Option<Inspection>,
}

/// Makes a plan; renders a frame where its renderer is here.
pub(super) async fn plan(args: &SceneArgs, at: &Named<'_>) -> Result<Plan> {
    let mut progress = Progress::start(at.out);
    progress.step("looking at the scene");
    let scratch = scratch()?;
    let packed = open(&args.scene, scratch.path()).await?;
    let (python, tasks) = (args.python.clone(), args.python.clone());
    let settings = EngineSettings { blender: args.blender.clone(), python, tasks };
    let engines = Engines::find(&settings).await;
    let kind = packed.engine();
    if kind.runs_tasks() && (args.size.is_some() || args.samples.is_some()) {
        return Err(CliError::refused("task", "a task has neither size nor samples; leave --size and --samples out"));
    }
    let format = if kind.runs_tasks() { Format::Outputs } else { args.format.into() };
    let looked = look(&packed, engines.get(kind).cloned(), scratch.path(), at).await?;
    if looked.found.is_none() && args.frame_work.is_none() {
        let why = engines.missing(kind).map_or_else(|| format!("{kind} is not here"), ToString::to_string);
        return Err(CliError::refused(
            "no-renderer",
            format_args!("no frame can be rendered here to know what one costs: {why}"),
        )
        .hint("install it, or say the work of one frame by --frame-work OBH"));
    }
    let inspection = looked.inspection.as_ref();
    let frames = args
        .frames
        .map(|frames| frames.0)
        .or_else(|| inspection.map(|it| Frames { first: it.first, last: it.last, step: it.step.max(1) }));
    let frames = frames.ok_or_else(|| CliError::refused("frames", "say which frames by --frames FIRST-LAST"))?;
    check_parts(frames, packed.task())?;
    let count = frames
        .count()
        .ok_or_else(|| CliError::refused("frames", "the scene's own range has no frames from 0 on; say which by --frames"))?;
    let size = args.size.map_or_else(|| inspection.map_or(SIZE, |it| (it.width, it.height)), |size| (size.0, size.1));
    let samples = args.samples.or_else(|| inspection.map(|it| it.samples)).filter(|samples| *samples > 0).unwrap_or(SAMPLES);
    let network = at.network().await?;
    let nodes = at.nodes(Some(args.tier.0)).await?;
    let engine = engine(kind.word(), looked.found.as_ref(), &nodes, at)?;
    let measured = Measured { frames, size, samples, format, found: looked.found, engine: &engine };
    let test = match args.frame_work {
        Some(_) => None,
        None => Some(measure(args, &packed, scratch.path(), &measured, &mut progress).await?),
    };
    progress.done();
    let work = match (args.frame_work, &test) {
        (Some(work), _) => work.0,
        (None, Some(test)) => {
            work_of(test.score, depin_quantity::Span::from_millis(test.milliseconds)).map_err(too_large)?.max(1)
        }
        (None, None) => 1,
    };
    let able = able(&nodes, &engine, args, &network);
    priced(args, at, network, Wanted { packed, scratch, engine, frames, count, size, samples, format, test, work, able }).await
}

/// Refuses parts that a task does not have.
fn check_parts(frames: Frames, task: Option<&depin_render::Task>) -> Result<()> {
    let Some(task) = task else { return Ok(()) };
    let last = i64::try_from(task.parts()).unwrap_or(i64::MAX) - 1;
    if frames.last <= last {
        return Ok(());
    }
    let why = format!("the task has parts 0 to {last}, of {} inputs, and {} was asked for", task.inputs(), frames.last);
    Err(CliError::refused("frames", why).hint("leave --frames out for all of them"))
}

fn too_large(error: impl std::fmt::Display) -> CliError {
    CliError::refused("amount", error)
}

/// A folder for what is unpacked; gone with the value.
pub(super) fn scratch() -> Result<TempDir> {
    let folder = std::env::temp_dir();
    tempfile::Builder::new().prefix("depin-render-").tempdir().map_err(|error| CliError::file("use", &folder, &error))
}

/// Opens and packs a scene.
async fn open(path: &Path, scratch: &Path) -> Result<Scene> {
    let (path, scratch) = (path.to_owned(), scratch.to_owned());
    let opened = tokio::task::spawn_blocking(move || Scene::open(&path, &scratch, SceneLimits::default())).await;
    let opened = opened.map_err(|error| CliError::broken("scene", error))?;
    opened.map_err(|error| CliError::refused("scene", error))
}

async fn unpack(packed: &Scene, scratch: &Path) -> Result<Unpacked> {
    let (path, scratch) = (packed.path().to_owned(), scratch.to_owned());
    let unpacked = tokio::task::spawn_blocking(move || Unpacked::new(&path, &scratch, SceneLimits::default())).await;
    let unpacked = unpacked.map_err(|error| CliError::broken("scene", error))?;
    unpacked.map_err(|error| CliError::refused("scene", error))
}

fn of_render(error: &RenderError) -> CliError {
    match error {
        RenderError::Refused { .. } | RenderError::TooLong { .. } => CliError::refused("renderer", error),
        RenderError::Sandbox(_) => {
            CliError::refused("sandbox", error).hint("a scene is opened behind bubblewrap only: apt-get install bubblewrap")
        }
        error => CliError::broken("renderer", error),
    }
}

/// Has the renderer look at the scene, where it is here; refuses by name what it will not render.
async fn look(packed: &Scene, found: Option<Found>, scratch: &Path, at: &Named<'_>) -> Result<Looked> {
    let Some(found) = found else { return Ok(Looked { found: None, inspection: None }) };
    let unpacked = unpack(packed, scratch).await?;
    let inspection = inspect(&found, &unpacked, Limits::default()).await.map_err(|error| of_render(&error))?;
    for finding in inspection.findings.iter().filter(|finding| !finding.refused) {
        at.out.warn(finding);
    }
    let refused: Vec<String> = inspection.refusals().map(ToString::to_string).collect();
    if !refused.is_empty() {
        return Err(CliError::refused("scene", format_args!("nodes would not render this scene: {}", refused.join("; "))));
    }
    Ok(Looked { found: Some(found), inspection: Some(inspection) })
}

/// The renderer of the job in one exact build: the one that is here where a node has it too, else the one that most nodes have.
fn engine(name: &str, found: Option<&Found>, nodes: &[RenderingNode], at: &Named<'_>) -> Result<Engine> {
    let mut builds = std::collections::BTreeMap::<&str, usize>::new();
    for engine in nodes.iter().filter(|node| node.active).flat_map(|node| &node.terms.engines) {
        if engine.name.as_str() == name {
            *builds.entry(&engine.build).or_default() += 1;
        }
    }
    let own = found.map(|found| found.build.as_str()).filter(|build| builds.contains_key(build));
    let most = builds.iter().max_by_key(|(_, nodes)| **nodes).map(|(build, _)| *build);
    let Some(build) = own.or(most) else {
        return Err(CliError::refused("no-node", format_args!("no node of this tier renders with {name}"))
            .hint("`depin render nodes` lists them; `depin provider render` starts one"));
    };
    if let Some(found) = found.filter(|found| found.build != build) {
        at.out.note(format_args!("nodes render with {name} {build}, here is {}: prices are as measured here", found.build));
    }
    let name = name.parse::<depin_quantity::Name>().map_err(|error| CliError::broken("answer", error))?;
    Ok(Engine { name, build: build.to_owned() })
}

struct Measured<'a> {
    frames: Frames,
    size: (u32, u32),
    samples: u32,
    format: Format,
    found: Option<Found>,
    engine: &'a Engine,
}

/// Renders the frame in the middle of the range as the job will, and the benchmark's scene.
async fn measure(args: &SceneArgs, packed: &Scene, scratch: &Path, of: &Measured<'_>, progress: &mut Progress) -> Result<Test> {
    let found = of.found.clone().ok_or_else(|| CliError::broken("renderer", "it went away"))?;
    let threads = std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(1));
    progress.step("measuring this machine by the benchmark's scene");
    let measured = benchmark(&found, threads, Limits::default()).await.map_err(|error| of_render(&error))?;
    let index = u32::try_from(of.frames.count().unwrap_or(1) / 2).unwrap_or(0);
    let frame = of.frames.number(index).unwrap_or(of.frames.first);
    progress.step(format!("rendering frame {frame} to know what one takes"));
    let limits = Limits { frame_time: TEST_FRAME_MOST, ..Limits::default() };
    let mut renderer = Renderer::new(found.clone(), unpack(packed, scratch).await?, limits);
    let format = format_of(of.format);
    let ((width, height), samples) = (of.size, of.samples);
    let settings = FrameSettings { width, height, samples, seed: args.seed, format, threads };
    let rendered = renderer.render(frame, &settings, |_| {}).await.map_err(|error| of_render(&error))?;
    let product = Product::decode(&rendered.image, format).map_err(|error| CliError::broken("renderer", error))?;
    if product.is_blank() && of.format.is_task() {
        return Err(CliError::refused("blank", format_args!("part {frame} of the task leaves nothing in any of its outputs")));
    }
    if product.is_blank() {
        return Err(CliError::refused(
            "blank",
            format_args!("frame {frame} is all of one colour: is anything lit, and before the camera?"),
        )
        .hint("look at it in the renderer, or choose other frames"));
    }
    // What may come out a little otherwise has no hash that is known beforehand.
    let is_known = found.build == of.engine.build && packed.task().is_none_or(|task| task.alike().is_none());
    let planted = is_known.then(|| ContentHash::new(product.hash()));
    Ok(Test { frame, milliseconds: rendered.milliseconds, score: measured.score, pixels: planted })
}

/// How this crate's formats are called where frames are rendered.
pub(super) const fn format_of(format: Format) -> FrameFormat {
    match format {
        Format::Png => FrameFormat::Png,
        Format::Exr => FrameFormat::Exr,
        Format::Outputs => FrameFormat::Outputs,
    }
}

/// The nodes that could take the job now.
fn able<'n>(nodes: &'n [RenderingNode], engine: &Engine, args: &SceneArgs, network: &RenderingNetwork) -> Vec<&'n RenderingNode> {
    let least = network.reputation_least.get(args.tier.0.word()).copied().unwrap_or(0);
    let memory = args.memory.0 >> 20;
    let takes = |node: &&RenderingNode| {
        let terms = &node.terms;
        node.active
            && !node.below_pledge
            && terms.accepts
            && node.reputation >= least
            && u64::from(terms.memory_mb) >= memory
            && terms.engines.contains(engine)
    };
    nodes.iter().filter(takes).collect()
}

struct Wanted<'n> {
    packed: Scene,
    scratch: TempDir,
    engine: Engine,
    frames: Frames,
    count: u64,
    size: (u32, u32),
    samples: u32,
    format: Format,
    test: Option<Test>,
    work: u64,
    able: Vec<&'n RenderingNode>,
}

async fn priced(args: &SceneArgs, at: &Named<'_>, network: RenderingNetwork, of: Wanted<'_>) -> Result<Plan> {
    let per_credit = network.per_credit.get(args.tier.0.word()).copied().unwrap_or(1);
    let least: Share = network.check_least.parse::<Share>().map_err(|error| CliError::broken("answer", error))?;
    let checks = args.checks.unwrap_or(least);
    let work_most = of.work.saturating_mul(ROOM) / 100;
    let price = |work| price_of(work, network.credit, per_credit).map_err(too_large);
    let (frame_price, frame_most) = (price(of.work)?, price(work_most)?);
    if frame_most == 0 {
        return Err(CliError::refused("too-small", "one frame would cost nothing, and the ledger takes no such job")
            .hint("render it larger or with more samples, or say --frame-work 0.01"));
    }
    // Frames, the share of them that is rendered twice (rounded up), and a planted one.
    let whole = u64::from(Share::WHOLE.get());
    let checked = (u128::from(of.count) * u128::from(checks.get())).div_ceil(u128::from(whole));
    let many = of.count.saturating_add(u64::try_from(checked).unwrap_or(u64::MAX)).saturating_add(1);
    let total = many.saturating_mul(frame_price.max(1));
    // Tickets that are out at once reserve the most of a frame each.
    let out = u64::try_from(of.able.len()).unwrap_or(1).max(1).saturating_mul(4).min(many);
    let room = total.saturating_add(total / 4).saturating_add(out.saturating_mul(frame_most));
    let bond: Share = network.bond.parse::<Share>().map_err(|error| CliError::broken("answer", error))?;
    let free = whole.saturating_sub(bond.get().into()).max(1);
    let funds = u64::try_from((u128::from(room) * u128::from(whole)).div_ceil(u128::from(free))).map_err(too_large)?;
    let credits = total.saturating_mul(1_000) / network.credit.max(1);
    let score: u64 = of.able.iter().map(|node| u64::from(node.terms.score)).sum();
    let seconds = (score > 0).then(|| of.work.saturating_mul(many).saturating_mul(3_600) / score / 1_000);
    let tokens = tokens(at, &network, total).await?;
    let Wanted { packed, scratch, engine, frames, count, size: (width, height), samples, format, test, work, able } = of;
    let (scene, scene_bytes) = (ContentHash::new(packed.hash()), packed.bytes());
    Ok(Plan {
        engine,
        frames,
        count,
        width,
        height,
        samples,
        format,
        scene,
        scene_bytes,
        test,
        work,
        work_most,
        frame_price,
        frame_most,
        price: total,
        priced_in: network.priced_in,
        credits,
        tokens,
        funds,
        nodes: able.len(),
        score,
        seconds,
        packed,
        _scratch: scratch,
        checks,
    })
}

/// So many millionths of a dollar in tokens, by the price that is reported now.
async fn tokens(at: &Named<'_>, network: &RenderingNetwork, millionths: u64) -> Result<Option<String>> {
    if network.priced_in != depin_economy::USD {
        return Ok(None);
    }
    let pair = format!("{}-USD", network.currency);
    let prices = at.remote.client.prices().await?.prices;
    let price = prices.into_iter().find(|entry| entry.pair.as_str() == pair).and_then(|entry| entry.price);
    let price = price.and_then(|text| depin_quantity::Decimal18::parse(&text).ok()).filter(|price| price.get() > 0);
    // Rounded up to a millionth of a token: an estimate that is not too low.
    Ok(price.map(|price| {
        let scaled = u128::from(millionths).saturating_mul(1_000_000_000_000_000_000).div_ceil(price.get());
        format!("{}.{:06} {}", scaled / 1_000_000, scaled % 1_000_000, network.currency)
    }))
}

impl Plan {
    /// The rows of a table about it.
    pub(super) fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = vec![
            ("Scene", format!("{} {}, {}", self.engine.name, self.engine.build, crate::output::bytes(self.scene_bytes))),
            match (self.format, self.packed.task()) {
                (Format::Outputs, Some(task)) => ("Parts", format!("{} of a task of {} inputs", self.count, task.inputs())),
                _ => ("Frames", format!("{} of {}x{}, {} samples", self.count, self.width, self.height, self.samples)),
            },
        ];
        if let Some(test) = &self.test {
            let seconds = format!("{}.{:01}", test.milliseconds / 1_000, test.milliseconds % 1_000 / 100);
            rows.push(("Test frame", format!("number {}: {seconds} s on this machine of {} points", test.frame, test.score)));
        }
        rows.push((
            "One frame",
            format!(
                "{}, about {}; at most {}",
                obh(self.work),
                money(self.frame_price, self.priced_in),
                money(self.frame_most, self.priced_in)
            ),
        ));
        let tokens = self.tokens.as_ref().map(|tokens| format!(" = {tokens}")).unwrap_or_default();
        let credits = format!("{}.{:03}", self.credits / 1_000, self.credits % 1_000);
        rows.push(("All of it", format!("about {} ({credits} credits){tokens}", money(self.price, self.priced_in))));
        rows.push(("To be held", money(self.funds, self.priced_in)));
        let time = match self.seconds {
            Some(seconds) => format!(", about {} if they do nothing else", depin_quantity::Span::from_secs(seconds.max(1))),
            None => String::new(),
        };
        rows.push(("Nodes now", format!("{} with {} points{time}", self.nodes, self.score)));
        rows
    }
}
