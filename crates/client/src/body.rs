//! Bodies of answers, read to a bound: whoever answers may be anybody, and may go on for ever.

/// Why a body was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is longer than allowed.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    /// The connection failed.
    #[error("the connection broke within the answer")]
    Broken(#[source] reqwest::Error),
}

/// The body of an answer when it has at most `bytes_max` bytes. No more than that, and what came last, is ever held.
///
/// # Errors
/// [`BodyError`].
pub async fn read_body(mut answer: reqwest::Response, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(BodyError::Broken)? {
        if chunk.len() > bytes_max - body.len() {
            return Err(BodyError::TooLong(bytes_max));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    /// A server that answers one request with so many bytes; none: it never ends.
    fn server(bytes: Option<usize>) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
            let mut left = bytes.unwrap_or(usize::MAX);
            while left > 0 {
                let some = left.min(8192);
                if stream.write_all(&vec![b'x'; some]).is_err() {
                    return;
                }
                left -= some;
            }
        });
        url
    }

    #[tokio::test]
    async fn a_body_is_read_to_its_bound_and_one_that_never_ends_is_left() {
        for (sent, bound, whole) in
            [(Some(0), 0, true), (Some(10_000), 10_000, true), (Some(10_001), 10_000, false), (None, 10_000, false)]
        {
            let answer = reqwest::get(server(sent)).await.unwrap();
            match read_body(answer, bound).await {
                Ok(body) => assert!(whole && Some(body.len()) == sent),
                Err(error) => assert!(!whole && error.to_string() == "the answer is longer than 10000 bytes", "{error}"),
            }
        }
    }
}
