//! Requests that outlive their connection's transports, over real sockets that are cut.

mod support;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rsocket_runtime::{
    ConnectOptions, Connection, Error, Failure, FixedLease, Handler, Lease, Payload, Rejection,
    ResumeEvent, ServerOptions, Setup,
};
use support::gate::Gate;
use support::items::{Counting, numbers};
use support::resuming::{
    Ends, MILLISECOND, assert_all, assert_echo, dial, resumed, resuming, serve, serve_with,
    start_echoes, suspended, try_echo,
};
use support::{bind_with, connect_to, echo, soon};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

/// Echoes when it gets a permit, and tells when it is called.
struct Gated {
    gate: Arc<Semaphore>,
    called: mpsc::UnboundedSender<()>,
}

impl Handler for Gated {
    async fn request_response(&self, request: Payload) -> Result<Option<Payload>, Failure> {
        self.called.send(()).expect("the test waits");
        self.gate.acquire().await.expect("not closed").forget();
        Ok(Some(request))
    }
}

// Conforms: resume/token-identifies
#[tokio::test]
async fn requests_outlive_their_transport() {
    let semaphore = Arc::new(Semaphore::new(0));
    let (called, mut calls) = mpsc::unbounded_channel();
    let gate = Arc::clone(&semaphore);
    let ends = Ends::new(Gated { gate, called }).await;
    let mut events = ends.client.resume_events();
    let echoes = start_echoes(&ends.client, 1, 100);
    soon(calls.recv()).await.expect("the handler is there");
    ends.gate.cut();
    suspended(&mut events).await;
    semaphore.add_permits(1);
    assert_all(echoes).await;
    assert!(calls.try_recv().is_err(), "handled twice");
    assert!(ends.gate.transports() >= 2);
}

#[tokio::test]
async fn requests_made_without_a_transport_wait() {
    let ends = Ends::new(echo).await;
    ends.suspend().await;
    let echoes = start_echoes(&ends.client, 100, 100);
    ends.gate.set_shut(false);
    assert_all(echoes).await;
}

// Conforms: resume/state-kept
#[tokio::test]
async fn a_stream_goes_on_exactly_where_it_was() {
    const ITEMS: u64 = 20_000;
    let ends = Ends::new(Counting::new().0).await;
    let mut stream = ends.client.request_stream(Payload::new(ITEMS.to_string()));
    let mut next = 0;
    while let Some(item) = soon(stream.next()).await {
        assert_eq!(item, Ok(Payload::new(next.to_string())));
        if next % 3_000 == 1_000 {
            ends.gate.cut();
        }
        next += 1;
    }
    assert_eq!(next, ITEMS);
    assert!(ends.gate.transports() >= 3);
}

#[tokio::test]
async fn a_channel_goes_on_in_both_directions() {
    const ITEMS: u64 = 5_000;
    let ends = Ends::new(Counting::new().0).await;
    let mut channel = ends.client.request_channel(numbers(ITEMS)).prefetch(16);
    let mut next = 0;
    while let Some(item) = soon(channel.next()).await {
        assert_eq!(item, Ok(Payload::new(next.to_string())));
        if next % 1_000 == 500 {
            ends.gate.cut();
        }
        next += 1;
    }
    assert_eq!(next, ITEMS);
    assert!(ends.gate.transports() >= 3);
}

// Conforms: resume/whole-frames
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_payloads_outlive_their_transport() {
    let ends = Ends::new(echo).await;
    // A session that is cut before the server has its SETUP cannot be resumed.
    assert_echo(&ends.client, "before").await;
    let client = ends.client.clone();
    let mut echoes = tokio::spawn(async move {
        for seed in 0..20 {
            assert_all(start_echoes(&client, 1, (3 << 20) + seed)).await;
        }
    });
    loop {
        tokio::select! {
            done = &mut echoes => break done.expect("not aborted"),
            () = tokio::time::sleep(20 * MILLISECOND) => ends.gate.cut(),
        }
    }
    assert!(ends.gate.transports() >= 2);
}

/// A generator of numbers that look random, the same ones for a seed.
fn random(mut seed: u64) -> impl FnMut() -> u64 {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        seed >> 33
    }
}

// Conforms: resume/whole-frames, resume/position-received
#[tokio::test]
async fn transports_that_break_within_frames_lose_and_double_nothing() {
    for seed in 0..8 {
        let serving = serve(Counting::new().0).await;
        let mut number = random(seed);
        // Enough for each to carry a whole frame, so that it goes on.
        let limit = Box::new(move || 3_000 + (number() % 20_000) as usize);
        let gate = Gate::with_limit(&serving, limit).await;
        let client = dial(&gate, resuming()).await;
        let echoes = start_echoes(&client, 40, 1_500);
        let mut stream = client.request_stream(Payload::new("2000")).prefetch(50);
        for next in 0..2_000 {
            let item = soon(stream.next()).await;
            assert_eq!(item, Some(Ok(Payload::new(next.to_string()))));
        }
        assert_eq!(soon(stream.next()).await, None);
        assert_all(echoes).await;
        assert!(gate.transports() >= 3, "{}", gate.transports());
    }
}

/// Echoes, and counts each fire-and-forget by its data.
#[derive(Default)]
struct Seen(Mutex<HashMap<Vec<u8>, usize>>);

impl Handler for Seen {
    async fn request_response(&self, request: Payload) -> Result<Option<Payload>, Failure> {
        Ok(Some(request))
    }

    async fn fire_and_forget(&self, request: Payload) {
        let mut seen = self.0.lock().expect("no panic");
        *seen.entry(request.data.to_vec()).or_default() += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cuts_under_load_lose_and_double_nothing() {
    const WORKERS: usize = 16;
    const EACH: usize = 300;
    let seen = Arc::new(Seen::default());
    let ends = Arc::new(Ends::new(Arc::clone(&seen)).await);
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let ends = Arc::clone(&ends);
        workers.spawn(async move {
            for i in 0..EACH {
                let name = format!("{worker}-{i}");
                let told = ends.client.fire_and_forget(Payload::new(name.clone()));
                assert_eq!(soon(told).await, Ok(()));
                assert_echo(&ends.client, &name).await;
                if i % 100 == worker {
                    ends.gate.cut();
                }
            }
        });
    }
    while let Some(done) = soon(workers.join_next()).await {
        done.expect("no worker fails");
    }
    // Handled before the echo that followed on the same connection, as it takes no time.
    let seen = seen.0.lock().expect("no panic");
    assert_eq!(seen.len(), WORKERS * EACH);
    assert_eq!(seen.values().find(|times| **times != 1), None);
    assert!(ends.gate.transports() >= 3);
}

#[tokio::test]
async fn a_servers_requests_outlive_their_transport() {
    let (connections, mut accepted) = mpsc::unbounded_channel();
    let options = ServerOptions::default().resume(resuming());
    let server = bind_with(options).await;
    let serving = server.serve_with(move |_: Setup, connection: Connection| {
        connections.send(connection).expect("the test waits");
        async { Ok::<_, Rejection>(echo) }
    });
    let gate = Gate::before(&serving).await;
    let options = ConnectOptions::default()
        .resume(resuming())
        .handler(Counting::new().0);
    let client = connect_to(&gate.url(), options)
        .await
        .expect("the gate listens");
    let server = soon(accepted.recv()).await.expect("the client is accepted");
    let mut events = server.resume_events();
    assert_echo(&server, "before").await;
    gate.cut();
    suspended(&mut events).await;
    let echoes = start_echoes(&server, 50, 1_000);
    assert_all(echoes).await;
    resumed(&mut events).await;
    let mut stream = server.request_stream(Payload::new("1000"));
    for next in 0..1_000 {
        if next == 500 {
            gate.cut();
        }
        let item = soon(stream.next()).await;
        assert_eq!(item, Some(Ok(Payload::new(next.to_string()))));
    }
    drop(client);
    while soon(events.next()).await.is_some() {}
}

#[tokio::test]
async fn a_client_may_come_back_before_the_server_notices() {
    let ends = Ends::new(echo).await;
    for _ in 0..5 {
        let mut events = ends.client.resume_events();
        assert_all(start_echoes(&ends.client, 20, 5_000)).await;
        let echoes = start_echoes(&ends.client, 20, 5_000);
        ends.gate.abandon();
        resumed(&mut events).await;
        assert_all(echoes).await;
    }
}

#[tokio::test]
async fn a_silent_peer_is_left_for_another_transport() {
    let serving = serve(echo).await;
    let gate = Gate::before(&serving).await;
    let options = ConnectOptions::default()
        .keepalive(50 * MILLISECOND, 300 * MILLISECOND)
        .resume(resuming());
    let client = connect_to(&gate.url(), options)
        .await
        .expect("the gate listens");
    let mut events = client.resume_events();
    assert_echo(&client, "before").await;
    gate.stall();
    let echoes = start_echoes(&client, 20, 100);
    let first = soon(events.next()).await.expect("open");
    assert!(
        matches!(&first, ResumeEvent::Suspended { reason } if &**reason == "the peer is silent"),
        "{first:?}"
    );
    resumed(&mut events).await;
    assert_all(echoes).await;
}

// Conforms: resume/lease-ends, resume/lease-begins-anew
#[tokio::test]
async fn a_resumed_connection_has_its_lease_again() {
    let lease = FixedLease::new(1_000, Duration::from_secs(3_600));
    let options = ServerOptions::default().resume(resuming()).lease(lease);
    let serving = serve_with(echo, options).await;
    let gate = Gate::before(&serving).await;
    let options = ConnectOptions::default().resume(resuming()).lease(lease);
    let client = connect_to(&gate.url(), options)
        .await
        .expect("the gate listens");
    let mut leases = client.watch_lease();
    let mut events = client.resume_events();
    assert_eq!(
        soon(leases.next()).await.map(|lease| lease.requests),
        Some(1_000)
    );
    assert_echo(&client, "leased").await;
    gate.set_shut(true);
    gate.cut();
    suspended(&mut events).await;
    assert_eq!(client.lease(), None);
    assert_eq!(try_echo(&client, "").await, Err(Error::NoLease));
    assert_eq!(client.grant_lease(&Lease::new(MILLISECOND, 7)), Ok(()));
    gate.set_shut(false);
    assert_eq!(
        soon(leases.next()).await.map(|lease| lease.requests),
        Some(1_000)
    );
    assert_echo(&client, "leased again").await;
}

// Conforms: resume/untracked-frames
#[tokio::test]
async fn metadata_is_not_pushed_without_a_transport() {
    let ends = Ends::new(echo).await;
    ends.suspend().await;
    let pushed = soon(ends.client.metadata_push("news".into())).await;
    let error = pushed.expect_err("it would be lost");
    assert_eq!(error, Error::Suspended);
    assert!(error.is_retry_safe());
    ends.gate.set_shut(false);
    assert_echo(&ends.client, "after").await;
    assert_eq!(soon(ends.client.metadata_push("news".into())).await, Ok(()));
}
