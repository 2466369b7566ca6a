//! A node that renders on a real chain, with a real engine behind the sandbox: whole lives of frames, comparisons, restarts, bad requests.
//! Without Blender and Mitsuba nothing is tested, and that is said; `DEPIN_TEST_MITSUBA` names a Python that has Mitsuba.

mod compared;
mod door;
mod life;
mod world;
