//! Payloads that stay in the caller's memory.

use rsocket_protocol::frame::{Cancel, FrameHeader, FrameType, MAX_FRAME_LEN};

use super::*;

fn external(metadata_len: Option<u32>, data_len: u32) -> rsocket_command {
    let flag = metadata_len.map_or(0, |_| RSOCKET_FLAG_METADATA);
    rsocket_command {
        metadata_len: metadata_len.unwrap_or(0),
        data_len,
        flags: RSOCKET_FLAG_EXTERNAL | flag,
        ..command(RSOCKET_COMMAND_REQUEST_RESPONSE, 7, 0)
    }
}

/// A client that sends frames as long as the specification lets it.
fn whole_frames() -> Side {
    let settings = Settings::client().limit(RSOCKET_LIMIT_FRAGMENT_LEN, MAX_FRAME_LEN as u64);
    let mut client = Side::new(&settings);
    client.run(&Batch::default());
    client.sent();
    client
}

/// The buffered bytes, part, length and `last` of each segment.
type Segment = (u32, u16, u32, u16);

#[test]
fn segments_say_where_the_halves_belong() {
    let (metadata, data) = (RSOCKET_PART_METADATA, RSOCKET_PART_DATA);
    // Prefix and header are 9 bytes, a metadata length 3 more.
    let table: [(Option<u32>, u32, &[Segment]); 5] = [
        (None, 5, &[(9, data, 5, 1)]),
        (Some(0), 5, &[(12, data, 5, 1)]),
        (Some(4), 0, &[(12, metadata, 4, 1)]),
        (Some(4), 5, &[(12, metadata, 4, 0), (0, data, 5, 1)]),
        (None, 0, &[]),
    ];
    for (metadata_len, data_len, expected) in table {
        let mut client = Side::client();
        client.held.insert(7, (vec![b'm'; 4], vec![b'd'; 5]));
        let batch = Batch::default().push(external(metadata_len, data_len));
        let turn = client.drive(&batch, PLENTY).expect("drives");
        let segments: Vec<Segment> = turn
            .segments
            .iter()
            .map(|s| {
                assert_eq!((s.token, s.offset), (7, 0));
                (s.buffered, s.part, s.len, s.last)
            })
            .collect();
        assert_eq!(segments, expected);
        let metadata = metadata_len.map(|len| vec![b'm'; len as usize]);
        let data = vec![b'd'; data_len as usize];
        let request = Frame::RequestResponse(RequestResponse {
            follows: false,
            payload: PayloadRef::new(metadata.as_deref(), &data),
        });
        client.assert_sent(&[(1, request)]);
    }
}

#[test]
fn held_and_copied_payloads_mix() {
    let mut pair = Pair::connected();
    pair.client.held.insert(7, (vec![], b"held".to_vec()));
    let batch = Batch::default()
        .request(5, None, b"copied first")
        .push(external(None, 4))
        .request(6, None, b"copied last");
    let seen = pair.client_does(&batch).server;
    let data: Vec<&[u8]> = seen.iter().map(|event| &*event.data).collect();
    assert_eq!(data, [&b"copied first"[..], b"held", b"copied last"]);
}

#[test]
fn an_answer_may_be_held_too() {
    let mut pair = Pair::connected();
    pair.client_does(&Batch::default().request(5, None, b""));
    pair.server.held.insert(99, (b"m".to_vec(), b"d".to_vec()));
    let answer = rsocket_command {
        kind: RSOCKET_COMMAND_RESPOND,
        token: 99,
        stream: 1,
        ..external(Some(1), 1)
    };
    let seen = pair.server_does(&Batch::default().push(answer)).client;
    assert_eq!(seen[0].metadata.as_deref(), Some(&b"m"[..]));
    assert_eq!(seen[0].data, b"d");
}

// Conforms: framing/max-frame
#[test]
fn the_longest_frame_needs_no_more_output_than_its_header() {
    let mut client = whole_frames();
    let longest = if cfg!(miri) { 10_000 } else { 0xFF_FFFF - 6 };
    client.held.insert(7, (vec![], vec![b'd'; longest]));
    let room = Room {
        output: 9,
        segments: 2,
        events: 2,
    };
    let batch = Batch::default().push(external(None, longest as u32));
    assert_eq!(client.run_with(&batch, room), []);
    assert_eq!(client.sent()[0].len(), longest + 6);
}

#[test]
fn a_held_payload_needs_room_for_two_segments() {
    let mut client = Side::client();
    client.held.insert(7, (vec![], b"held".to_vec()));
    let batch = Batch::default().push(external(None, 4));
    for segments in [0, 1] {
        let room = Room { segments, ..PLENTY };
        let result = client.drive(&batch, room).err();
        assert_eq!(result, Some(rsocket_result::OutputTooSmall));
    }
    let room = Room {
        segments: 2,
        ..PLENTY
    };
    assert_eq!(client.run_with(&batch, room), []);
}

/// So that the caller knows to let go of it.
#[test]
fn a_held_payload_that_is_refused_says_so_in_its_event() {
    let mut client = Side::client();
    let batch = Batch::default().push(rsocket_command {
        kind: RSOCKET_COMMAND_RESPOND,
        stream: 99,
        ..external(None, 4)
    });
    let mut events = [rsocket_event::default(); 2];
    let mut progress = MaybeUninit::uninit();
    let call = Call {
        commands: batch.commands.as_ptr(),
        commands_len: 1,
        events: events.as_mut_ptr(),
        events_cap: 2,
        progress: progress.as_mut_ptr(),
        ..Call::of(client.connection)
    };
    assert_eq!(call.make(), rsocket_result::Ok);
    assert_eq!(
        events[0],
        rsocket_event {
            token: 7,
            stream: 99,
            code: rsocket_result::NoSuchStream as u32,
            kind: RSOCKET_EVENT_REFUSED,
            flags: RSOCKET_FLAG_EXTERNAL,
            ..rsocket_event::default()
        }
    );
    client.assert_sent(&[]);
}

/// One call whose output stays where it is: nobody copies 16 MB under Miri.
fn turn(client: &mut Side, batch: &Batch) -> Turn {
    client.unmerged = true;
    let turn = client.drive(batch, PLENTY).expect("drives");
    client.unmerged = false;
    turn
}

/// A client that holds payload 7 of so many bytes, whose first fragment was sent.
fn sending_in_fragments(data_len: usize) -> Side {
    let mut client = whole_frames();
    let batch = Batch::default().push(external(None, data_len as u32));
    let turn = turn(&mut client, &batch);
    assert_eq!(turn.progress.commands_used, 1);
    assert_eq!(turn.progress.flags, RSOCKET_PROGRESS_MORE_OUTPUT);
    assert_eq!(turn.segments.len(), 1);
    client
}

#[test]
fn a_payload_of_two_frames_is_sent_a_fragment_a_turn() {
    let mut client = sending_in_fragments(MAX_FRAME_LEN);
    let turn = turn(&mut client, &Batch::default());
    let first_len = (MAX_FRAME_LEN - FrameHeader::LEN) as u32;
    let rest = rsocket_segment {
        token: 7,
        buffered: 3 + FrameHeader::LEN as u32,
        offset: first_len,
        len: MAX_FRAME_LEN as u32 - first_len,
        part: RSOCKET_PART_DATA,
        last: 1,
    };
    assert_eq!((turn.segments, turn.progress.flags), (vec![rest], 0));
    let (header, _) = FrameHeader::decode(&turn.output[3..]).expect("decodes");
    assert_eq!(header.frame_type, FrameType::Payload as u8);
    assert_eq!(turn.events, []);
}

#[test]
fn a_held_payload_that_is_withdrawn_is_released() {
    let mut client = sending_in_fragments(3 * MAX_FRAME_LEN);
    let turn = turn(&mut client, &Batch::default().cancel(7));
    let released = Seen {
        kind: RSOCKET_EVENT_RELEASED,
        token: 7,
        ..Seen::default()
    };
    assert_eq!(turn.events, [released]);
    let cancel = prefixed(1, Frame::Cancel(Cancel));
    assert!(turn.output.ends_with(&cancel));
    assert_eq!(turn.progress.flags, 0, "nothing of it follows");
}

#[test]
fn an_item_may_be_held_too() {
    let mut pair = Pair::connected();
    let ask = rsocket_command {
        code: 2,
        ..command(RSOCKET_COMMAND_REQUEST_STREAM, 5, 0)
    };
    pair.client_does(&Batch::default().push(ask));
    pair.server.held.insert(99, (b"m".to_vec(), b"d".to_vec()));
    let item = rsocket_command {
        kind: RSOCKET_COMMAND_ITEM,
        token: 99,
        stream: 1,
        ..external(Some(1), 1)
    };
    let seen = pair.server_does(&Batch::default().push(item)).client;
    assert_eq!(kinds(&seen), [RSOCKET_EVENT_RESPONSE]);
    assert_eq!(seen[0].metadata.as_deref(), Some(&b"m"[..]));
    assert_eq!((&*seen[0].data, seen[0].complete), (&b"d"[..], false));
}

/// Items that wait behind each other on a stream that the peer withdraws.
#[test]
fn held_items_are_released_when_their_stream_ends() {
    let settings = Settings::server().limit(RSOCKET_LIMIT_FRAGMENT_LEN, 64);
    let mut server = Side::server_with(&settings);
    server.receive(1, streams::request_stream(9, b""));
    let mut batch = Batch::default();
    for token in [20, 21, 22] {
        server.held.insert(token, (vec![], vec![b'd'; 200]));
        batch = batch.push(rsocket_command {
            kind: RSOCKET_COMMAND_ITEM,
            token,
            stream: 1,
            ..external(None, 200)
        });
    }
    let one_fragment = Room {
        output: 3 + FrameHeader::LEN,
        ..PLENTY
    };
    let turn = server.drive(&batch, one_fragment).expect("drives");
    assert_eq!((turn.progress.commands_used, turn.segments.len()), (3, 1));
    let seen = server.receive(1, Frame::Cancel(Cancel));
    assert_eq!(seen[0].kind, RSOCKET_EVENT_CANCELLED);
    let mut released: Vec<u64> = seen[1..].iter().map(|event| event.token).collect();
    released.sort_unstable();
    assert_eq!(released, [20, 21, 22]);
    assert_eq!(kinds(&seen[1..]), [RSOCKET_EVENT_RELEASED; 3]);
}

/// However long the fragments are that another payload is sent in.
#[test]
fn a_held_payload_goes_ahead_of_the_next_long_fragment() {
    let mut client = sending_in_fragments(3 * MAX_FRAME_LEN);
    let small = rsocket_command {
        token: 8,
        ..external(None, 5)
    };
    let turn = turn(&mut client, &Batch::default().push(small));
    let tokens: Vec<u64> = turn.segments.iter().map(|s| s.token).collect();
    assert_eq!((tokens, turn.progress.commands_used), (vec![8, 7], 1));
}

/// However much is commanded.
#[test]
fn fragments_without_room_go_ahead_of_the_next_commands() {
    let mut client = sending_in_fragments(3 * MAX_FRAME_LEN);
    client.unmerged = true;
    let mut batch = Batch::default();
    for token in 10..20 {
        batch = batch.request(token, None, b"");
    }
    let two_headers = Room {
        output: 2 * (3 + FrameHeader::LEN),
        ..PLENTY
    };
    let mut fragments = Vec::new();
    for _turn in 0..4 {
        let turn = client.drive(&batch, two_headers).expect("drives");
        batch.commands.drain(..turn.progress.commands_used);
        fragments.push((turn.segments.len(), turn.progress.commands_used));
    }
    assert_eq!(fragments, [(0, 2), (1, 1), (1, 1), (1, 1)]);
}
