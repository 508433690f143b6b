//! What a connection without a transport takes, and what has to wait.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rsocket_runtime::{
    ConnectOptions, Connection, Error, Failure, FrameStore, Handler, ItemSender, Items,
    MemoryStore, Payload, Rejection, Server, ServerOptions, Setup, connect,
};
use support::gate::Gate;
use support::resuming::{
    Ends, assert_all, assert_echo, dial, resuming, serve_with, start_echoes, suspended,
};
use support::{Fate, Hang, echo, soon};
use tokio::sync::{Semaphore, mpsc};

#[tokio::test]
async fn requests_of_a_suspended_connection_can_be_dropped() {
    let (handler, mut fates) = Hang::new();
    let ends = Ends::new(handler).await;
    ends.suspend().await;
    let mut dropped = start_echoes(&ends.client, 50, 100);
    tokio::task::yield_now().await;
    dropped.abort_all();
    while soon(dropped.join_next()).await.is_some() {}
    let hanging = tokio::spawn({
        let client = ends.client.clone();
        async move { client.request_response(Payload::new("hang")).await }
    });
    tokio::task::yield_now().await;
    hanging.abort();
    assert!(soon(hanging).await.is_err());
    ends.gate.set_shut(false);
    assert_echo(&ends.client, "after").await;
    // The request was made and withdrawn, and both arrived.
    assert_eq!(soon(fates.recv()).await, Some(Fate::Called));
    assert_eq!(soon(fates.recv()).await, Some(Fate::Dropped));
}

#[tokio::test]
async fn what_does_not_fit_the_store_waits_for_the_transport() {
    for len in [20 << 10, 200 << 10] {
        let ends = Ends::with(echo, resuming().store_limit(0)).await;
        ends.suspend().await;
        let echoes = start_echoes(&ends.client, 60, len);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        ends.gate.set_shut(false);
        assert_all(echoes).await;
    }
}

#[tokio::test]
async fn what_waits_for_the_store_can_be_dropped() {
    let ends = Ends::with(echo, resuming().store_limit(0)).await;
    ends.suspend().await;
    let mut dropped = start_echoes(&ends.client, 60, 20 << 10);
    let kept = start_echoes(&ends.client, 60, 20 << 10);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    dropped.abort_all();
    while soon(dropped.join_next()).await.is_some() {}
    ends.gate.set_shut(false);
    assert_all(kept).await;
}

#[tokio::test]
async fn a_connection_that_is_closed_ends_what_waits_for_the_store() {
    let ends = Ends::with(echo, resuming().store_limit(0)).await;
    ends.suspend().await;
    let mut echoes = start_echoes(&ends.client, 60, 20 << 10);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    ends.client.close();
    let mut unsent = 0;
    while let Some(done) = soon(echoes.join_next()).await {
        match done.expect("not aborted") {
            Err(Error::Closed { sent, .. }) => unsent += usize::from(!sent),
            other => panic!("{other:?}"),
        }
    }
    assert!(unsent > 0, "the store has no room for all");
}

/// Sends an item for each permit, then ends the stream without waiting for anything.
struct Ending(Arc<Semaphore>);

impl Handler for Ending {
    async fn request_response(&self, request: Payload) -> Result<Option<Payload>, Failure> {
        Ok(Some(request))
    }

    async fn request_stream(&self, request: Payload, mut items: ItemSender) -> Result<(), Failure> {
        items.send(request.clone()).await?;
        self.0.acquire().await.expect("not closed").forget();
        if request.data == "fail" {
            return Err(Failure::application("on purpose"));
        }
        Ok(())
    }

    async fn request_channel(&self, mut received: Items, _: ItemSender) -> Result<(), Failure> {
        while let Some(item) = received.next().await {
            item?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn streams_end_although_the_store_is_full() {
    let semaphore = Arc::new(Semaphore::new(0));
    let (connections, mut accepted) = mpsc::unbounded_channel();
    let handler = Arc::new(Ending(Arc::clone(&semaphore)));
    let options = ServerOptions::default().resume(resuming().store_limit(0));
    let server = Server::bind("tcp://127.0.0.1:0", options)
        .await
        .expect("loopback can be listened on");
    let serving = server.serve_with(move |_: Setup, connection: Connection| {
        connections.send(connection).expect("the test waits");
        let handler = Arc::clone(&handler);
        async { Ok::<_, Rejection>(handler) }
    });
    let gate = Gate::before(&serving).await;
    let options = ConnectOptions::default()
        .resume(resuming().store_limit(0))
        .handler(echo);
    let client = connect(&gate.url(), options)
        .await
        .expect("the gate listens");
    let server = soon(accepted.recv()).await.expect("the client is accepted");
    let mut streams = Vec::new();
    for data in ["complete", "fail"] {
        let mut stream = client.request_stream(Payload::new(data));
        assert_eq!(soon(stream.next()).await, Some(Ok(Payload::new(data))));
        streams.push(stream);
    }
    let channel = client.open_channel(Payload::new("first"));
    let channel = soon(async { channel.await }).await.expect("open");
    let (sender, mut receiver) = channel.split();
    assert_echo(&client, "the channel has begun").await;

    let mut lost = [client.resume_events(), server.resume_events()];
    gate.set_shut(true);
    gate.cut();
    for events in &mut lost {
        suspended(events).await;
    }
    // Both stores are full to the last byte: nothing is shorter than this, but what ends a stream is as short.
    let filling = [&client, &server].map(|side| {
        let side = side.clone();
        tokio::spawn(async move {
            for _ in 0..12_000 {
                side.fire_and_forget(Payload::default()).await?;
            }
            Ok::<_, Error>(())
        })
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    semaphore.add_permits(2);
    drop(sender);
    tokio::task::yield_now().await;
    gate.set_shut(false);
    for filling in filling {
        assert_eq!(soon(filling).await.expect("not aborted"), Ok(()));
    }
    let failed = Error::Application {
        message: "on purpose".to_owned(),
    };
    assert_eq!(soon(streams[0].next()).await, None);
    assert_eq!(soon(streams[1].next()).await, Some(Err(failed)));
    assert_eq!(soon(receiver.next()).await, None);
}

#[tokio::test]
async fn a_store_of_ones_own_is_used() {
    #[derive(Debug)]
    struct Counting(MemoryStore, Arc<AtomicUsize>);
    impl FrameStore for Counting {
        fn first(&self) -> u64 {
            self.0.first()
        }
        fn end(&self) -> u64 {
            self.0.end()
        }
        fn has_room(&self, len: usize) -> bool {
            self.0.has_room(len)
        }
        fn append(&mut self, frame: &[u8]) {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.append(frame);
        }
        fn release(&mut self, position: u64) {
            self.0.release(position);
        }
        fn frame_at(&mut self, position: u64) -> Option<&[u8]> {
            self.0.frame_at(position)
        }
    }
    let counts = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let [client, server] = counts.each_ref().map(|count| {
        let count = Arc::clone(count);
        resuming().store(move || Counting(MemoryStore::new(1 << 20), Arc::clone(&count)))
    });
    let serving = serve_with(echo, ServerOptions::default().resume(server)).await;
    let gate = Gate::before(&serving).await;
    let client = dial(&gate, client).await;
    for _ in 0..3 {
        assert_echo(&client, "kept").await;
    }
    assert_eq!(counts.map(|count| count.load(Ordering::Relaxed)), [3, 3]);
}
