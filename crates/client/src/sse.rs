//! Server-sent events, parsed as the bytes come in.
//!
//! In: chunks of a body, cut anywhere, even inside a character or between CR and LF. Out: whole messages. The rules are those
//! of the HTML standard (section 9.2.6, "interpreting an event stream"): lines end with LF, CR or CRLF; a leading byte order
//! mark is skipped; lines that begin with a colon are comments; an empty line dispatches a message; a message without data is
//! dropped, but its id counts; an unfinished message at the end is dropped.

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SseMessage {
    /// Last id given so far, by this message or an earlier one.
    pub id: Option<String>,
    /// Its type; `message` when none was given.
    pub event: String,
    /// Its data lines, joined by line feeds.
    pub data: String,
}

/// The stream breaks a limit; read no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message of the event stream has more than {limit} bytes; nothing that a node sends is that long")]
pub struct SseError {
    /// Bytes allowed.
    pub limit: usize,
}

/// Collects bytes into messages.
#[derive(Debug)]
pub struct SseParser {
    limit: usize,
    line: Vec<u8>,
    /// The last byte was CR; an LF right behind it belongs to the same line end.
    after_cr: bool,
    /// No line has been finished yet, so that the first may begin with a byte order mark.
    at_start: bool,
    data: String,
    has_data: bool,
    event: String,
    id: Option<String>,
    /// What `id` was at the last empty line: ids of unfinished messages don't count, their data were not given out.
    last_id: Option<String>,
    retry_ms: Option<u64>,
}

impl SseParser {
    /// A parser that refuses messages of more than `limit` bytes.
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            after_cr: false,
            at_start: true,
            data: String::new(),
            has_data: false,
            event: String::new(),
            id: None,
            last_id: None,
            retry_ms: None,
        }
    }

    /// Takes the next bytes; gives the messages that they complete.
    ///
    /// # Errors
    /// [`SseError`] for a message past the limit.
    pub fn push(&mut self, chunk: &[u8]) -> Result<Vec<SseMessage>, SseError> {
        let mut messages = Vec::new();
        for &byte in chunk {
            let second_half = std::mem::replace(&mut self.after_cr, byte == b'\r') && byte == b'\n';
            if second_half {
                continue;
            }
            if byte == b'\n' || byte == b'\r' {
                messages.extend(self.end_line());
                continue;
            }
            self.line.push(byte);
            if self.line.len() + self.data.len() > self.limit {
                return Err(SseError { limit: self.limit });
            }
        }
        Ok(messages)
    }

    /// Milliseconds to wait before connecting again, as last told by the server.
    pub const fn retry_ms(&self) -> Option<u64> {
        self.retry_ms
    }

    /// The last id given by a finished message, also by one without data.
    pub fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    fn end_line(&mut self) -> Option<SseMessage> {
        let line = std::mem::take(&mut self.line);
        let bytes = line.as_slice();
        let bytes = if std::mem::replace(&mut self.at_start, false) {
            bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
        } else {
            bytes
        };
        // A line is a whole number of characters: CR and LF never occur inside of one.
        let text = String::from_utf8_lossy(bytes);
        if text.is_empty() {
            return self.dispatch();
        }
        let (field, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            "event" => self.event = value.to_owned(),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) => {
                self.retry_ms = value.parse().ok().or(self.retry_ms);
            }
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<SseMessage> {
        self.last_id.clone_from(&self.id);
        let event = std::mem::take(&mut self.event);
        let data = std::mem::take(&mut self.data);
        std::mem::take(&mut self.has_data).then(|| SseMessage {
            id: self.id.clone(),
            event: if event.is_empty() { "message".to_owned() } else { event },
            data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &[u8]) -> Vec<SseMessage> {
        SseParser::new(1 << 20).push(text).unwrap()
    }

    fn message(id: Option<&str>, event: &str, data: &str) -> SseMessage {
        SseMessage { id: id.map(str::to_owned), event: event.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn the_examples_of_the_standard_come_out_as_it_says() {
        assert_eq!(parse(b"data: YHOO\ndata: +2\ndata: 10\n\n"), [message(None, "message", "YHOO\n+2\n10")]);
        assert_eq!(
            parse(b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
            [
                message(Some("1"), "message", "first event"),
                message(Some(""), "message", "second event"),
                message(Some(""), "message", " third event")
            ]
        );
        assert_eq!(parse(b"data\n\ndata\ndata\n\ndata:"), [message(None, "message", ""), message(None, "message", "\n")]);
        assert_eq!(parse(b"data:test\n\ndata: test\n\n"), [message(None, "message", "test"), message(None, "message", "test")]);
    }

    #[test]
    fn heartbeats_and_unknown_fields_give_nothing() {
        assert!(parse(b":\n\n: heartbeat\n\nfoo: bar\nevent: x\n\n").is_empty());
    }

    #[test]
    fn a_byte_order_mark_is_skipped_at_the_start_only() {
        assert_eq!(parse(b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n"), [message(None, "message", "a")]);
    }

    #[test]
    fn retry_is_taken_when_it_is_a_number() {
        let mut parser = SseParser::new(1000);
        parser.push(b"retry: 250\nretry: soon\nretry:\n\n").unwrap();
        assert_eq!(parser.retry_ms(), Some(250));
    }

    #[test]
    fn the_id_of_an_unfinished_message_does_not_count_yet() {
        let mut parser = SseParser::new(1000);
        parser.push(b"id: 1\n\nid: 2\ndata: a\n").unwrap();
        assert_eq!(parser.last_id(), Some("1"));
        parser.push(b"\n").unwrap();
        assert_eq!(parser.last_id(), Some("2"));
    }

    #[test]
    fn an_id_with_a_zero_byte_is_ignored() {
        assert_eq!(parse(b"id: 1\nid: 2\0\ndata: a\n\n"), [message(Some("1"), "message", "a")]);
    }

    #[test]
    fn a_message_without_end_is_refused_instead_of_filling_the_memory() {
        let mut parser = SseParser::new(100);
        let long = [b'x'; 60];
        parser.push(b"data: ").unwrap();
        parser.push(&long).unwrap();
        assert_eq!(parser.push(&long), Err(SseError { limit: 100 }));
        let mut lines = SseParser::new(100);
        assert!((0..20).any(|_| lines.push(b"data: 0123456789\n").is_err()));
    }

    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just("data: ".to_owned()),
            Just("event: ".to_owned()),
            Just("id: ".to_owned()),
            Just(":".to_owned()),
            Just("\n".to_owned()),
            Just("\r".to_owned()),
            Just("\r\n".to_owned()),
            Just("\n\n".to_owned()),
            "[a-z é漢🙂]{0,6}",
        ];
        prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat().into_bytes())
    }

    proptest! {
        /// However the bytes are cut, the same messages come out.
        #[test]
        fn chunk_borders_do_not_matter(bytes in stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
            let mut cuts: Vec<usize> = cuts.iter().map(|c| c.index(bytes.len() + 1)).collect();
            cuts.push(bytes.len());
            cuts.sort_unstable();
            let mut parser = SseParser::new(1 << 20);
            let (mut at, mut messages) = (0, Vec::new());
            for cut in cuts {
                messages.extend(parser.push(&bytes[at..cut]).unwrap());
                at = cut;
            }
            prop_assert_eq!(messages, parse(&bytes));
        }

        /// Whatever line end a server uses, the same messages come out.
        #[test]
        fn line_ends_do_not_matter(lines in prop::collection::vec("(data: |id: |event: |: )?[a-zé]{0,5}", 0..20)) {
            let with = |end: &str| parse(lines.iter().map(|l| format!("{l}{end}")).collect::<String>().as_bytes());
            prop_assert_eq!(with("\n"), with("\r\n"));
            prop_assert_eq!(with("\n"), with("\r"));
        }
    }
}
