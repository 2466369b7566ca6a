//! What a connection is once its request was answered with another protocol: bytes that belong to the handler, and a way to end them.
//!
//! The port lets go of such a stream and cannot close it itself: whoever reads or writes it is told, with an error, the next time, and is
//! woken for it.

use std::{
    io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Waker},
};

/// Which half of a stream waits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Half {
    Read = 0,
    Write = 1,
}

/// Ends a stream from outside.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    /// Whether the stream left the port's hands; before that the port ends it by dropping it.
    armed: AtomicBool,
    cut: AtomicBool,
    waiting: Mutex<[Option<Waker>; 2]>,
}

impl Cut {
    /// From here on halves that wait are woken by [`Cut::cut`].
    pub(crate) fn arm(&self) {
        self.armed.store(true, Ordering::Release);
    }

    pub(crate) fn is_armed(&self) -> bool {
        self.armed.load(Ordering::Acquire)
    }

    /// Whatever is read or written from now on fails.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().flatten().for_each(Waker::wake);
    }

    /// Before a half is polled.
    ///
    /// # Errors
    /// When the stream was ended.
    pub(crate) fn check(&self, half: Half, cx: &Context<'_>) -> io::Result<()> {
        if !self.is_armed() {
            return Ok(());
        }
        // Known before it is looked at: an end in between wakes it.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)[half as usize] = Some(cx.waker().clone());
        if self.cut.load(Ordering::Acquire) {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the port ended the connection"));
        }
        Ok(())
    }
}
