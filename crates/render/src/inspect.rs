//! What is wrong with a scene before anybody pays for it: looked at by the renderer itself, behind the sandbox. Nothing is simulated.

use crate::{
    driver::{Driver, Request, plain},
    engine::Found,
    error::RenderError,
    renderer::Limits,
    scene::Unpacked,
    task::Task,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What can be the matter with a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingCode {
    /// There is nothing to look through.
    NoCamera,
    /// The file was written by a newer version.
    NewerVersion,
    /// It is set up for another renderer than Cycles.
    NotCycles,
    /// It makes another kind of picture than colours.
    Film,
    /// It names a file that is not in it.
    MissingFile,
    /// It names a file by the place where it is on the artist's machine.
    AbsolutePath,
    /// It names a file outside of its folder.
    PathOutside,
    /// A driver computes by a script of its own, which is not run.
    DriverScript,
    /// A shader in Open Shading Language.
    Osl,
    /// A node writes files of its own.
    FileOutput,
    /// It is denoised, which differs from machine to machine.
    Denoiser,
    /// It is simulated from frame to frame, so frames cannot be rendered apart.
    Cache,
    /// A script is set to run, and does not.
    Script,
    /// All frames are the same.
    Still,
}

impl FindingCode {
    /// What to do about it.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::NoCamera => "add a camera and make it the scene's",
            Self::NewerVersion => "save it by the version that renders it, or choose nodes that have yours",
            Self::NotCycles => "set the scene's render engine to Cycles",
            Self::Film => "use the film `hdrfilm`",
            Self::MissingFile => "pack it into the file (File, External Data, Pack Resources), or put it into the zip",
            Self::AbsolutePath => {
                "pack the file, or make paths relative (File, External Data, Make Paths Relative) and zip the folder"
            }
            Self::PathOutside => "put the file into the scene's folder",
            Self::DriverScript => {
                "use an expression of arithmetic and the functions that Blender evaluates by itself, or bake it"
            }
            Self::Osl => "use nodes in place of scripts",
            Self::FileOutput => "remove or mute the node; the frame itself is delivered",
            Self::Denoiser => "remove or mute the node; denoise the delivered frames",
            Self::Cache => "bake it to keyframes, or into the file",
            Self::Script => "nothing, if the picture does not depend on it",
            Self::Still => "use $frame where something moves",
        }
    }
}

/// Something that is the matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What.
    pub code: FindingCode,
    /// Where, by the scene's own names.
    pub what: String,
    /// Whether it is not rendered with it.
    pub refused: bool,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.code.hint())
    }
}

/// What a scene is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// Its cameras, at most 100.
    pub cameras: Vec<String>,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Its samples of a pixel.
    pub samples: u32,
    /// Its first frame.
    pub first: i64,
    /// Its last frame.
    pub last: i64,
    /// From one frame to the next.
    pub step: i64,
    /// What is the matter with it, at most 200.
    pub findings: Vec<Finding>,
}

impl Inspection {
    /// What a task is: its parts stand where a scene's frames do, and nothing of it has a size. That its file was read says that it is sound.
    fn of_task(task: &Task) -> Self {
        let last = i64::try_from(task.parts()).unwrap_or(i64::MAX).saturating_sub(1);
        Self { cameras: Vec::new(), width: 1, height: 1, samples: 1, first: 0, last, step: 1, findings: Vec::new() }
    }

    /// What it is refused for; nothing when it can be rendered.
    pub fn refusals(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.refused)
    }
}

/// Opens a scene by its renderer and looks at it.
///
/// # Errors
/// [`RenderError`]; of a file that is no scene [`RenderError::Refused`].
pub async fn inspect(found: &Found, scene: &Unpacked, limits: Limits) -> Result<Inspection, RenderError> {
    if let Some(task) = scene.task() {
        return Ok(Inspection::of_task(task));
    }
    let mut driver = Driver::start(found, Some((scene.folder(), scene.main())), limits).await?;
    let (answer, _) = driver.ask(&Request::Inspect, "look at the scene", limits.load_time).await?;
    let mut inspection: Inspection = serde_json::from_value(serde_json::Value::Object(answer.rest))
        .map_err(|error| RenderError::Answer { what: format!("no inspection: {error}") })?;
    inspection.findings.iter_mut().for_each(|finding| finding.what = plain(&finding.what, 300));
    inspection.cameras.iter_mut().for_each(|name| *name = plain(name, 100));
    Ok(inspection)
}
