//! Dropped requests, and what becomes of their handlers.

mod support;

use std::time::Duration;

use rsocket_protocol::frame::{Frame, PayloadFrame, PayloadRef};
use rsocket_runtime::{ConnectOptions, Connection, Payload};
use support::{Fate, Hang, RawPeer, dial, serve, soon};

#[tokio::test]
async fn dropping_a_request_drops_its_handler_and_nothing_else() {
    let (hang, mut fates) = Hang::new();
    let serving = serve(hang).await;
    let connection = dial(&serving).await;
    let request = tokio::spawn({
        let connection = connection.clone();
        async move { connection.request_response(Payload::new("hang")).await }
    });
    assert_eq!(soon(fates.recv()).await, Some(Fate::Called));
    request.abort();
    assert_eq!(soon(fates.recv()).await, Some(Fate::Dropped));
    let answer = soon(connection.request_response(Payload::new("alive"))).await;
    assert_eq!(answer, Ok(Some(Payload::new("alive"))));
}

#[tokio::test]
async fn a_dropped_connection_drops_the_handlers() {
    let (hang, mut fates) = Hang::new();
    let serving = serve(hang).await;
    let connection = dial(&serving).await;
    let request =
        tokio::spawn(async move { connection.request_response(Payload::new("hang")).await });
    assert_eq!(soon(fates.recv()).await, Some(Fate::Called));
    // The task holds the last handle.
    request.abort();
    assert_eq!(soon(fates.recv()).await, Some(Fate::Dropped));
}

#[tokio::test]
async fn a_cancelled_request_sends_cancel_and_ignores_the_late_answer() {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let connection = Connection::over(ours, ConnectOptions::default()).expect("no setup payload");
    let mut peer = RawPeer::over(theirs);
    let request = tokio::spawn({
        let connection = connection.clone();
        async move { connection.request_response(Payload::new("first")).await }
    });
    let stream = soon(
        peer.until(|stream, frame| matches!(frame, Frame::RequestResponse(_)).then_some(stream)),
    )
    .await;
    request.abort();
    let cancelled =
        soon(peer.until(|stream, frame| matches!(frame, Frame::Cancel(_)).then_some(stream))).await;
    assert_eq!(cancelled, stream);

    let second =
        tokio::spawn(async move { connection.request_response(Payload::new("second")).await });
    let next = soon(
        peer.until(|stream, frame| matches!(frame, Frame::RequestResponse(_)).then_some(stream)),
    )
    .await;
    for (stream, data) in [(stream, "late"), (next, "answer")] {
        let frame = PayloadFrame {
            follows: false,
            complete: true,
            next: true,
            payload: PayloadRef::from_data(data.as_bytes()),
        };
        peer.send(stream, &Frame::Payload(frame)).await;
    }
    let answer = soon(second).await.expect("not aborted");
    assert_eq!(answer, Ok(Some(Payload::new("answer"))));
}

#[tokio::test]
async fn a_request_that_waits_for_room_can_be_dropped() {
    // Nobody reads the other end, so the first request fills pipe and output.
    let (ours, theirs) = tokio::io::duplex(64);
    let options = ConnectOptions::default().max_output_bytes(1000);
    let connection = Connection::over(ours, options).expect("no setup payload");
    let big = || Payload::new(vec![7; 3000]);
    let first = tokio::spawn({
        let connection = connection.clone();
        async move { connection.request_response(big()).await }
    });
    tokio::task::yield_now().await;
    // Waits in the queue, then is dropped there.
    let wait = Duration::from_millis(1);
    let second = tokio::time::timeout(wait, connection.request_response(big())).await;
    assert!(second.is_err(), "there is no room");
    let third = tokio::spawn({
        let connection = connection.clone();
        async move { connection.request_response(Payload::new("third")).await }
    });
    let mut peer = RawPeer::over(theirs);
    let mut requests = Vec::new();
    while requests.len() < 2 {
        requests.push(
            soon(peer.until(|stream, frame| match frame {
                Frame::RequestResponse(request) => Some((stream, request.payload.data.to_vec())),
                _ => None,
            }))
            .await,
        );
    }
    assert_eq!(requests, [(1, vec![7; 3000]), (3, b"third".to_vec())]);
    connection.close();
    for request in [first, third] {
        assert!(soon(request).await.expect("not aborted").is_err());
    }
}

#[tokio::test]
async fn a_payload_in_fragments_can_be_dropped_and_the_next_has_its_turn() {
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let connection = Connection::over(ours, ConnectOptions::default()).expect("no setup payload");
    let request = |fill: u8| {
        let connection = connection.clone();
        let payload = Payload::new(vec![fill; 40 << 20]);
        tokio::spawn(async move { connection.request_response(payload).await })
    };
    let first = request(1);
    let mut peer = RawPeer::over(theirs);
    let stream = soon(peer.until(|stream, frame| {
        let Frame::RequestResponse(request) = frame else {
            return None;
        };
        assert!(request.follows && request.payload.data.ends_with(&[1]));
        Some(stream)
    }))
    .await;
    let second = request(2);
    first.abort();
    let cancelled =
        soon(peer.until(|stream, frame| matches!(frame, Frame::Cancel(_)).then_some(stream)));
    assert_eq!(cancelled.await, stream);
    let mut left = 40 << 20;
    while left > 0 {
        left -= soon(peer.until(|_, frame| {
            let data = match frame {
                Frame::RequestResponse(request) => request.payload.data,
                Frame::Payload(payload) => payload.payload.data,
                _ => return None,
            };
            assert!(data.ends_with(&[2]), "of the second request");
            Some(data.len())
        }))
        .await;
    }
    connection.close();
    assert!(soon(second).await.expect("not aborted").is_err());
}
