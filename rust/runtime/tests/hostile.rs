//! Peers that are slow, silent about what they want, or up to no good.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rsocket_protocol::frame::{
    ErrorCode, Frame, Keepalive, PayloadRef, RequestFnf, RequestResponse,
};
use rsocket_runtime::{
    AcceptAll, ConnectOptions, Connection, Failure, Handler, Limits, Origin, Payload, ServerOptions,
};
use support::{RawPeer, address, dial, echo, framed, serve, setup_frame, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};

fn request(data: &[u8]) -> Frame<'_> {
    Frame::RequestResponse(RequestResponse {
        follows: false,
        payload: PayloadRef::from_data(data),
    })
}

// Conforms: framing/tcp
#[tokio::test]
async fn a_setup_in_pieces_of_one_byte() {
    let serving = serve(echo).await;
    let mut peer = RawPeer::dial(&serving).await;
    let mut bytes = framed(0, &setup_frame(60_000));
    bytes.extend(framed(1, &request(b"in pieces")));
    for byte in bytes {
        peer.io.write_all(&[byte]).await.expect("the server reads");
        tokio::task::yield_now().await;
    }
    let answer = soon(peer.until(|stream, frame| match frame {
        Frame::Payload(payload) => Some((stream, payload.payload.data.to_vec())),
        _ => None,
    }))
    .await;
    assert_eq!(answer, (1, b"in pieces".to_vec()));
}

// Conforms: ignore/unset, metadata/wrong-length, setup/other-first-frame
#[tokio::test]
async fn garbage_ends_its_own_connection_alone() {
    let serving = serve(echo).await;
    let bystander = dial(&serving).await;
    let unknown_type = [&[0, 0, 6, 0, 0, 0, 1, 0xF0, 0][..]].concat();
    let after_setup = [framed(0, &setup_frame(60_000)), unknown_type.clone()].concat();
    let bad_metadata = [
        framed(0, &setup_frame(60_000)),
        vec![0, 0, 9, 0, 0, 0, 1, 0x11, 0, 0xFF, 0xFF, 0xFF],
    ]
    .concat();
    let pieces: [&[u8]; 6] = [
        b"\0\0\0",
        b"\0\0\x03abc",
        &unknown_type,
        &after_setup,
        &bad_metadata,
        &framed(1, &request(b"before the setup")),
    ];
    for bytes in pieces {
        let mut socket = TcpStream::connect(address(&serving))
            .await
            .expect("listening");
        socket.write_all(bytes).await.expect("the server reads");
        let mut said = Vec::new();
        soon(socket.read_to_end(&mut said))
            .await
            .expect("closed in an orderly way");
        let (stream, frame) = Frame::decode(&said[3..]).expect("an ERROR frame");
        assert!(
            stream == 0 && matches!(frame, Frame::Error(_)),
            "{bytes:x?}: {frame:?}"
        );
    }
    let answer = soon(bystander.request_response(Payload::new("alive"))).await;
    assert_eq!(answer, Ok(Some(Payload::new("alive"))));
    let answer = soon(dial(&serving).await.request_response(Payload::new("next"))).await;
    assert_eq!(answer, Ok(Some(Payload::new("next"))));
}

#[tokio::test]
async fn a_frame_over_the_limit_ends_the_connection_before_it_arrives() {
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    let limits = Limits {
        max_frame_len: 100,
        ..Limits::default()
    };
    let options = ServerOptions::default().limits(limits);
    let server = Connection::accept_over(ours, AcceptAll::with(echo), &options);
    let mut peer = RawPeer::over(theirs);
    peer.send(0, &setup_frame(60_000)).await;
    peer.io
        .write_all(&[0, 0, 101])
        .await
        .expect("the server reads");
    let code = soon(peer.until(|_, frame| match frame {
        Frame::Error(error) => Some(error.code),
        _ => None,
    }))
    .await;
    assert_eq!(code, ErrorCode::CONNECTION_ERROR);
    drop(peer);
    assert_eq!(soon(server.closed()).await.origin, Origin::Library);
}

/// Answers with 100 kB, and counts how often.
struct Generous(Arc<AtomicUsize>);

impl Handler for Generous {
    async fn request_response(&self, _: Payload) -> Result<Option<Payload>, Failure> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Some(Payload::new(vec![1; 100_000])))
    }
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_bounded_and_then_served() {
    let answered = Arc::new(AtomicUsize::new(0));
    let limits = Limits {
        max_inbound_streams: 10,
        max_control_bytes: 10_000,
        ..Limits::default()
    };
    let options = ServerOptions::default()
        .limits(limits)
        .max_output_bytes(1000);
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    let handler = AcceptAll::with(Generous(answered.clone()));
    let server = Connection::accept_over(ours, handler, &options);
    let mut peer = RawPeer::over(theirs);
    peer.send(0, &setup_frame(60_000)).await;
    for i in 0..50 {
        soon(peer.send(2 * i + 1, &request(b"more"))).await;
    }
    let mut whole = 0;
    let mut rejected = 0;
    while whole + rejected < 50 {
        soon(peer.until(|_, frame| {
            match frame {
                Frame::Payload(payload) => {
                    assert_eq!(payload.payload.data, [1; 100_000]);
                    whole += 1;
                }
                Frame::Error(error) => {
                    assert_eq!(error.code, ErrorCode::REJECTED);
                    rejected += 1;
                }
                _ => return None,
            }
            Some(())
        }))
        .await;
    }
    assert_eq!(whole, answered.load(Ordering::SeqCst));
    assert!(
        whole <= 12,
        "no more than may be open, but {whole} were worked on"
    );
    assert!(!server.is_closed());
}

#[tokio::test]
async fn a_peer_that_provokes_answers_and_never_reads_is_given_up() {
    let limits = Limits {
        max_inbound_streams: 1,
        max_control_bytes: 10_000,
        ..Limits::default()
    };
    let options = ServerOptions::default()
        .limits(limits)
        .max_output_bytes(1000);
    let (ours, mut theirs) = tokio::io::duplex(1 << 10);
    let handler = AcceptAll::with(Generous(Arc::default()));
    let server = Connection::accept_over(ours, handler, &options);
    let mut bytes = framed(0, &setup_frame(60_000));
    for i in 0..10_000 {
        bytes.extend(framed(2 * i + 1, &request(b"more")));
    }
    // Ends with an error when the server gives the connection up.
    let _ = soon(theirs.write_all(&bytes)).await;
    let reason = soon(server.closed()).await;
    assert_eq!(
        (reason.origin, reason.code),
        (Origin::Library, ErrorCode::CONNECTION_ERROR)
    );
}

#[tokio::test]
async fn provoked_frames_count_even_when_answers_carry_them_along() {
    let limits = Limits {
        max_control_bytes: 10_000,
        ..Limits::default()
    };
    let options = ServerOptions::default()
        .limits(limits)
        .max_output_bytes(10_000);
    let (ours, mut theirs) = tokio::io::duplex(1 << 10);
    let server = Connection::accept_over(ours, AcceptAll::with(echo), &options);
    let keepalive = Frame::Keepalive(Keepalive {
        respond: true,
        last_received_position: 0,
        data: &[0; 5000],
    });
    let mut bytes = framed(0, &setup_frame(60_000));
    for i in 0..500 {
        bytes.extend(framed(0, &keepalive));
        bytes.extend(framed(2 * i + 1, &request(b"")));
    }
    // Ends with an error when the server gives the connection up.
    let _ = soon(theirs.write_all(&bytes)).await;
    assert_eq!(soon(server.closed()).await.origin, Origin::Library);
}

#[tokio::test]
async fn callers_wait_for_a_peer_that_does_not_read() {
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    // A quarter of it is for fire-and-forgets.
    let options = ConnectOptions::default().max_output_bytes(40_000);
    let connection = Connection::over(ours, options).expect("no setup payload");
    let sent = Arc::new(AtomicUsize::new(0));
    let sender = tokio::spawn({
        let (connection, sent) = (connection.clone(), sent.clone());
        async move {
            while connection
                .fire_and_forget(Payload::new(vec![0; 1000]))
                .await
                .is_ok()
            {
                sent.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    // The sender gets every turn that it can use; it stops by itself.
    let mut before = usize::MAX;
    while before != sent.load(Ordering::SeqCst) {
        before = sent.load(Ordering::SeqCst);
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
    }
    assert!(
        (9..=12).contains(&before),
        "{before} frames of 1 kB in 10 kB and a pipe of 1 kB"
    );
    drop(theirs);
    soon(sender).await.expect("not aborted");
}

/// Takes fire-and-forgets for ever, and tells of each.
struct Slow {
    gate: Arc<Semaphore>,
    begun: mpsc::UnboundedSender<()>,
}

impl Handler for Slow {
    async fn fire_and_forget(&self, _: Payload) {
        // The test may be over.
        let _ = self.begun.send(());
        let _ = self.gate.acquire().await.map(|permit| permit.forget());
    }

    async fn request_response(&self, request: Payload) -> Result<Option<Payload>, Failure> {
        Ok(Some(request))
    }
}

#[tokio::test(start_paused = true)]
async fn fire_and_forgets_beyond_the_limit_wait_briefly_and_are_dropped() {
    let limits = Limits {
        max_inbound_streams: 10,
        ..Limits::default()
    };
    let gate = Arc::new(Semaphore::new(0));
    let (begun, mut begins) = mpsc::unbounded_channel();
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    let handler = AcceptAll::with(Slow {
        gate: gate.clone(),
        begun,
    });
    let server = Connection::accept_over(ours, handler, &ServerOptions::default().limits(limits));
    let mut peer = RawPeer::over(theirs);
    peer.send(0, &setup_frame(60_000)).await;
    let fnf = Frame::RequestFnf(RequestFnf {
        follows: false,
        payload: PayloadRef::from_data(b"go"),
    });
    for i in 0..30 {
        peer.send(2 * i + 1, &fnf).await;
    }
    peer.send(61, &request(b"after them")).await;
    let start = tokio::time::Instant::now();
    peer.until(|_, frame| matches!(frame, Frame::Payload(_)).then_some(()))
        .await;
    let waited = start.elapsed();
    assert!(
        waited <= Duration::from_millis(110),
        "one short wait for all: {waited:?}"
    );
    assert_eq!(server.dropped_fire_and_forgets(), 20);
    for _ in 0..10 {
        begins.recv().await.expect("ten were begun");
    }
    // With places again, the next ones are handled.
    gate.add_permits(10);
    peer.send(63, &fnf).await;
    begins.recv().await.expect("there is a place");
    assert_eq!(server.dropped_fire_and_forgets(), 20);
}
