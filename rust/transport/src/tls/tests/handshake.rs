use super::*;

#[test]
fn carries_bytes_both_ways() {
    let mut pair = Pair::open();
    let long: Vec<u8> = (0..1_000_000_u32).map(|i| (i % 251) as u8).collect();
    pair.client.say(&long);
    pair.server.say(&long[..70_000]);
    pair.run();
    assert_eq!(pair.errors(), (None, None));
    assert_eq!(pair.server.plain, long);
    assert_eq!(pair.client.plain, long[..70_000]);
}

#[test]
fn comes_in_pieces() {
    for version in VERSIONS {
        for len in [1, 2, 3, 5, 64, 1000] {
            let authority = Authority::new("CA");
            let client = authority.client_of(version);
            let mut pair = Pair::new(client, authority.server());
            pair.run_in_pieces(len);
            assert!(pair.is_open(), "pieces of {len}");
            pair.client.say(&[7; 3000]);
            pair.run_in_pieces(len);
            assert_eq!(pair.server.plain, vec![7; 3000]);
        }
    }
}

#[test]
fn comes_with_the_first_bytes_from_above() {
    let authority = Authority::new("CA");
    let mut pair = Pair::new(authority.client(), authority.server());
    pair.server.hear(&pair.client.wire.split());
    pair.client.hear(&pair.server.wire.split());
    assert!(pair.client.layer.is_open());
    // In one piece with the end of the handshake.
    pair.client.say(b"setup");
    pair.server.hear(&pair.client.wire.split());
    assert_eq!(pair.server.plain, "setup");
}

#[test]
fn speaks_both_versions() {
    for version in VERSIONS {
        let authority = Authority::new("CA");
        let mut pair = Pair::new(authority.client_of(version), authority.server());
        pair.run();
        assert!(pair.is_open());
        for end in [&pair.client, &pair.server] {
            assert_eq!(end.agreed().version, version[0].version);
        }
        pair.check();
    }
}

#[test]
fn only_the_client_begins() {
    let authority = Authority::new("CA");
    let pair = Pair::new(authority.client(), authority.server());
    assert!(!pair.client.wire.is_empty());
    assert!(pair.server.wire.is_empty());
}

#[test]
fn sends_nothing_before_it_is_open() {
    let authority = Authority::new("CA");
    let mut pair = Pair::new(authority.client(), authority.server());
    assert!(!pair.client.layer.is_open() && !pair.server.layer.is_open());
    assert_eq!(pair.client.layer.agreement().get(), None);
    for end in [&mut pair.client, &mut pair.server] {
        let refused = end.layer.send(b"early", &mut BytesMut::new());
        assert_eq!(refused.map_err(|e| e.kind), Err(LayerErrorKind::NotOpen));
    }
    // It does no harm.
    pair.run();
    assert!(pair.is_open());
    pair.check();
}
