//! The Python that has Ray: one that the operator names, or an environment that the daemon makes by `venv` and `pip` before anything is hired.
//! Nothing is downloaded while a cluster runs.

use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{process::Command, time::timeout};

/// How long looking at a Python may take.
const ASK_TIME_MAX: Duration = Duration::from_secs(60);
/// How long making an environment may take: some 400 MB are downloaded and unpacked.
const MAKE_TIME_MAX: Duration = Duration::from_secs(1_800);
/// What Ray with a dashboard and the Jobs API is called.
const PACKAGE: &str = "ray[default]";
/// Tells what is there without importing Ray, which takes seconds: its version, Python's, where both are, and whether the dashboard's parts are.
const ASK: &str = r#"
import importlib.metadata as m, importlib.util as u, json, platform, sys
def version(name):
    try:
        return m.version(name)
    except m.PackageNotFoundError:
        return None
print(json.dumps({"ray": version("ray"), "python": platform.python_version(), "prefix": sys.prefix, "base": sys.base_prefix,
                  "dashboard": all(u.find_spec(name) is not None for name in ("aiohttp", "aiohttp_cors", "prometheus_client"))}))
"#;

/// Why there is no Ray.
#[derive(Debug, thiserror::Error)]
pub enum PythonError {
    /// No Python.
    #[error("{path} is no Python that runs: {why}; name one with ray[default], or let the daemon make an environment", path = path.display())]
    NoPython {
        /// The program.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// No Ray.
    #[error("the Python at {path} has no Ray: `{path} -m pip install 'ray[default]'`", path = path.display())]
    NoRay {
        /// The program.
        path: PathBuf,
    },
    /// Ray without its dashboard.
    #[error("the Ray {version} at {path} has neither dashboard nor Jobs API: `{path} -m pip install 'ray[default]=={version}'`", path = path.display())]
    NoDashboard {
        /// The program.
        path: PathBuf,
        /// Ray's version.
        version: String,
    },
    /// Another version than asked for.
    #[error("the Python at {path} has Ray {found}, and {wanted} was asked for: `{path} -m pip install 'ray[default]=={wanted}'`", path = path.display())]
    OtherVersion {
        /// The program.
        path: PathBuf,
        /// What is there.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// Not a version.
    #[error("`{0}` is no version of Ray; write one as `2.60.0`")]
    Version(String),
    /// Where nothing may be mounted.
    #[error("{path} holds the Python and cannot be shown to sandboxes: it is {why}", path = path.display())]
    Place {
        /// The folder.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// Making an environment failed.
    #[error("the environment {path} cannot be made: {why}", path = path.display())]
    Make {
        /// The folder.
        path: PathBuf,
        /// What `venv` or `pip` said.
        why: String,
    },
}

/// A Python that has Ray with its dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RayPython {
    program: PathBuf,
    ray: String,
    python: String,
    /// Folders that hold it, beside the machine's `/usr`.
    folders: Vec<PathBuf>,
    /// Whether it is in the machine's `/usr/local`.
    local: bool,
}

#[derive(Deserialize)]
struct Said {
    ray: Option<String>,
    python: String,
    prefix: PathBuf,
    base: PathBuf,
    dashboard: bool,
}

impl RayPython {
    /// Looks at a Python that the operator names.
    ///
    /// # Errors
    /// [`PythonError`], with what to install.
    pub async fn find(program: &Path) -> Result<Self, PythonError> {
        let no_python = |why: String| PythonError::NoPython { path: program.to_owned(), why };
        if !program.is_absolute() {
            return Err(no_python("its path is not absolute".to_owned()));
        }
        let mut command = Command::new(program);
        // Isolated: neither the environment nor the current folder says what is imported.
        command.args(["-I", "-c", ASK]).stdin(Stdio::null()).kill_on_drop(true);
        let late = |_| no_python(format!("it said nothing within {} s", ASK_TIME_MAX.as_secs()));
        let output = timeout(ASK_TIME_MAX, command.output()).await.map_err(late)?;
        let output = output.map_err(|error| no_python(error.to_string()))?;
        if !output.status.success() {
            return Err(no_python(last_line(&output.stderr)));
        }
        let said: Said = serde_json::from_slice(&output.stdout).map_err(|error| no_python(error.to_string()))?;
        Self::of(program, said)
    }

    fn of(program: &Path, said: Said) -> Result<Self, PythonError> {
        let path = || program.to_owned();
        let Some(ray) = said.ray else { return Err(PythonError::NoRay { path: path() }) };
        if !said.dashboard {
            return Err(PythonError::NoDashboard { path: path(), version: ray });
        }
        let local = Path::new("/usr/local");
        let mut folders = Vec::new();
        for folder in [&said.base, &said.prefix] {
            let is_shown = (folder.starts_with("/usr") && !folder.starts_with(local)) || folder == local;
            if !is_shown && !folders.contains(folder) {
                check_place(folder)?;
                folders.push(folder.clone());
            }
        }
        let local = said.base == local || said.prefix == local;
        Ok(Self { program: path(), ray, python: said.python, folders, local })
    }

    /// The environment in a folder, made there when it is not: `python -m venv`, then `pip install ray[default]==VERSION` and `packages`. Takes some
    /// minutes and 500 MB once. One that was left half made is made anew.
    ///
    /// # Errors
    /// [`PythonError`].
    pub async fn make(folder: &Path, python: &Path, version: &str, packages: &[String]) -> Result<Self, PythonError> {
        if version.is_empty() || version.len() > 32 || !version.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.') {
            return Err(PythonError::Version(version.chars().take(40).collect()));
        }
        let (program, whole) = (folder.join("bin/python3"), folder.join("depin-complete"));
        if !whole.exists() {
            let failed = |error: io::Error| PythonError::Make { path: folder.to_owned(), why: error.to_string() };
            match fs::remove_dir_all(folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
            if let Some(above) = folder.parent() {
                fs::create_dir_all(above).map_err(failed)?;
            }
            run(folder, Command::new(python).args(["-m", "venv"]).arg(folder)).await?;
            let mut pip = Command::new(&program);
            pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]);
            run(folder, pip.arg(format!("{PACKAGE}=={version}")).args(packages)).await?;
            depin_files::replace(&whole, version.as_bytes(), depin_files::Readers::Everybody).map_err(failed)?;
        }
        let found = Self::find(&program).await?;
        if found.ray != version {
            return Err(PythonError::OtherVersion { path: program, found: found.ray, wanted: version.to_owned() });
        }
        Ok(found)
    }

    /// Ray's version.
    pub fn ray(&self) -> &str {
        &self.ray
    }

    /// Python's version.
    pub fn python(&self) -> &str {
        &self.python
    }

    /// What must be the same on all nodes: Ray refuses other versions of itself and of Python, and says so only once it runs.
    pub(crate) fn versions(&self) -> BTreeMap<String, String> {
        BTreeMap::from([("Ray".to_owned(), self.ray.clone()), ("Python".to_owned(), self.python.clone())])
    }

    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    pub(crate) fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    pub(crate) const fn is_local(&self) -> bool {
        self.local
    }
}

/// Whether a folder can be mounted in a sandbox at its own path.
fn check_place(folder: &Path) -> Result<(), PythonError> {
    let refuse = |why| Err(PythonError::Place { path: folder.to_owned(), why });
    let Some(text) = folder.to_str() else { return refuse("no text") };
    if text == "/" || !folder.is_absolute() {
        return refuse("the whole machine");
    }
    if text.contains([':', ',', '\0']) || text.len() > 1_000 {
        return refuse("of a name with `:` or `,`, or of more than 1,000 bytes");
    }
    let taken = ["/proc", "/sys", "/dev", "/work", "/run/cluster", "/etc", "/bin", "/lib", "/lib64", "/sbin"];
    if taken.iter().any(|taken| folder.starts_with(taken)) {
        return refuse("where sandboxes have something of their own");
    }
    Ok(())
}

fn last_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no reason given");
    last.chars().take(300).collect()
}

async fn run(folder: &Path, command: &mut Command) -> Result<(), PythonError> {
    let failed = |why: String| PythonError::Make { path: folder.to_owned(), why };
    command.stdin(Stdio::null()).kill_on_drop(true);
    let late = |_| failed(format!("it took more than {} minutes", MAKE_TIME_MAX.as_secs() / 60));
    let output = timeout(MAKE_TIME_MAX, command.output()).await.map_err(late)?;
    let output = output.map_err(|error| failed(error.to_string()))?;
    if output.status.success() { Ok(()) } else { Err(failed(last_line(&output.stderr))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(prefix: &str, base: &str) -> Said {
        let ray = Some("2.60.0".to_owned());
        Said { ray, python: "3.11.7".to_owned(), prefix: prefix.into(), base: base.into(), dashboard: true }
    }

    fn folders(prefix: &str, base: &str) -> Vec<PathBuf> {
        RayPython::of(Path::new("/x/python"), said(prefix, base)).unwrap().folders
    }

    #[test]
    fn what_the_machines_usr_does_not_show_is_mounted() {
        assert_eq!(folders("/usr", "/usr"), Vec::<PathBuf>::new());
        assert_eq!(folders("/opt/ray", "/usr"), [PathBuf::from("/opt/ray")]);
        assert_eq!(folders("/opt/ray", "/root/python"), [PathBuf::from("/root/python"), PathBuf::from("/opt/ray")]);
        assert_eq!(folders("/usr/local/ray", "/usr"), [PathBuf::from("/usr/local/ray")]);
        let local = RayPython::of(Path::new("/usr/local/bin/python3"), said("/usr/local", "/usr/local")).unwrap();
        assert!(local.is_local() && local.folders.is_empty());
    }

    #[test]
    fn what_cannot_be_mounted_is_refused_in_words() {
        for (bad, why) in [("/", "the whole machine"), ("/opt/a:b", "of a name"), ("/work/ray", "something of their own")] {
            let error = RayPython::of(Path::new("/x/python"), said(bad, "/usr")).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[tokio::test]
    async fn a_python_without_ray_or_none_at_all_is_told_with_what_to_do() {
        let error = RayPython::find(Path::new("/nonexistent/python")).await.unwrap_err().to_string();
        assert!(error.starts_with("/nonexistent/python is no Python that runs"), "{error}");
        let error = RayPython::find(Path::new("python3")).await.unwrap_err().to_string();
        assert!(error.contains("not absolute"), "{error}");
        let bare = Said { ray: None, ..said("/usr", "/usr") };
        let error = RayPython::of(Path::new("/x/python"), bare).unwrap_err().to_string();
        assert!(error.contains("`/x/python -m pip install 'ray[default]'`"), "{error}");
        let small = Said { dashboard: false, ..said("/usr", "/usr") };
        let error = RayPython::of(Path::new("/x/python"), small).unwrap_err().to_string();
        assert!(error.contains("'ray[default]==2.60.0'"), "{error}");
    }

    #[tokio::test]
    async fn a_version_is_no_option_of_pip() {
        for bad in ["", "2.60 --index-url http://evil", "../x", &"1".repeat(33)] {
            let error =
                RayPython::make(Path::new("/nonexistent/venv"), Path::new("/usr/bin/python3"), bad, &[]).await.unwrap_err();
            assert!(matches!(error, PythonError::Version(_)), "{bad}");
        }
    }
}
