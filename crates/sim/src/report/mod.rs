//! What people read of results: one page in one file, for one experiment or for several side by side.
//!
//! In: a folder of [`Results`](crate::results::Results). Out: the text of an HTML page that fetches nothing: styles, scripts and numbers
//! stand in it; charts are drawn by uPlot, which comes along. The same folder gives the same bytes. Absent on purpose: figures of its own;
//! what is shown is in the summary, or in the bands of the table of runs.

mod backtest;
mod chart;
mod compare;
mod figures;
mod html;
mod overlay;
mod page;
mod shown;

pub use backtest::backtest_page;
pub use compare::{ComparedFigure, Comparison};
pub use figures::{CARDS, YES_OR_NO, plain, title, unit};
pub use page::{is_page, page};
pub use shown::{band, length, shown, unit_shown, with_error};
