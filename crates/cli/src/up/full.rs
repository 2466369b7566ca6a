//! A full disk is told in one sentence, at the end.
//!
//! A store of the engine that cannot write ends its thread by a panic; the node notices and says why it ends. What the panic would
//! print before says less, and looks like a defect of the program.

use depin_files::{is_full, tells_of_no_space};
use std::{panic, path::Path};

/// From now on, panics on a full disk below `home` are logged at `debug` only.
pub(super) fn hush(home: &Path) {
    let home = home.to_owned();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if is_full(&home) || tells_of_no_space(&panic.to_string()) {
            tracing::debug!(%panic, "on a full disk");
        } else {
            before(panic);
        }
    }));
}
