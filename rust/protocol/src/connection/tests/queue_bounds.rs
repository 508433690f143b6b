//! What may wait to be sent: a payload always, more up to the limit; what is over it waits with the driver.

use super::interactions::*;
use super::*;

/// A server that sends frames of 64 bytes, may have 1000 bytes waiting, and was asked for 9 items on the streams 1 and 3.
fn asked() -> Alone {
    let (_, mut config) = sending_fragments_of(64);
    config.limits.max_queued_bytes = 1_000;
    config.limits.max_payload_len = 5_000;
    let mut server = Alone::server_with(&config);
    server.asked(1, request_stream(9, b""));
    server.asked(3, request_stream(9, b""));
    server.out.room = 0;
    server
}

fn queued(side: &Alone) -> usize {
    side.connection.sending.queued()
}

#[test]
fn a_payload_over_the_limit_of_what_may_wait_waits_with_the_driver() {
    let mut server = asked();
    assert_eq!(server.send_body(1, &large(1, None, 600)), Ok(()));
    for stream in [1, 3] {
        let over = server.send_body(stream, &large(2, None, 401));
        assert_eq!(over, Err(SendError::Full));
    }
    let over = server.send_body(1, &large(2, Some(200), 201));
    assert_eq!(over, Err(SendError::Full), "metadata counts");
    assert_eq!(server.released(), []);
    assert_eq!(server.send_body(3, &large(2, None, 400)), Ok(()));
    assert_eq!(queued(&server), 1_000);
}

#[test]
fn room_comes_back_when_a_payload_has_been_sent_to_its_end() {
    let mut server = asked();
    assert_eq!(server.send_body(1, &large(1, None, 600)), Ok(()));
    let next = large(2, None, 600);
    assert_eq!(server.send_body(3, &next), Err(SendError::Full));
    assert_eq!(server.write(10).len(), 10);
    assert_eq!(server.send_body(3, &next), Err(SendError::Full));
    assert_eq!(server.write(1).len(), 1);
    assert_eq!(queued(&server), 0);
    assert_eq!(server.send_body(3, &next), Ok(()));
}

#[test]
fn room_comes_back_when_a_stream_ends() {
    let mut server = asked();
    assert_eq!(server.send_body(1, &large(1, None, 600)), Ok(()));
    let next = large(2, None, 600);
    assert_eq!(server.send_body(3, &next), Err(SendError::Full));
    assert!(server.receive(1, Frame::Cancel(Cancel)).is_some());
    assert_eq!((queued(&server), server.released()), (0, vec![1]));
    assert_eq!(server.send_body(3, &next), Ok(()));
    server.connection.transport_closed("gone");
    assert_eq!((queued(&server), server.released()), (0, vec![2]));
}

#[test]
fn one_payload_may_wait_whatever_its_length() {
    let mut server = asked();
    assert_eq!(server.send_body(1, &large(1, None, 5_000)), Ok(()));
    let more = server.send_body(3, &large(2, None, 59));
    assert_eq!(more, Err(SendError::Full));
}

/// Small items too: a peer that does not read must not have them pile up behind a large one.
#[test]
fn what_waits_behind_fragments_counts_as_well() {
    let mut server = asked();
    assert_eq!(server.send_body(1, &large(1, None, 980)), Ok(()));
    assert_eq!(server.send(1, &[0; 10]), Ok(()));
    assert_eq!(server.send(1, &[0; 10]), Err(SendError::Full));
    let credit = server
        .connection
        .streams
        .get(1)
        .map(|open| open.send_credit);
    assert_eq!(credit, Some(7), "what waits with the driver used none");
}

#[test]
fn the_end_of_a_stream_may_always_wait() {
    let mut server = asked();
    assert_eq!(server.send_body(1, &large(1, None, 1_000)), Ok(()));
    assert_eq!(server.complete(1), Ok(()));
    assert_eq!(server.write(usize::MAX).len(), 18 + 1);
    assert_eq!(queued(&server), 0);
}

#[test]
fn a_payload_longer_than_the_limit_of_a_payload_is_refused() {
    let refused = Err(SendError::PayloadTooLarge);
    let (metadata, data) = ([0; 2_501], [0; 5_001]);
    let mut server = asked();
    server.out.room = usize::MAX;
    assert_eq!(server.send(1, &data), refused);
    assert_eq!(server.send_body(1, &large(1, None, 5_001)), refused);
    assert_eq!(server.send_body(1, &large(1, Some(2_501), 2_500)), refused);
    let copied = PayloadRef::new(Some(&metadata), &data[..2_500]);
    assert_eq!(server.send_body(1, &Body::Inline(copied)), refused);
    assert_eq!((server.write(9), server.released()), (vec![], vec![]));
    assert_eq!(server.send(1, b"it goes on"), Ok(()));
}

/// What one side may send is what the other may put together.
#[test]
fn the_longest_payload_is_counted_as_the_receiver_counts_it() {
    let (mut client, mut server) = sending_fragments_of(64);
    client.limits.max_payload_len = 500;
    server.limits.max_payload_len = 500;
    let mut pair = Pair::with(&client, &server);
    for longest in [
        large(1, None, 500),
        large(1, Some(0), 500),
        large(1, Some(500), 0),
        large(1, Some(250), 250),
    ] {
        let client = &mut pair.client;
        let sent = client.connection.fire_and_forget(&longest, &mut client.out);
        assert_eq!(sent, Ok(()));
        assert_eq!(pair.ferry().server.len(), 1);
    }
}

/// The limit is on payloads in fragments.
#[test]
fn a_payload_that_fits_a_frame_is_sent_whatever_the_limit_and_whether_or_not_it_waits() {
    let mut config = server_config();
    config.fragment_len = 64;
    config.limits.max_payload_len = 56;
    let mut server = Alone::server_with(&config);
    server.asked(1, request_stream(9, b""));
    assert_eq!(server.send(1, &[0; 58]), Ok(()));
    assert_eq!(server.send(1, &[0; 59]), Err(SendError::PayloadTooLarge));
    let in_fragments = large(1, Some(56), 0);
    assert_eq!(server.send_body(1, &in_fragments), Ok(()));
    assert_eq!(server.send(1, &[0; 58]), Ok(()));
    assert_eq!(server.send(1, &[0; 59]), Err(SendError::PayloadTooLarge));
    assert_eq!(queued(&server), 56 + 64);
}

/// Its driver knows that there is nothing to hold, and is not asked to let go of it either.
#[test]
fn a_held_payload_without_bytes_is_never_released() {
    let mut server = asked();
    assert_eq!(server.send_body(1, &large(1, None, 100)), Ok(()));
    assert_eq!(server.send_body(1, &large(2, Some(0), 0)), Ok(()));
    assert_eq!(server.send_body(1, &large(3, None, 0)), Ok(()));
    assert!(server.receive(1, Frame::Cancel(Cancel)).is_some());
    assert_eq!(server.released(), [1]);
}
