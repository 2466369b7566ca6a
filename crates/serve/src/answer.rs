//! An answer on its way. One that is kept in memory until its reader has taken it has its bytes from the port's budget.

use crate::{
    guard::BoxError,
    peer::{Busy, Peer},
    places::{Full, Place},
    port::Port,
};
use bytes::Bytes;
use futures::FutureExt as _;
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// What is sent; the connection is busy until it is gone.
pub(crate) struct Answer {
    /// What the body gave when it was looked at.
    first: Option<Result<Frame<Bytes>, BoxError>>,
    /// Size of all of it, while that is held here.
    size: u64,
    rest: UnsyncBoxBody<Bytes, BoxError>,
    pub(crate) busy: Option<Busy>,
}

/// A whole answer with its place: wherever its bytes are on their way, the place is theirs until the last of them was sent.
struct Kept {
    bytes: Bytes,
    _place: Place,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Answer {
    /// An answer that takes nothing from the port's budget.
    pub(crate) fn free<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self { first: None, size: 0, rest: body.map_err(Into::into).boxed_unsync(), busy: None }
    }

    /// An answer that takes its size from the port's budget if all of it is there at once and it is not a small one. Bodies that are made
    /// as they are read have bounds of their own.
    ///
    /// # Errors
    /// [`Full`] when nobody who reads too slowly makes room.
    pub(crate) fn within<B>(body: B, port: &Port, peer: &Peer) -> Result<Self, Full>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let size = body.size_hint().exact().unwrap_or(0);
        let mut answer = Self::free(body);
        if size <= port.limits.answer_free_bytes as u64 {
            return Ok(answer);
        }
        // A length alone says nothing: files have one too. Whatever gives all of it at once has it in memory.
        let Some(Some(first)) = answer.rest.frame().now_or_never() else { return Ok(answer) };
        let whole = |frame: &Frame<Bytes>| frame.data_ref().is_some_and(|bytes| bytes.len() as u64 == size);
        answer.size = size;
        answer.first = Some(match first.map(|frame| if whole(&frame) { frame.into_data() } else { Err(frame) }) {
            Ok(Ok(bytes)) => {
                let (place, ended) = port.answers.enter_within(port.limits.answers_bytes, Some(peer), bytes.len())?;
                port.meters.evicted(ended);
                Ok(Frame::data(Bytes::from_owner(Kept { bytes, _place: place })))
            }
            Ok(Err(part)) => Ok(part),
            Err(error) => Err(error),
        });
        Ok(answer)
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.first.is_some() { SizeHint::with_exact(self.size) } else { self.rest.size_hint() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, json};
    use http_body::Body as _;
    use http_body_util::{Full as Whole, StreamBody};
    use std::{convert::Infallible, sync::Arc, time::Duration};

    fn port() -> Arc<Port> {
        Port::new("test", Limits { answers_bytes: 100, answer_free_bytes: 10, ..Limits::default() }, json)
    }

    fn peer(port: &Port) -> Peer {
        Peer::new("203.0.113.5:1".parse().unwrap(), Arc::clone(&port.limits))
    }

    fn whole(size: usize) -> Whole<Bytes> {
        Whole::new(Bytes::from(vec![7; size]))
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_has_its_bytes_until_the_last_of_them_was_sent_and_small_ones_have_none() {
        let port = port();
        let peer = peer(&port);
        let mut answer = Answer::within(whole(60), &port, &peer).unwrap();
        assert_eq!((port.answers.taken(), answer.size_hint().exact(), answer.is_end_stream()), (60, Some(60), false));
        assert!(Answer::within(whole(41), &port, &peer).is_err(), "nobody is slow yet");
        assert!((0..100).all(|_| Answer::within(whole(10), &port, &peer).is_ok()));
        let mut bytes = answer.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(answer.is_end_stream() && answer.frame().await.is_none());
        drop(answer);
        let sent = bytes.split_to(50);
        drop(sent);
        assert_eq!((bytes.len(), port.answers.taken()), (10, 60), "what is not sent yet is in memory");
        drop(bytes);
        assert_eq!(port.answers.taken(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_makes_room_for_the_next_answer() {
        let port = port();
        let (silent, other) = (peer(&port), peer(&port));
        let _busy = (silent.begin(), other.begin());
        let _unread = Answer::within(whole(90), &port, &silent).unwrap();
        silent.blocked();
        assert!(Answer::within(whole(90), &port, &other).is_err());
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(Answer::within(whole(90), &port, &other).is_ok());
        silent.ended().await;
    }

    #[tokio::test]
    async fn what_is_made_as_it_is_read_takes_nothing_however_long_it_is() {
        struct Long<B>(B);
        impl<B: http_body::Body<Data = Bytes> + Unpin> http_body::Body for Long<B> {
            type Data = Bytes;
            type Error = B::Error;
            fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
                Pin::new(&mut self.0).poll_frame(cx)
            }
            fn size_hint(&self) -> SizeHint {
                SizeHint::with_exact(1 << 40)
            }
        }
        let port = port();
        let peer = peer(&port);
        let frames = |data: Vec<&'static [u8]>| {
            let frames = data.into_iter().map(|data| Ok::<_, Infallible>(Frame::data(Bytes::from_static(data))));
            Long(StreamBody::new(futures::stream::iter(frames)))
        };
        let answer = Answer::within(frames(vec![b"first", b"second"]), &port, &peer).unwrap();
        assert_eq!((answer.size_hint().exact(), port.answers.taken()), (Some(1 << 40), 0));
        assert_eq!(answer.collect().await.unwrap().to_bytes(), "firstsecond");
        let failing = futures::stream::iter([Err::<Frame<Bytes>, _>(std::io::Error::other("lost"))]);
        let mut answer = Answer::within(Long(StreamBody::new(failing)), &port, &peer).unwrap();
        assert!(answer.frame().await.unwrap().is_err(), "an error at the beginning is not swallowed");
        let pending = Long(StreamBody::new(futures::stream::pending::<Result<Frame<Bytes>, Infallible>>()));
        assert!(Answer::within(pending, &port, &peer).is_ok());
    }
}
