//! How long the frames of this side are: a payload that is longer goes out in as few fragments as there can be.

use super::interactions::*;
use super::*;
use crate::frame::FrameType;

/// A server that sends frames of up to `len` bytes and was asked for 9 items on stream 1.
fn asked(len: usize) -> Alone {
    let (_, config) = sending_fragments_of(len);
    let mut server = Alone::server_with(&config);
    server.asked(1, request_stream(9, b""));
    server
}

/// The lengths of the frames in which an item is sent.
fn lens(fragment_len: usize, item: &Body<'_>) -> Vec<usize> {
    let mut server = asked(fragment_len);
    assert_eq!(server.send_body(1, item), Ok(()));
    server.sent().iter().map(Vec::len).collect()
}

#[test]
fn a_frame_is_as_long_as_it_may_be_and_no_longer() {
    let table: [(usize, &[usize]); 6] = [
        (57, &[63]),
        (58, &[64]),
        (59, &[64, 7]),
        (2 * 58, &[64, 64]),
        (2 * 58 + 1, &[64, 64, 7]),
        (200, &[64, 64, 64, 32]),
    ];
    for (data_len, expected) in table {
        let data = vec![b'd'; data_len];
        assert_eq!(lens(64, &body(&data)), expected, "{data_len} copied");
        let held = large(77, None, data_len);
        assert_eq!(lens(64, &held), expected, "{data_len} held");
    }
}

// Conforms: fragmentation/metadata-flag
#[test]
fn the_metadata_counts_with_its_length() {
    let table: [(usize, usize, &[usize]); 6] = [
        (0, 55, &[64]),
        (5, 50, &[64]),
        (5, 51, &[64, 7]),
        (55, 0, &[64]),
        (55, 1, &[64, 7]),
        (56, 0, &[64, 10]),
    ];
    for (metadata_len, data_len, expected) in table {
        let (metadata, data) = (vec![b'm'; metadata_len], vec![b'd'; data_len]);
        let copied = Body::Inline(PayloadRef::new(Some(&metadata), &data));
        assert_eq!(lens(64, &copied), expected, "{metadata_len} + {data_len}");
        let held = large(77, Some(metadata_len), data_len);
        assert_eq!(lens(64, &held), expected, "{metadata_len} + {data_len}");
    }
}

#[test]
fn copied_and_held_payloads_make_the_same_frames() {
    for metadata_len in [
        None,
        Some(0),
        Some(1),
        Some(54),
        Some(55),
        Some(56),
        Some(300),
    ] {
        for data_len in [0, 1, 54, 55, 58, 59, 300] {
            let metadata = metadata_len.map(|len| vec![b'm'; len]);
            let data = vec![b'd'; data_len];
            let copied = Body::Inline(PayloadRef::new(metadata.as_deref(), &data));
            let (mut one, mut other) = (asked(64), asked(64));
            assert_eq!(one.send_body(1, &copied), Ok(()));
            let held = large(77, metadata_len, data_len);
            assert_eq!(other.send_body(1, &held), Ok(()));
            assert_eq!(one.sent(), other.sent(), "{metadata_len:?} + {data_len}");
        }
    }
}

#[test]
fn the_first_frame_of_a_stream_also_carries_how_many_it_takes() {
    let (config, _) = sending_fragments_of(64);
    for (data_len, expected) in [(54, &[64][..]), (55, &[64, 7])] {
        let data = vec![b'd'; data_len];
        for payload in [body(&data), large(77, None, data_len)] {
            let mut client = Alone::client_with(&config);
            let connection = &mut client.connection;
            let asked = connection.request_stream(7, 9, &payload, &mut client.out);
            assert_eq!(asked, Ok(1));
            let lens: Vec<usize> = client.sent().iter().map(Vec::len).collect();
            assert_eq!(lens, expected);
        }
    }
}

#[test]
fn requests_of_every_kind_continue_as_payloads() {
    let (config, _) = sending_fragments_of(64);
    let long = body(&[b'd'; 60]);
    type Ask = fn(&mut Alone, &Body<'_>) -> Result<u32, SendError>;
    let table: [(FrameType, Ask); 4] = [
        (FrameType::RequestResponse, |client, body| {
            client.connection.request_response(7, body, &mut client.out)
        }),
        (FrameType::RequestFnf, |client, body| {
            let sent = client.connection.fire_and_forget(body, &mut client.out);
            sent.map(|()| 1)
        }),
        (FrameType::RequestStream, |client, body| {
            client
                .connection
                .request_stream(7, 9, body, &mut client.out)
        }),
        (FrameType::RequestChannel, |client, body| {
            client
                .connection
                .request_channel(7, 9, body, false, &mut client.out)
        }),
    ];
    for (frame_type, ask) in table {
        for payload in [long, large(77, None, 60)] {
            let mut client = Alone::client_with(&config);
            assert_eq!(ask(&mut client, &payload), Ok(1));
            let expected = [
                frame(1, frame_type, Flags::FOLLOWS),
                frame(1, FrameType::Payload, Flags::NEXT),
            ];
            assert_eq!(client.write(9), expected);
        }
    }
}

/// "COMPLETE belongs on the last fragment", also where the first is a REQUEST_CHANNEL.
// Conforms: request-channel/complete-anywhere, unexpected/follows-and-complete
#[test]
fn complete_stands_on_the_last_fragment_of_a_channels_only_item() {
    let (config, _) = sending_fragments_of(64);
    for payload in [body(&[b'd'; 100]), large(77, None, 100)] {
        let mut client = Alone::client_with(&config);
        let connection = &mut client.connection;
        let asked = connection.request_channel(7, 9, &payload, true, &mut client.out);
        assert_eq!(asked, Ok(1));
        let expected = [
            frame(1, FrameType::RequestChannel, Flags::FOLLOWS),
            frame(1, FrameType::Payload, Flags::NEXT | Flags::COMPLETE),
        ];
        assert_eq!(client.write(9), expected);
    }
}

// Conforms: framing/max-frame
#[test]
fn the_length_is_kept_between_64_bytes_and_a_frame() {
    let frames = |len: usize, data_len| lens(len, &large(77, None, data_len));
    for len in [0, 1, 63, 64] {
        assert_eq!(frames(len, 60), [64, 8], "{len}");
    }
    for len in [MAX_FRAME_LEN, usize::MAX] {
        assert_eq!(frames(len, MAX_FRAME_LEN), [MAX_FRAME_LEN, 12], "{len}");
    }
}

#[test]
fn it_is_128_kib_unless_it_is_set() {
    let long = large(77, None, 200 << 10);
    let mut client = Alone::client_with(&Config::client());
    let sent = client.connection.fire_and_forget(&long, &mut client.out);
    assert_eq!(sent, Ok(()));
    assert_eq!(client.sent()[0].len(), 128 << 10);
}

// Conforms: fragmentation/allowed
#[test]
fn payloads_arrive_as_they_were_whatever_the_fragments() {
    for len in [64, 65, 100, 1_000] {
        let (client, server) = sending_fragments_of(len);
        let mut pair = Pair::with(&client, &server);
        for metadata_len in [None, Some(0), Some(60), Some(500)] {
            let metadata = metadata_len.map(|len| vec![b'm'; len]);
            let data = vec![b'd'; 777];
            let payload = PayloadRef::new(metadata.as_deref(), &data);
            let side = &mut pair.client;
            let sent = side
                .connection
                .fire_and_forget(&Body::Inline(payload), &mut side.out);
            assert_eq!(sent, Ok(()));
            let seen = pair.ferry().server;
            let [Seen::Request { payload: got, .. }] = seen.as_slice() else {
                panic!("the server saw {seen:?}");
            };
            assert_eq!(*got, owned(&InboundPayload::Borrowed(payload)));
        }
        assert_eq!(pair.server.connection.reassembly.held(), 0);
    }
}

/// The peer may be longer-winded, or have no limit at all.
#[test]
fn it_does_not_concern_what_is_received() {
    let (config, _) = sending_fragments_of(64);
    let mut client = Alone::client_with(&config);
    client.ask_stream(7, 9);
    let long = [b'd'; 10_000];
    let name = StreamName::User(7);
    assert_eq!(client.receive(1, item(&long)), got(name, &long));
}

#[test]
fn a_copied_payload_that_does_not_fit_at_once_goes_on_when_there_is_room() {
    let mut server = asked(64);
    let data: Vec<u8> = (0..200).collect();
    server.out.room = 2;
    assert_eq!(server.send(1, &data), Ok(()));
    assert_eq!(server.connection.sending.queued(), 64 + 32);
    assert_eq!(server.out.take().len(), 2);
    assert_eq!(server.write(1).len(), 1);
    assert_eq!(server.write(9).len(), 1);
    assert_eq!(server.connection.sending.queued(), 0);
}

/// Nothing of it is sent, so that the driver can offer it again.
#[test]
fn a_copied_payload_without_room_for_its_first_fragment_waits_with_the_driver() {
    let mut server = asked(64);
    server.out.room = 0;
    assert_eq!(server.send(1, &[0; 200]), Err(SendError::Full));
    assert_eq!(server.write(9), []);
    assert_eq!(server.send(1, &[0; 200]), Ok(()));
}

/// Each fragment has metadata as long as some is left, and data only behind the last of it.
#[track_caller]
fn assert_metadata_first(frames: &[Vec<u8>], metadata_len: usize, data_len: usize) {
    let mut left = (metadata_len, data_len);
    for frame in frames {
        let payload = match Frame::decode(frame).expect("decodes").1 {
            Frame::Payload(frame) => frame.payload,
            Frame::RequestResponse(frame) => frame.payload,
            other => panic!("sent {other:?}"),
        };
        assert_eq!(payload.metadata.is_some(), left.0 > 0);
        left.0 -= payload.metadata.map_or(0, <[u8]>::len);
        assert!(left.0 == 0 || payload.data.is_empty());
        left.1 -= payload.data.len();
    }
    assert_eq!(left, (0, 0));
}

// Conforms: fragmentation/metadata-first, fragmentation/metadata-flag, fragmentation/request-metadata-first
#[test]
fn metadata_goes_before_data_in_whatever_the_fragments_are_of() {
    for (metadata_len, data_len) in [(1, 300), (55, 300), (56, 300), (300, 300), (300, 0)] {
        let (metadata, data) = (vec![b'm'; metadata_len], vec![b'd'; data_len]);
        let copied = Body::Inline(PayloadRef::new(Some(&metadata), &data));
        for payload in [copied, large(77, Some(metadata_len), data_len)] {
            let mut server = asked(64);
            assert_eq!(server.send_body(1, &payload), Ok(()));
            assert_metadata_first(&server.sent(), metadata_len, data_len);

            let (config, _) = sending_fragments_of(64);
            let mut client = Alone::client_with(&config);
            let connection = &mut client.connection;
            let sent = connection.request_response(7, &payload, &mut client.out);
            assert_eq!(sent, Ok(1));
            assert_metadata_first(&client.sent(), metadata_len, data_len);
        }
    }
}
