//! Channels over real sockets.

mod support;

use std::time::Duration;

use rsocket_protocol::frame::Frame;
use rsocket_runtime::{
    ConnectOptions, Connection, Error, ErrorCode, Failure, Handler, ItemSender, Items, NotSent,
    Payload, Rejection, RequestStream, Setup,
};
use support::items::{
    CANCEL, COMPLETE, Counting, Fed, item, number, numbers, request_channel, request_n, text,
};
use support::{Fate, RawPeer, bind, dial, dial_with, serve, setup_frame, soon};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

async fn count(stream: &mut RequestStream) -> (u64, Option<Error>) {
    let mut next = 0;
    while let Some(item) = soon(stream.next()).await {
        match item {
            Ok(item) => assert_eq!(number(&text(&item)), next),
            Err(error) => return (next, Some(error)),
        }
        next += 1;
    }
    (next, None)
}

#[tokio::test(flavor = "multi_thread")]
async fn items_are_echoed_whole_and_in_order_with_every_prefetch() {
    let (handler, _fates) = Counting::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    for prefetch in [1, 2, 3, 64, 256, u32::MAX] {
        for items in [0, 1, 2, 3, 300, 2000] {
            let mut channel = connection
                .request_channel(numbers(items))
                .prefetch(prefetch);
            let counted = count(&mut channel).await;
            assert_eq!(counted, (items, None), "prefetch {prefetch}");
        }
    }
}

#[tokio::test]
async fn a_channel_by_hand() {
    let (handler, _fates) = Counting::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    let mut channel = soon(async { connection.open_channel(Payload::new("0")).prefetch(2).await })
        .await
        .expect("open");
    for i in 0..100 {
        let item = soon(channel.next()).await.expect("an echo").expect("open");
        assert_eq!(text(&item), i.to_string());
        soon(channel.send(Payload::new((i + 1).to_string())))
            .await
            .expect("open");
    }
    channel.close_send();
    let refused = soon(channel.send(Payload::new(""))).await;
    assert_eq!(refused, Err(NotSent::Completed));
    assert!(matches!(soon(channel.next()).await, Some(Ok(_))));
    assert_eq!(soon(channel.next()).await, None);
}

#[tokio::test]
async fn both_halves_at_the_same_time() {
    let (handler, _fates) = Counting::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    let channel = soon(async { connection.open_channel(Payload::new("0")).await }).await;
    let (mut sender, mut stream) = channel.expect("open").split();
    let sending = tokio::spawn(async move {
        for i in 1..5000 {
            sender.send(Payload::new(i.to_string())).await?;
        }
        // Dropping the sender completes.
        Ok::<_, NotSent>(())
    });
    assert_eq!(count(&mut stream).await, (5000, None));
    assert_eq!(soon(sending).await.expect("no panic"), Ok(()));
}

#[tokio::test]
async fn a_responder_takes_some_items_and_cancels_the_rest() {
    let (handler, _fates) = Counting::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    let channel = soon(async { connection.open_channel(Payload::new("take:3")).await }).await;
    let (mut sender, mut stream) = channel.expect("open").split();
    let sending = tokio::spawn(async move {
        for i in 0.. {
            if let Err(not_sent) = sender.send(Payload::new(i.to_string())).await {
                return (i, not_sent);
            }
        }
        unreachable!("there is always another")
    });
    let mut items = 0;
    while let Some(item) = soon(stream.next()).await {
        assert!(item.is_ok());
        items += 1;
    }
    assert_eq!(items, 4);
    let (sent, not_sent) = soon(sending).await.expect("no panic");
    assert_eq!(not_sent, NotSent::Unwanted);
    assert!(sent >= 3);
}

#[tokio::test]
async fn a_cancelled_stream_of_items_is_dropped() {
    let (handler, _fates) = Counting::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    let (feed, fed) = mpsc::unbounded_channel();
    feed.send(Payload::new("take:0")).expect("it is held");
    let mut channel = connection.request_channel(Fed(fed));
    assert!(matches!(soon(channel.next()).await, Some(Ok(_))));
    assert_eq!(soon(channel.next()).await, None);
    soon(feed.closed()).await;
}

#[tokio::test]
async fn dropping_a_channel_drops_the_handler_and_the_items() {
    let (handler, mut fates) = Counting::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    let (feed, fed) = mpsc::unbounded_channel();
    feed.send(Payload::new("first")).expect("it is held");
    let mut channel = connection.request_channel(Fed(fed));
    assert!(matches!(soon(channel.next()).await, Some(Ok(_))));
    assert_eq!(soon(fates.recv()).await, Some(Fate::Called));
    drop(channel);
    assert_eq!(soon(fates.recv()).await, Some(Fate::Dropped));
    soon(feed.closed()).await;
}

/// Completes at once, and tells what it received after that.
struct EarlyEnd(mpsc::UnboundedSender<Result<Payload, Error>>);

impl Handler for EarlyEnd {
    async fn request_channel(&self, mut received: Items, items: ItemSender) -> Result<(), Failure> {
        items.complete();
        while let Some(item) = received.next().await {
            let _ = self.0.send(item);
        }
        let _ = self.0.send(Ok(Payload::new("end")));
        Ok(())
    }
}

#[tokio::test]
async fn what_a_requester_sends_goes_on_after_the_responder_has_ended() {
    let (told, mut items) = mpsc::unbounded_channel();
    let serving = serve(EarlyEnd(told)).await;
    let connection = dial(&serving).await;
    let mut channel = connection.request_channel(numbers(1000));
    assert_eq!(soon(channel.next()).await, None);
    drop(channel);
    for i in 0..1000 {
        let item = soon(items.recv()).await.expect("the handler is there");
        assert_eq!(item, Ok(Payload::new(i.to_string())));
    }
    let end = soon(items.recv()).await.expect("the handler is there");
    assert_eq!(end, Ok(Payload::new("end")));
}

// Conforms: request-channel/requester-fails
#[tokio::test]
async fn a_failure_among_the_items_ends_both_directions() {
    let (told, mut items) = mpsc::unbounded_channel();
    let serving = serve(EarlyEndless(told)).await;
    let connection = dial(&serving).await;
    let (feed, fed) = mpsc::unbounded_channel();
    let failure = Failure::custom(ErrorCode(0x301), "mine");
    feed.send(Ok(Payload::new("0"))).expect("it is held");
    feed.send(Ok(Payload::new("1"))).expect("it is held");
    feed.send(Err(failure.clone())).expect("it is held");
    let mut channel = connection.request_channel(Fed(fed));
    assert_eq!(
        soon(channel.next()).await,
        Some(Err(Error::Aborted { failure }))
    );
    assert_eq!(soon(channel.next()).await, None);
    for expected in ["0", "1"] {
        let item = soon(items.recv()).await.expect("the handler is there");
        assert_eq!(item, Ok(Payload::new(expected)));
    }
    let error = soon(items.recv()).await.expect("the handler is there");
    let (code, message) = (ErrorCode(0x301), "mine".to_owned());
    assert_eq!(error, Err(Error::Custom { code, message }));
}

/// Tells what it receives, sends nothing and ends with it.
struct EarlyEndless(mpsc::UnboundedSender<Result<Payload, Error>>);

impl Handler for EarlyEndless {
    async fn request_channel(
        &self,
        mut received: Items,
        _items: ItemSender,
    ) -> Result<(), Failure> {
        while let Some(item) = received.next().await {
            let _ = self.0.send(item);
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_stream_of_items_that_begins_with_a_failure_or_panics() {
    let (handler, _fates) = Counting::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    let (feed, fed) = mpsc::unbounded_channel::<Result<Payload, Failure>>();
    let failure = Failure::application("at once");
    feed.send(Err(failure.clone())).expect("it is held");
    let mut channel = connection.request_channel(Fed(fed));
    assert_eq!(
        soon(channel.next()).await,
        Some(Err(Error::Aborted { failure }))
    );
    let mut channel = connection.request_channel(Panicking(1));
    let mut last = soon(channel.next()).await;
    while let Some(Ok(_)) = last {
        last = soon(channel.next()).await;
    }
    assert!(matches!(last, Some(Err(Error::Aborted { .. }))), "{last:?}");
}

/// Panics after some items.
struct Panicking(u32);

impl futures_core::Stream for Panicking {
    type Item = Payload;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Payload>> {
        assert!(self.0 > 0, "on purpose");
        self.0 -= 1;
        std::task::Poll::Ready(Some(Payload::new("")))
    }
}

// Conforms: setup/server-request-accepted
#[tokio::test]
async fn the_server_opens_a_channel_to_the_client() {
    let (counted, mut counts) = mpsc::unbounded_channel();
    let serving = bind()
        .await
        .serve_with(move |_: Setup, client: Connection| {
            let counted = counted.clone();
            async move {
                tokio::spawn(async move {
                    let mut channel = client.request_channel(numbers(500)).prefetch(3);
                    counted
                        .send(count(&mut channel).await)
                        .expect("the test waits");
                });
                Ok::<_, Rejection>(rsocket_runtime::NotSupported)
            }
        });
    let (handler, _fates) = Counting::new();
    let _connection = dial_with(&serving, ConnectOptions::default().handler(handler)).await;
    assert_eq!(soon(counts.recv()).await, Some((500, None)));
}

fn client() -> (Connection, RawPeer<DuplexStream>) {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let connection = Connection::over(ours, ConnectOptions::default()).expect("no setup payload");
    (connection, RawPeer::over(theirs))
}

/// What a requester sends before it has nothing more to send; an empty item is the end. The clock is paused, so that
/// time passes when nobody has anything to do.
async fn sent_meanwhile(peer: &mut RawPeer<DuplexStream>) -> Vec<String> {
    let mut sent = Vec::new();
    while let Ok(frame) = timeout(Duration::from_millis(1), peer.receive()).await {
        let frame = frame.expect("the connection is open");
        let (data, end) = match Frame::decode(&frame).expect("ours").1 {
            Frame::RequestChannel(request) => (request.payload.data, request.complete),
            Frame::Payload(payload) => (payload.payload.data, payload.complete),
            _ => continue,
        };
        assert_eq!(data.is_empty(), end);
        sent.push(String::from_utf8_lossy(data).into_owned());
    }
    sent
}

// Conforms: request-channel/one-request, request-channel/waits-for-credit, request-channel/complete-anywhere
#[tokio::test(start_paused = true)]
async fn a_requester_sends_as_it_is_asked_and_completes_without_credit() {
    let (connection, mut peer) = client();
    let mut channel = connection.request_channel(numbers(6));
    let receiving = tokio::spawn(async move { channel.next().await });
    assert_eq!(sent_meanwhile(&mut peer).await, ["0"]);
    peer.send(1, &request_n(2)).await;
    assert_eq!(sent_meanwhile(&mut peer).await, ["1", "2"]);
    peer.send(1, &request_n(3)).await;
    assert_eq!(sent_meanwhile(&mut peer).await, ["3", "4", "5", ""]);
    peer.send(1, &COMPLETE).await;
    assert_eq!(soon(receiving).await.expect("no panic"), None);
}

// Conforms: request-channel/request-n-any-time, request-channel/responder-asks
#[tokio::test]
async fn a_responder_asks_for_its_prefetch_and_again_at_half() {
    let (told, mut items) = mpsc::unbounded_channel();
    let serving = serve(Narrow(told)).await;
    let mut peer = RawPeer::dial(&serving).await;
    peer.send(0, &setup_frame(60_000)).await;
    peer.send(1, &request_channel(1, b"first")).await;
    for expected in [4, 2, 2] {
        let n = soon(peer.until(|_, frame| match frame {
            Frame::RequestN(request) => Some(request.n),
            _ => None,
        }))
        .await;
        assert_eq!(n, expected);
        peer.send(1, &item(b"a")).await;
        peer.send(1, &item(b"b")).await;
    }
    for _ in 0..7 {
        assert!(soon(items.recv()).await.is_some());
    }
    peer.send(1, &CANCEL).await;
    let last = soon(items.recv()).await;
    assert_eq!(last, Some(Payload::new("dropped")));
}

/// Takes a few items at a time, and tells of each and of its own end.
struct Narrow(mpsc::UnboundedSender<Payload>);

struct TellEnd(mpsc::UnboundedSender<Payload>);

impl Drop for TellEnd {
    fn drop(&mut self) {
        let _ = self.0.send(Payload::new("dropped"));
    }
}

impl Handler for Narrow {
    async fn request_channel(&self, received: Items, _items: ItemSender) -> Result<(), Failure> {
        let mut received = received.prefetch(4);
        let told = TellEnd(self.0.clone());
        while let Some(item) = received.next().await {
            let _ = told.0.send(item?);
        }
        Ok(())
    }
}

#[tokio::test]
async fn the_responders_items_go_on_after_the_requester_has_completed() {
    let (connection, mut peer) = client();
    let channel = tokio::spawn(async move { connection.open_channel(Payload::new("only")).await });
    soon(peer.until(|_, frame| matches!(frame, Frame::RequestChannel(_)).then_some(()))).await;
    let mut channel = soon(channel).await.expect("no panic").expect("open");
    channel.close_send();
    soon(peer.until(|_, frame| match frame {
        Frame::Payload(payload) => payload.complete.then_some(()),
        _ => None,
    }))
    .await;
    for i in 0..3 {
        peer.send(1, &item(i.to_string().as_bytes())).await;
    }
    peer.send(1, &COMPLETE).await;
    for i in 0..3 {
        let item = soon(channel.next()).await.expect("an item").expect("open");
        assert_eq!(text(&item), i.to_string());
    }
    assert_eq!(soon(channel.next()).await, None);
}
