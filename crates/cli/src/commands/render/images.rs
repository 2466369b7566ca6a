//! `depin render fetch | sheet`: frames into files.

use super::{
    named::{Named, of_desk, short},
    plan::format_of,
};
use crate::{
    args::{FetchArgs, SheetArgs},
    error::{CliError, Result},
    output::{Progress, count},
};
use depin_client::render::{DeskFrame, FrameStage};
use depin_files::Readers;
use depin_render::{FrameFormat, Outputs, Product, contact_sheet};
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Serialize)]
struct Fetched {
    job: depin_quantity::UnitId,
    /// Files that were written.
    files: Vec<PathBuf>,
    /// Frames that are not finished, by their numbers.
    missing: Vec<i64>,
    /// Frames whose keys do not open what their nodes committed to.
    wrong: Vec<i64>,
}

pub(super) async fn fetch(args: &FetchArgs, at: &Named<'_>) -> Result<()> {
    let (job, desk) = (at.job(&args.job).await?, at.desk(&args.desk)?);
    let frames = desk.frames(job.job).await.map_err(|error| of_desk(&error))?;
    std::fs::create_dir_all(&args.folder).map_err(|error| CliError::file("create", &args.folder, &error))?;
    let ending = format_of(job.terms.format).word();
    let mut done = Fetched { job: job.job, files: Vec::new(), missing: Vec::new(), wrong: Vec::new() };
    let mut progress = Progress::start(at.out);
    progress.step(format!("fetching frames into {}", args.folder.display()));
    for frame in frames.iter().filter(|frame| args.frames.has(frame.frame)) {
        if frame.stage != FrameStage::Done {
            done.missing.push(frame.frame);
            continue;
        }
        match desk.image(job.job, frame.frame).await {
            Ok(bytes) if job.terms.format.is_task() => {
                done.files.extend(unpack(&args.folder.join(format!("part_{:04}", frame.frame)), &bytes)?);
            }
            Ok(bytes) => {
                let path = args.folder.join(format!("frame_{:04}.{ending}", frame.frame));
                write(&path, &bytes)?;
                done.files.push(path);
            }
            Err(error) if error.code() == Some("wrong-key") => {
                at.out.warn(&error);
                done.wrong.push(frame.frame);
            }
            Err(error) if error.status() == Some(404) => done.missing.push(frame.frame),
            Err(error) => return Err(of_desk(&error)),
        }
    }
    progress.done();
    at.out.result(&done, |_| {
        let (one, many) = if job.terms.format.is_task() { ("output", "outputs") } else { ("frame", "frames") };
        let mut text = format!("{} in {}", count(done.files.len() as u64, one, many), args.folder.display());
        if !done.missing.is_empty() {
            text += &format!(
                "\n{} not finished: `depin render frames {}` says how far",
                count(done.missing.len() as u64, "is", "are"),
                short(job.job)
            );
        }
        if !done.wrong.is_empty() {
            text +=
                &format!("\n{} not what was committed to: `depin render dispute`", count(done.wrong.len() as u64, "is", "are"));
        }
        text
    })
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    depin_files::replace(path, bytes, Readers::Everybody).map_err(|error| CliError::file("write", path, &error))
}

/// The outputs of a part in a folder of its own. They come from a node: names and sizes are checked as they are read.
fn unpack(folder: &Path, bytes: &[u8]) -> Result<Vec<PathBuf>> {
    let outputs = Outputs::decode(bytes).map_err(|error| CliError::broken("outputs", error))?;
    std::fs::create_dir_all(folder).map_err(|error| CliError::file("create", folder, &error))?;
    let mut written = Vec::new();
    for (name, bytes) in outputs.files() {
        let path = folder.join(name);
        write(&path, bytes)?;
        written.push(path);
    }
    Ok(written)
}

#[derive(Serialize)]
struct Sheet {
    file: PathBuf,
    frames: usize,
    missing: Vec<i64>,
}

pub(super) async fn sheet(args: &SheetArgs, at: &Named<'_>) -> Result<()> {
    let (job, desk) = (at.job(&args.job).await?, at.desk(&args.desk)?);
    let frames = desk.frames(job.job).await.map_err(|error| of_desk(&error))?;
    let (mut drawn, mut missing) = (Vec::new(), Vec::new());
    let mut progress = Progress::start(at.out);
    progress.step("fetching frames and previews");
    for frame in &frames {
        let (bytes, format) = match (frame.stage, frame.preview) {
            (FrameStage::Done, _) => (desk.image(job.job, frame.frame).await, format_of(job.terms.format)),
            (_, true) => (desk.preview(job.job, frame.frame).await, FrameFormat::Png),
            _ => {
                missing.push(frame.frame);
                continue;
            }
        };
        let bytes = bytes.map_err(|error| of_desk(&error))?;
        let width = args.width;
        // They come from nodes: strangers' bytes are decoded within bounds, off the threads that serve.
        let pixels = tokio::task::spawn_blocking(move || {
            Product::decode(&bytes, format).map(|product| product.picture().thumbnail(width))
        })
        .await;
        let pixels = pixels.map_err(|error| CliError::broken("sheet", error))?;
        match pixels {
            Ok(pixels) => drawn.push((label(frame), pixels)),
            Err(error) => {
                at.out.warn(format_args!("frame {}: {error}", frame.frame));
                missing.push(frame.frame);
            }
        }
    }
    if drawn.is_empty() {
        return Err(CliError::refused("nothing-here", "no frame is here to be looked at yet")
            .hint(format_args!("`depin render watch {}` follows the job", short(job.job))));
    }
    progress.step("drawing the sheet");
    let png = contact_sheet(&drawn, args.columns).map_err(|error| CliError::refused("sheet", error))?;
    depin_files::replace(&args.file, &png, Readers::Everybody).map_err(|error| CliError::file("write", &args.file, &error))?;
    progress.done();
    let sheet = Sheet { file: args.file.clone(), frames: drawn.len(), missing };
    at.out.result(&sheet, |_| {
        let mut text = format!("{} on {}", count(sheet.frames as u64, "frame", "frames"), sheet.file.display());
        if !sheet.missing.is_empty() {
            text += &format!("; {} not here yet", count(sheet.missing.len() as u64, "is", "are"));
        }
        text
    })
}

fn label(frame: &DeskFrame) -> String {
    match frame.stage {
        FrameStage::Done => frame.frame.to_string(),
        stage => format!("{} {}", frame.frame, stage.word()),
    }
}
