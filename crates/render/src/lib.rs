#![doc = include_str!("../README.md")]

mod benchmark;
mod driver;
mod engine;
mod error;
mod hash;
mod inspect;
mod pixels;
mod product;
mod renderer;
mod scene;
mod seal;
mod task;

pub use benchmark::{BENCHMARK_SIDE, Machine, Measured, Report, benchmark};
pub use engine::{EngineKind, EngineSettings, Engines, Found, Missing};
pub use error::RenderError;
pub use hash::hash_of;
pub use inspect::{Finding, FindingCode, Inspection, inspect};
pub use pixels::{
    Bounds, CARD_SIZE, Comparison, DecodeError, Depth, FrameFormat, PIXELS_MOST, Pixels, SheetError, Watermark, compare,
    contact_sheet, encode_png, preview_size,
};
pub use product::Product;
pub use renderer::{FrameSettings, Limits, Rendered, Renderer};
pub use scene::{Scene, SceneError, SceneLimits, Unpacked};
pub use seal::{SEALED_CHUNK, SealError, Sealed, open, seal, sealed_length};
pub use task::{Alike, OUTPUTS_MOST, Outputs, Task, TaskError};
