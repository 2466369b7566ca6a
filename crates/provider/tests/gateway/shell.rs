//! Commands in containers.

use crate::{
    desk::lease,
    world::{PATIENCE, World, claims, token},
};
use depin_client::lease::{FRAME_BYTES_MAX, Frame, GatewayError, LeaseRef, Leases, Shell, ShellQuery, ShellResult};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

fn query(command: &[&str]) -> ShellQuery {
    ShellQuery {
        service: "web".to_owned(),
        replica: 1,
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        tty: false,
        stdin: true,
    }
}

async fn open(world: &World, command: &[&str]) -> Shell {
    world.tenant().shell(LeaseRef::from(lease()), &query(command)).await.unwrap()
}

async fn next(shell: &mut Shell) -> Result<Option<Frame>, GatewayError> {
    timeout(PATIENCE, shell.output.next()).await.unwrap()
}

#[tokio::test]
async fn a_command_reads_writes_and_ends_with_its_code() {
    let world = World::start().await;
    let mut shell = open(&world, &["cat", "-"]).await;
    shell.input.write(b"hello").await.unwrap();
    assert_eq!(next(&mut shell).await, Ok(Some(Frame::Stdout("hello".into()))));
    shell.input.finish().await.unwrap();
    let done = ShellResult { exit_code: 0, message: String::new() };
    assert_eq!(next(&mut shell).await, Ok(Some(Frame::Result(done))));
    assert_eq!(next(&mut shell).await, Ok(None));
    let mut shell = open(&world, &["exit", "3"]).await;
    assert_eq!(next(&mut shell).await, Ok(Some(Frame::Stderr("bye\n".into()))));
    assert_eq!(next(&mut shell).await, Ok(Some(Frame::Result(ShellResult { exit_code: 3, message: String::new() }))));
    let asked = world.desk.commands.lock().unwrap().clone();
    assert_eq!((asked[0].0.as_str(), asked[0].1, asked[0].2.command.join(" ")), ("web", 1, "cat -".to_owned()));
    assert!(asked[0].2.stdin && !asked[0].2.tty);
}

#[tokio::test]
async fn sizes_reach_the_terminal_and_long_output_comes_in_frames() {
    let world = World::start().await;
    let mut shell = open(&world, &["cat"]).await;
    shell.input.resize(24, 80).await.unwrap();
    shell.input.write(b"x").await.unwrap();
    next(&mut shell).await.unwrap();
    assert_eq!(*world.desk.sizes.lock().unwrap(), [(24, 80)]);
    let mut shell = open(&world, &["big"]).await;
    let mut bytes = 0;
    while let Some(Frame::Stdout(piece)) = next(&mut shell).await.unwrap() {
        assert!(piece.len() < FRAME_BYTES_MAX);
        bytes += piece.len();
    }
    assert_eq!(bytes, 1 << 20);
}

#[tokio::test]
async fn a_megabyte_goes_there_and_back_though_each_waits_for_the_other() {
    let world = World::start().await;
    let Shell { mut input, mut output } = open(&world, &["cat"]).await;
    let sent = vec![b'z'; 1 << 20];
    let writing = async {
        input.write(&sent).await.unwrap();
        input.finish().await.unwrap();
    };
    let reading = async {
        let mut back = 0;
        while let Some(frame) = output.next().await.unwrap() {
            match frame {
                Frame::Stdout(piece) => back += piece.len(),
                frame => return (back, frame),
            }
        }
        unreachable!("there is a result")
    };
    let (_, (back, end)) = timeout(PATIENCE, async { tokio::join!(writing, reading) }).await.unwrap();
    assert_eq!((back, end), (1 << 20, Frame::Result(ShellResult::default())));
}

#[tokio::test]
async fn what_cannot_be_run_is_told_and_what_is_the_providers_fault_is_a_failure() {
    let world = World::start().await;
    let here = LeaseRef::from(lease());
    let far = ShellQuery { replica: 5, ..query(&["sh"]) };
    let mut shell = world.tenant().shell(here, &far).await.unwrap();
    let Ok(Some(Frame::Result(result))) = next(&mut shell).await else { panic!("no result") };
    assert!(result.message.contains("no replica 5"), "{result:?}");
    let mut shell = open(&world, &["refused"]).await;
    let Ok(Some(Frame::Result(result))) = next(&mut shell).await else { panic!("no result") };
    assert_eq!(result.message, "this runtime has no terminals", "told, since trying again changes nothing");
    let mut shell = open(&world, &["broken"]).await;
    assert_eq!(next(&mut shell).await, Ok(Some(Frame::Failure)));
    let good = format!("Bearer {}", token(&claims(Leases::full())));
    for gone in [
        "tty=0&stdin=0&service=web&podIndex=0",
        "cmd0=sh&tty=0&stdin=0&podIndex=0",
        "cmd0=sh&tty=0&stdin=0&service=web&podIndex=x",
    ] {
        let asked = world.asked(&format!("/lease/7/1/1/shell?{gone}"), Some(&good)).await;
        assert_eq!(asked, (400, "bad-query".to_owned()), "{gone}");
    }
}

/// A WebSocket by hand, so that what no client sends can be sent.
async fn raw(world: &World) -> TcpStream {
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let path = "/lease/7/1/1/shell?cmd0=cat&tty=0&stdin=1&service=web&podIndex=0";
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        token(&claims(Leases::full()))
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
    }
    assert!(String::from_utf8_lossy(&answer).contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "the accept key of RFC 6455");
    stream
}

/// A masked binary message, with a mask of zeros.
fn message(payload: &[u8], said: u64) -> Vec<u8> {
    let mut bytes = vec![0x82, 0x80 | 127];
    bytes.extend_from_slice(&said.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(payload);
    bytes
}

/// Whether the other side says that it ends the stream with a code, or ends it without a word.
async fn ends(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut rest)).await.is_ok()
}

#[tokio::test]
async fn frames_that_are_too_long_or_none_end_the_stream() {
    let world = World::start().await;
    let mut long = raw(&world).await;
    // Four gigabytes are announced; nobody waits for them.
    long.write_all(&message(b"h", 4 << 30)).await.unwrap();
    assert!(ends(&mut long).await);
    let mut long = raw(&world).await;
    let _ = long.write_all(&message(&vec![b'h'; FRAME_BYTES_MAX + 1], FRAME_BYTES_MAX as u64 + 1)).await;
    assert!(ends(&mut long).await);
    for payload in [vec![99, 1], vec![100, 1], vec![105, 1]] {
        let mut wrong = raw(&world).await;
        wrong.write_all(&message(&payload, payload.len() as u64)).await.unwrap();
        assert!(ends(&mut wrong).await, "{payload:?}");
    }
    let mut plain = raw(&world).await;
    plain.write_all(&[0x82, 1, 104]).await.unwrap();
    assert!(ends(&mut plain).await, "clients mask what they send");
}

#[tokio::test]
async fn a_command_that_does_not_read_is_still_ended_by_its_tenant() {
    let world = World::start().await;
    let mut shell = open(&world, &["hang"]).await;
    let stuck = vec![b'x'; 64 << 20];
    assert!(timeout(Duration::from_millis(500), shell.input.write(&stuck)).await.is_err(), "it waits");
    drop(shell);
    world.stop().await;
}
