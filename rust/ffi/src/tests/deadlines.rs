//! When a connection wants to be driven, and what is due then.

use rsocket_protocol::frame::Keepalive;

use super::*;

fn settings() -> Settings {
    let settings = Settings::client();
    let set = settings.set_keepalive(1_000, 5_000);
    assert_eq!(set, rsocket_result::Ok);
    settings
}

fn deadline(side: &mut Side) -> u64 {
    let turn = side.drive(&Batch::default(), PLENTY).expect("drives");
    turn.progress.deadline_ns
}

#[test]
fn a_client_wants_to_be_driven_when_its_keepalive_is_due() {
    let mut client = Side::new(&settings());
    assert_eq!(deadline(&mut client), START + 1_000 * MILLISECOND);
    client.sent();
    client.now_ns += 999 * MILLISECOND;
    deadline(&mut client);
    client.assert_sent(&[]);
    client.now_ns += MILLISECOND;
    assert_eq!(deadline(&mut client), START + 2_000 * MILLISECOND);
    let keepalive = Keepalive {
        respond: true,
        last_received_position: 0,
        data: b"",
    };
    client.assert_sent(&[(0, Frame::Keepalive(keepalive))]);
}

#[test]
fn silence_for_the_lifetime_closes_both_sides() {
    let mut client = Side::new(&settings());
    let mut server = Side::new(&Settings::server());
    deadline(&mut client);
    server.unread.append(&mut client.wire);
    server.run(&Batch::default());
    server.run(&Batch::default().accept());
    for side in [&mut client, &mut server] {
        let seen = loop {
            side.now_ns = deadline(side);
            let seen = side.run(&Batch::default());
            if !seen.is_empty() {
                break seen;
            }
        };
        assert_eq!(kinds(&seen), [RSOCKET_EVENT_CLOSED]);
        assert_eq!(side.now_ns, START + 5_000 * MILLISECOND);
        let (origin, code, _) = side.close_reason().expect("it is over");
        assert_eq!((origin, code), (RSOCKET_ORIGIN_LIBRARY, 0x101));
        assert_eq!(deadline(side), u64::MAX, "never again");
    }
}

#[test]
fn received_bytes_are_looked_at_before_the_lifetime_is() {
    let mut client = Side::new(&settings());
    deadline(&mut client);
    client.now_ns += 5_000 * MILLISECOND;
    assert_eq!(
        kinds(&client.receive(2, request_frame(b""))),
        [RSOCKET_EVENT_REQUEST_RESPONSE]
    );
}

#[test]
fn a_server_waits_for_setup_until_its_timeout() {
    let settings = Settings::server().limit(RSOCKET_LIMIT_SETUP_TIMEOUT_MS, 250);
    let mut server = Side::new(&settings);
    server.now_ns = deadline(&mut server);
    assert_eq!(server.now_ns, START + 250 * MILLISECOND);
    assert_eq!(
        kinds(&server.run(&Batch::default())),
        [RSOCKET_EVENT_CLOSED]
    );
}

#[test]
fn an_output_that_is_too_small_for_what_is_due_keeps_it() {
    let mut client = Side::new(&settings());
    client.now_ns = deadline(&mut client);
    client.sent();
    let room = Room {
        output: 5,
        ..PLENTY
    };
    let result = client.drive(&Batch::default(), room).err();
    assert_eq!(result, Some(rsocket_result::OutputTooSmall));
    deadline(&mut client);
    assert_eq!(client.sent().len(), 1, "one keepalive");
}
