//! Requests and their answers over real sockets.

mod support;

use bytes::Bytes;
use rsocket_runtime::{
    ConnectOptions, Connection, Error, ErrorCode, Failure, Handler, Limits, Origin, Payload,
    Rejection, Setup,
};
use support::{bind, dial, dial_with, echo, serve, soon};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

fn pattern(seed: usize, len: usize) -> Bytes {
    (0..len).map(|i| (i * 131 + i / 251 + seed) as u8).collect()
}

async fn assert_echoed(connection: &Connection, payload: Payload) {
    let answer = soon(connection.request_response(payload.clone())).await;
    assert!(answer == Ok(Some(payload)), "the echo differs");
}

#[tokio::test]
async fn payloads_arrive_as_they_are() {
    let serving = serve(echo).await;
    let connection = dial(&serving).await;
    for payload in [
        Payload::new("small"),
        Payload::new(""),
        Payload::new("").with_metadata(""),
        Payload::new("data").with_metadata(""),
        Payload::new("").with_metadata("metadata"),
        Payload::new(&b"\0\xFF\xFE\x80\r\n"[..]).with_metadata(&b"\xC0\0"[..]),
        Payload::new(pattern(1, 2048)),
        Payload::new(pattern(2, 5000)).with_metadata(pattern(3, 5000)),
        Payload::new("").with_metadata(pattern(4, 70_000)),
        Payload::new(pattern(5, 1 << 20)),
        Payload::new(pattern(6, 1 << 20)).with_metadata(pattern(7, 1 << 20)),
    ] {
        assert_echoed(&connection, payload).await;
    }
}

#[tokio::test]
async fn payloads_that_do_not_fit_a_frame_arrive_whole_and_others_pass_them() {
    let serving = serve(echo).await;
    let connection = dial(&serving).await;
    let frame = 0xFF_FFFF - 6;
    let large = pattern(0, frame + 1);
    for payload in [
        Payload::new(large.slice(1..)),
        Payload::new(large.clone()),
        Payload::new(large.slice(..10)).with_metadata(large.clone()),
    ] {
        let large = connection.request_response(payload.clone());
        let small = connection.request_response(Payload::new("small"));
        let (large, small) = soon(async { tokio::join!(large, small) }).await;
        assert!(large == Ok(Some(payload)), "the echo differs");
        assert_eq!(small, Ok(Some(Payload::new("small"))));
    }
}

#[tokio::test]
async fn a_payload_over_the_limit_fails_alone() {
    let serving = serve(|request: Payload| async move {
        let len = if request.data == "long" { 64 << 20 } else { 1 };
        Ok::<_, Failure>(Some(Payload::new(vec![0; len + 1])))
    })
    .await;
    let connection = dial(&serving).await;
    let long = Payload::new(vec![0; (64 << 20) + 1]);
    let error = soon(connection.request_response(long.clone())).await;
    assert_eq!(error, Err(Error::PayloadTooLarge));
    let error = soon(connection.fire_and_forget(long)).await;
    assert_eq!(error, Err(Error::PayloadTooLarge));
    let error = soon(connection.request_response(Payload::new("long"))).await;
    assert!(matches!(error, Err(Error::Application { .. })), "{error:?}");
    let answer = soon(connection.request_response(Payload::new("short"))).await;
    assert_eq!(answer, Ok(Some(Payload::new(vec![0; 2]))));
}

#[tokio::test]
async fn completing_without_a_payload_is_not_an_empty_payload() {
    let serving = serve(|request: Payload| async move {
        Ok::<_, Failure>((request.data == "empty").then(Payload::default))
    })
    .await;
    let connection = dial(&serving).await;
    let answer = soon(connection.request_response(Payload::new("none"))).await;
    assert_eq!(answer, Ok(None));
    let answer = soon(connection.request_response(Payload::new("empty"))).await;
    assert_eq!(answer, Ok(Some(Payload::default())));
}

// Conforms: error/application-error, error/rejected, error/canceled, error/invalid, error/reserved-codes
#[tokio::test]
async fn a_handlers_failure_arrives_with_code_and_message() {
    let serving = serve(|request: Payload| async move {
        let message = "why";
        Err::<Option<Payload>, _>(match &request.data[..] {
            b"application" => Failure::application(message),
            b"rejected" => Failure::rejected(message),
            b"cancelled" => Failure::cancelled(message),
            b"invalid" => Failure::invalid(message),
            _ => Failure::custom(ErrorCode(0x301), message),
        })
    })
    .await;
    let connection = dial(&serving).await;
    let message = || "why".to_owned();
    for (request, expected, code, retry_safe) in [
        (
            "application",
            Error::Application { message: message() },
            ErrorCode::APPLICATION_ERROR,
            false,
        ),
        (
            "rejected",
            Error::Rejected { message: message() },
            ErrorCode::REJECTED,
            true,
        ),
        (
            "cancelled",
            Error::Cancelled { message: message() },
            ErrorCode::CANCELED,
            false,
        ),
        (
            "invalid",
            Error::Invalid { message: message() },
            ErrorCode::INVALID,
            false,
        ),
        (
            "custom",
            Error::Custom {
                code: ErrorCode(0x301),
                message: message(),
            },
            ErrorCode(0x301),
            false,
        ),
    ] {
        let answer = soon(connection.request_response(Payload::new(request))).await;
        let error = answer.expect_err(request);
        assert_eq!(error, expected);
        assert_eq!(error.code(), Some(code));
        assert_eq!(error.message(), "why");
        assert_eq!(error.is_retry_safe(), retry_safe, "{request}");
        assert_eq!(error.origin(), Origin::Remote);
    }
}

#[tokio::test]
async fn a_handlers_panic_fails_its_request_alone() {
    let serving = serve(|request: Payload| async move {
        if request.data == "later" {
            tokio::task::yield_now().await;
        }
        assert!(request.data == "fine", "on purpose");
        Ok::<_, Failure>(Some(request))
    })
    .await;
    let connection = dial(&serving).await;
    for request in ["at once", "later"] {
        let answer = soon(connection.request_response(Payload::new(request))).await;
        assert!(
            matches!(answer, Err(Error::Application { .. })),
            "{answer:?}"
        );
    }
    assert_echoed(&connection, Payload::new("fine")).await;
}

// Conforms: error/rejected
#[tokio::test]
async fn what_a_side_does_not_support_is_rejected() {
    let serving = serve(rsocket_runtime::NotSupported).await;
    let connection = dial(&serving).await;
    let answer = soon(connection.request_response(Payload::new(""))).await;
    assert!(matches!(answer, Err(Error::Rejected { .. })), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_requests_at_once() {
    let serving = serve(|request: Payload| async move {
        // Every other request gives up its turn, so that answers overtake each other.
        if request.data.len() % 2 == 1 {
            tokio::task::yield_now().await;
        }
        Ok::<_, Failure>(Some(request))
    })
    .await;
    let connection = dial(&serving).await;
    let mut requests = JoinSet::new();
    for i in 0..100 {
        let connection = connection.clone();
        requests.spawn(async move {
            let payload = Payload::new(pattern(i, i * 97)).with_metadata(pattern(i, i));
            assert_echoed(&connection, payload).await;
        });
    }
    while let Some(done) = soon(requests.join_next()).await {
        done.expect("every request is answered");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_requests_one_after_the_other() {
    let serving = serve(echo).await;
    let connection = dial(&serving).await;
    for i in 0..10_000 {
        assert_echoed(&connection, Payload::new(i.to_string())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_and_small_requests_together() {
    let serving = serve(echo).await;
    let connection = dial_with(&serving, ConnectOptions::default().max_output_bytes(10_000)).await;
    let mut requests = JoinSet::new();
    for i in 0..200 {
        let connection = connection.clone();
        let len = if i % 3 == 0 { 100_000 } else { 100 };
        requests.spawn(async move {
            assert_echoed(&connection, Payload::new(pattern(i, len + i))).await
        });
    }
    while let Some(done) = soon(requests.join_next()).await {
        done.expect("every request is answered");
    }
}

#[tokio::test]
async fn both_sides_request_and_answer() {
    let (answers, mut answered) = mpsc::unbounded_channel();
    let serving = bind()
        .await
        .serve_with(move |setup: Setup, client: Connection| {
            let answers = answers.clone();
            async move {
                assert_eq!(setup.payload, Payload::new("setup").with_metadata(""));
                assert_eq!(setup.metadata_mime, "text/metadata");
                assert_eq!(setup.data_mime, "text/data");
                // Waits until the client is accepted.
                tokio::spawn(async move {
                    let answer = client
                        .request_response(Payload::new("from the server"))
                        .await;
                    answers.send(answer).expect("the test waits");
                });
                Ok::<_, Rejection>(echo)
            }
        });
    let options = ConnectOptions::default()
        .mime_types("text/metadata", "text/data")
        .setup_payload(&Payload::new("setup").with_metadata(""))
        .handler(|request: Payload| async move {
            Ok::<_, Failure>(Some(request.with_metadata("answered by the client")))
        });
    let connection = dial_with(&serving, options).await;
    assert_echoed(&connection, Payload::new("from the client")).await;
    let answer = soon(answered.recv()).await.expect("the server is there");
    let expected = Payload::new("from the server").with_metadata("answered by the client");
    assert_eq!(answer, Ok(Some(expected)));
}

/// Tells of every fire-and-forget.
struct Tell(mpsc::UnboundedSender<Payload>);

impl Handler for Tell {
    async fn fire_and_forget(&self, request: Payload) {
        self.0.send(request).expect("the test waits");
    }
}

#[tokio::test]
async fn fire_and_forgets_arrive_even_when_the_client_closes_after_them() {
    let (told, mut received) = mpsc::unbounded_channel();
    let serving = serve(Tell(told)).await;
    let connection = dial(&serving).await;
    for i in 0..1000 {
        let payload = Payload::new(pattern(i, i)).with_metadata(i.to_string());
        connection.fire_and_forget(payload).await.expect("open");
    }
    connection.close();
    let mut lengths = Vec::new();
    for _ in 0..1000 {
        let payload = soon(received.recv()).await.expect("it was sent");
        let i = payload.data.len();
        let expected = Payload::new(pattern(i, i)).with_metadata(i.to_string());
        assert!(payload == expected, "number {i} differs");
        lengths.push(i);
    }
    lengths.sort_unstable();
    assert!(lengths.into_iter().eq(0..1000), "each once");
}

#[tokio::test]
async fn a_request_over_the_limit_fails_and_may_be_repeated() {
    let (hang, mut fates) = support::Hang::new();
    let serving = serve(hang).await;
    let limits = Limits {
        max_outbound_streams: 1,
        ..Limits::default()
    };
    let connection = dial_with(&serving, ConnectOptions::default().limits(limits)).await;
    let first = tokio::spawn({
        let connection = connection.clone();
        async move { connection.request_response(Payload::new("hang")).await }
    });
    soon(fates.recv()).await;
    let error = soon(connection.request_response(Payload::new(""))).await;
    assert_eq!(error, Err(Error::TooManyStreams));
    assert!(Error::TooManyStreams.is_retry_safe());
    first.abort();
    assert!(first.await.is_err());
    assert_echoed(&connection, Payload::new("room again")).await;
}
