//! Streams that have something waiting take turns, a frame each; small frames of the connection go ahead of all.

use super::interactions::*;
use super::*;

/// A server that sends frames of 64 bytes and was asked for 9 items on each of the streams 1, 3 and 5.
fn asked() -> Alone {
    let (_, config) = sending_fragments_of(64);
    let mut server = Alone::server_with(&config);
    for stream in [1, 3, 5] {
        server.asked(stream, request_stream(9, b""));
    }
    server
}

/// The stream of each frame that is written.
fn streams(server: &mut Alone, frames: usize) -> Vec<u32> {
    let headers = server.write(frames);
    headers.iter().map(|header| header.stream_id).collect()
}

#[test]
fn each_stream_sends_a_fragment_in_its_turn() {
    let mut server = asked();
    for (stream, len) in [(1, 58 * 4), (3, 58 * 2), (5, 58 * 3)] {
        let body = large(stream.into(), None, len);
        assert_eq!(server.send_body(stream, &body), Ok(()));
    }
    assert_eq!(streams(&mut server, 99), [1, 3, 5, 1, 3, 5, 1, 5, 1]);
}

#[test]
fn turns_go_on_where_room_ended() {
    let mut server = asked();
    for stream in [1, 3, 5] {
        let body = large(stream.into(), None, 58 * 2);
        assert_eq!(server.send_body(stream, &body), Ok(()));
    }
    let one_by_one: Vec<u32> = (0..6).flat_map(|_| streams(&mut server, 1)).collect();
    assert_eq!(one_by_one, [1, 3, 5, 1, 3, 5]);
}

/// However much one stream has waiting, another's first fragment is at most one frame of each stream away.
#[test]
fn a_stream_with_much_to_send_does_not_keep_others_waiting() {
    let mut server = asked();
    for token in 0..5 {
        let body = large(token, None, 5_000);
        assert_eq!(server.send_body(1, &body), Ok(()));
    }
    server.write(10);
    server.out.room = 1;
    assert_eq!(server.send_body(3, &large(99, None, 58)), Ok(()));
    assert_eq!(streams(&mut server, 0), [3], "it fits a frame");
    assert_eq!(server.send_body(3, &large(98, None, 100)), Ok(()));
    assert_eq!(streams(&mut server, 4), [1, 3, 1, 3]);
}

#[test]
fn a_stream_that_ends_leaves_the_others_their_turns() {
    let mut server = asked();
    for stream in [1, 3, 5] {
        let body = large(stream.into(), None, 58 * 3);
        assert_eq!(server.send_body(stream, &body), Ok(()));
    }
    assert_eq!(streams(&mut server, 2), [1, 3]);
    assert!(server.receive(5, Frame::Cancel(Cancel)).is_some());
    assert!(server.receive(1, Frame::Cancel(Cancel)).is_some());
    assert_eq!(streams(&mut server, 99), [3, 3]);
    assert_eq!(server.released(), [1, 5]);
}

// Conforms: flow/stream-0-first
#[test]
fn small_frames_go_before_any_turn() {
    let mut server = asked();
    assert_eq!(server.send_body(1, &large(1, None, 200)), Ok(()));
    server.write(1);
    server.receive(0, ping(b""));
    assert_eq!(streams(&mut server, 2), [0, 1]);
}

/// For a driver that lets calls have their turn between fragments.
#[test]
fn one_fragment_can_be_asked_for() {
    let mut server = asked();
    assert_eq!(server.send_body(1, &large(1, None, 200)), Ok(()));
    server.receive(0, ping(b""));
    server.receive(0, ping(b""));
    assert!(server.connection.transmit_one(&mut server.out));
    assert_eq!(server.out.take().len(), 3);
    server.out.room = 0;
    assert!(!server.connection.transmit_one(&mut server.out));
    assert_eq!(server.out.take().len(), 0);
}
