//! Keepalives on tokio's paused clock, over an in-memory pipe.

mod support;

use std::time::Duration;

use rsocket_protocol::frame::{Frame, Keepalive, PayloadFrame, PayloadRef};
use rsocket_runtime::{
    AcceptAll, ConnectOptions, Connection, Error, ErrorCode, Origin, Payload, ServerOptions,
};
use support::{Hang, RawPeer, echo, framed, setup_frame};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

const INTERVAL: Duration = Duration::from_secs(10);
const LIFETIME: Duration = Duration::from_secs(30);

fn client(io: DuplexStream) -> Connection {
    let options = ConnectOptions::default().keepalive(INTERVAL, LIFETIME);
    Connection::over(io, options).expect("no setup payload")
}

// Conforms: keepalive/client-sends, keepalive/answered
#[tokio::test(start_paused = true)]
async fn an_idle_connection_outlives_its_lifetime() {
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    let _server = Connection::accept_over(theirs, AcceptAll::with(echo), &ServerOptions::default());
    let client = client(ours);
    for _ in 0..5 {
        tokio::time::sleep(10 * LIFETIME).await;
        let answer = client.request_response(Payload::new("alive")).await;
        assert_eq!(answer, Ok(Some(Payload::new("alive"))));
    }
}

// Conforms: unexpected/request-timeouts
#[tokio::test(start_paused = true)]
async fn a_waiting_request_outlives_the_lifetime() {
    let (hang, mut fates) = Hang::new();
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    let _server = Connection::accept_over(theirs, AcceptAll::with(hang), &ServerOptions::default());
    let client = client(ours);
    let request = client.request_response(Payload::new("hang"));
    assert!(tokio::time::timeout(10 * LIFETIME, request).await.is_err());
    assert!(!client.is_closed());
    assert!(fates.recv().await.is_some());
}

// Conforms: unexpected/dead-transport, unexpected/inactivity
#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up_after_the_lifetime() {
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    let start = Instant::now();
    let client = client(ours);
    let mut peer = RawPeer::over(theirs);
    let error = client.request_response(Payload::new("")).await;
    let error = error.expect_err("nobody answers");
    assert!(
        matches!(error, Error::ConnectionLost { sent: true, .. }),
        "{error:?}"
    );
    assert_eq!(
        (error.origin(), error.code()),
        (Origin::Library, Some(ErrorCode::CONNECTION_ERROR))
    );
    let waited = start.elapsed();
    assert!(
        waited >= LIFETIME && waited < LIFETIME + Duration::from_secs(1),
        "{waited:?}"
    );
    // What the client sent until then: a keepalive at every interval, and at last why it gives up.
    let mut keepalives = 0;
    let code = peer
        .until(|_, frame| match frame {
            Frame::Keepalive(keepalive) => {
                assert!(keepalive.respond);
                keepalives += 1;
                None
            }
            Frame::Error(error) => Some(error.code),
            _ => None,
        })
        .await;
    assert_eq!(code, ErrorCode::CONNECTION_ERROR);
    assert_eq!(keepalives, 2, "at 10 s and 20 s");
}

// Conforms: unexpected/dead-transport, unexpected/inactivity
#[tokio::test(start_paused = true)]
async fn a_silent_client_is_given_up_after_its_lifetime() {
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    let server = Connection::accept_over(ours, AcceptAll::with(echo), &ServerOptions::default());
    let mut peer = RawPeer::over(theirs);
    let lifetime = Duration::from_millis(5000);
    peer.send(0, &setup_frame(5000)).await;
    let start = Instant::now();
    let code = peer
        .until(|_, frame| match frame {
            Frame::Error(error) => Some(error.code),
            _ => None,
        })
        .await;
    assert_eq!(code, ErrorCode::CONNECTION_ERROR);
    let waited = start.elapsed();
    assert!(
        waited >= lifetime && waited < lifetime + Duration::from_secs(1),
        "{waited:?}"
    );
    drop(peer);
    assert_eq!(server.closed().await.origin, Origin::Library);
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_setup_is_given_up() {
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    let server = Connection::accept_over(ours, AcceptAll::with(echo), &ServerOptions::default());
    let mut peer = RawPeer::over(theirs);
    let code = peer
        .until(|_, frame| match frame {
            Frame::Error(error) => Some(error.code),
            _ => None,
        })
        .await;
    assert_eq!(code, ErrorCode::INVALID_SETUP);
    drop(peer);
    server.closed().await;
}

// Conforms: flow/stream-0-first
#[tokio::test(start_paused = true)]
async fn keepalives_are_echoed_while_a_large_answer_waits() {
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    let _server = Connection::accept_over(ours, AcceptAll::with(echo), &ServerOptions::default());
    let mut peer = RawPeer::over(theirs);
    peer.send(0, &setup_frame(60_000)).await;
    let keepalive = Keepalive {
        respond: true,
        last_received_position: 0,
        data: b"tick",
    };
    peer.send(0, &Frame::Keepalive(keepalive)).await;
    let data = peer
        .until(|_, frame| match frame {
            Frame::Keepalive(keepalive) => {
                assert!(!keepalive.respond);
                Some(keepalive.data.to_vec())
            }
            _ => None,
        })
        .await;
    assert_eq!(data, b"tick");
}

#[tokio::test(start_paused = true)]
async fn part_of_a_frame_is_a_sign_of_life() {
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    let client = client(ours);
    let mut peer = RawPeer::over(theirs);
    let answer = Frame::Payload(PayloadFrame {
        follows: false,
        complete: true,
        next: true,
        payload: PayloadRef::from_data(b"slow"),
    });
    let request = tokio::spawn(async move { client.request_response(Payload::new("")).await });
    for byte in framed(1, &answer) {
        tokio::time::sleep(LIFETIME - Duration::from_secs(1)).await;
        peer.io
            .write_all(&[byte])
            .await
            .expect("the other side reads");
    }
    let answer = request.await.expect("no panic");
    assert_eq!(answer, Ok(Some(Payload::new("slow"))));
}
