use super::*;

#[test]
fn ends_in_an_orderly_way() {
    let mut pair = Pair::open();
    pair.client.say(b"last");
    pair.client.layer.close(&mut pair.client.wire);
    let goodbye = pair.client.wire.len();
    pair.client.layer.close(&mut pair.client.wire);
    assert_eq!(pair.client.wire.len(), goodbye, "once is enough");
    pair.run();
    assert_eq!(pair.server.plain, "last");
    assert!(pair.server.layer.is_closed_by_peer());
    assert!(!pair.client.layer.is_closed_by_peer());

    // The other direction is still open.
    pair.server.say(b"answer");
    pair.server.layer.close(&mut pair.server.wire);
    pair.run();
    assert_eq!(pair.client.plain, "answer");
    pair.client.end();
    pair.server.end();
    assert_eq!(pair.errors(), (None, None));
}

#[test]
fn sends_nothing_after_its_close() {
    let mut pair = Pair::open();
    pair.client.layer.close(&mut pair.client.wire);
    pair.client.say(b"more");
    assert_eq!(pair.client.error, Some(LayerErrorKind::NotOpen));
}

#[test]
fn hears_nothing_after_the_peers_close() {
    let mut pair = Pair::open();
    pair.client.layer.close(&mut pair.client.wire);
    pair.client.wire.extend_from_slice(b"appended by somebody");
    pair.run();
    pair.server.end();
    assert_eq!(pair.errors(), (None, None));
    assert!(pair.server.plain.is_empty());
}

#[test]
fn an_end_without_close_is_a_truncation() {
    let mut pair = Pair::open();
    pair.client.say(b"the first half");
    pair.run();
    pair.server.end();
    assert_eq!(pair.server.error, Some(LayerErrorKind::CutOff));
    assert_eq!(pair.server.plain, "the first half");
    let again = pair.server.layer.end().map_err(|error| error.kind);
    assert_eq!(again, Err(LayerErrorKind::CutOff));
}

#[test]
fn an_error_stays() {
    let mut pair = Pair::open();
    pair.server.hear(b"not a record");
    assert_eq!(pair.server.error, Some(LayerErrorKind::Protocol));
    let (mut plain, mut wire) = (BytesMut::new(), BytesMut::new());
    let layer = &mut pair.server.layer;
    let results = [
        layer.receive(b"", &mut plain, &mut wire),
        layer.send(b"x", &mut wire),
        layer.end(),
    ];
    for result in results {
        assert_eq!(result.map_err(|e| e.kind), Err(LayerErrorKind::Protocol));
    }
    layer.close(&mut wire);
    assert!(plain.is_empty() && wire.is_empty());
}
