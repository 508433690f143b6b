//! "The frame length is 24 bits: anything larger is fragmented on sending." Metadata goes first, NEXT stands on every
//! PAYLOAD, COMPLETE on the last alone.

use super::interactions::{frame, large};
use super::*;
use crate::frame::{FrameType, MAX_FRAME_LEN};
use crate::sink::Part;

/// A payload that needs two frames.
const LARGE: Body<'static> = large(77, None, MAX_FRAME_LEN);

/// A server with a request on stream 1.
fn asked() -> Alone {
    let mut server = Alone::server();
    server.receive(1, request_response(PayloadRef::default()));
    server
}

impl Alone {
    fn respond_large(&mut self, stream: u32) -> Result<(), SendError> {
        self.connection.respond(stream, Some(&LARGE), &mut self.out)
    }

    fn request_large(&mut self, user: u64, body: &Body<'_>) -> u32 {
        self.connection
            .request_response(user, body, &mut self.out)
            .expect("the request is queued")
    }
}

// Conforms: payload/neither, fragmentation/follows, fragmentation/payload
#[test]
fn an_answer_says_next_on_each_fragment_and_complete_on_the_last() {
    let mut server = asked();
    assert_eq!(server.respond_large(1), Ok(()));
    let (first, last) = (Flags::NEXT | Flags::FOLLOWS, Flags::NEXT | Flags::COMPLETE);
    let expected = [
        frame(1, FrameType::Payload, first),
        frame(1, FrameType::Payload, last),
    ];
    assert_eq!(server.write(9), expected);
    assert_eq!(server.connection.inbound_streams(), 0);
    assert_eq!(server.released(), [], "its last span was written");
}

// Conforms: payload/neither, fragmentation/follows, fragmentation/request
#[test]
fn a_request_continues_as_payloads() {
    let mut client = Alone::client();
    let three_frames = large(77, None, 2 * MAX_FRAME_LEN);
    assert_eq!(client.request_large(7, &three_frames), 1);
    let middle = Flags::NEXT | Flags::FOLLOWS;
    let expected = [
        frame(1, FrameType::RequestResponse, Flags::FOLLOWS),
        frame(1, FrameType::Payload, middle),
        frame(1, FrameType::Payload, Flags::NEXT),
    ];
    assert_eq!(client.write(9), expected);
    let seen = client.receive(1, answer(PayloadRef::default()));
    assert!(matches!(seen, Some(Seen::Response { user: 7, .. })));
}

// Conforms: fragmentation/request-metadata-first
#[test]
fn metadata_goes_before_data_and_spans_follow_each_other() {
    let mut client = Alone::client();
    client.request_large(7, &large(77, Some(MAX_FRAME_LEN), MAX_FRAME_LEN));
    client.write(9);
    let mut next = [(Part::Metadata, 0), (Part::Data, 0)];
    let spans = client.out.spans.clone();
    for span in &spans {
        let (_, offset) = next
            .iter_mut()
            .find(|(part, _)| *part == span.part)
            .expect("there are two parts");
        assert_eq!((span.token, span.offset), (77, *offset));
        *offset += span.len;
    }
    assert_eq!(next.map(|(_, len)| len), [MAX_FRAME_LEN; 2]);
    let first_data = spans.iter().position(|span| span.part == Part::Data);
    let last_metadata = spans.iter().rposition(|span| span.part == Part::Metadata);
    assert!(last_metadata < first_data);
    let last: Vec<bool> = spans.iter().map(|span| span.last).collect();
    assert!(last.ends_with(&[true]) && !last[..last.len() - 1].contains(&true));
}

#[test]
fn a_large_payload_arrives_whole() {
    let mut pair = Pair::connected();
    pair.client
        .request_large(7, &large(77, Some(5), MAX_FRAME_LEN));
    let seen = pair.ferry().server;
    let [Seen::Request { payload, .. }] = seen.as_slice() else {
        panic!("the server saw {} events", seen.len());
    };
    assert_eq!(payload.metadata.as_ref().map(Vec::len), Some(5));
    assert_eq!(payload.data.len(), MAX_FRAME_LEN);
    assert_eq!(pair.server.respond_large(1), Ok(()));
    assert!(matches!(
        pair.ferry().client[..],
        [Seen::Response { user: 7, .. }]
    ));
}

#[test]
fn large_payloads_take_turns() {
    let mut client = Alone::client();
    client.request_large(7, &large(7, None, 2 * MAX_FRAME_LEN));
    client.request_large(8, &large(8, None, MAX_FRAME_LEN));
    let streams: Vec<u32> = client.write(9).iter().map(|h| h.stream_id).collect();
    assert_eq!(streams, [1, 3, 1, 3, 1]);
}

// Conforms: flow/stream-0-first
#[test]
fn small_frames_and_payloads_go_between_the_fragments() {
    let mut client = Alone::client();
    client.request_large(7, &LARGE);
    client.write(1);
    client.receive(0, ping(b""));
    client.out.room = 1;
    client.assert_sent(&[(0, pong(b""))]);
    client.out.room = 1;
    client.request(8, b"small");
    assert_eq!(
        client.write(0),
        [frame(3, FrameType::RequestResponse, Flags::EMPTY)]
    );
    assert_eq!(client.write(1), [frame(1, FrameType::Payload, Flags::NEXT)]);
}

#[test]
fn a_fragment_without_room_waits() {
    let mut client = Alone::client();
    client.out.room = 0;
    client.request_large(7, &LARGE);
    assert_eq!(client.write(0), []);
    assert!(client.connection.wants_transmit());
    assert_eq!(client.write(1).len(), 1);
    assert_eq!(client.write(1).len(), 1);
    assert!(!client.connection.wants_transmit());
}

#[test]
fn a_request_that_is_answered_in_fragments_is_answered_once() {
    let mut server = asked();
    assert_eq!(server.respond_large(1), Ok(()));
    server.write(1);
    assert_eq!(server.respond_large(1), Err(SendError::NoSuchStream));
    assert_eq!(server.respond(1, b"small"), Err(SendError::NoSuchStream));
    let connection = &mut server.connection;
    let failed = connection.send_error(1, ErrorCode::INVALID, b"", &mut server.out);
    assert_eq!(failed, Err(SendError::NoSuchStream));
    let rest = server.write(9);
    assert_eq!(
        rest,
        [frame(1, FrameType::Payload, Flags::NEXT | Flags::COMPLETE)]
    );
}

// Conforms: fragmentation/request-cancel
#[test]
fn a_withdrawn_request_is_not_sent_to_its_end() {
    for sent in [0, 1] {
        let mut client = Alone::client();
        client.request_large(7, &LARGE);
        assert_eq!(client.write(sent).len(), sent);
        assert!(client.connection.cancel(1, 7));
        assert_eq!(client.released(), [77]);
        assert_eq!(client.write(9), [frame(1, FrameType::Cancel, Flags::EMPTY)]);
    }
}

/// The driver has answered already, so there is nobody to tell but the owner of the payload.
// Conforms: request-response/no-late-response
#[test]
fn an_answer_that_the_peer_withdraws_is_not_sent_to_its_end() {
    for withdrawal in [Frame::Cancel(Cancel), error(ErrorCode::CANCELED, "")] {
        let mut server = asked();
        assert_eq!(server.respond_large(1), Ok(()));
        server.write(1);
        assert_eq!(server.receive(1, withdrawal), None);
        assert_eq!(server.released(), [77]);
        assert_eq!(server.write(9), []);
        assert_eq!(server.connection.inbound_streams(), 0);
    }
}

#[test]
fn a_request_that_is_refused_early_is_not_sent_to_its_end() {
    let mut client = Alone::client();
    client.request_large(7, &LARGE);
    client.write(1);
    let seen = client.receive(1, error(ErrorCode::REJECTED, "no"));
    assert!(matches!(seen, Some(Seen::Failed { user: 7, .. })));
    assert_eq!(client.released(), [77]);
    assert_eq!(client.write(9), []);
}

#[test]
fn the_end_of_the_connection_releases_what_was_not_sent() {
    let mut client = Alone::client();
    client.request_large(7, &large(7, None, MAX_FRAME_LEN));
    client.request_large(8, &large(8, None, MAX_FRAME_LEN));
    client.write(1);
    client.connection.transport_closed("gone");
    assert_eq!(client.released(), [7, 8]);
    assert_eq!(client.write(9), []);
}

#[test]
fn a_payload_over_the_limit_is_refused_before_any_of_it_is_sent() {
    let mut config = client_config();
    config.limits.max_payload_len = MAX_FRAME_LEN;
    let mut client = Alone::client_with(&config);
    let connection = &mut client.connection;
    let over = large(77, Some(1), MAX_FRAME_LEN);
    let refused = connection.request_response(1, &over, &mut client.out);
    assert_eq!(refused, Err(SendError::PayloadTooLarge));
    assert_eq!(client.write(9), []);
    assert_eq!(client.request_large(7, &LARGE), 1);
}

// Conforms: stream-id/unique, stream-id/skip-in-use
#[test]
fn ids_skip_a_fire_and_forget_that_is_still_being_sent() {
    let mut client = Alone::client();
    let forget = |client: &mut Alone| {
        let sent = client.connection.fire_and_forget(&LARGE, &mut client.out);
        assert_eq!(sent, Ok(()));
    };
    forget(&mut client);
    client.connection.streams.set_next_id(1);
    forget(&mut client);
    let streams: Vec<u32> = client.write(9).iter().map(|h| h.stream_id).collect();
    assert_eq!(streams, [1, 3, 1, 3]);
}

/// "MUST wait for outstanding streams to terminate."
// Conforms: error/connection-close-receiver
#[test]
fn a_draining_connection_ends_after_its_last_fragment() {
    let close = error(ErrorCode::CONNECTION_CLOSE, "bye");
    let mut client = Alone::client();
    let sent = client.connection.fire_and_forget(&LARGE, &mut client.out);
    assert_eq!(sent, Ok(()));
    assert_eq!(client.receive(0, close), Some(Seen::Draining));
    assert_eq!(client.tick(), None);
    assert_eq!(client.write(9).len(), 2);
    assert_eq!(client.run_to_deadline(), Some(Seen::Closed));
}
