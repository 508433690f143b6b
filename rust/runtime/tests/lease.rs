//! Leases: who may request how much, for how long, over real sockets.

mod support;

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use rsocket_protocol::frame::{ErrorFrame, Frame, PayloadRef, RequestFnf, RequestResponse, Setup};
use rsocket_runtime::{
    ConnectOptions, Connection, Error, ErrorCode, FixedLease, Lease, LeaseStrategy, LeaseWatch,
    Origin, Payload, Rejection, Server, ServerOptions, Serving,
};
use rsocket_transport::length_prefix::{Split, split};
use support::items::{Counting, numbers};
use support::{Fate, RawPeer, TellDrop, dial, dial_with, echo, setup_frame, soon};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

const MINUTE: Duration = Duration::from_secs(60);

/// A strategy that leaves granting to the test.
async fn nothing(_: Connection) {}

async fn bind_with(strategy: impl LeaseStrategy) -> Server {
    support::bind_with(ServerOptions::default().lease(strategy)).await
}

fn leasing() -> ConnectOptions {
    ConnectOptions::default().lease(nothing)
}

/// Both ends of a connection with leases, whose handlers echo.
struct Ends {
    client: Connection,
    server: Connection,
    _serving: Serving,
}

impl Ends {
    /// Whose leases are granted by the test.
    async fn agreed() -> Self {
        let (connections, mut begun) = mpsc::unbounded_channel();
        let strategy = move |connection: Connection| {
            connections.send(connection).expect("the test waits");
            async {}
        };
        let ends = Self::with(leasing().handler(echo), strategy).await;
        // From here on it can grant.
        let server = soon(begun.recv()).await.expect("leases are agreed on");
        Self { server, ..ends }
    }

    async fn with(options: ConnectOptions, strategy: impl LeaseStrategy) -> Self {
        let (connections, mut accepted) = mpsc::unbounded_channel();
        let serving = bind_with(strategy).await.serve_with(
            move |_: rsocket_runtime::Setup, connection: Connection| {
                connections.send(connection).expect("the test waits");
                async { Ok::<_, Rejection>(Counting::new().0) }
            },
        );
        let client = dial_with(&serving, options).await;
        let server = soon(accepted.recv()).await.expect("the server accepts");
        Self {
            client,
            server,
            _serving: serving,
        }
    }

    /// Grants a lease to the client, which has it when this returns.
    async fn grant(&self, watch: &mut LeaseWatch, lease: Lease) {
        self.server.grant_lease(&lease).expect("open");
        assert_eq!(soon(watch.next()).await, Some(lease));
    }
}

async fn request(connection: &Connection) -> Result<Option<Payload>, Error> {
    soon(connection.request_response(Payload::new("x"))).await
}

fn answered() -> Result<Option<Payload>, Error> {
    Ok(Some(Payload::new("x")))
}

/// Makes a request as often as it takes, and waits for leases in between.
async fn request_patiently(connection: &Connection, watch: &mut LeaseWatch) {
    loop {
        match request(connection).await {
            Ok(_) => return,
            Err(Error::NoLease) => assert_ne!(soon(watch.next()).await, None),
            // It crossed the end of the lease.
            Err(Error::Rejected { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_lease_limits_requests() {
    let ends = Ends::agreed().await;
    let mut watch = ends.client.watch_lease();
    assert!(ends.client.uses_leases());
    let early = request(&ends.client).await.expect_err("no lease has come");
    assert_eq!(early, Error::NoLease);
    assert!(early.is_retry_safe());
    assert_eq!((early.origin(), early.code()), (Origin::User, None));

    let lease = Lease::new(MINUTE, 2).with_metadata("why");
    ends.grant(&mut watch, lease).await;
    assert_eq!(request(&ends.client).await, answered());
    assert_eq!(request(&ends.client).await, answered());
    assert_eq!(request(&ends.client).await, Err(Error::NoLease));

    ends.grant(&mut watch, Lease::new(MINUTE, 1)).await;
    assert_eq!(request(&ends.client).await, answered(), "a new lease");
    assert_eq!(request(&ends.client).await, Err(Error::NoLease));
}

#[tokio::test]
async fn every_kind_of_request_needs_a_lease() {
    let ends = Ends::agreed().await;
    let (client, mut watch) = (&ends.client, ends.client.watch_lease());
    let payload = || Payload::new("1");
    let all = async || {
        [
            soon(client.request_response(payload())).await.err(),
            soon(client.fire_and_forget(payload())).await.err(),
            soon(client.request_stream(payload()).next())
                .await
                .and_then(Result::err),
            soon(client.request_channel(numbers(1)).next())
                .await
                .and_then(Result::err),
            soon(async { client.open_channel(payload()).await })
                .await
                .err(),
        ]
    };
    assert_eq!(all().await, [const { Some(Error::NoLease) }; 5]);
    ends.grant(&mut watch, Lease::new(MINUTE, 5)).await;
    assert_eq!(all().await, [const { None }; 5]);
    assert_eq!(all().await, [const { Some(Error::NoLease) }; 5]);
    // What is no request needs none.
    let pushed = soon(client.metadata_push(Bytes::new())).await;
    assert_eq!(pushed, Ok(()));
}

/// Nothing else happens on the connection meanwhile.
#[tokio::test]
async fn a_lease_ends_with_its_time() {
    let ends = Ends::agreed().await;
    let mut watch = ends.client.watch_lease();
    let ttl = Duration::from_millis(300);
    ends.grant(&mut watch, Lease::new(ttl, u32::MAX >> 1)).await;
    // On a busy machine it may be over already.
    let left = ends.client.lease();
    assert!(left.is_none_or(|left| left.ttl <= ttl));
    tokio::time::sleep(ttl).await;
    assert_eq!(ends.client.lease(), None);
    assert_eq!(request(&ends.client).await, Err(Error::NoLease));
}

#[tokio::test]
async fn a_lease_of_nothing_stops_requests() {
    for nothing in [Lease::new(MINUTE, 0), Lease::new(Duration::ZERO, 9)] {
        let ends = Ends::agreed().await;
        let mut watch = ends.client.watch_lease();
        ends.grant(&mut watch, Lease::new(MINUTE, 9)).await;
        assert_eq!(request(&ends.client).await, answered());
        ends.grant(&mut watch, nothing).await;
        assert_eq!(request(&ends.client).await, Err(Error::NoLease));
    }
}

#[tokio::test]
async fn what_is_left_of_a_lease_can_be_seen() {
    let ends = Ends::agreed().await;
    let mut watch = ends.client.watch_lease();
    assert_eq!(ends.client.lease(), None);
    let lease = Lease::new(MINUTE, 2).with_metadata(Bytes::new());
    ends.grant(&mut watch, lease).await;
    for requests in [2, 1] {
        let left = ends.client.lease().expect("some of it is left");
        assert_eq!(left.requests, requests);
        assert!(left.ttl <= MINUTE, "{left:?}");
        assert_eq!(left.metadata, Some(Bytes::new()), "empty, not absent");
        assert_eq!(request(&ends.client).await, answered());
    }
    assert_eq!(ends.client.lease(), None, "it is used up");
}

#[tokio::test]
async fn each_side_has_leases_of_its_own() {
    let ends = Ends::agreed().await;
    let mut watches = [ends.client.watch_lease(), ends.server.watch_lease()];
    ends.grant(&mut watches[0], Lease::new(MINUTE, 2)).await;
    assert_eq!(request(&ends.server).await, Err(Error::NoLease));
    let lease = Lease::new(MINUTE, 1);
    ends.client.grant_lease(&lease).expect("open");
    assert_eq!(soon(watches[1].next()).await, Some(lease));
    assert_eq!(request(&ends.server).await, answered());
    assert_eq!(request(&ends.server).await, Err(Error::NoLease));
    assert_eq!(request(&ends.client).await, answered());
    assert_eq!(request(&ends.client).await, answered());
    assert_eq!(request(&ends.client).await, Err(Error::NoLease));
}

#[tokio::test]
async fn strategies_of_both_sides_grant() {
    let fixed = FixedLease::new(3, MINUTE);
    let options = ConnectOptions::default().lease(fixed).handler(echo);
    let ends = Ends::with(options, fixed).await;
    for connection in [&ends.client, &ends.server] {
        let lease = soon(connection.watch_lease().next()).await;
        assert_eq!(lease, Some(Lease::new(MINUTE, 3)));
        for _ in 0..3 {
            assert_eq!(request(connection).await, answered());
        }
        assert_eq!(request(connection).await, Err(Error::NoLease));
    }
}

#[tokio::test]
async fn a_fixed_lease_is_renewed() {
    let period = Duration::from_millis(50);
    let strategy = FixedLease::new(2, period);
    let ends = Ends::with(leasing(), strategy).await;
    let begin = Instant::now();
    let mut watch = ends.client.watch_lease();
    for _ in 0..5 {
        request_patiently(&ends.client, &mut watch).await;
    }
    // Three leases it takes, and two periods lie between them. The first may have begun a little earlier.
    assert!(begin.elapsed() > period, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn the_shortest_period_is_a_millisecond() {
    let strategy = FixedLease::new(1, Duration::ZERO);
    let ends = Ends::with(leasing(), strategy).await;
    let lease = soon(ends.client.watch_lease().next()).await;
    assert_eq!(lease, Some(Lease::new(Duration::from_millis(1), 1)));
}

#[tokio::test]
async fn a_server_without_leases_turns_away_a_client_with_them() {
    let serving = support::serve(echo).await;
    let connection = dial_with(&serving, leasing()).await;
    assert_eq!(soon(connection.watch_lease().next()).await, None);
    let reason = soon(connection.closed()).await;
    assert_eq!(reason.code, ErrorCode::UNSUPPORTED_SETUP);
    assert_eq!(reason.message, "lease is not supported");
    let error = request(&connection).await.expect_err("turned away");
    assert!(matches!(error, Error::RejectedSetup { .. }), "{error:?}");
}

#[tokio::test]
async fn a_client_without_leases_needs_none() {
    let granted = Arc::new(AtomicUsize::new(0));
    let counting = {
        let granted = Arc::clone(&granted);
        move |_: Connection| {
            granted.fetch_add(1, Ordering::Relaxed);
            async {}
        }
    };
    let ends = Ends::with(ConnectOptions::default().handler(echo), counting).await;
    assert_eq!(request(&ends.client).await, answered());
    assert_eq!(request(&ends.server).await, answered());
    assert!(!ends.client.uses_leases() && !ends.server.uses_leases());
    let lease = Lease::new(MINUTE, 0);
    assert_eq!(ends.server.grant_lease(&lease), Ok(()), "it does nothing");
    assert_eq!(request(&ends.client).await, answered());
    assert_eq!(granted.load(Ordering::Relaxed), 0, "nobody needs a lease");
}

/// A server need not wait for it.
#[tokio::test]
async fn a_clients_first_lease_goes_out_with_its_setup() {
    let (ours, mut theirs) = tokio::io::duplex(64 << 10);
    let options = ConnectOptions::default().lease(FixedLease::new(1, MINUTE));
    let _client = Connection::over(ours, options).expect("the setup fits");
    let mut written = BytesMut::with_capacity(1 << 10);
    soon(theirs.read_buf(&mut written)).await.expect("open");
    let mut frames = Vec::new();
    while let Ok(Split::Frame { frame, consumed }) = split(&written, usize::MAX) {
        frames.push(frame.to_vec());
        written.advance(consumed);
    }
    let decoded: Vec<_> = frames.iter().map(|frame| Frame::decode(frame)).collect();
    let [Ok((0, Frame::Setup(setup))), Ok((0, Frame::Lease(lease)))] = decoded[..] else {
        panic!("{decoded:?}");
    };
    assert!(setup.honors_lease);
    assert_eq!((lease.requests, lease.ttl_ms), (1, 60_000));
}

#[tokio::test]
async fn a_servers_strategy_begins_when_it_accepts() {
    let (decide, decided) = tokio::sync::oneshot::channel();
    let decided = std::sync::Mutex::new(Some(decided));
    let acceptor = move |_: rsocket_runtime::Setup, _: Connection| {
        let decided = decided.lock().expect("not poisoned").take();
        async move {
            decided
                .expect("one client")
                .await
                .expect("the test decides");
            Ok::<_, Rejection>(echo)
        }
    };
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let options = ServerOptions::default().lease(FixedLease::new(1, MINUTE));
    let _server = Connection::accept_over(ours, acceptor, &options);
    let mut peer = RawPeer::over(theirs);
    peer.send(0, &leasing_setup()).await;
    let early = tokio::time::timeout(Duration::from_millis(50), peer.receive()).await;
    assert!(early.is_err(), "{early:?}");
    decide.send(()).expect("the server waits");
    assert_eq!(next_lease(&mut peer).await, (60_000, 1));
}

fn leasing_setup() -> Frame<'static> {
    let Frame::Setup(setup) = setup_frame(60_000) else {
        panic!("not a SETUP");
    };
    Frame::Setup(Setup {
        honors_lease: true,
        ..setup
    })
}

async fn next_lease<IO>(peer: &mut RawPeer<IO>) -> (u32, u32)
where
    IO: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    soon(peer.until(|stream, frame| match frame {
        Frame::Lease(lease) if stream == 0 => Some((lease.ttl_ms, lease.requests)),
        _ => None,
    }))
    .await
}

/// Whoever is on the other side.
#[tokio::test]
async fn requests_beyond_a_lease_are_rejected_and_reach_no_handler() {
    let (told, mut handled) = mpsc::unbounded_channel();
    let serving = bind_with(FixedLease::new(1, MINUTE))
        .await
        .serve(move |request: Payload| {
            told.send(request.data.clone()).expect("the test waits");
            async { Ok::<_, rsocket_runtime::Failure>(Some(request)) }
        });
    let mut peer = RawPeer::dial(&serving).await;
    peer.send(0, &leasing_setup()).await;
    assert_eq!(next_lease(&mut peer).await, (60_000, 1));
    let forgotten = Frame::RequestFnf(RequestFnf {
        follows: false,
        payload: PayloadRef::from_data(b"forgotten"),
    });
    for (stream, data) in [(1, &b"first"[..]), (3, b"second")] {
        let request = Frame::RequestResponse(RequestResponse {
            follows: false,
            payload: PayloadRef::from_data(data),
        });
        peer.send(stream, &request).await;
        peer.send(stream + 100, &forgotten).await;
    }
    let code = soon(peer.until(|stream, frame| match frame {
        Frame::Error(ErrorFrame { code, .. }) if stream == 3 => Some(code),
        _ => None,
    }));
    assert_eq!(code.await, ErrorCode::REJECTED);
    assert_eq!(soon(handled.recv()).await, Some("first".into()));
    drop(peer);
    drop(serving);
    assert_eq!(soon(handled.recv()).await, None, "no other was handled");
}

/// Lateness on the way has the peer's count and ours differ; the request is turned away and can be made again.
#[tokio::test]
async fn a_request_that_crosses_the_end_of_its_lease_is_safe_to_make_again() {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let client = Connection::over(ours, leasing()).expect("the setup fits");
    let mut peer = RawPeer::over(theirs);
    let lease = rsocket_protocol::frame::Lease {
        ttl_ms: 60_000,
        requests: 1,
        metadata: None,
    };
    peer.send(0, &Frame::Lease(lease)).await;
    assert_ne!(soon(client.watch_lease().next()).await, None);
    let (answer, ()) = tokio::join!(request(&client), async {
        let stream =
            soon(peer.until(|stream, frame| {
                matches!(frame, Frame::RequestResponse(_)).then_some(stream)
            }))
            .await;
        let error = ErrorFrame {
            code: ErrorCode::REJECTED,
            data: b"too late",
        };
        peer.send(stream, &Frame::Error(error)).await;
    });
    let error = answer.expect_err("turned away");
    assert!(matches!(error, Error::Rejected { .. }), "{error:?}");
    assert!(error.is_retry_safe());
}

#[tokio::test]
async fn a_lease_says_at_most_31_bits_and_16_kib_of_metadata() {
    let ends = Ends::agreed().await;
    let mut watch = ends.server.watch_lease();
    let most = Lease::new(Duration::MAX, u32::MAX);
    assert_eq!(ends.client.grant_lease(&most), Ok(()));
    let cut = Lease::new(Duration::from_millis(0x7FFF_FFFF), 0x7FFF_FFFF);
    assert_eq!(soon(watch.next()).await, Some(cut));
    let long = Lease::new(MINUTE, 1).with_metadata(vec![b'm'; 16 << 10]);
    assert_eq!(ends.client.grant_lease(&long), Ok(()));
    assert_eq!(soon(watch.next()).await, Some(long));
    let too_long = Lease::new(MINUTE, 1).with_metadata(vec![b'm'; (16 << 10) + 1]);
    let refused = ends.client.grant_lease(&too_long);
    assert_eq!(refused, Err(Error::PayloadTooLarge));
}

#[tokio::test]
async fn a_watch_tells_the_latest_lease_and_the_end() {
    let ends = Ends::agreed().await;
    let mut watch = ends.client.watch_lease();
    ends.grant(&mut watch, Lease::new(MINUTE, 1)).await;
    ends.grant(&mut watch, Lease::new(MINUTE, 2)).await;
    let mut other = ends.client.watch_lease();
    let latest = soon(other.next()).await;
    assert_eq!(latest, Some(Lease::new(MINUTE, 2)), "one that came before");
    let ended = tokio::spawn(async move { watch.next().await });
    let dropped_client = ends.client.clone();
    drop(ends.client);
    drop(dropped_client);
    assert_eq!(soon(ended).await.expect("no panic"), None);
    assert_eq!(soon(other.next()).await, None);
    assert_eq!(soon(other.next()).await, None, "and again");
    let reason = soon(ends.server.closed()).await;
    assert_eq!(reason.code, ErrorCode::CONNECTION_CLOSE);
    let late = ends.server.grant_lease(&Lease::new(MINUTE, 1));
    assert!(matches!(late, Err(Error::Closed { .. })), "{late:?}");
}

/// So that what it holds does not outlive the connection.
#[tokio::test]
async fn a_strategy_is_dropped_with_its_connection() {
    let (fates, mut watched) = mpsc::unbounded_channel();
    let strategy = move |_: Connection| {
        let told = TellDrop(fates.clone());
        async move {
            let _ = told.0.send(Fate::Called);
            pending::<()>().await;
            drop(told);
        }
    };
    let ends = Ends::with(leasing(), strategy).await;
    assert_eq!(soon(watched.recv()).await, Some(Fate::Called));
    ends.client.close();
    assert_eq!(soon(watched.recv()).await, Some(Fate::Dropped));
}

#[tokio::test]
async fn a_strategy_that_panics_harms_nothing_else() {
    async fn grant_and_panic(connection: Connection) {
        connection
            .grant_lease(&Lease::new(MINUTE, 2))
            .expect("open");
        panic!("on purpose");
    }
    let ends = Ends::with(leasing(), grant_and_panic).await;
    assert_ne!(soon(ends.client.watch_lease().next()).await, None);
    assert_eq!(request(&ends.client).await, answered());
    assert_eq!(request(&ends.client).await, answered());
    assert_eq!(request(&ends.client).await, Err(Error::NoLease));
}

/// Each client has leases of its own, from one strategy.
#[tokio::test]
async fn a_strategy_serves_many_clients() {
    let serving = bind_with(FixedLease::new(1, MINUTE)).await.serve(echo);
    for _ in 0..3 {
        let client = dial_with(&serving, leasing()).await;
        assert_ne!(soon(client.watch_lease().next()).await, None);
        assert_eq!(request(&client).await, answered());
        assert_eq!(request(&client).await, Err(Error::NoLease));
    }
    let without = dial(&serving).await;
    assert_eq!(request(&without).await, answered());
    assert_eq!(request(&without).await, answered());
}

/// Leases that are made while a server shuts down neither keep it from it nor let anything in.
#[tokio::test]
async fn a_server_that_grants_can_be_shut_down() {
    let serving = bind_with(FixedLease::new(1, Duration::from_millis(1)))
        .await
        .serve(echo);
    let client = dial_with(&serving, leasing()).await;
    request_patiently(&client, &mut client.watch_lease()).await;
    soon(serving.shutdown(MINUTE)).await;
    assert!(soon(client.closed()).await.code == ErrorCode::CONNECTION_CLOSE);
}

/// Many callers at once get as many answers as the lease has requests, and the others an error at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_share_a_lease() {
    let ends = Ends::agreed().await;
    let mut watch = ends.client.watch_lease();
    ends.grant(&mut watch, Lease::new(MINUTE, 10)).await;
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let client = ends.client.clone();
        requests.spawn(async move { request(&client).await });
    }
    let outcomes = soon(requests.join_all()).await;
    let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 10);
    assert!(
        refused
            .iter()
            .all(|outcome| *outcome == Err(Error::NoLease))
    );
}
