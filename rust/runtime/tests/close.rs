//! Every way in which a connection ends, with requests under way.

mod support;

use std::time::Duration;

use rsocket_protocol::frame::{ErrorFrame, Frame, PayloadFrame, PayloadRef};
use rsocket_runtime::{
    ConnectError, ConnectOptions, Connection, Error, ErrorCode, Failure, Handler, NotSupported,
    Origin, Payload, Rejection, ServerOptions, Setup, SetupConfig, connect,
};
use support::{Fate, Hang, RawPeer, bind, connect_to, dial, echo, serve, soon};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

const REQUESTS: usize = 100;

fn hang(connection: &Connection) -> JoinSet<Result<Option<Payload>, Error>> {
    let mut requests = JoinSet::new();
    for _ in 0..REQUESTS {
        let connection = connection.clone();
        requests.spawn(async move { connection.request_response(Payload::new("hang")).await });
    }
    requests
}

async fn errors(mut requests: JoinSet<Result<Option<Payload>, Error>>) -> Vec<Error> {
    let mut errors = Vec::new();
    while let Some(done) = soon(requests.join_next()).await {
        errors.push(done.expect("not aborted").expect_err("nobody answers"));
    }
    assert_eq!(errors.len(), REQUESTS);
    errors
}

#[tokio::test]
async fn a_killed_peer_fails_every_request_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let url = format!("tcp://{}", listener.local_addr().expect("bound"));
    let connection = connect(&url, ConnectOptions::default())
        .await
        .expect("listening");
    let (socket, _) = listener.accept().await.expect("a client");
    let mut peer = RawPeer::over(socket);
    let requests = hang(&connection);
    for _ in 0..REQUESTS {
        soon(peer.until(|_, frame| matches!(frame, Frame::RequestResponse(_)).then_some(()))).await;
    }
    drop(peer);
    drop(listener);
    for error in errors(requests).await {
        assert!(
            matches!(error, Error::ConnectionLost { sent: true, .. }),
            "{error:?}"
        );
        assert_eq!(error.origin(), Origin::Transport);
        assert!(!error.is_retry_safe(), "the peer may have acted on it");
    }
    let later = soon(connection.request_response(Payload::new(""))).await;
    let later = later.expect_err("the connection is lost");
    assert!(
        matches!(later, Error::ConnectionLost { sent: false, .. }),
        "{later:?}"
    );
    assert!(later.is_retry_safe());
    assert!(connection.fire_and_forget(Payload::new("")).await.is_err());
    assert!(connection.is_closed());
    assert_eq!(soon(connection.closed()).await.origin, Origin::Transport);
}

// Conforms: error/connection-close-sender, stream/ends-with-connection
#[tokio::test]
async fn close_fails_every_request_at_once_and_tells_the_peer() {
    let (handler, mut fates) = Hang::new();
    let (clients, mut client) = mpsc::unbounded_channel();
    let handler = std::sync::Arc::new(handler);
    let serving = bind()
        .await
        .serve_with(move |_: Setup, connection: Connection| {
            clients.send(connection).expect("the test waits");
            let handler = handler.clone();
            async move { Ok::<_, Rejection>(handler) }
        });
    let connection = dial(&serving).await;
    let requests = hang(&connection);
    for _ in 0..REQUESTS {
        assert_eq!(soon(fates.recv()).await, Some(Fate::Called));
    }
    connection.close();
    assert!(connection.is_closed());
    for error in errors(requests).await {
        assert!(
            matches!(error, Error::Closed { sent: true, .. }),
            "{error:?}"
        );
        assert_eq!(error.origin(), Origin::User);
        assert_eq!(error.code(), Some(ErrorCode::CONNECTION_ERROR));
    }
    for _ in 0..REQUESTS {
        assert_eq!(soon(fates.recv()).await, Some(Fate::Dropped));
    }
    let reason = soon(connection.closed()).await;
    assert_eq!(reason.origin, Origin::User);
    connection.close();
    let theirs = soon(client.recv()).await.expect("it was accepted");
    let reason = soon(theirs.closed()).await;
    assert_eq!(reason.origin, Origin::Remote);
    assert_eq!(reason.code, ErrorCode::CONNECTION_ERROR);
}

// Conforms: setup/client-request-rejected
#[tokio::test]
async fn a_rejected_setup_fails_requests_with_the_servers_words() {
    let serving = bind()
        .await
        .serve_with(|setup: Setup, _: Connection| async move {
            if setup.payload.data == "let me in" {
                return Ok(echo);
            }
            Err(Rejection::rejected("not you"))
        });
    for _ in 0..20 {
        let connection = dial(&serving).await;
        let requests = hang(&connection);
        for error in errors(requests).await {
            assert!(matches!(error, Error::RejectedSetup { .. }), "{error:?}");
            assert_eq!(error.code(), Some(ErrorCode::REJECTED_SETUP));
            assert_eq!(error.message(), "not you");
            assert!(error.is_retry_safe());
        }
        let reason = soon(connection.closed()).await;
        assert_eq!(
            (reason.origin, reason.code),
            (Origin::Remote, ErrorCode::REJECTED_SETUP)
        );
    }
    let options = ConnectOptions::default().setup_payload(&Payload::new("let me in"));
    let connection = support::dial_with(&serving, options).await;
    let answer = soon(connection.request_response(Payload::new("in"))).await;
    assert_eq!(answer, Ok(Some(Payload::new("in"))));
}

#[tokio::test]
async fn an_acceptor_that_panics_rejects() {
    let serving = bind().await.serve_with(|_: Setup, _: Connection| async {
        if true {
            panic!("on purpose");
        }
        Ok::<_, Rejection>(NotSupported)
    });
    let connection = dial(&serving).await;
    let reason = soon(connection.closed()).await;
    assert_eq!(reason.code, ErrorCode::REJECTED_SETUP);
}

#[tokio::test]
async fn dropping_the_last_handle_closes_the_connection() {
    let (clients, mut client) = mpsc::unbounded_channel();
    let serving = bind()
        .await
        .serve_with(move |_: Setup, connection: Connection| {
            clients.send(connection).expect("the test waits");
            async { Ok::<_, Rejection>(echo) }
        });
    let connection = dial(&serving).await;
    let theirs = soon(client.recv()).await.expect("it was accepted");
    drop(connection.clone());
    let answer = soon(connection.request_response(Payload::new("open"))).await;
    assert_eq!(answer, Ok(Some(Payload::new("open"))));
    drop(connection);
    assert_eq!(soon(theirs.closed()).await.origin, Origin::Remote);
}

#[test]
fn a_runtime_that_goes_away_fails_its_connections_requests() {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime")
    };
    let (theirs, ours) = (runtime(), runtime());
    let (handler, mut fates) = Hang::new();
    let serving = theirs.block_on(serve(handler));
    let connection = ours.block_on(dial(&serving));
    let requests = theirs.block_on(async { hang(&connection) });
    for _ in 0..REQUESTS {
        assert_eq!(theirs.block_on(soon(fates.recv())), Some(Fate::Called));
    }
    drop(ours);
    for error in theirs.block_on(errors(requests)) {
        assert!(matches!(error, Error::ConnectionLost { .. }), "{error:?}");
    }
    theirs.block_on(soon(connection.closed()));
}

// Conforms: error/connection-close-receiver, error/connection-close-requests
#[tokio::test]
async fn a_peer_that_is_closing_finishes_what_is_under_way() {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let connection = Connection::over(ours, ConnectOptions::default()).expect("no setup payload");
    let mut peer = RawPeer::over(theirs);
    let request = tokio::spawn({
        let connection = connection.clone();
        async move { connection.request_response(Payload::new("under way")).await }
    });
    soon(peer.until(|_, frame| matches!(frame, Frame::RequestResponse(_)).then_some(()))).await;
    let closing = ErrorFrame {
        code: ErrorCode::CONNECTION_CLOSE,
        data: b"going home",
    };
    peer.send(0, &Frame::Error(closing)).await;
    // The next frames say that the previous one has been taken in.
    let keepalive = rsocket_protocol::frame::Keepalive {
        respond: true,
        last_received_position: 0,
        data: b"",
    };
    peer.send(0, &Frame::Keepalive(keepalive)).await;
    soon(peer.until(|_, frame| matches!(frame, Frame::Keepalive(_)).then_some(()))).await;
    let refused = soon(connection.request_response(Payload::new("too late"))).await;
    let refused = refused.expect_err("the connection is closing");
    assert!(
        matches!(refused, Error::Closed { sent: false, .. }),
        "{refused:?}"
    );
    assert!(refused.is_retry_safe());
    assert!(!connection.is_closed());
    let answer = PayloadFrame {
        follows: false,
        complete: true,
        next: true,
        payload: PayloadRef::from_data(b"answer"),
    };
    peer.send(1, &Frame::Payload(answer)).await;
    let answer = soon(request).await.expect("not aborted");
    assert_eq!(answer, Ok(Some(Payload::new("answer"))));
    let reason = soon(connection.closed()).await;
    assert_eq!(
        (reason.origin, &*reason.message),
        (Origin::Remote, "going home")
    );
}

/// Answers when it gets a permit, and tells when it is called.
struct Gated {
    gate: std::sync::Arc<Semaphore>,
    called: mpsc::UnboundedSender<()>,
}

impl Handler for Gated {
    async fn request_response(&self, request: Payload) -> Result<Option<Payload>, Failure> {
        self.called.send(()).expect("the test waits");
        self.gate.acquire().await.expect("not closed").forget();
        Ok(Some(request))
    }

    async fn fire_and_forget(&self, _: Payload) {
        self.called.send(()).expect("the test waits");
        self.gate.acquire().await.expect("not closed").forget();
    }
}

// Conforms: error/connection-close-sender, error/connection-close-requests
#[tokio::test]
async fn shutdown_finishes_what_is_under_way_and_refuses_the_rest() {
    let gate = std::sync::Arc::new(Semaphore::new(0));
    let (called, mut calls) = mpsc::unbounded_channel();
    let serving = serve(Gated {
        gate: gate.clone(),
        called,
    })
    .await;
    let url = serving.url();
    let connection = dial(&serving).await;
    connection
        .fire_and_forget(Payload::new("also under way"))
        .await
        .expect("open");
    let request = tokio::spawn({
        let connection = connection.clone();
        async move { connection.request_response(Payload::new("under way")).await }
    });
    for _ in 0..2 {
        soon(calls.recv()).await.expect("the handler is there");
    }
    let shutdown = tokio::spawn(serving.shutdown(Duration::from_secs(3600)));
    // The shutdown has begun when new clients are refused.
    while connect_to(&url, ConnectOptions::default()).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let refused = soon(connection.request_response(Payload::new("late"))).await;
    assert!(
        matches!(refused, Err(Error::Rejected { .. })),
        "{refused:?}"
    );
    gate.add_permits(1);
    // Either of the two goes first.
    gate.add_permits(1);
    let answer = soon(request).await.expect("not aborted");
    assert_eq!(answer, Ok(Some(Payload::new("under way"))));
    soon(shutdown).await.expect("not aborted");
    assert_eq!(
        soon(connection.closed()).await.code,
        ErrorCode::CONNECTION_CLOSE
    );
}

#[tokio::test]
async fn shutdown_closes_what_does_not_end_in_time() {
    let (handler, mut fates) = Hang::new();
    let serving = serve(handler).await;
    let connection = dial(&serving).await;
    let requests = hang(&connection);
    for _ in 0..REQUESTS {
        assert_eq!(soon(fates.recv()).await, Some(Fate::Called));
    }
    soon(serving.shutdown(Duration::from_millis(1))).await;
    for error in errors(requests).await {
        assert!(error.close_reason().is_some(), "{error:?}");
    }
}

#[tokio::test]
async fn a_dropped_server_closes_its_connections() {
    let serving = serve(echo).await;
    let connection = dial(&serving).await;
    let answer = soon(connection.request_response(Payload::new("open"))).await;
    assert!(answer.is_ok());
    drop(serving);
    soon(connection.closed()).await;
}

// Conforms: framing/max-frame
#[tokio::test]
async fn connecting_says_what_is_wrong() {
    let options = ConnectOptions::default;
    let error = connect("udp://127.0.0.1:1", options())
        .await
        .expect_err("no such scheme");
    assert!(matches!(error, ConnectError::Address(_)), "{error:?}");
    let unused = bind().await.url();
    let error = connect_to(&unused, options())
        .await
        .expect_err("nobody listens");
    assert!(matches!(error, ConnectError::Io { .. }), "{error:?}");
    let (ours, _theirs) = tokio::io::duplex(64);
    let setup = SetupConfig {
        data: vec![0; 0xFF_FFFF],
        ..SetupConfig::default()
    };
    let error = Connection::over(ours, options().setup(setup)).expect_err("too large");
    assert!(matches!(error, ConnectError::SetupTooLarge), "{error:?}");
}

#[tokio::test]
async fn serving_over_any_transport() {
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    let acceptor = rsocket_runtime::AcceptAll::with(echo);
    let server = Connection::accept_over(theirs, acceptor, &ServerOptions::default());
    let options = ConnectOptions::default().handler(echo);
    let client = Connection::over(ours, options).expect("no setup payload");
    for connection in [&client, &server] {
        let payload = Payload::new(vec![1; 100_000]).with_metadata("m");
        let answer = soon(connection.request_response(payload.clone())).await;
        assert_eq!(answer, Ok(Some(payload)));
    }
    drop(server);
    assert_eq!(soon(client.closed()).await.origin, Origin::Remote);
}
