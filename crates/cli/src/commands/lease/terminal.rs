//! The terminal of whoever opens a shell: raw while it is open, and given back as it was, whatever ends it.

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use std::{
    io::{IsTerminal as _, Read as _, stdin, stdout},
    thread,
};
use tokio::sync::mpsc;

/// Bytes that are read at once.
const PIECE: usize = 8 << 10;
/// Pieces that wait to be sent.
const WAITING: usize = 16;

/// A terminal in raw mode until this is dropped.
pub(super) struct Raw(Termios);

/// Whether somebody sits at both ends.
pub(super) fn is_there() -> bool {
    stdin().is_terminal() && stdout().is_terminal()
}

impl Raw {
    /// None where there is no terminal.
    pub(super) fn enter() -> Option<Self> {
        if !is_there() {
            return None;
        }
        let before = tcgetattr(stdin()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin(), OptionalActions::Now, &raw).ok()?;
        Some(Self(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Drain, &self.0);
    }
}

/// Lines and columns.
pub(super) fn size() -> Option<(u16, u16)> {
    tcgetwinsize(stdout()).ok().map(|size| (size.ws_row, size.ws_col)).filter(|(rows, columns)| *rows > 0 && *columns > 0)
}

/// What comes from standard input, to its end. A thread of its own reads it: nothing else can stop a read that waits, and the end of the
/// program does.
pub(super) fn input() -> mpsc::Receiver<Vec<u8>> {
    let (sends, receives) = mpsc::channel(WAITING);
    thread::spawn(move || {
        let mut piece = vec![0; PIECE];
        while let Ok(read @ 1..) = stdin().lock().read(&mut piece) {
            if sends.blocking_send(piece[..read].to_vec()).is_err() {
                return;
            }
        }
    });
    receives
}
