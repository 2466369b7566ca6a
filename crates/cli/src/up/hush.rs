//! What ends the node's store is told in one sentence, at the end.
//!
//! A store of the engine that cannot write, or that reads what was not written there, ends its thread by a panic; the node notices and
//! says why it ends. What the panic would print before says less, and looks like a defect of the program.

use depin_files::{is_full, tells_of_no_space};
use std::{panic, path::Path};

/// How the sources of the engine's store are called in every build.
const STORE: &str = "commonware-";

/// From now on, panics in the engine's store, and all on a full disk below `home`, are logged at `debug` only.
pub(super) fn hush(home: &Path) {
    let home = home.to_owned();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let in_store = panic.location().is_some_and(|place| place.file().contains(STORE));
        if in_store || is_full(&home) || tells_of_no_space(&panic.to_string()) {
            tracing::debug!(%panic, "a store ended");
        } else {
            before(panic);
        }
    }));
}
