//! Agreeing on a protocol.

use super::*;

fn pair(client: &[&str], server: &[&str]) -> Pair {
    let authority = Authority::new("CA");
    let protocols = |list: &[&str]| {
        list.iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let client = ClientBuilder::new(authority.roots())
        .alpn(protocols(client))
        .build()
        .expect("a config");
    let server = ServerBuilder::new(Certificates::new(authority.issue(HOST)))
        .alpn(protocols(server))
        .build()
        .expect("a config");
    let mut pair = Pair::new(client, server);
    pair.run();
    pair
}

#[test]
fn both_have_it() {
    for (client, server, agreed) in [
        (&["rsocket"][..], &["rsocket"][..], Some("rsocket")),
        (
            &["h2", "rsocket"],
            &["rsocket", "http/1.1"],
            Some("rsocket"),
        ),
        (&["a", "b"], &["b", "a"], Some("b")),
        (&[], &["rsocket"], None),
        (&["rsocket"], &[], None),
        (&[], &[], None),
    ] {
        let mut pair = pair(client, server);
        pair.check();
        for end in [&pair.client, &pair.server] {
            let expected = agreed.map(|name| name.as_bytes().to_vec());
            assert_eq!(end.agreed().alpn, expected, "{client:?} {server:?}");
        }
    }
}

#[test]
fn they_have_none_in_common() {
    let pair = pair(&["h2"], &["rsocket"]);
    assert_eq!(
        pair.errors(),
        (Some(LayerErrorKind::Refused), Some(LayerErrorKind::Refused))
    );
}
