//! Events whose bytes are not part of what was received: they are in the arena, until the next call.

use super::*;

fn fragment(follows: bool, metadata: Option<&'static [u8]>, data: &'static [u8]) -> Frame<'static> {
    Frame::Payload(PayloadFrame {
        follows,
        complete: !follows,
        next: true,
        payload: PayloadRef::new(metadata, data),
    })
}

#[test]
fn a_payload_in_fragments_is_in_the_arena() {
    let mut client = Side::client();
    client.run(&Batch::default().request(7, None, b""));
    assert_eq!(client.receive(1, fragment(true, Some(b"me"), b"")), []);
    assert_eq!(client.receive(1, fragment(true, Some(b"ta"), b"da")), []);
    assert_eq!(
        client.receive(1, fragment(false, None, b"ta")),
        [Seen {
            kind: RSOCKET_EVENT_RESPONSE,
            token: 7,
            stream: 1,
            metadata: Some(b"meta".to_vec()),
            data: b"data".to_vec(),
            complete: true,
            arena: true,
            ..Seen::default()
        }]
    );
}

#[test]
fn several_in_one_call_do_not_overwrite_each_other() {
    let mut client = Side::client();
    client.run(
        &Batch::default()
            .request(7, None, b"")
            .request(8, None, b"")
            .request(9, None, b""),
    );
    for (stream, frame) in [
        (1, fragment(true, None, b"fir")),
        (3, fragment(true, None, b"sec")),
        (5, answer_frame(b"in one piece")),
        (1, fragment(false, None, b"st")),
        (3, fragment(false, None, b"ond")),
    ] {
        client.unread.extend(prefixed(stream, frame));
    }
    let seen = client
        .drive(&Batch::default(), PLENTY)
        .expect("drives")
        .events;
    let data: Vec<(&[u8], bool)> = seen.iter().map(|e| (&*e.data, e.arena)).collect();
    let expected = [
        (&b"in one piece"[..], false),
        (b"first", true),
        (b"second", true),
    ];
    assert_eq!(data, expected);
}

#[test]
fn a_message_of_the_librarys_own_is_in_the_arena() {
    let settings = Settings::client().limit(RSOCKET_LIMIT_PAYLOAD_LEN, 2);
    let mut client = Side::new(&settings);
    client.run(&Batch::default().request(7, None, b""));
    let seen = client.receive(1, fragment(true, None, b"too long"));
    assert_eq!(kinds(&seen), [RSOCKET_EVENT_FAILED]);
    assert!(seen[0].arena && !seen[0].data.is_empty());
}

#[test]
fn a_message_of_the_peer_is_where_it_was_received() {
    let mut client = Side::client();
    client.run(&Batch::default().request(7, None, b""));
    let failed = Frame::Error(rsocket_protocol::frame::ErrorFrame {
        code: rsocket_protocol::frame::ErrorCode::INVALID,
        data: b"no",
    });
    let seen = client.receive(1, failed);
    assert_eq!((seen[0].arena, &*seen[0].data), (false, &b"no"[..]));
}

#[test]
fn a_large_arena_is_given_back() {
    let len = if cfg!(miri) { 70_000 } else { 1 << 20 };
    let large = vec![b'x'; len];
    let mut client = Side::client();
    client.run(&Batch::default().request(7, None, b""));
    client.receive(1, fragment(true, None, b""));
    let seen = client.receive(1, answer_frame(&large));
    assert_eq!(seen[0].data, large);
    let turn = client.drive(&Batch::default(), PLENTY).expect("drives");
    assert_eq!(turn.progress.arena_len, 0);
    assert_eq!(client.arena(0), []);
    // SAFETY: the handle is live.
    let entered = unsafe {
        enter(client.connection, |engine| {
            assert!(engine.arena.capacity() < len);
            Ok(())
        })
    };
    assert_eq!(entered, rsocket_result::Ok);
}
