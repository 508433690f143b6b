//! "KEEPALIVE goes out on time under load, jumps the queue, echoes data when asked, and its silence past the lifetime
//! closes the connection on both sides."

use super::*;

/// As in [`SETUP`].
const INTERVAL: Duration = Duration::from_secs(1);
const LIFETIME: Duration = Duration::from_secs(10);

// Conforms: setup/keepalive-meaning, keepalive/stream-0, keepalive/client-sends, keepalive/position-unused
#[test]
fn a_client_sends_keepalive_at_its_interval() {
    let mut client = Alone::client();
    for _ in 0..5 {
        assert_eq!(
            client.connection.poll_timeout(),
            Some(client.now + INTERVAL)
        );
        client.pass(INTERVAL - Duration::from_nanos(1));
        assert_eq!(client.tick(), None);
        client.assert_sent(&[]);
        client.pass(Duration::from_nanos(1));
        assert_eq!(client.tick(), None);
        client.assert_sent(&[(0, ping(b""))]);
        client.receive(0, pong(b""));
    }
}

#[test]
fn a_client_that_comes_late_sends_one_keepalive_for_all_it_missed() {
    let mut client = Alone::client();
    client.pass(INTERVAL * 5);
    client.tick();
    client.tick();
    client.assert_sent(&[(0, ping(b""))]);
}

// Conforms: keepalive/client-sends
#[test]
fn a_busy_client_sends_keepalive_all_the_same() {
    let mut client = Alone::client();
    for user in 0..20 {
        client.pass(INTERVAL / 10);
        let stream = client.request(user, b"");
        client.receive(stream, answer(PayloadRef::default()));
        client.tick();
    }
    let sent = client.sent();
    let keepalives = sent.iter().filter(|frame| is_keepalive(frame)).count();
    assert_eq!((sent.len(), keepalives), (22, 2));
}

fn is_keepalive(frame: &[u8]) -> bool {
    matches!(Frame::decode(frame), Ok((0, Frame::Keepalive(_))))
}

#[test]
fn a_server_sends_no_keepalive_of_its_own() {
    let mut server = Alone::server();
    for _ in 0..5 {
        server.pass(INTERVAL);
        server.receive(0, pong(b""));
        assert_eq!(server.tick(), None);
    }
    server.assert_sent(&[]);
}

// Conforms: keepalive/stream-0, keepalive/answered, keepalive/data-echoed
#[test]
fn keepalive_is_echoed_with_its_data_and_without_the_respond_flag() {
    for mut side in [Alone::client(), Alone::server()] {
        assert_eq!(side.receive(0, ping(b"echo me")), None);
        side.assert_sent(&[(0, pong(b"echo me"))]);
    }
}

// Conforms: keepalive/position-unused
#[test]
fn the_echo_does_not_resume_so_its_position_is_0() {
    let mut server = Alone::server();
    let positioned = Frame::Keepalive(Keepalive {
        respond: true,
        last_received_position: 77,
        data: b"",
    });
    server.receive(0, positioned);
    server.assert_sent(&[(0, pong(b""))]);
}

// Conforms: keepalive/answered
#[test]
fn keepalive_without_the_respond_flag_is_not_echoed() {
    for mut side in [Alone::client(), Alone::server()] {
        assert_eq!(side.receive(0, pong(b"do not echo")), None);
        side.assert_sent(&[]);
    }
}

// Conforms: keepalive/stream-0, unexpected/anything-else
#[test]
fn keepalive_on_a_stream_is_ignored() {
    let mut server = Alone::server();
    assert_eq!(server.receive(1, ping(b"")), None);
    server.assert_sent(&[]);
}

// Conforms: setup/lifetime-meaning, unexpected/dead-transport
#[test]
fn a_client_gives_up_a_server_that_is_silent_for_the_lifetime() {
    let mut client = Alone::client();
    client.request(1, b"");
    let silent_since = client.now;
    while client.tick().is_none() {
        assert!(client.now < silent_since + LIFETIME);
        let deadline = client.connection.poll_timeout();
        client.now = deadline.expect("there is a deadline");
    }
    assert_eq!(client.now, silent_since + LIFETIME);
    let reason = client.reason();
    assert_eq!(reason.origin, Origin::Library);
    assert_eq!(reason.code, ErrorCode::CONNECTION_ERROR);
    let last = client.sent().pop().expect("something was sent");
    let told = (0, error(ErrorCode::CONNECTION_ERROR, &reason.message));
    assert_eq!(Frame::decode(&last), Ok(told));
}

// Conforms: unexpected/dead-transport, unexpected/inactivity
#[test]
fn a_server_gives_up_a_client_that_is_silent_for_the_lifetime_of_its_setup() {
    let mut server = Alone::server();
    server.pass(LIFETIME - Duration::from_nanos(1));
    assert_eq!(server.tick(), None);
    server.pass(Duration::from_nanos(1));
    assert_eq!(server.tick(), Some(Seen::Closed));
    server.assert_aborted(ErrorCode::CONNECTION_ERROR);
}

// Conforms: keepalive/client-alive, keepalive/server-alive
#[test]
fn two_sides_that_keep_time_stay_connected() {
    let mut pair = Pair::connected();
    assert_eq!(pair.pass(LIFETIME * 20), Both::default());
    assert!(!pair.client.connection.is_closed() && !pair.server.connection.is_closed());
}

// Conforms: keepalive/server-alive
#[test]
fn any_frame_counts_as_a_sign_of_life() {
    let frames = [
        (0, pong(b"")),
        (1, answer(PayloadRef::default())),
        (2, request_fnf(PayloadRef::default())),
        (9, Frame::Cancel(Cancel)),
        (
            0,
            Frame::Unknown {
                frame_type: 0x20,
                flags: Flags::IGNORE,
                body: b"",
            },
        ),
    ];
    for (stream, frame) in frames {
        let mut client = Alone::client();
        client.pass(LIFETIME - Duration::from_nanos(1));
        client.receive(stream, frame);
        client.pass(LIFETIME - Duration::from_nanos(1));
        assert_eq!(client.tick(), None, "{frame:?}");
        client.pass(Duration::from_nanos(1));
        assert_eq!(client.tick(), Some(Seen::Closed), "{frame:?}");
    }
}

#[test]
fn a_lifetime_below_the_interval_is_counted_from_the_next_keepalive() {
    let setup = Setup {
        keepalive_interval_ms: 5_000,
        max_lifetime_ms: 2_000,
        ..SETUP
    };
    let mut server = Alone::fresh_server();
    server.receive(0, Frame::Setup(setup));
    server.connection.accept_setup().expect("accepts");
    server.pass(Duration::from_millis(6_999));
    assert_eq!(server.tick(), None);
    server.pass(Duration::from_millis(1));
    assert_eq!(server.tick(), Some(Seen::Closed));
}

#[test]
fn a_driver_that_comes_late_gives_the_peer_a_quarter_of_the_lifetime_once() {
    let mut server = Alone::server();
    server.pass(LIFETIME * 3);
    assert_eq!(server.tick(), None, "its frames may still be unread");
    assert_eq!(
        server.connection.poll_timeout(),
        Some(server.now + LIFETIME / 4)
    );
    server.pass(LIFETIME * 3);
    assert_eq!(server.tick(), Some(Seen::Closed), "but only once");
}

#[test]
fn a_sign_of_life_after_the_grace_starts_the_lifetime_again() {
    let mut server = Alone::server();
    server.pass(LIFETIME * 3);
    assert_eq!(server.tick(), None);
    server.receive(0, pong(b""));
    assert_eq!(
        server.connection.poll_timeout(),
        Some(server.now + LIFETIME)
    );
    server.pass(LIFETIME * 3);
    assert_eq!(server.tick(), None, "a new silence, a new grace");
}

#[test]
fn a_flood_of_keepalives_whose_echoes_are_not_read_is_a_connection_error() {
    let mut config = server_config();
    config.limits.max_control_bytes = 1_000;
    let mut server = Alone::server_with(&config);
    let last = (0..100).find_map(|_| {
        let seen = server.receive(0, ping(&[0; 86]));
        let too_much = 1_000 + FrameHeader::LEN + 100;
        assert!(server.connection.control.len() <= too_much);
        seen
    });
    assert_eq!(last, Some(Seen::Closed));
    assert_eq!(server.reason().code, ErrorCode::CONNECTION_ERROR);
    assert_eq!(server.sent().len(), 10 + 1, "ten echoes fit, and the error");
}

#[test]
fn echoes_that_are_read_may_go_on_for_ever() {
    let mut config = server_config();
    config.limits.max_control_bytes = 100;
    let mut server = Alone::server_with(&config);
    for _ in 0..1_000 {
        assert_eq!(server.receive(0, ping(&[0; 86])), None);
        server.assert_sent(&[(0, pong(&[0; 86]))]);
    }
}

/// The peer talks, so it is not dead, but it never reads.
#[test]
fn keepalives_that_are_not_read_do_not_pile_up() {
    let mut config = client_config();
    config.limits.max_control_bytes = 100;
    let mut client = Alone::client_with(&config);
    for _ in 0..1_000 {
        client.pass(INTERVAL);
        client.tick();
        client.receive(0, pong(b""));
    }
    assert!(client.connection.control.len() < 200);
}

#[test]
fn a_keepalive_gives_back_what_streams_took_that_are_over() {
    let mut client = Alone::client();
    let streams: Vec<u32> = (0..100).map(|user| client.request(user, b"")).collect();
    client.pass(INTERVAL);
    client.tick();
    assert!(client.connection.streams.capacity() >= 100);
    for stream in streams {
        client.receive(stream, answer(PayloadRef::default()));
    }
    client.pass(INTERVAL);
    client.tick();
    assert_eq!(client.connection.streams.capacity(), 0);
    client.request(100, b"");

    let mut server = Alone::server();
    server.receive(1, request_response(PayloadRef::default()));
    server.receive(0, ping(b""));
    assert!(server.connection.streams.capacity() > 0);
    server.respond(1, b"").expect("answered");
    server.receive(0, ping(b""));
    assert_eq!(server.connection.streams.capacity(), 0);
}
