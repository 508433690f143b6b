//! Requests that are made together are handed to the connection's task together, and keep their order and their ends.

mod support;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use rsocket_protocol::frame::{Frame, PayloadFrame, PayloadRef};
use rsocket_runtime::{ConnectOptions, Connection, Error, Payload};
use support::{RawPeer, framed, soon};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::task::JoinSet;

fn connected() -> (Connection, RawPeer<DuplexStream>) {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let connection = Connection::over(ours, ConnectOptions::default()).expect("no setup payload");
    (connection, RawPeer::over(theirs))
}

/// Polls a request once, before the connection's task can do anything about it.
macro_rules! make {
    ($request:expr) => {
        assert!(
            $request
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        )
    };
}

fn is_request(stream: u32, frame: Frame<'_>) -> Option<u32> {
    matches!(frame, Frame::RequestResponse(_)).then_some(stream)
}

fn answer(stream: u32) -> Vec<u8> {
    let frame = PayloadFrame {
        follows: false,
        complete: true,
        next: true,
        payload: PayloadRef::from_data(b"answer"),
    };
    framed(stream, &Frame::Payload(frame))
}

#[tokio::test]
async fn what_is_sent_after_a_request_goes_behind_it() {
    let (connection, mut peer) = connected();
    let mut request = pin!(connection.request_response(Payload::new("first")));
    make!(request);
    let second = connection.fire_and_forget(Payload::new("second"));
    assert_eq!(soon(second).await, Ok(()));
    let mut third = pin!(connection.request_response(Payload::new("third")));
    make!(third);
    let mut order = Vec::new();
    while order.len() < 3 {
        let kind = |_, frame: Frame<'_>| match frame {
            Frame::RequestResponse(_) => Some("request"),
            Frame::RequestFnf(_) => Some("fire-and-forget"),
            _ => None,
        };
        order.push(soon(peer.until(kind)).await);
    }
    assert_eq!(order, ["request", "fire-and-forget", "request"]);
}

#[tokio::test]
async fn a_request_that_is_dropped_before_the_task_has_it_is_withdrawn() {
    let (connection, mut peer) = connected();
    {
        let mut dropped = pin!(connection.request_response(Payload::new("dropped")));
        make!(dropped);
    }
    let mut next = pin!(connection.request_response(Payload::new("next")));
    make!(next);
    let mut open = Vec::new();
    let last = |stream, frame: Frame<'_>| match frame {
        Frame::RequestResponse(request) => {
            open.push(stream);
            (request.payload.data == b"next").then_some(stream)
        }
        Frame::Cancel(_) => {
            open.retain(|known| *known != stream);
            None
        }
        _ => None,
    };
    let stream = soon(peer.until(last)).await;
    assert_eq!(open, [stream], "the other one is withdrawn by then");
    soon(peer.io.write_all(&answer(stream)))
        .await
        .expect("read");
    assert_eq!(soon(next).await, Ok(Some(Payload::new("answer"))));
}

#[tokio::test]
async fn a_request_that_the_task_does_not_have_yet_ends_with_the_connection() {
    let (connection, _peer) = connected();
    let mut request = pin!(connection.request_response(Payload::new("late")));
    make!(request);
    connection.close();
    let error = soon(request).await.expect_err("nobody answers");
    assert!(matches!(error, Error::Closed { .. }), "{error:?}");
}

#[tokio::test]
async fn answers_that_come_together_do_not_hold_up_the_next() {
    let (connection, mut peer) = connected();
    let mut requests = JoinSet::new();
    for _ in 0..3 {
        let connection = connection.clone();
        requests.spawn(async move { connection.request_response(Payload::new("a")).await });
    }
    let mut streams = Vec::new();
    while streams.len() < 3 {
        streams.push(soon(peer.until(is_request)).await);
    }
    let [first, second, third] = streams[..] else {
        unreachable!("there are three")
    };
    let together = [answer(first), answer(second)].concat();
    soon(peer.io.write_all(&together)).await.expect("read");
    for _ in 0..2 {
        let answered = soon(requests.join_next()).await.expect("one is left");
        assert_eq!(answered.expect("it runs"), Ok(Some(Payload::new("answer"))));
    }
    soon(peer.io.write_all(&answer(third))).await.expect("read");
    let answered = soon(requests.join_next()).await.expect("one is left");
    assert_eq!(answered.expect("it runs"), Ok(Some(Payload::new("answer"))));
}
