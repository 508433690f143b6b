//! What peers may and may not send, case by case as the Autobahn test suite has them: limits (1), pings and pongs (2),
//! reserved bits (3), opcodes (4), fragments (5), text (6), the closing handshake (7), sizes (9).

use super::*;

/// What a failing end tells its peer, which is all that it tells.
fn told(end: &mut End) -> u16 {
    let wire = end.take_wire();
    match &short_frames(&wire)[..] {
        [(CLOSE, payload)] if payload.len() >= 2 => u16::from_be_bytes([payload[0], payload[1]]),
        other => panic!("not one Close: {other:?}"),
    }
}

/// Both roles refuse the frames, all at once and byte by byte.
fn refused(frames: &[(u8, &[u8])], kind: LayerErrorKind, code: u16) {
    for role in ROLES {
        let bytes: Vec<u8> = frames
            .iter()
            .flat_map(|(first, payload)| frame_for(role, *first, payload))
            .collect();
        let mut end = End::open(role);
        assert_eq!(end.fails(&bytes), kind, "{role:?} {frames:02X?}");
        assert_eq!(told(&mut end), code, "{role:?} {frames:02X?}");
        assert!(!end.layer.is_open());

        let mut end = End::open(role);
        let failed = end.receive_byte_by_byte(&bytes);
        assert_eq!(failed.map_err(|error| error.kind), Err(kind));
        assert_eq!(told(&mut end), code);
    }
}

/// Both roles take the frames, and bring these messages.
fn accepted(frames: &[(u8, &[u8])], messages: &[&[u8]]) {
    for role in ROLES {
        let mut end = End::open(role);
        for (first, payload) in frames {
            end.receive(&frame_for(role, *first, payload))
                .unwrap_or_else(|error| panic!("{role:?} {frames:02X?}: {error}"));
        }
        let expected: Vec<u8> = messages
            .iter()
            .flat_map(|message| prefixed(message))
            .collect();
        assert!(end.take_plain() == expected, "{role:?} {frames:02X?}");
        assert!(end.layer.is_open());
    }
}

fn violates(frames: &[(u8, &[u8])]) {
    refused(frames, LayerErrorKind::Protocol, 1002);
}

#[test]
fn pings_are_answered_with_their_payload() {
    for payload in [&b""[..], b"Hello", &[0x00, 0xFF, 0xFE], &[0xFE; 125]] {
        for role in ROLES {
            let mut end = End::open(role);
            end.receive(&frame_for(role, PING, payload))
                .expect("a ping");
            let pong = (PONG, payload.to_vec());
            assert_eq!(short_frames(&end.take_wire()), [pong]);
        }
    }
}

#[test]
fn many_pings_are_answered_in_order() {
    let mut server = End::open(Role::Server);
    let pings: Vec<u8> = (0..10)
        .flat_map(|i| frame_for(Role::Server, PING, &[i]))
        .collect();
    server.receive(&pings).expect("pings");
    let pongs: Vec<_> = (0..10).map(|i| (PONG, vec![i])).collect();
    assert_eq!(short_frames(&server.take_wire()), pongs);
}

#[test]
fn pongs_nobody_asked_for_are_ignored() {
    accepted(
        &[(PONG, b"unsolicited"), (PONG, b""), (BINARY, b"x")],
        &[b"x"],
    );
}

#[test]
fn control_frames_are_short_and_whole() {
    let long = [0; 126];
    for first in [PING, PONG, CLOSE] {
        violates(&[(first, &long)]);
        violates(&[(first & 0x7F, b"")]);
    }
}

#[test]
fn reserved_bits_are_refused() {
    for bits in 1..8 {
        for first in [BINARY, PING, CLOSE, FIRST] {
            violates(&[(first | bits << 4, b"")]);
        }
        violates(&[(FIRST, b"a"), (LAST | bits << 4, b"b")]);
    }
}

#[test]
fn reserved_opcodes_are_refused() {
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        violates(&[(0x80 | opcode, b"")]);
        violates(&[(0x80 | opcode, b"payload")]);
        violates(&[(opcode, b"")]);
    }
}

#[test]
fn fragments_are_joined() {
    accepted(&[(FIRST, b"a"), (LAST, b"b")], &[b"ab"]);
    accepted(&[(FIRST, b""), (MORE, b""), (LAST, b"")], &[b""]);
    accepted(&[(FIRST, b""), (MORE, b"x"), (LAST, b"")], &[b"x"]);
    accepted(
        &[
            (FIRST, b"a"),
            (MORE, b"b"),
            (LAST, b"c"),
            (BINARY, b"d"),
            (FIRST, b"e"),
            (LAST, b""),
        ],
        &[b"abc", b"d", b"e"],
    );
}

#[test]
fn pings_between_fragments_are_answered_at_once() {
    for role in ROLES {
        let mut end = End::open(role);
        for (first, payload) in [
            (FIRST, "a"),
            (PING, "1"),
            (MORE, "b"),
            (PONG, ""),
            (PING, "2"),
        ] {
            end.receive(&frame_for(role, first, payload.as_bytes()))
                .expect("all of this is allowed");
        }
        let pongs = [(PONG, b"1".to_vec()), (PONG, b"2".to_vec())];
        assert_eq!(short_frames(&end.take_wire()), pongs);
        assert_eq!(end.take_plain(), []);
        end.receive(&frame_for(role, LAST, b"c")).expect("the end");
        assert_eq!(end.take_plain(), prefixed(b"abc"));
    }
}

#[test]
fn fragments_are_in_order() {
    violates(&[(LAST, b"of nothing")]);
    violates(&[(MORE, b"of nothing")]);
    violates(&[(FIRST, b"a"), (BINARY, b"b")]);
    violates(&[(FIRST, b"a"), (FIRST, b"b")]);
    violates(&[(FIRST, b"a"), (LAST, b"b"), (LAST, b"c")]);
}

#[test]
fn text_is_refused_before_it_is_read() {
    refused(&[(TEXT, b"Hello")], LayerErrorKind::Protocol, 1003);
    refused(&[(TEXT, b"\xFF\xFF")], LayerErrorKind::Protocol, 1003);
    refused(&[(0x01, b"in fragments")], LayerErrorKind::Protocol, 1003);
    refused(
        &[(FIRST, b"a"), (TEXT, b"b")],
        LayerErrorKind::Protocol,
        1003,
    );
    // 16 MiB are announced, and nothing of them has come.
    let mut server = End::open(Role::Server);
    let header = [&[TEXT, 0xFF, 0, 0, 0, 0, 1, 0, 0, 0][..], &MASK].concat();
    assert_eq!(server.fails(&header), LayerErrorKind::Protocol);
    assert_eq!(told(&mut server), 1003);
}

#[test]
fn clients_mask_and_servers_do_not() {
    let mut server = End::open(Role::Server);
    let unmasked = frame(BINARY, None, b"x");
    assert_eq!(server.fails(&unmasked), LayerErrorKind::Protocol);
    assert_eq!(told(&mut server), 1002);

    let mut client = End::open(Role::Client);
    let masked = frame(BINARY, Some(MASK), b"x");
    assert_eq!(client.fails(&masked), LayerErrorKind::Protocol);
    assert_eq!(told(&mut client), 1002);
}

#[test]
fn messages_over_the_limit_are_refused_by_their_header() {
    for role in ROLES {
        let mut end = End::open_with_limit(role, 1000);
        end.receive(&frame_for(role, BINARY, &[7; 1000]))
            .expect("this is the limit");
        let over = frame_for(role, BINARY, &[7; 1001]);
        let header = &over[..if role == Role::Server { 8 } else { 4 }];
        assert_eq!(end.fails(header), LayerErrorKind::TooLong);
        assert_eq!(told(&mut end), 1009);
    }
}

#[test]
fn fragments_over_the_limit_are_refused_together() {
    for role in ROLES {
        let mut end = End::open_with_limit(role, 1000);
        for first in [FIRST, MORE] {
            end.receive(&frame_for(role, first, &[7; 500]))
                .expect("this is the limit");
        }
        assert_eq!(
            end.fails(&frame_for(role, LAST, b"x")),
            LayerErrorKind::TooLong
        );
        assert_eq!(told(&mut end), 1009);
    }
}

#[test]
fn lengths_that_fit_no_prefix_are_refused() {
    for len in [1_u64 << 24, u64::MAX, 1 << 63, 1 << 32] {
        let mut client = End::open(Role::Client);
        let header = [&[BINARY, 127][..], &len.to_be_bytes()].concat();
        assert_eq!(client.fails(&header), LayerErrorKind::TooLong, "{len}");
        assert_eq!(told(&mut client), 1009);
    }
    let mut client = End::open(Role::Client);
    let header = [&[BINARY, 127][..], &0xFF_FFFF_u64.to_be_bytes()].concat();
    client.receive(&header).expect("the longest frame");
    assert_eq!(client.take_plain(), [0xFF; 3]);
}

/// A peer's announcement of a long message takes no memory.
#[test]
fn announced_bytes_are_not_made_room_for() {
    let mut server = End::open(Role::Server);
    for first in [FIRST, MORE] {
        let header = [
            &[first, 0xFF, 0, 0, 0, 0, 0, 0x70, 0, 0][..],
            &MASK,
            b"12345",
        ]
        .concat();
        server
            .receive(&header[..14])
            .expect("a long fragment begins");
        if first == FIRST {
            server.receive(&vec![0; 0x70_0000]).expect("it comes");
        }
    }
    assert_eq!(server.take_plain(), []);
    let mut client = End::open(Role::Client);
    let header = [&[BINARY, 127][..], &0xFF_FFFF_u64.to_be_bytes()].concat();
    client.receive(&header).expect("a long message begins");
    assert!(client.brought.plain.capacity() < 4096);
}

#[test]
fn a_close_is_answered_with_its_code_and_ends_receiving() {
    for (payload, answer) in [
        (&b""[..], &b""[..]),
        (&[0x03, 0xE8], &[0x03, 0xE8]),
        (b"\x03\xE8bye", &[0x03, 0xE8]),
        (b"\x03\xE9going away \xC3\xA4", &[0x03, 0xE9]),
    ] {
        for role in ROLES {
            let mut end = End::open(role);
            let closing = [
                frame_for(role, CLOSE, payload),
                frame_for(role, PING, b"ignored"),
                vec![0xFF; 20],
            ]
            .concat();
            end.receive(&closing).expect("an orderly close");
            assert_eq!(short_frames(&end.take_wire()), [(CLOSE, answer.to_vec())]);
            assert!(end.layer.is_closed_by_peer());
            assert!(!end.layer.is_open());
            end.receive(b"ignored too")
                .expect("nothing follows a Close");
            assert_eq!(end.layer.end(), Ok(()));
            assert_eq!(
                end.send(&prefixed(b"x")).map_err(|error| error.kind),
                Err(LayerErrorKind::NotOpen)
            );
            end.close();
            assert_eq!(end.take_wire(), []);
        }
    }
}

#[test]
fn a_close_for_another_reason_is_an_error_that_tells_it() {
    for code in [
        1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999_u16,
    ] {
        let payload = [&code.to_be_bytes()[..], b"why"].concat();
        refused(&[(CLOSE, &payload)], LayerErrorKind::ClosedWithError, code);
        let mut end = End::open(Role::Client);
        let error = end
            .receive(&frame(CLOSE, None, &payload))
            .expect_err("an error");
        let message = format!("the peer closed the WebSocket with {code} \"why\"");
        assert_eq!(error.message, message);
    }
}

#[test]
fn close_codes_that_no_frame_may_carry_are_refused() {
    for code in [
        0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535_u16,
    ] {
        violates(&[(CLOSE, &code.to_be_bytes())]);
    }
    violates(&[(CLOSE, &[3])]);
}

#[test]
fn a_close_reason_is_utf8() {
    refused(
        &[(CLOSE, b"\x03\xE8\xCE\xBA\xED\xA0\x80")],
        LayerErrorKind::Protocol,
        1007,
    );
    let longest = [&[0x03, 0xE8][..], &[b'x'; 123]].concat();
    let mut client = End::open(Role::Client);
    client
        .receive(&frame(CLOSE, None, &longest))
        .expect("the longest reason");
    assert!(client.layer.is_closed_by_peer());
}

#[test]
fn reasons_that_are_told_fit_a_frame() {
    let payload = super::super::messages::close_payload(1002, &"ä".repeat(100));
    assert_eq!(payload[..2], [0x03, 0xEA]);
    assert_eq!(std::str::from_utf8(&payload[2..]), Ok(&*"ä".repeat(61)));
}

#[test]
fn closing_first_lets_the_peer_finish() {
    for role in ROLES {
        let mut end = End::open(role);
        end.close();
        end.close();
        assert_eq!(short_frames(&end.take_wire()), [(CLOSE, vec![0x03, 0xE8])]);
        assert!(!end.layer.is_open());
        assert!(!end.layer.is_closed_by_peer());
        // What the peer sent before it heard of it still counts, but pings are not answered any more.
        end.receive(&frame_for(role, BINARY, b"late"))
            .expect("a late message");
        end.receive(&frame_for(role, PING, b"late"))
            .expect("a late ping");
        assert_eq!(end.take_plain(), prefixed(b"late"));
        assert_eq!(
            end.layer.end().map_err(|error| error.kind),
            Err(LayerErrorKind::CutOff)
        );
        end.receive(&frame_for(role, CLOSE, b"\x03\xE8"))
            .expect("the answer");
        assert!(end.layer.is_closed_by_peer());
        assert_eq!(end.take_wire(), []);
        assert_eq!(end.layer.end(), Ok(()));
    }
}

#[test]
fn a_violation_after_closing_is_not_told() {
    let mut client = End::open(Role::Client);
    client.close();
    client.take_wire();
    assert_eq!(
        client.fails(&frame(TEXT, None, b"x")),
        LayerErrorKind::Protocol
    );
    assert_eq!(client.take_wire(), []);
}

#[test]
fn a_transport_that_ends_early_cuts_the_connection_off() {
    for bytes in [&b""[..], &[BINARY, 5, 1, 2], &[BINARY], &[FIRST, 0]] {
        let mut client = End::open(Role::Client);
        client.receive(bytes).expect("part of something");
        assert_eq!(
            client.layer.end().map_err(|error| error.kind),
            Err(LayerErrorKind::CutOff)
        );
    }
}

#[test]
fn a_failed_connection_does_nothing_more() {
    let mut client = End::open(Role::Client);
    client.fails(&frame(TEXT, None, b"x"));
    client.take_wire();
    assert_eq!(
        client.fails(&frame(BINARY, None, b"x")),
        LayerErrorKind::NotOpen
    );
    assert_eq!(
        client.send(&prefixed(b"x")).map_err(|error| error.kind),
        Err(LayerErrorKind::NotOpen)
    );
    client.close();
    assert_eq!(client.take_wire(), []);
    assert_eq!(client.layer.end(), Ok(()));
}

#[test]
fn what_came_before_a_violation_is_brought() {
    let mut client = End::open(Role::Client);
    let bytes = [frame(BINARY, None, b"good"), frame(TEXT, None, b"bad")].concat();
    assert_eq!(client.fails(&bytes), LayerErrorKind::Protocol);
    assert_eq!(client.take_plain(), prefixed(b"good"));
}

/// Control frames go between messages, not into one that is being sent.
#[test]
fn control_frames_wait_for_the_end_of_the_message_under_way() {
    for role in ROLES {
        let mut end = End::open(role);
        end.send(&prefixed(b"Hello")[..5]).expect("it is open");
        for payload in [b"1", b"2"] {
            end.receive(&frame_for(role, PING, payload))
                .expect("a ping");
        }
        end.send(b"llo").expect("the rest of it");
        let frames = [(BINARY, b"Hello".to_vec()), (PONG, b"2".to_vec())];
        assert_eq!(short_frames(&end.take_wire()), frames);
    }
}

#[test]
fn a_message_under_way_ends_before_its_sender_closes() {
    for role in ROLES {
        let mut end = End::open(role);
        end.send(&prefixed(b"Hello")[..5]).expect("it is open");
        end.receive(&frame_for(role, CLOSE, b"\x03\xE8"))
            .expect("a close");
        assert!(end.layer.is_closed_by_peer());
        end.send(b"llo").expect("the rest of it");
        let frames = [(BINARY, b"Hello".to_vec()), (CLOSE, vec![0x03, 0xE8])];
        assert_eq!(short_frames(&end.take_wire()), frames);
        assert_eq!(
            end.send(&[0]).map_err(|error| error.kind),
            Err(LayerErrorKind::NotOpen)
        );
    }
}

/// A prefix without its frame is nothing on the wire yet.
#[test]
fn a_ping_within_a_prefix_is_answered_at_once() {
    let mut client = End::open(Role::Client);
    client.send(&[0, 0]).expect("it is open");
    client.receive(&frame(PING, None, b"")).expect("a ping");
    assert_eq!(short_frames(&client.take_wire()), [(PONG, vec![])]);
    client.send(&[1, b'x']).expect("it is open");
    assert_eq!(short_frames(&client.take_wire()), [(BINARY, b"x".to_vec())]);
}
