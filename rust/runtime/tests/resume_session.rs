//! How sessions begin, are found again, and end.

mod support;

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rsocket_protocol::frame::{ErrorFrame, Frame, Resume, Version};
use rsocket_runtime::{
    ConnectError, ConnectOptions, Connection, Error, ErrorCode, Origin, Payload, ResumeEvent,
    ServerOptions, connect,
};
use support::gate::Gate;
use support::items::{CANCEL, Counting};
use support::resuming::{
    Ends, MILLISECOND, assert_echo, dial, resumed, resuming, serve, serve_with, start_echoes,
    try_echo,
};
use support::{Fate, Hang, RawPeer, echo, framed, soon};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

#[tokio::test]
async fn events_tell_of_a_suspension() {
    let serving = serve(echo).await;
    let gate = Gate::before(&serving).await;
    let (address, refused) = (support::address(&serving), Arc::new(AtomicUsize::new(0)));
    // After the first transport refuses two attempts, and never answers a third.
    let options = resuming().dial_timeout(20 * MILLISECOND).dial({
        let refused = Arc::clone(&refused);
        let url = gate.url();
        move || {
            let (url, attempt) = (url.clone(), refused.fetch_add(1, Ordering::Relaxed));
            async move {
                match attempt {
                    1 | 2 => Err(io::Error::other("not now")),
                    3 => pending().await,
                    _ => TcpStream::connect(url.trim_start_matches("tcp://")).await,
                }
            }
        }
    });
    let options = ConnectOptions::default().resume(options);
    let client = connect(&format!("tcp://{address}"), options)
        .await
        .expect("the gate listens");
    let mut events = client.resume_events();
    assert_echo(&client, "before").await;
    gate.cut();
    let first = soon(events.next()).await.expect("open");
    assert!(
        matches!(&first, ResumeEvent::Suspended { reason } if !reason.is_empty()),
        "{first:?}"
    );
    for expected in 1..=4 {
        let event = soon(events.next()).await.expect("open");
        let ResumeEvent::Retrying { attempt, error, .. } = event else {
            panic!("{event:?}");
        };
        assert_eq!(attempt, expected);
        let error = error.map(|error| error.to_string());
        let failed = [None, Some("not now"), Some("not now"), Some("timed out")];
        assert_eq!(error.as_deref(), failed[attempt as usize - 1]);
    }
    let last = soon(events.next()).await.expect("open");
    assert!(matches!(last, ResumeEvent::Resumed), "{last:?}");
    assert!(!client.is_suspended());
    assert_echo(&client, "after").await;
    client.close();
    assert!(soon(events.next()).await.is_none());
    assert!(soon(client.resume_events().next()).await.is_none());
    assert_eq!(events.missed(), 0);
}

// Conforms: resume/lifetime-extended
#[tokio::test]
async fn a_session_ends_when_nobody_comes_back() {
    let (handler, mut fates) = Hang::new();
    let brief = resuming().session_timeout(50 * MILLISECOND);
    let serving = serve_with(handler, ServerOptions::default().resume(brief.clone())).await;
    let gate = Gate::before(&serving).await;
    let client = dial(&gate, brief).await;
    let request = tokio::spawn({
        let client = client.clone();
        async move { client.request_response(Payload::new("hang")).await }
    });
    assert_eq!(soon(fates.recv()).await, Some(Fate::Called));
    gate.set_shut(true);
    gate.cut();
    let error = soon(request).await.expect("not aborted");
    let error = error.expect_err("nobody answers");
    assert!(
        matches!(error, Error::ConnectionLost { sent: true, .. }),
        "{error:?}"
    );
    assert_eq!(error.message(), "the connection was not resumed in time");
    assert_eq!(soon(client.closed()).await.origin, Origin::Transport);
    assert_eq!(soon(fates.recv()).await, Some(Fate::Dropped));
}

// Conforms: resume/unknown-token, resume/rejection-final
#[tokio::test]
async fn a_server_that_forgot_the_session_rejects_it() {
    let ends = Ends::new(echo).await;
    assert_echo(&ends.client, "before").await;
    // Another server, which knows nothing.
    let other = serve(echo).await;
    ends.gate.lead_to(&other);
    ends.gate.cut();
    let reason = soon(ends.client.closed()).await;
    assert_eq!(
        (reason.origin, reason.code, &*reason.message),
        (
            Origin::Remote,
            ErrorCode::REJECTED_RESUME,
            "the session is not known"
        )
    );
    let later = try_echo(&ends.client, "after").await;
    let later = later.expect_err("the connection is over");
    assert!(
        matches!(later, Error::ConnectionLost { sent: false, .. }),
        "{later:?}"
    );
    assert_eq!(later.code(), Some(ErrorCode::REJECTED_RESUME));
    assert_eq!(ends.gate.transports(), 2);
}

#[tokio::test]
async fn a_server_without_resume_turns_the_client_away() {
    let serving = serve_with(echo, ServerOptions::default()).await;
    let gate = Gate::before(&serving).await;
    let client = dial(&gate, resuming()).await;
    let error = try_echo(&client, "").await.expect_err("turned away");
    assert!(matches!(error, Error::RejectedSetup { .. }), "{error:?}");
    assert_eq!(gate.transports(), 1);
}

#[tokio::test]
async fn a_client_without_resume_ends_with_its_transport() {
    let serving = serve(echo).await;
    let gate = Gate::before(&serving).await;
    let client = connect(&gate.url(), ConnectOptions::default())
        .await
        .expect("the gate listens");
    assert_echo(&client, "before").await;
    gate.cut();
    assert_eq!(soon(client.closed()).await.origin, Origin::Transport);
    assert!(!client.is_suspended());
}

// Conforms: resume/token-in-use, resume/token-unique, resume/token-opaque
#[tokio::test]
async fn a_token_is_used_once() {
    let options = resuming().token("one token for two");
    let ends = Ends::with(echo, options.clone()).await;
    assert_echo(&ends.client, "first").await;
    let second = dial(&ends.gate, options).await;
    let error = try_echo(&second, "second").await.expect_err("in use");
    assert!(matches!(error, Error::RejectedSetup { .. }), "{error:?}");
    assert_eq!(error.message(), "the resume token is in use");
    assert_echo(&ends.client, "first").await;
}

fn resume_frame(token: &[u8]) -> Frame<'_> {
    Frame::Resume(Resume {
        version: Version { major: 1, minor: 0 },
        token,
        last_received_server_position: 0,
        first_available_client_position: 0,
    })
}

// Conforms: resume/token-not-replayed, resume/unknown-token
#[tokio::test]
async fn a_session_is_over_with_its_connection() {
    let (fates, mut fate) = mpsc::unbounded_channel();
    let ends = Ends::with(Counting(fates), resuming().token("a token")).await;
    let mut stream = ends.client.request_stream(Payload::new("hang"));
    let first = tokio::spawn(async move { stream.next().await });
    assert_eq!(soon(fate.recv()).await, Some(Fate::Called));
    ends.client.close();
    assert_eq!(soon(fate.recv()).await, Some(Fate::Dropped));
    assert!(soon(first).await.expect("not aborted").is_some());
    // The server has said goodbye as well.
    soon(ends.client.closed()).await;
    let mut peer = RawPeer::dial(&ends.serving).await;
    peer.send(0, &resume_frame(b"a token")).await;
    let rejection = soon(peer.receive()).await.expect("a frame");
    let expected = Frame::Error(ErrorFrame {
        code: ErrorCode::REJECTED_RESUME,
        data: b"the session is not known",
    });
    assert_eq!(Frame::decode(&rejection), Ok((0, expected)));
    assert_eq!(soon(peer.receive()).await, None);
}

// Conforms: resume/token-unpredictable, resume/token-source
#[tokio::test]
async fn tokens_cannot_be_guessed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let url = format!("tcp://{}", listener.local_addr().expect("bound"));
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let options = ConnectOptions::default().resume(resuming());
        let client = connect(&url, options).await.expect("listening");
        let (socket, _) = listener.accept().await.expect("a client");
        let setup = soon(RawPeer::over(socket).receive())
            .await
            .expect("a frame");
        let Ok((0, Frame::Setup(setup))) = Frame::decode(&setup) else {
            panic!("no SETUP");
        };
        tokens.push(setup.resume_token.expect("a token").to_vec());
        drop(client);
    }
    assert_eq!(tokens[0].len(), 32);
    assert_ne!(tokens[0], tokens[1]);
}

#[tokio::test]
async fn frames_before_resume_ok_are_refused() {
    let ends = Ends::with(echo, resuming().token("a token")).await;
    assert_echo(&ends.client, "before").await;
    let mut peer = RawPeer::dial(&ends.serving).await;
    let mut bytes = framed(0, &resume_frame(b"a token"));
    bytes.extend_from_slice(&framed(2, &CANCEL));
    peer.io.write_all(&bytes).await.expect("the server reads");
    let rejection = soon(peer.receive()).await.expect("a frame");
    let expected = Frame::Error(ErrorFrame {
        code: ErrorCode::REJECTED_RESUME,
        data: b"frames came before RESUME_OK",
    });
    assert_eq!(Frame::decode(&rejection), Ok((0, expected)));
    assert_echo(&ends.client, "after").await;
}

#[tokio::test]
async fn a_suspended_connection_can_be_closed() {
    let ends = Ends::new(echo).await;
    ends.suspend().await;
    let mut echoes = start_echoes(&ends.client, 10, 100);
    tokio::task::yield_now().await;
    ends.client.close();
    while let Some(done) = soon(echoes.join_next()).await {
        let error = done.expect("not aborted").expect_err("closed");
        assert!(matches!(error, Error::Closed { .. }), "{error:?}");
        assert_eq!(error.origin(), Origin::User);
    }
    assert_eq!(soon(ends.client.closed()).await.origin, Origin::User);
}

#[tokio::test]
async fn dropping_the_last_handle_closes_a_suspended_connection() {
    let ends = Ends::new(echo).await;
    ends.suspend().await;
    let mut events = ends.client.resume_events();
    drop(ends.client);
    while soon(events.next()).await.is_some() {}
}

#[tokio::test]
async fn a_suspended_connection_leaves_its_place_to_the_one_that_resumes_it() {
    let options = ServerOptions::default()
        .resume(resuming())
        .max_connections(1);
    let serving = serve_with(echo, options).await;
    let gate = Gate::before(&serving).await;
    let client = dial(&gate, resuming()).await;
    for _ in 0..5 {
        let mut events = client.resume_events();
        assert_echo(&client, "before").await;
        gate.cut();
        resumed(&mut events).await;
    }
    assert_echo(&client, "after").await;
}

#[tokio::test]
async fn a_server_that_shuts_down_does_not_wait_for_suspended_connections() {
    let ends = Ends::new(echo).await;
    ends.suspend().await;
    let hour = Duration::from_secs(3_600);
    soon(ends.serving.shutdown(hour)).await;
}

#[tokio::test]
async fn options_are_checked() {
    for token in [Vec::new(), vec![0; 1 << 16]] {
        let len = token.len();
        let options = ConnectOptions::default().resume(resuming().token(token));
        let (ours, _theirs) = tokio::io::duplex(64);
        let error = Connection::over(ours, options).expect_err("not a token");
        assert!(
            matches!(error, ConnectError::ResumeToken { len: told } if told == len),
            "{error:?}"
        );
    }
    let options = ConnectOptions::default().resume(resuming());
    let (ours, _theirs) = tokio::io::duplex(64);
    let error = Connection::over(ours, options).expect_err("no way back");
    assert!(matches!(error, ConnectError::NoDial), "{error:?}");
}
