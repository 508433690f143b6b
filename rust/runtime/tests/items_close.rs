//! Streams and channels when their connection ends: what had arrived comes first, then a typed error.

mod support;

use std::time::Duration;

use rsocket_protocol::frame::Frame;
use rsocket_runtime::{
    ConnectOptions, Connection, Error, Failure, Handler, ItemSender, Items, NotSent, Origin,
    Payload, RequestStream,
};
use support::items::{Counting, Fed, item, numbers, request_n};
use support::{Fate, RawPeer, dial, serve, soon};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

async fn client() -> (Connection, RawPeer<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let url = format!("tcp://{}", listener.local_addr().expect("bound"));
    let connection = rsocket_runtime::connect(&url, ConnectOptions::default())
        .await
        .expect("listening");
    let (socket, _) = listener.accept().await.expect("a client");
    (connection, RawPeer::over(socket))
}

/// Polls a stream until its request has arrived.
async fn begin(stream: &mut RequestStream, peer: &mut RawPeer<TcpStream>) -> u32 {
    soon(async {
        tokio::select! {
            item = stream.next() => unreachable!("{item:?} although nothing was sent"),
            id = peer.until(|id, frame| match frame {
                Frame::RequestStream(_) | Frame::RequestChannel(_) => Some(id),
                _ => None,
            }) => id,
        }
    })
    .await
}

#[tokio::test]
async fn a_lost_connection_ends_every_stream_after_its_items() {
    let (connection, mut peer) = client().await;
    let mut streams = Vec::new();
    for i in 0..100 {
        let mut stream = match i % 2 {
            0 => connection.request_stream(Payload::new("")),
            _ => connection.request_channel(numbers(1000)),
        };
        let id = begin(&mut stream, &mut peer).await;
        for n in 0..i {
            peer.send(id, &item(&[n])).await;
        }
        streams.push(stream);
    }
    // Everything before it has arrived when this has.
    let mut last = connection.request_stream(Payload::new(""));
    let id = begin(&mut last, &mut peer).await;
    peer.send(id, &item(b"last")).await;
    assert_eq!(soon(last.next()).await, Some(Ok(Payload::new("last"))));
    drop(peer);
    soon(connection.closed()).await;
    for (i, mut stream) in (0..100u8).zip(streams) {
        for n in 0..i {
            let item = soon(stream.next()).await;
            assert_eq!(item, Some(Ok(Payload::new(vec![n]))));
        }
        let error = soon(stream.next()).await.expect("an error");
        let error = error.expect_err("the connection is lost");
        assert!(
            matches!(error, Error::ConnectionLost { sent: true, .. }),
            "{error:?}"
        );
        assert_eq!(error.origin(), Origin::Transport);
        assert_eq!(soon(stream.next()).await, None);
    }
    let late = soon(connection.request_stream(Payload::new("")).next()).await;
    assert!(
        matches!(late, Some(Err(Error::ConnectionLost { sent: false, .. }))),
        "{late:?}"
    );
}

#[tokio::test]
async fn a_lost_connection_ends_what_a_channel_sends() {
    let (connection, mut peer) = client().await;
    let channel = tokio::spawn({
        let connection = connection.clone();
        async move { connection.open_channel(Payload::new("first")).await }
    });
    let id =
        soon(peer.until(|id, frame| matches!(frame, Frame::RequestChannel(_)).then_some(id))).await;
    let mut channel = soon(channel).await.expect("no panic").expect("open");
    peer.send(id, &request_n(1)).await;
    soon(channel.send(Payload::new("second")))
        .await
        .expect("it was asked for");
    let (feed, fed) = mpsc::unbounded_channel::<Payload>();
    feed.send(Payload::new("first")).expect("it is held");
    let mut streamed = connection.request_channel(Fed(fed));
    begin(&mut streamed, &mut peer).await;
    let waiting = tokio::spawn(async move { channel.send(Payload::new("third")).await });
    drop(peer);
    let end = soon(waiting).await.expect("no panic");
    assert!(
        matches!(end, Err(NotSent::Ended(Error::ConnectionLost { .. }))),
        "{end:?}"
    );
    soon(feed.closed()).await;
}

#[tokio::test]
async fn closing_ends_streams_and_drops_their_handlers() {
    let (handler, mut fates) = Counting::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    let mut hanging = connection.request_stream(Payload::new("hang"));
    let mut channel = connection.request_channel(numbers(1));
    assert!(matches!(soon(channel.next()).await, Some(Ok(_))));
    let waiting = tokio::spawn(async move { hanging.next().await });
    for _ in 0..3 {
        soon(fates.recv()).await;
    }
    connection.close();
    let error = soon(waiting).await.expect("no panic");
    assert!(
        matches!(error, Some(Err(Error::Closed { sent: true, .. }))),
        "{error:?}"
    );
    assert_eq!(soon(fates.recv()).await, Some(Fate::Dropped));
}

/// Tells how its channel ends.
struct Witness(mpsc::UnboundedSender<Option<Result<Payload, Error>>>);

impl Handler for Witness {
    async fn request_channel(
        &self,
        mut received: Items,
        _items: ItemSender,
    ) -> Result<(), Failure> {
        let told = self.0.clone();
        // Outlives the handler, which is dropped with its connection.
        let _ = tokio::spawn(async move {
            loop {
                let item = received.next().await;
                let last = !matches!(item, Some(Ok(_)));
                let _ = told.send(item);
                if last {
                    return;
                }
            }
        })
        .await;
        Ok(())
    }
}

#[tokio::test]
async fn a_responder_sees_the_loss_after_the_items() {
    let (told, mut ends) = mpsc::unbounded_channel();
    let serving = serve(Witness(told)).await;
    let connection = dial(&serving).await;
    let (feed, fed) = mpsc::unbounded_channel();
    for i in 0..3 {
        feed.send(Payload::new(i.to_string())).expect("it is held");
    }
    let mut channel = connection.request_channel(Fed(fed));
    let polling = tokio::spawn(async move { channel.next().await });
    for i in 0..3 {
        let item = soon(ends.recv()).await.expect("the handler is there");
        assert_eq!(item, Some(Ok(Payload::new(i.to_string()))));
    }
    connection.close();
    let end = soon(ends.recv()).await.expect("the handler is there");
    assert!(matches!(end, Some(Err(Error::Closed { .. }))), "{end:?}");
    assert!(matches!(
        soon(polling).await,
        Ok(Some(Err(Error::Closed { .. })))
    ));
}

#[tokio::test]
async fn shutdown_lets_streams_end() {
    let (handler, _fates) = Counting::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    let mut stream = connection.request_stream(Payload::new("3000")).prefetch(10);
    assert!(matches!(soon(stream.next()).await, Some(Ok(_))));
    let shutdown = tokio::spawn(serving.shutdown(Duration::from_secs(3600)));
    let mut items = 1;
    while let Some(item) = soon(stream.next()).await {
        item.expect("the stream goes on");
        items += 1;
    }
    assert_eq!(items, 3000);
    soon(shutdown).await.expect("no panic");
}
