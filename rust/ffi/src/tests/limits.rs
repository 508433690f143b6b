//! Limits of streams, each seen to hold. Those of requests and frames are with the commands and the received bytes.

use super::streams::{item_frame, request_channel, request_stream};
use super::*;

#[test]
fn items_that_were_not_asked_for_fail_their_stream_past_the_limit() {
    let settings = Settings::client().limit(RSOCKET_LIMIT_UNREQUESTED_ITEMS, 1);
    let mut client = Side::new(&settings);
    client.run(&Batch::default().ask_stream(7, 1));
    for _ in 0..2 {
        let seen = client.receive(1, item_frame(b""));
        assert_eq!(kinds(&seen), [RSOCKET_EVENT_RESPONSE]);
    }
    let seen = client.receive(1, item_frame(b""));
    assert_eq!(kinds(&seen), [RSOCKET_EVENT_FAILED]);
    assert_eq!((seen[0].token, seen[0].code), (7, RSOCKET_ERROR_INVALID));

    let settings = Settings::server().limit(RSOCKET_LIMIT_UNREQUESTED_ITEMS, 0);
    let mut server = Side::server_with(&settings);
    server.receive(1, request_channel(1, b""));
    let seen = server.receive(1, item_frame(b""));
    assert_eq!(kinds(&seen), [RSOCKET_EVENT_REQUESTER_FAILED]);
}

/// A command that sends 100 bytes of the caller's memory.
fn held_item(token: u64) -> rsocket_command {
    rsocket_command {
        data_len: 100,
        flags: RSOCKET_FLAG_EXTERNAL,
        ..command(RSOCKET_COMMAND_ITEM, token, 1)
    }
}

#[test]
fn a_payload_over_the_limit_of_what_may_wait_waits_with_the_caller() {
    let settings = Settings::server()
        .limit(RSOCKET_LIMIT_FRAGMENT_LEN, 64)
        .limit(RSOCKET_LIMIT_QUEUED_BYTES, 250);
    let mut server = Side::server_with(&settings);
    server.receive(1, request_stream(9, b""));
    let mut batch = Batch::default();
    for token in 0..4 {
        server.held.insert(token, (vec![], vec![token as u8; 100]));
        batch = batch.push(held_item(token));
    }
    let one_fragment = Room {
        output: 3 + 6,
        ..PLENTY
    };
    let turn = server.drive(&batch, one_fragment).expect("drives");
    let (used, flags) = (turn.progress.commands_used, turn.progress.flags);
    assert_eq!((used, flags), (2, RSOCKET_PROGRESS_MORE_OUTPUT));
    batch.commands.drain(..2);
    assert_eq!(server.run_with(&batch, one_fragment), []);
    let lens: Vec<usize> = server.sent().iter().map(Vec::len).collect();
    assert_eq!(lens, [64, 48].repeat(4));
}

#[test]
fn payloads_longer_than_a_fragment_are_cut() {
    let settings = Settings::client().limit(RSOCKET_LIMIT_FRAGMENT_LEN, 100);
    let mut client = Side::new(&settings);
    client.run(&Batch::default());
    client.sent();
    client.run(&Batch::default().request(7, None, &[b'd'; 200]));
    let lens: Vec<usize> = client.sent().iter().map(Vec::len).collect();
    assert_eq!(lens, [100, 100, 18]);
}

#[test]
fn fragments_are_128_kib_long_unless_it_is_set() {
    let mut client = Side::client();
    client.held.insert(7, (vec![], vec![b'd'; 200 << 10]));
    let request = rsocket_command {
        data_len: 200 << 10,
        flags: RSOCKET_FLAG_EXTERNAL,
        ..command(RSOCKET_COMMAND_REQUEST_RESPONSE, 7, 0)
    };
    client.run(&Batch::default().push(request));
    let lens: Vec<usize> = client.sent().iter().map(Vec::len).collect();
    assert_eq!(lens, [128 << 10, (72 << 10) + 12]);
}

/// 64 bytes to a whole frame, whatever is asked for.
#[test]
fn the_length_of_fragments_is_kept_in_its_range() {
    for (limit, expected) in [(0, 64), (64, 64), (u64::MAX, 6 + 300)] {
        let settings = Settings::client().limit(RSOCKET_LIMIT_FRAGMENT_LEN, limit);
        let mut client = Side::new(&settings);
        client.run(&Batch::default());
        client.sent();
        client.run(&Batch::default().request(7, None, &[b'd'; 300]));
        assert_eq!(client.sent()[0].len(), expected);
    }
}
