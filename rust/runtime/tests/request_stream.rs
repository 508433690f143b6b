//! Streams over real sockets.

mod support;

use std::time::Duration;

use rsocket_protocol::frame::Frame;
use rsocket_runtime::{
    AcceptAll, ConnectOptions, Connection, Error, ErrorCode, Failure, Handler, ItemSender,
    NotSupported, Origin, Payload, Rejection, RequestStream, ServerOptions, Setup,
};
use support::items::{COMPLETE, Counting, item, number, numbers, request_n, request_stream, text};
use support::{Fate, RawPeer, bind, dial, dial_with, serve, setup_frame, soon};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Takes items until the end; asserts that they come in order.
async fn count(stream: &mut RequestStream) -> (u64, Option<Error>) {
    let mut next = 0;
    while let Some(item) = soon(stream.next()).await {
        match item {
            Ok(item) => assert_eq!(number(&text(&item)), next),
            Err(error) => {
                assert!(stream.next().await.is_none(), "nothing follows an error");
                return (next, Some(error));
            }
        }
        next += 1;
    }
    assert!(stream.next().await.is_none(), "the end stays");
    (next, None)
}

#[tokio::test(flavor = "multi_thread")]
async fn items_arrive_whole_and_in_order_with_every_prefetch() {
    let (handler, _fates) = Counting::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    for prefetch in [0, 1, 2, 3, 7, 64, 256, 5000, u32::MAX] {
        for items in [0, 1, 2, 3, 8, 255, 1000] {
            let request = Payload::new(items.to_string());
            let mut stream = connection.request_stream(request).prefetch(prefetch);
            let counted = count(&mut stream).await;
            assert_eq!(counted, (items, None), "prefetch {prefetch}");
        }
    }
    let mut stream = connection.request_stream(Payload::new("100000"));
    assert_eq!(count(&mut stream).await, (100_000, None));
}

#[tokio::test]
async fn an_error_comes_after_the_items() {
    let (handler, _fates) = Counting::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    for items in [0, 1, 5, 1000] {
        let request = Payload::new(format!("{items}:why"));
        let (counted, error) = count(&mut connection.request_stream(request)).await;
        assert_eq!(counted, items);
        let message = "why".to_owned();
        assert_eq!(error, Some(Error::Application { message }));
    }
}

#[tokio::test]
async fn a_handlers_panic_fails_its_stream_alone() {
    let (handler, _fates) = Counting::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    let (_, error) = count(&mut connection.request_stream(Payload::new("no number"))).await;
    assert!(matches!(error, Some(Error::Application { .. })));
    let mut stream = connection.request_stream(Payload::new("3"));
    assert_eq!(count(&mut stream).await, (3, None));
}

#[tokio::test]
async fn what_is_not_supported_is_rejected() {
    let serving = serve(NotSupported).await;
    let connection = dial(&serving).await;
    for mut stream in [
        connection.request_stream(Payload::new("")),
        connection.request_channel(numbers(3)),
    ] {
        let (_, error) = count(&mut stream).await;
        assert!(matches!(error, Some(Error::Rejected { .. })), "{error:?}");
    }
}

#[tokio::test]
async fn nothing_is_sent_before_a_stream_is_polled() {
    let (handler, mut fates) = Counting::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    drop(connection.request_stream(Payload::new("1")));
    let mut stream = connection.request_stream(Payload::new("2"));
    assert_eq!(count(&mut stream).await, (2, None));
    assert_eq!(soon(fates.recv()).await, Some(Fate::Called));
    assert_eq!(soon(fates.recv()).await, Some(Fate::Dropped));
    assert!(fates.try_recv().is_err(), "one stream was asked for");
}

#[tokio::test]
async fn dropping_a_stream_drops_its_handler_and_nothing_else() {
    let (handler, mut fates) = Counting::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    for request in ["hang", "1000000000"] {
        let mut stream = connection.request_stream(Payload::new(request));
        if request != "hang" {
            assert!(matches!(soon(stream.next()).await, Some(Ok(_))));
        }
        let unread = soon(async {
            tokio::select! {
                _ = stream.next(), if request == "hang" => None,
                fate = fates.recv() => fate,
            }
        });
        assert_eq!(unread.await, Some(Fate::Called));
        drop(stream);
        assert_eq!(soon(fates.recv()).await, Some(Fate::Dropped));
    }
    let mut stream = connection.request_stream(Payload::new("3"));
    assert_eq!(count(&mut stream).await, (3, None));
}

#[tokio::test]
async fn a_stream_keeps_its_connection_open() {
    let (handler, _fates) = Counting::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    let mut stream = connection.request_stream(Payload::new("2000"));
    drop(connection);
    assert_eq!(count(&mut stream).await, (2000, None));
}

#[tokio::test]
async fn a_slow_stream_delays_no_request_and_no_other_stream() {
    let (handler, mut fates) = Counting::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    let mut slow = connection
        .request_stream(Payload::new("10000"))
        .prefetch(10);
    assert!(matches!(soon(slow.next()).await, Some(Ok(_))));
    assert_eq!(soon(fates.recv()).await, Some(Fate::Called));
    for _ in 0..100 {
        let answer = soon(connection.request_response(Payload::new("quick"))).await;
        assert_eq!(answer, Ok(Some(Payload::new("quick"))));
    }
    let mut fast = connection.request_stream(Payload::new("5000"));
    assert_eq!(count(&mut fast).await, (5000, None));
    let mut left = 9999;
    while let Some(item) = soon(slow.next()).await {
        assert!(item.is_ok());
        left -= 1;
    }
    assert_eq!(left, 0);
}

#[tokio::test]
async fn the_server_asks_the_client_for_items() {
    let (counted, mut counts) = mpsc::unbounded_channel();
    let serving = bind()
        .await
        .serve_with(move |_: Setup, client: Connection| {
            let counted = counted.clone();
            async move {
                tokio::spawn(async move {
                    let mut stream = client.request_stream(Payload::new("777")).prefetch(5);
                    counted
                        .send(count(&mut stream).await)
                        .expect("the test waits");
                });
                Ok::<_, Rejection>(NotSupported)
            }
        });
    let (handler, _fates) = Counting::new();
    let _connection = dial_with(&serving, ConnectOptions::default().handler(handler)).await;
    assert_eq!(soon(counts.recv()).await, Some((777, None)));
}

/// How many items come before nothing more does, and whether the end comes. The clock is paused, so that time passes
/// when nobody has anything to do.
async fn sent_meanwhile(peer: &mut RawPeer<DuplexStream>) -> (u32, bool) {
    let (mut items, mut ended) = (0, false);
    while let Ok(frame) = timeout(Duration::from_millis(1), peer.receive()).await {
        let frame = frame.expect("the connection is open");
        if let (1, Frame::Payload(payload)) = Frame::decode(&frame).expect("ours") {
            items += u32::from(payload.next);
            ended |= payload.complete;
        }
    }
    (items, ended)
}

// Conforms: flow/credit, flow/cumulative, flow/resumed-by-request-n
#[tokio::test(start_paused = true)]
async fn a_responder_never_sends_more_than_it_is_asked_for() {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let (handler, _fates) = Counting::new();
    let acceptor = AcceptAll::with(handler);
    let _server = Connection::accept_over(ours, acceptor, &ServerOptions::default());
    let mut peer = RawPeer::over(theirs);
    peer.send(0, &setup_frame(60_000)).await;
    peer.send(1, &request_stream(3, b"20")).await;
    assert_eq!(sent_meanwhile(&mut peer).await, (3, false));
    for n in [1, 2, 7] {
        peer.send(1, &request_n(n)).await;
        assert_eq!(sent_meanwhile(&mut peer).await, (n, false));
    }
    peer.send(1, &request_n(100)).await;
    assert_eq!(sent_meanwhile(&mut peer).await, (7, true));
}

/// A client whose server is played by hand; the stream is polled by a task that tells what it takes.
async fn by_hand(
    make: impl FnOnce(RequestStream) -> RequestStream,
) -> (RequestStream, RawPeer<DuplexStream>, u32) {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let connection = Connection::over(ours, ConnectOptions::default()).expect("no setup payload");
    let mut stream = make(connection.request_stream(Payload::new("")));
    let mut peer = RawPeer::over(theirs);
    let n = soon(async {
        tokio::select! {
            _ = stream.next() => unreachable!("nothing is sent"),
            n = peer.until(|_, frame| match frame {
                Frame::RequestStream(request) => Some(request.initial_n),
                _ => None,
            }) => n,
        }
    })
    .await;
    (stream, peer, n)
}

async fn asked<IO>(peer: &mut RawPeer<IO>) -> u32
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    soon(peer.until(|_, frame| match frame {
        Frame::RequestN(request) => Some(request.n),
        _ => None,
    }))
    .await
}

// Conforms: request-stream/request-n
#[tokio::test]
async fn more_is_asked_for_when_half_has_been_taken() {
    let (mut stream, mut peer, n) = by_hand(|stream| stream.prefetch(6)).await;
    assert_eq!(n, 6);
    for _ in 0..6 {
        peer.send(1, &item(b"0")).await;
    }
    for _ in 0..2 {
        for _ in 0..3 {
            assert!(matches!(soon(stream.next()).await, Some(Ok(_))));
        }
        assert_eq!(asked(&mut peer).await, 3);
    }
    peer.send(1, &COMPLETE).await;
    assert_eq!(soon(stream.next()).await, None);
}

#[tokio::test]
async fn a_manual_stream_asks_when_it_is_told_to() {
    let (mut stream, mut peer, n) = by_hand(|mut stream| {
        stream = stream.manual(2);
        stream.request(1);
        stream
    })
    .await;
    assert_eq!(n, 3);
    for _ in 0..3 {
        peer.send(1, &item(b"0")).await;
        assert!(matches!(soon(stream.next()).await, Some(Ok(_))));
    }
    stream.request(11);
    assert_eq!(asked(&mut peer).await, 11, "and nothing before");
}

// Conforms: request-stream/cancelled
#[tokio::test]
async fn a_dropped_stream_sends_cancel_and_ignores_what_is_late() {
    let (stream, mut peer, _) = by_hand(|stream| stream).await;
    peer.send(1, &item(b"0")).await;
    drop(stream);
    let cancelled =
        soon(peer.until(|stream, frame| matches!(frame, Frame::Cancel(_)).then_some(stream))).await;
    assert_eq!(cancelled, 1);
}

#[tokio::test]
async fn a_peer_that_ignores_credit_loses_the_stream_and_this_side_says_so() {
    let (mut stream, mut peer, _) = by_hand(|stream| stream.prefetch(1)).await;
    // One was asked for, and 1024 more are put up with.
    for _ in 0..=1025 {
        peer.send(1, &item(b"0")).await;
    }
    let cancelled =
        soon(peer.until(|stream, frame| matches!(frame, Frame::Cancel(_)).then_some(stream))).await;
    assert_eq!(cancelled, 1);
    let error = loop {
        match soon(stream.next()).await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("the stream did not complete"),
        }
    };
    assert_eq!(error.origin(), Origin::Library, "{error}");
    assert_eq!(error.code(), Some(ErrorCode::INVALID));
    assert_eq!(error.message(), "more items were sent than were asked for");
    assert!(!error.is_retry_safe());
}

/// Sends what it is given, which is a way to see when the peer has no credit.
struct OneMore(mpsc::UnboundedSender<u32>);

impl Handler for OneMore {
    async fn request_stream(&self, _: Payload, mut items: ItemSender) -> Result<(), Failure> {
        for item in 0.. {
            items.send(Payload::new("")).await?;
            let _ = self.0.send(item);
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_reader_that_stops_holds_no_more_than_its_prefetch() {
    let (sent, mut sends) = mpsc::unbounded_channel();
    let serving = serve(OneMore(sent)).await;
    let connection = dial(&serving).await;
    let mut stream = connection.request_stream(Payload::new("")).prefetch(20);
    assert!(matches!(soon(stream.next()).await, Some(Ok(_))));
    for item in 0..20 {
        assert_eq!(soon(sends.recv()).await, Some(item));
    }
    for _ in 0..20 {
        let refused = connection.request_response(Payload::new("")).await;
        let code = refused.expect_err("it is not supported").code();
        assert_eq!(code, Some(ErrorCode::REJECTED));
    }
    assert!(sends.try_recv().is_err(), "one of twenty has been taken");
}
