//! How received bytes are cut into frames.

use super::*;

#[test]
fn an_incomplete_frame_says_how_much_it_needs() {
    let frame = prefixed(2, request_frame(b"data"));
    let mut client = Side::client();
    for len in 0..frame.len() {
        client.unread = frame[..len].to_vec();
        let turn = client.drive(&Batch::default(), PLENTY).expect("drives");
        let needed = if len < 3 { 3 } else { frame.len() };
        assert_eq!(turn.progress.received_used, 0);
        assert_eq!(turn.progress.received_needed, needed, "after {len} bytes");
    }
}

#[test]
fn what_is_needed_counts_from_the_first_byte_that_was_not_taken() {
    let frame = prefixed(2, request_frame(b"data"));
    let mut client = Side::client();
    client.unread = [&frame[..], &frame[..5]].concat();
    let turn = client.drive(&Batch::default(), PLENTY).expect("drives");
    assert_eq!(turn.progress.received_used, frame.len());
    assert_eq!(turn.progress.received_needed, frame.len());
}

#[test]
fn a_frame_over_the_limit_ends_the_connection_before_it_arrives() {
    let settings = Settings::server().limit(RSOCKET_LIMIT_FRAME_LEN, 100);
    let mut server = Side::server_with(&settings);
    server.unread = vec![0, 0, 101];
    let turn = server.drive(&Batch::default(), PLENTY).expect("drives");
    assert_eq!(kinds(&turn.events), [RSOCKET_EVENT_CLOSED]);
    assert_eq!(turn.progress.received_used, 3);
    let (origin, code, _) = server.close_reason().expect("it is over");
    assert_eq!((origin, code), (RSOCKET_ORIGIN_LIBRARY, 0x101));
    assert_eq!(server.sent().len(), 1, "the peer is told");
}

#[test]
fn bytes_that_are_no_frame_end_the_connection_and_the_rest_is_dropped() {
    let mut server = Side::server();
    server.unread = b"\0\0\x01?".to_vec();
    server.unread.extend(prefixed(1, request_frame(b"")));
    let seen = server.run(&Batch::default());
    assert_eq!(kinds(&seen), [RSOCKET_EVENT_CLOSED]);
    assert_eq!(server.unread, []);
    assert_eq!(server.receive(3, request_frame(b"")), [], "nothing follows");
}

#[test]
fn what_follows_a_setup_waits_for_the_decision() {
    let mut client = Side::new(&Settings::client());
    client.run(&Batch::default().request(7, None, b"early"));
    let mut server = Side::new(&Settings::server());
    server.unread.append(&mut client.wire);
    let turn = server.drive(&Batch::default(), PLENTY).expect("drives");
    assert_eq!(kinds(&turn.events), [RSOCKET_EVENT_SETUP]);
    assert!(!server.unread.is_empty());
    let turn = server.drive(&Batch::default(), PLENTY).expect("drives");
    assert_eq!((turn.events, turn.progress.received_used), (vec![], 0));
    let seen = server.run(&Batch::default().accept());
    assert_eq!(kinds(&seen), [RSOCKET_EVENT_REQUEST_RESPONSE]);
}

/// Bytes of payloads are where they were received, so that nothing is copied.
#[test]
fn a_payload_in_one_frame_is_not_copied() {
    let mut client = Side::client();
    let seen = client.receive(2, request_frame(b"data"));
    assert_eq!((seen[0].arena, &*seen[0].data), (false, &b"data"[..]));
}
