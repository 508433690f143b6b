//! Handshakes that end anywhere.

use super::*;

/// Two ends whose transport carries so many bytes in each direction, and then ends.
fn cut(
    client: &Arc<ClientConfig>,
    server: &Arc<ServerConfig>,
    up: usize,
    down: usize,
) -> (Pair, bool) {
    let mut pair = Pair::new(Arc::clone(client), Arc::clone(server));
    let (mut up, mut down) = (up, down);
    let mut was_cut = false;
    while !pair.client.wire.is_empty() || !pair.server.wire.is_empty() {
        let mut wire = pair.client.wire.split();
        was_cut |= wire.len() > up;
        wire.truncate(up);
        up -= wire.len();
        pair.server.hear(&wire);
        let mut wire = pair.server.wire.split();
        was_cut |= wire.len() > down;
        wire.truncate(down);
        down -= wire.len();
        pair.client.hear(&wire);
    }
    pair.client.end();
    pair.server.end();
    (pair, was_cut)
}

fn cut_everywhere(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) {
    let uncut = usize::MAX;
    for direction in 0.. {
        let mut at = 0;
        loop {
            let (up, down) = match direction {
                0 => (at, uncut),
                1 => (uncut, at),
                _ => return,
            };
            let (pair, was_cut) = cut(client, server, up, down);
            // A handshake that is over has not been closed, so the end is too early for both anyhow.
            let early = (Some(LayerErrorKind::CutOff), Some(LayerErrorKind::CutOff));
            assert_eq!(pair.errors(), early, "cut at {at} of direction {direction}");
            assert!(pair.client.plain.is_empty() && pair.server.plain.is_empty());
            if !was_cut {
                assert!(pair.client.layer.is_open() && pair.server.layer.is_open());
                break;
            }
            assert!(at < 20_000, "the handshake never ends");
            at += 1;
        }
    }
}

#[test]
fn at_every_byte() {
    let authority = Authority::new("CA");
    let server = authority.server();
    for version in VERSIONS {
        let mut client = Arc::unwrap_or_clone(authority.client_of(version));
        client.resumption = rustls::client::Resumption::disabled();
        cut_everywhere(&Arc::new(client), &server);
    }
}

#[test]
fn at_every_byte_of_a_resumed_one() {
    let authority = Authority::new("CA");
    let (client, server) = (authority.client(), authority.server());
    Pair::new(Arc::clone(&client), Arc::clone(&server)).run();
    cut_everywhere(&client, &server);
}

#[test]
fn an_open_connection_at_every_byte() {
    let mut pair = Pair::open();
    pair.client.say(&[1; 100]);
    pair.client.say(&[2; 100]);
    pair.client.layer.close(&mut pair.client.wire);
    let wire = pair.client.wire.split();
    for byte in &wire {
        assert!(!pair.server.layer.is_closed_by_peer());
        pair.server.hear(&[*byte]);
        // Only whole records are handed on: their bytes are not known to be the peer's before.
        assert_eq!(pair.server.plain.len() % 100, 0);
    }
    assert_eq!(pair.server.plain.len(), 200);
    pair.server.end();
    assert_eq!(pair.server.error, None);
}
