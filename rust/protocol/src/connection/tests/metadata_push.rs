//! Metadata-push: metadata for the connection, on stream 0, ahead of what waits on streams (specification,
//! "METADATA_PUSH Frame").

use super::interactions::*;
use super::*;
use crate::connection::item::MAX_METADATA_PUSH;
use crate::frame::{FrameType, MetadataPush};

fn push(side: &mut Alone, metadata: &[u8]) -> Result<(), SendError> {
    side.connection.metadata_push(metadata, &mut side.out)
}

fn pushed(metadata: &[u8]) -> Frame<'_> {
    Frame::MetadataPush(MetadataPush { metadata })
}

// Conforms: payload/metadata-of-connection, metadata-push/either-side
#[test]
fn metadata_is_pushed_both_ways() {
    let mut pair = Pair::connected();
    assert_eq!(push(&mut pair.client, b"from the client"), Ok(()));
    assert_eq!(push(&mut pair.server, b""), Ok(()));
    let seen = pair.ferry();
    let expected = Seen::MetadataPush(b"from the client".to_vec());
    assert_eq!(seen.server, [expected]);
    assert_eq!(seen.client, [Seen::MetadataPush(vec![])]);
}

// Conforms: header/stream-0, metadata-push/stream-0, metadata-push/layout, metadata-push/no-length
#[test]
fn it_is_one_frame_on_stream_0_with_the_metadata_flag() {
    let mut client = Alone::client();
    assert_eq!(push(&mut client, b"meta"), Ok(()));
    let sent = client.sent();
    assert_eq!(sent, [b"\0\0\0\0\x31\0meta"]);
}

#[test]
fn it_uses_no_stream() {
    let mut client = Alone::client();
    assert_eq!(push(&mut client, b""), Ok(()));
    assert_eq!((client.open(), client.request(1, b"")), ((0, 0), 1));
}

/// "Receiving a METADATA_PUSH with a non-0 Stream ID MUST be ignored."
// Conforms: unexpected/push-on-stream
#[test]
fn one_on_a_stream_is_ignored() {
    let mut client = Alone::client();
    let stream = client.ask_stream(7, 1);
    for stream in [stream, 2, 99] {
        assert_eq!(client.receive(stream, pushed(b"meta")), None);
    }
    assert_eq!(
        client.receive(0, pushed(b"meta")),
        Some(Seen::MetadataPush(b"meta".to_vec()))
    );
}

#[test]
fn one_without_the_metadata_flag_is_taken() {
    let mut client = Alone::client();
    let header = frame(0, FrameType::MetadataPush, Flags::EMPTY);
    let seen = client.receive_raw(header, b"meta");
    assert_eq!(seen, Some(Seen::MetadataPush(b"meta".to_vec())));
}

#[test]
fn metadata_that_is_too_long_is_refused() {
    let mut client = Alone::client();
    let longest = vec![0; MAX_METADATA_PUSH];
    assert_eq!(push(&mut client, &longest), Ok(()));
    let too_long = vec![0; MAX_METADATA_PUSH + 1];
    assert_eq!(
        push(&mut client, &too_long),
        Err(SendError::PayloadTooLarge)
    );
    assert_eq!(client.sent().len(), 1);
}

#[test]
fn it_has_no_fragments_however_short_they_are() {
    let mut config = client_config();
    config.fragment_len = 64;
    let mut client = Alone::client_with(&config);
    assert_eq!(push(&mut client, &[b'm'; 500]), Ok(()));
    client.assert_sent(&[(0, pushed(&[b'm'; 500]))]);
}

// Conforms: flow/stream-0-first
#[test]
fn it_does_not_wait_for_fragments() {
    let mut client = Alone::client();
    let body = large(77, None, MAX_FRAME_LEN);
    let sent = client.connection.fire_and_forget(&body, &mut client.out);
    assert_eq!(sent, Ok(()));
    client.write(1);
    client.out.room = 1;
    assert_eq!(push(&mut client, b""), Ok(()));
    let expected = frame(0, FrameType::MetadataPush, Flags::METADATA);
    assert_eq!(client.write(0), [expected]);
}

#[test]
fn without_room_it_waits_with_the_driver() {
    let mut client = Alone::client();
    client.out.room = 0;
    assert_eq!(push(&mut client, b"meta"), Err(SendError::Full));
    client.assert_sent(&[]);
}

#[test]
fn it_needs_a_connection_that_is_set_up() {
    let mut server = Alone::fresh_server();
    assert_eq!(push(&mut server, b""), Err(SendError::NotReady));
    server.receive(0, Frame::Setup(SETUP));
    assert_eq!(push(&mut server, b""), Err(SendError::NotReady));
    assert_eq!(server.connection.accept_setup(), Ok(()));
    assert_eq!(push(&mut server, b""), Ok(()));
    server.connection.transport_closed("gone");
    assert_eq!(push(&mut server, b""), Err(SendError::Closed));
}

#[test]
fn a_draining_connection_pushes_still() {
    let mut client = Alone::client();
    client.request(7, b"");
    let close = error(ErrorCode::CONNECTION_CLOSE, "bye");
    assert_eq!(client.receive(0, close), Some(Seen::Draining));
    assert_eq!(push(&mut client, b""), Ok(()));
}

#[test]
fn a_push_before_the_setup_is_not_a_setup() {
    let mut server = Alone::fresh_server();
    assert_eq!(server.receive(0, pushed(b"meta")), Some(Seen::Closed));
    server.assert_aborted(ErrorCode::INVALID_SETUP);
}
