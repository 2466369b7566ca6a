//! Which renderers this machine has, in which exact build, and how to get those that are missing.

use crate::hash::hash_of;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    fmt,
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};
use tokio::process::Command;

/// Longest time that a program may take to say what it is.
const ASK_TIME_MOST: Duration = Duration::from_secs(60);
/// What Python is asked: one line of JSON, or an error of its own.
const ASK_MITSUBA: &str = "import json, os, sys, mitsuba, drjit; mitsuba.set_variant('scalar_rgb'); \
    folder = os.path.dirname(os.path.realpath(mitsuba.__file__)); \
    print(json.dumps({'version': mitsuba.__version__, 'executable': sys.executable, 'library': os.path.join(folder, 'libmitsuba.so'), \
    'reads': [sys.base_prefix, sys.prefix, os.path.dirname(folder), os.path.dirname(os.path.dirname(os.path.realpath(drjit.__file__)))]}))";

/// What is asked of a Python that tasks run in: versions, and a digest of every package that it has. Files that tell how a package was
/// installed, and the installers themselves, do not count: no result depends on them.
const ASK_PYTHON: &str = "
import hashlib, importlib.metadata, json, os, platform, sys
import numpy, onnxruntime
seen, digest = set(), hashlib.sha256()
for one in sorted(importlib.metadata.distributions(), key=lambda one: (one.metadata['Name'] or '').lower()):
    name = (one.metadata['Name'] or '').lower()
    if name in seen or name in ('pip', 'setuptools', 'wheel'):
        continue
    seen.add(name)
    digest.update(('%s==%s\\n' % (name, one.version)).encode())
    for line in sorted((one.read_text('RECORD') or '').splitlines()):
        if ',sha256=' in line and '.dist-info/' not in line and not line.startswith(('..', '/')):
            digest.update(line.encode() + b'\\n')
program = os.path.realpath(sys.executable)
print(json.dumps({'version': '%s+ort%s' % (platform.python_version(), onnxruntime.__version__), 'executable': sys.executable,
    'library': program, 'packages': digest.hexdigest(), 'reads': [sys.base_prefix, sys.prefix, os.path.dirname(os.path.dirname(program))]}))
";

/// What makes a job's parts: frames of a scene, or outputs of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineKind {
    /// Blender's Cycles, on the CPU.
    Blender,
    /// Mitsuba 3, in its scalar variant.
    Mitsuba,
    /// A Python with NumPy and ONNX Runtime, which runs tasks: commands with inputs and outputs.
    Python,
}

impl EngineKind {
    /// All.
    pub const ALL: [Self; 3] = [Self::Blender, Self::Mitsuba, Self::Python];

    /// Its word in settings, files and on the ledger.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Blender => "blender",
            Self::Mitsuba => "mitsuba",
            Self::Python => "python",
        }
    }

    /// Whether it runs tasks rather than renders scenes.
    pub const fn runs_tasks(self) -> bool {
        matches!(self, Self::Python)
    }

    /// The engine of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What installs it on a Debian machine.
    pub const fn install(self) -> &'static str {
        match self {
            Self::Blender => "apt-get install --no-install-recommends blender",
            Self::Mitsuba => "python3 -m venv ~/mitsuba && ~/mitsuba/bin/pip install mitsuba, then name ~/mitsuba/bin/python3",
            Self::Python => {
                "python3 -m venv ~/tasks && ~/tasks/bin/pip install onnxruntime numpy pillow, then name ~/tasks/bin/python3"
            }
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Where renderers are; those that are not named are looked for in `PATH`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineSettings {
    /// The program `blender`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blender: Option<PathBuf>,
    /// A Python that has Mitsuba.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<PathBuf>,
    /// A Python that tasks run in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<PathBuf>,
}

/// A renderer that this machine has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub engine: EngineKind,
    /// Its own version: `3.4.1`.
    pub version: String,
    /// The build that like pixels come from: version, the processor's class, and the first 8 digits of the SHA-256 of its program. At most
    /// 60 printable ASCII characters.
    pub build: String,
    /// What is started.
    pub(crate) program: PathBuf,
    /// What it must read beside the system's folders.
    pub(crate) reads: Vec<PathBuf>,
}

/// A renderer that this machine does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Which.
    pub engine: EngineKind,
    /// What was tried, and what came of it.
    pub why: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not here: {}; to install it: {}", self.engine, self.why, self.engine.install())
    }
}

/// What this machine renders with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Engines {
    /// What is there.
    pub found: Vec<Found>,
    /// What is not.
    pub missing: Vec<Missing>,
}

impl Engines {
    /// Asks all engines what they are.
    pub async fn find(settings: &EngineSettings) -> Self {
        let mut engines = Self::default();
        let (blender, mitsuba, python) = tokio::join!(find_blender(settings), find_mitsuba(settings), find_python(settings));
        for (engine, found) in EngineKind::ALL.into_iter().zip([blender, mitsuba, python]) {
            match found {
                Ok(found) => engines.found.push(found),
                Err(why) => engines.missing.push(Missing { engine, why }),
            }
        }
        engines
    }

    /// The one of a kind.
    pub fn get(&self, engine: EngineKind) -> Option<&Found> {
        self.found.iter().find(|found| found.engine == engine)
    }

    /// Why one of a kind is not there.
    pub fn missing(&self, engine: EngineKind) -> Option<&Missing> {
        self.missing.iter().find(|missing| missing.engine == engine)
    }
}

async fn find_blender(settings: &EngineSettings) -> Result<Found, String> {
    let program = settings.blender.clone().unwrap_or_else(|| "blender".into());
    let said = ask(&program, &["--version"]).await?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let version = text.lines().find_map(|line| line.trim().strip_prefix("Blender ")).map(|rest| rest.trim().to_owned());
    let version = version.ok_or_else(|| format!("{} does not say which version of Blender it is", program.display()))?;
    let program = in_path(&program).ok_or_else(|| format!("{} is not in PATH", program.display()))?;
    let build = build(&version, &program, "").await?;
    // One that is unpacked somewhere reads its scripts beside itself.
    let reads = program.parent().filter(|_| !program.starts_with("/usr")).map(Path::to_owned).into_iter().collect();
    Ok(Found { engine: EngineKind::Blender, version, build, program, reads })
}

#[derive(Deserialize)]
struct Python {
    version: String,
    executable: PathBuf,
    library: PathBuf,
    #[serde(default)]
    packages: String,
    reads: Vec<PathBuf>,
}

async fn find_mitsuba(settings: &EngineSettings) -> Result<Found, String> {
    of_python(EngineKind::Mitsuba, settings.python.as_deref(), ASK_MITSUBA, "Mitsuba").await
}

async fn find_python(settings: &EngineSettings) -> Result<Found, String> {
    of_python(EngineKind::Python, settings.tasks.as_deref(), ASK_PYTHON, "ONNX Runtime").await
}

/// The engine that a Python has, by what it answers to `asked`.
async fn of_python(engine: EngineKind, program: Option<&Path>, asked: &str, what: &str) -> Result<Found, String> {
    let program = program.unwrap_or_else(|| Path::new("python3"));
    let said = ask(program, &["-c", asked]).await?;
    let python: Python = serde_json::from_slice(said.stdout.trim_ascii())
        .map_err(|_| format!("{} does not say which version of {what} it has", program.display()))?;
    let build = build(&python.version, &python.library, &python.packages).await?;
    let mut reads = python.reads;
    reads.retain(|path| !path.starts_with("/usr") && path.is_dir());
    reads.sort();
    reads.dedup();
    Ok(Found { engine, version: python.version, build, program: python.executable, reads })
}

async fn ask(program: &Path, args: &[&str]) -> Result<Output, String> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).kill_on_drop(true);
    let told = program.display();
    let said = match tokio::time::timeout(ASK_TIME_MOST, command.output()).await {
        Err(_) => return Err(format!("{told} did not answer within {} s", ASK_TIME_MOST.as_secs())),
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => return Err(format!("there is no program {told}")),
        Ok(said) => said.map_err(|error| format!("cannot start {told}: {error}"))?,
    };
    if !said.status.success() {
        let text = String::from_utf8_lossy(&said.stderr).into_owned();
        let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it failed");
        return Err(format!("{told}: {}", last.chars().take(200).collect::<String>()));
    }
    Ok(said)
}

/// The whole path of a program, through links.
fn in_path(program: &Path) -> Option<PathBuf> {
    let found = if program.components().count() > 1 {
        Some(program.to_owned())
    } else {
        std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
    };
    found?.canonicalize().ok()
}

/// Names a build by its version, the processor's class, and the first digits of a hash: of the program, and of `packages` that it runs with.
async fn build(version: &str, program: &Path, packages: &str) -> Result<String, String> {
    let (path, told) = (program.to_owned(), program.display().to_string());
    let hash = tokio::task::spawn_blocking(move || hash_of(&mut File::open(path)?));
    let hash = hash.await.map_err(|error| error.to_string())?.map_err(|error| format!("cannot read {told}: {error}"))?.0;
    let hash = match packages {
        "" => hex::encode(hash),
        packages => hex::encode(Sha256::new().chain_update(hash).chain_update(packages).finalize()),
    };
    let version: String = version.chars().filter(|c| c.is_ascii_alphanumeric() || ".-_+".contains(*c)).take(24).collect();
    Ok(format!("{version}-{}-{}", processor_class(), &hash[..8]))
}

/// Renderers choose their code by what the processor can do, and other code rounds otherwise.
fn processor_class() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
            return "x86_64.avx2";
        }
        if std::is_x86_feature_detected!("sse4.1") {
            return "x86_64.sse41";
        }
    }
    std::env::consts::ARCH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_missing_is_said_with_what_installs_it() {
        let settings = EngineSettings {
            blender: Some("/nowhere/blender".into()),
            python: Some("/bin/false".into()),
            tasks: Some("/bin/false".into()),
        };
        let engines = Engines::find(&settings).await;
        assert!(engines.found.is_empty());
        let blender = engines.missing(EngineKind::Blender).unwrap().to_string();
        assert!(blender.contains("/nowhere/blender") && blender.contains("apt-get install"), "{blender}");
        assert!(engines.missing(EngineKind::Mitsuba).unwrap().to_string().contains("pip install mitsuba"));
        assert!(engines.missing(EngineKind::Python).unwrap().to_string().contains("pip install onnxruntime"));
    }

    #[tokio::test]
    async fn a_build_names_version_processor_and_program_without_spaces() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let build = build("3.4.1 (odd; name)", file.path(), "").await.unwrap();
        assert!(build.starts_with("3.4.1oddname-") && build.ends_with("-e3b0c442"), "{build}");
        let other = super::build("3.4.1", file.path(), "numpy").await.unwrap();
        assert!(!other.ends_with("-e3b0c442"), "packages count, too: {other}");
        assert!(build.len() <= 60 && build.bytes().all(|b| b.is_ascii_graphic()));
    }
}
