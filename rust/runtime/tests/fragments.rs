//! Items and payloads that leave in fragments of different lengths.

mod support;

use rsocket_runtime::{
    ConnectOptions, Failure, Handler, ItemSender, Items, Payload, ServerOptions, Serving,
};
use support::items::{pattern, text};
use support::{RawPeer, bind_with, dial_with, echo, setup_frame, soon};
use tokio::task::JoinSet;

const LENGTHS: [usize; 10] = [0, 1, 54, 58, 63, 64, 65, 1000, 3000, 200_000];

/// Streams payloads of all lengths, several times over; echoes everything else.
struct Lengths;

impl Handler for Lengths {
    async fn request_response(&self, request: Payload) -> Result<Option<Payload>, Failure> {
        echo(request).await
    }

    async fn request_stream(&self, times: Payload, mut items: ItemSender) -> Result<(), Failure> {
        for time in 0..text(&times).parse().expect("a number") {
            for len in LENGTHS {
                items.send(payload(time, len)).await?;
            }
        }
        Err(Failure::application("after the last fragment"))
    }

    async fn request_channel(&self, received: Items, mut items: ItemSender) -> Result<(), Failure> {
        items.send_all(received).await
    }
}

fn payload(seed: u64, len: usize) -> Payload {
    let payload = Payload::new(pattern(seed, len));
    match seed % 3 {
        0 => payload,
        1 => payload.with_metadata(""),
        _ => payload.with_metadata(pattern(seed + 1, len / 2)),
    }
}

async fn serve(fragment_len: usize) -> (Serving, ConnectOptions) {
    let options = ServerOptions::default().fragment_len(fragment_len);
    let serving = bind_with(options).await.serve(Lengths);
    (
        serving,
        ConnectOptions::default().fragment_len(fragment_len),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_channels_and_requests_in_fragments() {
    for fragment_len in [64, 1000, 128 << 10, 1 << 24] {
        let (serving, options) = serve(fragment_len).await;
        let connection = dial_with(&serving, options).await;
        for len in LENGTHS {
            let request = payload(2, len);
            let answer = soon(connection.request_response(request.clone())).await;
            assert!(answer == Ok(Some(request)), "fragments of {fragment_len}");
        }
        let mut stream = connection.request_stream(Payload::new("3")).prefetch(4);
        for time in 0..3 {
            for len in LENGTHS {
                let item = soon(stream.next()).await;
                assert!(
                    item == Some(Ok(payload(time, len))),
                    "fragments of {fragment_len}"
                );
            }
        }
        assert!(matches!(soon(stream.next()).await, Some(Err(_))));
        let channel = soon(async { connection.open_channel(payload(2, 200_000)).await }).await;
        let (mut sender, mut stream) = channel.expect("open").split();
        let sending = tokio::spawn(async move {
            for len in LENGTHS {
                sender.send(payload(2, len)).await.expect("open");
            }
        });
        for len in std::iter::once(200_000).chain(LENGTHS) {
            let item = soon(stream.next()).await;
            assert!(
                item == Some(Ok(payload(2, len))),
                "fragments of {fragment_len}"
            );
        }
        assert_eq!(soon(stream.next()).await, None);
        soon(sending).await.expect("no panic");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn small_requests_pass_large_items() {
    let (serving, options) = serve(1000).await;
    let connection = dial_with(&serving, options).await;
    let mut streams = JoinSet::new();
    for _ in 0..4 {
        let mut stream = connection.request_stream(Payload::new("5")).prefetch(1);
        streams.spawn(async move {
            let mut items = 0;
            while let Some(Ok(_)) = stream.next().await {
                items += 1;
            }
            items
        });
    }
    while !streams.is_empty() {
        let answer = soon(connection.request_response(Payload::new("small"))).await;
        assert_eq!(answer, Ok(Some(Payload::new("small"))));
        if let Some(items) = streams.try_join_next() {
            assert_eq!(items.expect("no panic"), 5 * LENGTHS.len());
        }
    }
}

#[tokio::test]
async fn no_frame_is_longer_than_a_fragment() {
    let (serving, _) = serve(64).await;
    let mut peer = RawPeer::dial(&serving).await;
    peer.send(0, &setup_frame(60_000)).await;
    peer.send(1, &support::items::request_stream(100, b"3"))
        .await;
    loop {
        let frame = soon(peer.receive()).await.expect("the connection is open");
        assert!(frame.len() <= 64);
        if frame.ends_with(b"after the last fragment") {
            return;
        }
    }
}
