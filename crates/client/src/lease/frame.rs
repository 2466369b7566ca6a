//! Frames of a shell: the first byte of each binary message says what the rest is. Upstream's codes and forms.

use bytes::{BufMut as _, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

/// Longest message that either side takes, with its code.
pub const FRAME_BYTES_MAX: usize = 64 << 10;

const STDOUT: u8 = 100;
const STDERR: u8 = 101;
const RESULT: u8 = 102;
const FAILURE: u8 = 103;
const STDIN: u8 = 104;
const RESIZE: u8 = 105;

/// How a command ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellResult {
    /// Its exit code.
    pub exit_code: i64,
    /// Why it was not run, if it was not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// What the command wrote.
    Stdout(Bytes),
    /// What it wrote to standard error.
    Stderr(Bytes),
    /// It ended.
    Result(ShellResult),
    /// The provider could not run it, for a reason of its own.
    Failure,
    /// What it reads; nothing at all is its end.
    Stdin(Bytes),
    /// The size of its terminal.
    Resize {
        /// Lines.
        rows: u16,
        /// Columns.
        columns: u16,
    },
}

/// Why a message is no frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Nothing in it.
    #[error("a frame begins with its code, and this one is empty")]
    Empty,
    /// Too much in it.
    #[error("a frame has at most {FRAME_BYTES_MAX} bytes, and this one has {0}")]
    TooLong(usize),
    /// A code that means nothing.
    #[error("{0} is no code of a frame; they are 100 to 105")]
    Code(u8),
    /// A result or a size in another form.
    #[error("a frame of the code {code} holds {wanted}, and this one does not")]
    Form {
        /// Which.
        code: u8,
        /// What it should hold.
        wanted: &'static str,
    },
}

impl Frame {
    /// Its bytes.
    pub fn encode(&self) -> Bytes {
        let (code, rest) = match self {
            Self::Stdout(bytes) => (STDOUT, bytes.clone()),
            Self::Stderr(bytes) => (STDERR, bytes.clone()),
            Self::Result(result) => (RESULT, serde_json::to_vec(result).unwrap_or_default().into()),
            Self::Failure => (FAILURE, Bytes::new()),
            Self::Stdin(bytes) => (STDIN, bytes.clone()),
            // Columns first, as upstream's terminals have them.
            Self::Resize { rows, columns } => {
                let mut size = BytesMut::with_capacity(4);
                size.put_u16(*columns);
                size.put_u16(*rows);
                (RESIZE, size.freeze())
            }
        };
        let mut frame = BytesMut::with_capacity(1 + rest.len());
        frame.put_u8(code);
        frame.put(rest);
        frame.freeze()
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`FrameError`].
    pub fn decode(mut message: Bytes) -> Result<Self, FrameError> {
        if message.len() > FRAME_BYTES_MAX {
            return Err(FrameError::TooLong(message.len()));
        }
        if message.is_empty() {
            return Err(FrameError::Empty);
        }
        let rest = message.split_off(1);
        Ok(match message[0] {
            STDOUT => Self::Stdout(rest),
            STDERR => Self::Stderr(rest),
            RESULT => {
                let wanted = "JSON with `exit_code`";
                Self::Result(serde_json::from_slice(&rest).map_err(|_| FrameError::Form { code: RESULT, wanted })?)
            }
            FAILURE => Self::Failure,
            STDIN => Self::Stdin(rest),
            RESIZE => match *rest {
                [a, b, c, d] => Self::Resize { columns: u16::from_be_bytes([a, b]), rows: u16::from_be_bytes([c, d]) },
                _ => return Err(FrameError::Form { code: RESIZE, wanted: "columns and rows, two bytes each" }),
            },
            code => return Err(FrameError::Code(code)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_upstreams_codes_and_are_read_as_they_were_written() {
        let word = Bytes::from_static(b"word");
        let result = ShellResult { exit_code: 3, message: String::new() };
        for (frame, bytes) in [
            (Frame::Stdout(word.clone()), b"dword".to_vec()),
            (Frame::Stderr(word.clone()), b"eword".to_vec()),
            (Frame::Result(result), b"f{\"exit_code\":3}".to_vec()),
            (Frame::Failure, b"g".to_vec()),
            (Frame::Stdin(word), b"hword".to_vec()),
            (Frame::Stdin(Bytes::new()), b"h".to_vec()),
            (Frame::Resize { rows: 24, columns: 300 }, vec![105, 1, 44, 0, 24]),
        ] {
            assert_eq!(frame.encode(), bytes);
            assert_eq!(Frame::decode(bytes.into()), Ok(frame));
        }
    }

    #[test]
    fn what_is_no_frame_is_told() {
        let told = |bytes: Vec<u8>| Frame::decode(bytes.into()).unwrap_err();
        assert_eq!(told(vec![]), FrameError::Empty);
        assert_eq!(told(vec![99]), FrameError::Code(99));
        assert_eq!(told(vec![106, 1]), FrameError::Code(106));
        assert!(matches!(told(b"f{}".to_vec()), FrameError::Form { code: 102, .. }));
        assert!(matches!(told(vec![105, 0, 1]), FrameError::Form { code: 105, .. }));
        assert_eq!(told(vec![104; FRAME_BYTES_MAX + 1]), FrameError::TooLong(FRAME_BYTES_MAX + 1));
        assert!(Frame::decode(vec![104; FRAME_BYTES_MAX].into()).is_ok());
    }
}
