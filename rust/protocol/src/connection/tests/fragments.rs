//! "COMPLETE belongs on the last fragment, NEXT on every fragment; some peers put COMPLETE on the first and leave NEXT
//! off later ones: accept that. Bound what reassembly may hold."

use super::*;

/// A first or middle fragment.
const MORE: PayloadFrame<'static> = PayloadFrame {
    follows: true,
    complete: false,
    next: true,
    payload: PayloadRef::from_data(b""),
};

/// The last fragment of an answer.
const LAST: PayloadFrame<'static> = PayloadFrame {
    follows: false,
    complete: true,
    ..MORE
};

fn more(data: &[u8]) -> Frame<'_> {
    let payload = PayloadRef::from_data(data);
    Frame::Payload(PayloadFrame { payload, ..MORE })
}

fn last(data: &[u8]) -> Frame<'_> {
    let payload = PayloadRef::from_data(data);
    Frame::Payload(PayloadFrame { payload, ..LAST })
}

fn first_of_request(data: &[u8]) -> Frame<'_> {
    Frame::RequestResponse(RequestResponse {
        follows: true,
        payload: PayloadRef::from_data(data),
    })
}

fn response(user: u64, data: &[u8]) -> Option<Seen> {
    let payload = Some(only_data(data));
    Some(Seen::Response { user, payload })
}

/// A client that asks on stream 1 under the name 7, and takes payloads of 10 bytes, 15 in all.
fn asking() -> Alone {
    let mut config = client_config();
    config.limits.max_payload_len = 10;
    config.limits.max_reassembly_bytes = 15;
    let mut client = Alone::client_with(&config);
    client.request(7, b"");
    client.sent();
    client
}

/// A server with the same limits.
fn limited_server() -> Alone {
    let mut config = server_config();
    config.limits.max_payload_len = 10;
    config.limits.max_reassembly_bytes = 15;
    Alone::server_with(&config)
}

fn held(side: &Alone) -> usize {
    side.connection.reassembly.held()
}

// Conforms: fragmentation/allowed, fragmentation/follows, fragmentation/payload
#[test]
fn an_answer_in_fragments_is_put_together() {
    let mut client = asking();
    let fragment = |frame: PayloadFrame<'static>, metadata, data| {
        let payload = PayloadRef::new(metadata, data);
        Frame::Payload(PayloadFrame { payload, ..frame })
    };
    let fragments = [
        fragment(MORE, Some(b"me"), b""),
        fragment(MORE, Some(b"ta"), b"d"),
        fragment(MORE, None, b"at"),
    ];
    for frame in fragments {
        assert_eq!(client.receive(1, frame), None);
    }
    assert_eq!(held(&client), 7);
    assert_eq!(
        client.receive(1, fragment(LAST, None, b"a")),
        Some(Seen::Response {
            user: 7,
            payload: Some(OwnedPayload {
                metadata: Some(b"meta".to_vec()),
                data: b"data".to_vec(),
            }),
        })
    );
    assert_eq!(held(&client), 0);
    client.assert_sent(&[]);
}

// Conforms: fragmentation/follows, fragmentation/request
#[test]
fn a_request_in_fragments_is_handed_out_when_it_is_whole() {
    let mut server = limited_server();
    assert_eq!(server.receive(1, first_of_request(b"ab")), None);
    assert_eq!(server.respond(1, b""), Err(SendError::NoSuchStream));
    assert_eq!(server.receive(1, more(b"cd")), None);
    let whole = server.receive(1, last(b"ef"));
    let Some(Seen::Request {
        stream: 1,
        kind: RequestKind::RequestResponse,
        payload,
        ..
    }) = whole
    else {
        panic!("saw {whole:?}");
    };
    assert_eq!(payload, only_data(b"abcdef"));
    assert_eq!(held(&server), 0);
    assert_eq!(server.respond(1, b""), Ok(()));
}

// Conforms: fragmentation/request
#[test]
fn a_fire_and_forget_in_fragments_ends_with_its_last_one() {
    let mut server = limited_server();
    let first = Frame::RequestFnf(RequestFnf {
        follows: true,
        payload: PayloadRef::from_data(b"ab"),
    });
    assert_eq!(server.receive(1, first), None);
    assert_eq!(
        server.receive(1, last(b"cd")),
        Some(Seen::Request {
            stream: 1,
            slot: 0,
            kind: RequestKind::FireAndForget,
            initial_n: 0,
            complete: true,
            payload: only_data(b"abcd"),
        })
    );
    assert_eq!(server.connection.inbound_streams(), 0);
}

// Conforms: unexpected/follows-and-complete
#[test]
fn complete_on_the_first_fragment_does_not_end_the_payload() {
    let mut client = asking();
    let first = PayloadFrame {
        complete: true,
        payload: PayloadRef::from_data(b"ab"),
        ..MORE
    };
    assert_eq!(client.receive(1, Frame::Payload(first)), None);
    assert_eq!(client.receive(1, more(b"cd")), None);
    assert_eq!(client.receive(1, last(b"ef")), response(7, b"abcdef"));
}

#[test]
fn next_may_be_missing_from_fragments_and_complete_from_the_last() {
    let mut client = asking();
    let bare = |follows, data| {
        Frame::Payload(PayloadFrame {
            follows,
            complete: false,
            next: false,
            payload: PayloadRef::from_data(data),
        })
    };
    assert_eq!(client.receive(1, more(b"ab")), None);
    assert_eq!(client.receive(1, bare(true, b"cd")), None);
    assert_eq!(
        client.receive(1, bare(false, b"ef")),
        response(7, b"abcdef")
    );
}

#[test]
fn fragments_without_bytes_are_a_payload_without_bytes() {
    let mut client = asking();
    assert_eq!(client.receive(1, more(b"")), None);
    assert_eq!(client.receive(1, last(b"")), response(7, b""));
}

#[test]
fn fragments_of_several_streams_may_alternate() {
    let mut client = asking();
    client.request(8, b"");
    client.receive(1, more(b"a"));
    client.receive(3, more(b"x"));
    client.receive(1, more(b"b"));
    assert_eq!(client.receive(3, last(b"y")), response(8, b"xy"));
    assert_eq!(client.receive(1, last(b"c")), response(7, b"abc"));
}

// Conforms: unexpected/endless-payload
#[test]
fn an_answer_over_the_limit_fails_its_request_only() {
    for over in [more(b"12345678901"), last(b"12345678901")] {
        let mut client = asking();
        client.request(8, b"");
        client.sent();
        assert_eq!(client.receive(1, more(b"")), None);
        let failed = client.receive(1, over);
        assert!(matches!(
            failed,
            Some(Seen::Failed {
                user: 7,
                code: ErrorCode::INVALID,
                ..
            })
        ));
        client.assert_sent(&[(1, Frame::Cancel(Cancel))]);
        assert_eq!(held(&client), 0);
        assert_eq!(
            client.receive(1, last(b"rest")),
            None,
            "the rest is ignored"
        );
        assert_eq!(
            client.receive(3, answer(PayloadRef::from_data(b"ok"))),
            response(8, b"ok")
        );
    }
}

// Conforms: unexpected/endless-payload
#[test]
fn a_request_over_the_limit_is_rejected_alone() {
    let mut server = limited_server();
    server.receive(1, first_of_request(b"12345"));
    assert_eq!(server.receive(1, more(b"678901")), None);
    server.assert_sent(&[(
        1,
        error(ErrorCode::REJECTED, "the fragmented payload is too long"),
    )]);
    assert_eq!((held(&server), server.connection.inbound_streams()), (0, 0));
    assert_eq!(server.receive(1, more(b"rest")), None);
    assert_eq!(server.receive(1, last(b"rest")), None);
    server.assert_sent(&[]);
    let next = server.receive(3, request_response(PayloadRef::default()));
    assert!(matches!(next, Some(Seen::Request { stream: 3, .. })));
}

#[test]
fn the_longest_payload_that_is_allowed_arrives() {
    let mut client = asking();
    assert_eq!(client.receive(1, more(b"12345")), None);
    assert_eq!(
        client.receive(1, last(b"67890")),
        response(7, b"1234567890")
    );
}

#[test]
fn metadata_counts_towards_the_limit() {
    let mut client = asking();
    let payload = PayloadRef::new(Some(b"123456"), b"78901");
    let frame = Frame::Payload(PayloadFrame { payload, ..MORE });
    assert!(matches!(
        client.receive(1, frame),
        Some(Seen::Failed { .. })
    ));
}

// Conforms: unexpected/endless-payload
#[test]
fn what_all_streams_hold_together_is_bounded() {
    let mut server = limited_server();
    server.receive(1, first_of_request(b"1234567890"));
    server.receive(3, first_of_request(b"12345"));
    assert_eq!(held(&server), 15);
    server.receive(5, first_of_request(b"1"));
    assert_eq!(server.sent().len(), 1, "the third is rejected");
    assert_eq!(held(&server), 15);
    assert!(matches!(
        server.receive(1, last(b"")),
        Some(Seen::Request { .. })
    ));
    assert_eq!(held(&server), 5);
    assert_eq!(server.receive(7, first_of_request(b"1")), None);
    server.assert_sent(&[]);
}

// Conforms: fragmentation/request-cancel
#[test]
fn a_cancel_among_the_fragments_gives_their_memory_back() {
    let mut server = limited_server();
    server.receive(1, first_of_request(b"12345"));
    assert_eq!(held(&server), 5);
    let seen = server.receive(1, Frame::Cancel(Cancel));
    assert_eq!(seen, None, "nobody was told of the request");
    assert_eq!((held(&server), server.connection.inbound_streams()), (0, 0));
}

#[test]
fn an_error_among_the_fragments_gives_their_memory_back() {
    let mut server = limited_server();
    server.receive(1, first_of_request(b"12345"));
    let seen = server.receive(1, error(ErrorCode::CANCELED, ""));
    assert_eq!(seen, None, "nobody was told of the request");
    assert_eq!((held(&server), server.connection.inbound_streams()), (0, 0));

    let mut client = asking();
    client.receive(1, more(b"12345"));
    let seen = client.receive(1, error(ErrorCode::APPLICATION_ERROR, "no"));
    assert!(matches!(seen, Some(Seen::Failed { user: 7, .. })));
    assert_eq!(held(&client), 0);
}

#[test]
fn a_withdrawn_request_gives_the_memory_of_its_answer_back() {
    let mut client = asking();
    client.receive(1, more(b"12345"));
    assert!(client.connection.cancel(1, 7));
    assert_eq!(held(&client), 0);
    assert_eq!(client.receive(1, more(b"67890")), None);
    assert_eq!(held(&client), 0);
}

#[test]
fn requests_that_are_still_arriving_count_as_open() {
    let mut config = server_config();
    config.limits.max_inbound_streams = 1;
    let mut server = Alone::server_with(&config);
    server.receive(1, first_of_request(b""));
    server.receive(3, request_response(PayloadRef::default()));
    server.assert_sent(&[(3, error(ErrorCode::REJECTED, "too many requests are open"))]);
}

// Conforms: unexpected/request-in-use
#[test]
fn a_request_on_the_id_of_one_that_is_still_arriving_is_ignored() {
    let mut server = limited_server();
    server.receive(1, first_of_request(b"ab"));
    assert_eq!(server.receive(1, first_of_request(b"xx")), None);
    assert_eq!(
        server.receive(1, request_response(PayloadRef::default())),
        None
    );
    let whole = server.receive(1, last(b"cd"));
    assert!(matches!(
        whole,
        Some(Seen::Request { payload, .. }) if payload == only_data(b"abcd")
    ));
}
