//! A renderer that runs: one process behind the sandbox, asked and answering line by line.
//!
//! In: a scene's folder, requests. Out: answers, with bytes behind them. What it writes to standard error is kept for its last words, and
//! read for progress. Whatever it says is a stranger's word: lines and bytes are bounded, and nothing of it is trusted but its form.

use crate::{
    engine::{EngineKind, Found},
    error::RenderError,
    renderer::Limits,
};
use depin_sandbox::{Confined, Guard};
use serde::{Deserialize, Serialize};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout},
    task::JoinHandle,
};

const BLENDER: &str = include_str!("blender.py");
const MITSUBA: &str = include_str!("mitsuba.py");
const TASK: &str = include_str!("task.py");
/// What says that it listens.
const READY: &str = "depin-render 1";
/// Longest line of an answer, bytes: an inspection with all its findings.
const LINE_MOST: u64 = 256 * 1024;
/// Lines before it says that it listens: what a renderer prints at its start.
const LINES_BEFORE_MOST: usize = 1_000;
/// Bytes of its last words.
const LAST_MOST: usize = 2_000;
/// Processes of a renderer at most, the sandbox's own among them: renderers start none, a task some.
const PROCESSES_MOST: usize = 64;
/// Where things are inside of the sandbox.
const SCENE: &str = "/scene";
const DRIVER: &str = "/driver.py";

/// What it is asked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub(crate) enum Request {
    /// What the scene is.
    Inspect,
    /// A frame.
    Render { frame: i64, width: u32, height: u32, samples: u32, seed: u32, format: &'static str, threads: u32 },
    /// From now on the benchmark's scene.
    Benchmark,
}

/// What it answers, beside what belongs to the request.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Answer {
    #[serde(default)]
    pub(crate) error: Option<String>,
    #[serde(default)]
    ready: Option<String>,
    #[serde(default)]
    bytes: u64,
    #[serde(default)]
    pub(crate) milliseconds: u64,
    #[serde(flatten)]
    pub(crate) rest: serde_json::Map<String, serde_json::Value>,
}

/// What it printed last, and how far its frame is, in thousandths.
#[derive(Debug, Default)]
struct Heard {
    last: String,
    progress: u32,
}

/// A renderer's process.
#[derive(Debug)]
pub(crate) struct Driver {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    heard: Arc<Mutex<Heard>>,
    listening: JoinHandle<()>,
    limits: Limits,
    guard: Option<Guard>,
    /// The script that it runs; a file of ours that it reads.
    _script: tempfile::NamedTempFile,
}

impl Driver {
    /// Starts one, with the scene that stands as `main` in `folder`; without a scene for the benchmark. Waits until it has read the scene.
    pub(crate) async fn start(found: &Found, scene: Option<(&Path, &Path)>, limits: Limits) -> Result<Self, RenderError> {
        let script = tempfile::NamedTempFile::new().and_then(|file| {
            let text = match found.engine {
                EngineKind::Blender => BLENDER,
                EngineKind::Mitsuba => MITSUBA,
                EngineKind::Python => TASK,
            };
            std::fs::write(file.path(), text).map(|()| file)
        });
        let script = script.map_err(|source| RenderError::Io { what: "writing the renderer's script", source })?;
        let confined = confined(found, scene, script.path(), limits);
        let mut child = confined.start()?;
        let no_pipe = || RenderError::Answer { what: "it has no streams".to_owned() };
        let input = child.stdin.take().ok_or_else(no_pipe)?;
        let output = BufReader::new(child.stdout.take().ok_or_else(no_pipe)?);
        let heard = Arc::new(Mutex::new(Heard::default()));
        let listening = tokio::spawn(listen(child.stderr.take().ok_or_else(no_pipe)?, Arc::clone(&heard)));
        let guard = Some(Guard::watch(&child, limits.memory_bytes, PROCESSES_MOST));
        let mut driver = Self { child, input, output, heard, listening, limits, guard, _script: script };
        let most = limits.load_time;
        match tokio::time::timeout(most, driver.until_ready()).await {
            Ok(ready) => ready.map(|()| driver),
            Err(_) => Err(RenderError::TooLong { what: "read the scene", most }),
        }
    }

    /// Asks, and waits for the answer and its bytes for at most `most`. After an error but [`RenderError::Refused`] it is of no more use.
    pub(crate) async fn ask(
        &mut self,
        request: &Request,
        what: &'static str,
        most: Duration,
    ) -> Result<(Answer, Vec<u8>), RenderError> {
        self.heard(|heard| heard.progress = 0);
        match tokio::time::timeout(most, self.exchange(request, what)).await {
            Ok(answer) => answer,
            Err(_) => Err(RenderError::TooLong { what, most }),
        }
    }

    /// How far the frame is that it renders, 0 to 1, as far as it tells.
    pub(crate) fn progress(&self) -> impl Fn() -> f32 + Send + Sync + 'static + use<> {
        let heard = Arc::clone(&self.heard);
        move || heard.lock().unwrap_or_else(PoisonError::into_inner).progress as f32 / 1000.0
    }

    async fn exchange(&mut self, request: &Request, what: &'static str) -> Result<(Answer, Vec<u8>), RenderError> {
        let mut line = serde_json::to_vec(request).map_err(|error| RenderError::Answer { what: error.to_string() })?;
        line.push(b'\n');
        if self.input.write_all(&line).await.is_err() {
            return Err(self.ended(what).await);
        }
        let line = self.line(what).await?;
        let answer: Answer =
            serde_json::from_slice(&line).map_err(|error| RenderError::Answer { what: format!("it is no JSON: {error}") })?;
        if let Some(why) = answer.error {
            return Err(RenderError::Refused { why: plain(&why, 500) });
        }
        if answer.bytes > self.limits.output_bytes {
            let what = format!("{} bytes of a frame, where {} are allowed", answer.bytes, self.limits.output_bytes);
            return Err(RenderError::Answer { what });
        }
        let mut bytes = vec![0; usize::try_from(answer.bytes).unwrap_or(usize::MAX)];
        match self.output.read_exact(&mut bytes).await {
            Ok(_) => Ok((answer, bytes)),
            Err(_) => Err(self.ended(what).await),
        }
    }

    async fn until_ready(&mut self) -> Result<(), RenderError> {
        for _ in 0..LINES_BEFORE_MOST {
            let line = self.line("read the scene").await?;
            let Ok(answer) = serde_json::from_slice::<Answer>(&line) else { continue };
            if let Some(why) = answer.error {
                return Err(RenderError::Refused { why: plain(&why, 500) });
            }
            if answer.ready.as_deref() == Some(READY) {
                return Ok(());
            }
        }
        Err(RenderError::Answer { what: "it never says that it listens".to_owned() })
    }

    async fn line(&mut self, what: &'static str) -> Result<Vec<u8>, RenderError> {
        let mut line = Vec::new();
        let read = (&mut self.output).take(LINE_MOST).read_until(b'\n', &mut line).await;
        let read = read.map_err(|source| RenderError::Io { what: "reading from the renderer", source })?;
        if read == 0 {
            return Err(self.ended(what).await);
        }
        if line.last() != Some(&b'\n') {
            return Err(RenderError::Answer { what: format!("a line above {LINE_MOST} bytes") });
        }
        Ok(line)
    }

    async fn ended(&mut self, what: &'static str) -> RenderError {
        // Once it is waited for, its number may be another's.
        let was_over = self.guard.take().is_some_and(|guard| guard.was_over());
        // Its end and what it printed are known a moment later.
        let _ = tokio::time::timeout(Duration::from_secs(2), self.child.wait()).await;
        let _ = tokio::time::timeout(Duration::from_secs(2), &mut self.listening).await;
        if was_over {
            return RenderError::Memory { what, memory_mb: self.limits.memory_bytes >> 20, processes: PROCESSES_MOST };
        }
        let last = self.heard(|heard| plain(&heard.last, 500));
        RenderError::Ended { what, memory_mb: self.limits.memory_bytes >> 20, last }
    }

    fn heard<T>(&self, look: impl FnOnce(&mut Heard) -> T) -> T {
        look(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn confined(found: &Found, scene: Option<(&Path, &Path)>, script: &Path, limits: Limits) -> Confined {
    let mut reads: Vec<(PathBuf, PathBuf)> = found.reads.iter().map(|path| (path.clone(), path.clone())).collect();
    reads.push((script.to_owned(), DRIVER.into()));
    let main = scene.map(|(folder, main)| {
        reads.push((folder.to_owned(), SCENE.into()));
        Path::new(SCENE).join(main).display().to_string()
    });
    let words: Vec<String> = match found.engine {
        EngineKind::Blender => {
            let before = ["--background", "--factory-startup", "--disable-autoexec", "-noaudio"].map(str::to_owned);
            let file = main.clone().into_iter();
            let after = ["--python-exit-code", "1", "--python", DRIVER, "--"].map(str::to_owned);
            before.into_iter().chain(file).chain(after).chain(main).collect()
        }
        EngineKind::Mitsuba | EngineKind::Python => ["-I", "-B", DRIVER].map(str::to_owned).into_iter().chain(main).collect(),
    };
    Confined {
        program: found.program.clone(),
        args: words.into_iter().map(Into::into).collect(),
        reads,
        env: Vec::new(),
        memory_bytes: limits.memory_bytes,
        scratch_bytes: limits.scratch_bytes,
    }
}

/// Follows what a renderer prints until it ends.
async fn listen(stream: impl AsyncRead + Unpin, heard: Arc<Mutex<Heard>>) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A line without an end is taken in parts.
        match (&mut stream).take(4096).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(progress) = progress_of(&text) {
            heard.progress = progress;
            continue;
        }
        heard.last.push_str(&text);
        if heard.last.len() > LAST_MOST {
            let mut from = heard.last.len() - LAST_MOST;
            while !heard.last.is_char_boundary(from) {
                from += 1;
            }
            heard.last.drain(..from);
        }
    }
}

/// Thousandths of a frame, by a line of Cycles: `… | Sample 16/64`.
fn progress_of(line: &str) -> Option<u32> {
    let (done, of) = line.rsplit_once("Sample ")?.1.trim().split_once('/')?;
    let (done, of) = (done.trim().parse::<u64>().ok()?, of.trim().parse::<u64>().ok()?);
    u32::try_from(done.min(of) * 1000 / of.max(1)).ok()
}

/// A stranger's words, fit to be shown: no control characters, no more than `most` characters.
pub(crate) fn plain(text: &str, most: usize) -> String {
    let words: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words = words.trim();
    let count = words.chars().count();
    words.chars().skip(count.saturating_sub(most)).collect()
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.guard = None;
        self.listening.abort();
        // The outer process of the sandbox: with it all inner ones end.
        let _: io::Result<()> = self.child.start_kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_from_what_cycles_prints() {
        let line = "Fra:1 Mem:21.34M (Peak 28.37M) | Time:00:02.27 | Mem:8.67M, Peak:8.67M | Scene, ViewLayer | Sample 16/64\n";
        assert_eq!(progress_of(line), Some(250));
        assert_eq!(progress_of("Sample 9/0"), Some(0));
        for other in ["", "Sample", "Sample 1", "Sample a/b", "Finished"] {
            assert_eq!(progress_of(other), None, "{other}");
        }
    }

    #[test]
    fn words_of_strangers_are_shown_without_control_characters_and_from_their_end() {
        assert_eq!(plain("\u{1b}[31mred\n", 100), "[31mred");
        assert_eq!(plain("abcdef", 3), "def");
    }

    #[tokio::test]
    async fn what_is_printed_without_end_is_kept_in_little_room() {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let endless = [b'x'; 100_000];
        listen(&endless[..], Arc::clone(&heard)).await;
        assert_eq!(heard.lock().unwrap().last.len(), LAST_MOST);
    }
}
