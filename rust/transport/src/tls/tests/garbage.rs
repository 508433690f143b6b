//! Peers that do not speak TLS, or not rightly.

use super::*;

/// What a client and a server say to bytes that are not TLS.
fn hear(bytes: &[u8]) -> [End; 2] {
    let authority = Authority::new("CA");
    let mut ends = [
        End::client(authority.client()),
        End::server(authority.server()),
    ];
    for end in &mut ends {
        end.hear(bytes);
    }
    ends
}

#[test]
fn is_told_from_tls() {
    let setup = b"\x00\x00\x14\x00\x00\x00\x00\x04\x00\x00\x01\x00\x00\x00\x00\x4e\x20\x00\x01\x5f\x90\x01a\x01b";
    let cases: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\nHost: server.example\r\n\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        setup,
        &[0; 64],
        &[0xff; 64],
    ];
    for case in cases {
        for end in hear(case) {
            assert_eq!(end.error, Some(LayerErrorKind::OtherProtocol), "{case:?}");
            assert!(!end.layer.is_open() && end.plain.is_empty());
        }
    }
}

#[test]
fn a_server_answers_with_an_alert() {
    let [_, server] = hear(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(server.wire.first(), Some(&21), "content type of an alert");
}

#[test]
fn of_any_kind_is_an_error() {
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random.to_le_bytes()[0]
    };
    for _ in 0..200 {
        let mut bytes: Vec<u8> = (0..500).map(|_| next()).collect();
        // The beginning of a record, so that some get further.
        bytes[..5].copy_from_slice(&[22, 3, 1, 0, 100]);
        for mut end in hear(&bytes) {
            end.end();
            assert!(end.error.is_some() && !end.layer.is_open());
        }
    }
}

/// Which message, and which byte of it, is changed on the way.
fn with_a_wrong_byte(to_server: bool, at: usize) -> Option<Pair> {
    thread_local! {
        static CONFIGS: (Arc<ClientConfig>, Arc<ServerConfig>) = {
            let authority = Authority::new("CA");
            let mut client = Arc::unwrap_or_clone(authority.client());
            client.resumption = rustls::client::Resumption::disabled();
            (Arc::new(client), authority.server())
        };
    }
    let (client, server) = CONFIGS.with(Clone::clone);
    let mut pair = Pair::new(client, server);
    if !to_server {
        pair.server.hear(&pair.client.wire.split());
    }
    let wire = match to_server {
        true => &mut pair.client.wire,
        false => &mut pair.server.wire,
    };
    *wire.get_mut(at)? ^= 0x40;
    pair.run();
    pair.client.end();
    pair.server.end();
    Some(pair)
}

#[test]
fn one_wrong_byte_is_an_error() {
    for to_server in [true, false] {
        let mut at = 0;
        while let Some(pair) = with_a_wrong_byte(to_server, at) {
            // Both have one, since the transport ends.
            let (client, server) = pair.errors();
            assert!(client.is_some() && server.is_some(), "byte {at}");
            assert!(pair.client.plain.is_empty() && pair.server.plain.is_empty());
            at += 1;
        }
        assert!(at > 100);
    }
}

#[test]
fn after_the_handshake_is_an_error() {
    let mut pair = Pair::open();
    pair.client.say(b"changed on the way");
    let last = pair.client.wire.len() - 1;
    pair.client.wire[last] ^= 1;
    pair.run();
    assert_eq!(
        pair.errors(),
        (
            Some(LayerErrorKind::Protocol),
            Some(LayerErrorKind::Protocol)
        )
    );
    assert!(pair.server.plain.is_empty());
}

#[test]
fn what_came_before_it_is_handed_on() {
    let mut pair = Pair::open();
    pair.client.say(b"good");
    pair.client.wire.extend_from_slice(&[0xff; 20]);
    pair.run();
    assert_eq!(pair.server.plain, "good");
    assert_eq!(pair.server.error, Some(LayerErrorKind::Protocol));
}
