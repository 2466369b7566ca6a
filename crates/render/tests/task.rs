//! Tasks by a real Python in the sandbox: `cargo test -p depin-render --test task`. `DEPIN_TEST_TASKS` names a Python that has NumPy and ONNX
//! Runtime; without one nothing is tested, and that is said.

mod support;

use depin_render::{EngineKind, Found, FrameFormat, FrameSettings, Limits, Outputs, RenderError, Renderer, benchmark, inspect};
use std::{fs, path::Path, process::Command};
use support::{found, limits, unpacked};
use tempfile::TempDir;

/// Makes the zip of a task of three inputs, a part each.
fn package(folder: &Path, script: &str, change: &str) -> std::path::PathBuf {
    let make = "import json, sys, zipfile
task = {'command': ['run.py', 'package/more.txt'], 'inputs': 'in', 'per-part': 1, 'outputs': ['out.txt']}
task.update(json.loads(sys.argv[3]))
with zipfile.ZipFile(sys.argv[1], 'w') as archive:
    archive.writestr('task.json', json.dumps(task))
    archive.writestr('run.py', sys.argv[2])
    archive.writestr('more.txt', 'more')
    for n in range(3):
        archive.writestr('in/deep/%d.txt' % n, 'input %d' % n)";
    let path = folder.join("task.zip");
    let made = Command::new("python3").args(["-c", make]).arg(&path).args([script, change]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    path
}

const SETTINGS: FrameSettings =
    FrameSettings { width: 1, height: 1, samples: 1, seed: 7, format: FrameFormat::Outputs, threads: 2 };

struct Place(Found, TempDir);

impl Place {
    async fn new(test: &str) -> Option<Self> {
        Some(Self(found(EngineKind::Python, test).await?, tempfile::tempdir().unwrap()))
    }

    async fn run(&self, script: &str, part: i64, limits: Limits) -> Result<Outputs, RenderError> {
        let mut renderer = Renderer::new(self.0.clone(), unpacked(&package(self.1.path(), script, "{}")), limits);
        let done = renderer.render(part, &SETTINGS, |_| {}).await?;
        assert!(done.milliseconds > 0);
        Ok(Outputs::decode(&done.image).unwrap())
    }
}

fn text(outputs: &Outputs) -> String {
    outputs.files().map(|(name, bytes)| format!("{name}: {}", String::from_utf8_lossy(bytes))).collect()
}

#[tokio::test]
async fn a_part_has_its_inputs_and_the_package_and_gives_the_same_bytes_again() {
    let Some(place) = Place::new("tasks: parts").await else { return };
    let script = "import os, sys
names = sorted(os.path.join(at, name) for at, _, files in os.walk('inputs') for name in files)
said = [open(name).read() for name in names] + [open(sys.argv[1]).read()] + [os.environ[k] for k in ('DEPIN_PART', 'DEPIN_SEED', 'DEPIN_THREADS')]
open('outputs/out.txt', 'w').write(' '.join(said + [str(len({'a', 'b'})), str(hash('x') != 0)]))";
    let outputs = place.run(script, 1, limits()).await.unwrap();
    assert_eq!(text(&outputs), "out.txt: input 1 more 1 8 1 2 True");
    assert_eq!(place.run(script, 1, limits()).await.unwrap().hash(), outputs.hash());
    assert_ne!(place.run(script, 2, limits()).await.unwrap().hash(), outputs.hash());
    let none = place.run(script, 3, limits()).await.unwrap_err();
    assert!(matches!(&none, RenderError::Refused { why } if why.contains("no part 3")), "{none}");
    let package = unpacked(&package(place.1.path(), script, r#"{"per-part": 2}"#));
    let inspection = inspect(&place.0, &package, limits()).await.unwrap();
    assert_eq!((inspection.first, inspection.last, inspection.width, inspection.refusals().count()), (0, 1, 1, 0));
}

/// Whatever a script does: nothing of this machine is read or written, and nothing of one part is left for the next.
#[tokio::test]
async fn a_malicious_script_harms_nothing() {
    let Some(place) = Place::new("tasks: harm").await else { return };
    let secret = place.1.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    let script = format!(
        "import os, socket
said = []
def tried(what):
    try:
        said.append(str(what()))
    except OSError as error:
        said.append('no')
tried(lambda: open({secret:?}).read())
tried(lambda: open({secret:?}, 'w').write('changed'))
tried(lambda: open('package/run.py', 'w').write('changed'))
tried(lambda: socket.create_connection(('127.0.0.1', 22), 1))
tried(lambda: os.listdir('/var'))
tried(lambda: open('/tmp/before').read())
open('/tmp/before', 'w').write('from the part before')
if os.fork() == 0:
    os.setsid()
    import time
    time.sleep(600)
open('outputs/out.txt', 'w').write(' '.join(said))",
        secret = secret.display().to_string()
    );
    let mut renderer = Renderer::new(place.0.clone(), unpacked(&package(place.1.path(), &script, "{}")), limits());
    for part in 0..2 {
        let done = renderer.render(part, &SETTINGS, |_| {}).await.unwrap();
        assert_eq!(text(&Outputs::decode(&done.image).unwrap()), "out.txt: no no no no no no", "part {part}");
    }
    assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
}

#[tokio::test]
async fn what_a_script_does_wrong_is_told_with_its_last_words() {
    let Some(place) = Place::new("tasks: errors").await else { return };
    for (script, told) in [
        ("import sys\nprint('before')\nsys.exit('no model')", "ended with 1: no model"),
        ("raise KeyError('label')", "KeyError"),
        ("pass", "left no outputs/out.txt"),
        ("import os\nos.symlink('/etc/passwd', 'outputs/out.txt')", "no plain file"),
        ("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)", "ended before"),
    ] {
        let error = place.run(script, 0, limits()).await.unwrap_err();
        assert!(error.to_string().contains(told), "{script}: {error}");
    }
}

#[tokio::test]
async fn time_memory_and_output_are_bounded_for_all_processes_of_a_part_together() {
    let Some(place) = Place::new("tasks: limits").await else { return };
    let seconds = std::time::Duration::from_secs(2);
    let long = place.run("import time\ntime.sleep(600)", 0, Limits { frame_time: seconds, ..limits() }).await.unwrap_err();
    assert!(matches!(long, RenderError::TooLong { .. }), "{long}");
    let big = "open('outputs/out.txt', 'wb').write(__import__('os').urandom(8 << 20))";
    let big = place.run(big, 0, Limits { output_bytes: 1 << 20, ..limits() }).await.unwrap_err();
    assert!(big.to_string().contains("are allowed"), "{big}");
    // Four processes of 150 MB: each is below the limit, all of them are above it.
    let many = "import os, time
for n in range(4):
    if os.fork() == 0:
        kept = bytearray(os.urandom(1 << 20)) * 150
        time.sleep(600)
time.sleep(600)";
    let many = place.run(many, 0, Limits { memory_bytes: 400 << 20, ..limits() }).await.unwrap_err();
    assert!(matches!(many, RenderError::Memory { memory_mb: 400, .. }), "{many}");
    let bomb = "import os, time
for n in range(100):
    if os.fork() == 0:
        time.sleep(600)
time.sleep(600)";
    let bomb = place.run(bomb, 0, limits()).await.unwrap_err();
    assert!(matches!(bomb, RenderError::Memory { .. }), "{bomb}");
}

#[tokio::test]
async fn a_node_measures_itself_by_products_of_matrices() {
    let Some(place) = Place::new("tasks: benchmark").await else { return };
    let measured = benchmark(&place.0, 1, limits()).await.unwrap();
    assert_eq!(measured.engine, "python");
    assert!(measured.score >= 1 && measured.milliseconds > 0 && measured.build == place.0.build, "{measured:?}");
}
