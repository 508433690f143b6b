//! Several names on one server (SNI).

use super::*;

/// The certificate that the server shows to a client that asks for a name and checks nothing.
fn shown(server: &Arc<ServerConfig>, authority: &Authority, asked: &str) -> Vec<u8> {
    let client = Tls::client(authority.client(), name(asked)).expect("a client");
    let mut pair = Pair {
        client: End::new(client),
        server: End::server(Arc::clone(server)),
    };
    pair.run();
    assert_eq!(pair.client.error, None, "{asked}");
    assert_eq!(pair.server.agreed().server_name.as_deref(), Some(asked));
    pair.client.agreed().peer_certificates[0].to_vec()
}

fn der(identity: &Identity) -> Vec<u8> {
    identity.certified_key().cert[0].to_vec()
}

#[test]
fn each_gets_its_certificate() {
    let authority = Authority::new("CA");
    let [a, b, any] = ["a.example", "b.example", "*.c.example"].map(|name| authority.issue(name));
    let certificates = Certificates::several(a.clone(), vec![b.clone(), any.clone()]);
    let server = ServerBuilder::new(certificates).build().expect("a config");
    assert_eq!(shown(&server, &authority, "a.example"), der(&a));
    assert_eq!(shown(&server, &authority, "b.example"), der(&b));
    assert_eq!(shown(&server, &authority, "x.c.example"), der(&any));
}

#[test]
fn an_unknown_one_gets_the_first() {
    let authority = Authority::new("CA");
    let certificates =
        Certificates::several(authority.issue(HOST), vec![authority.issue("b.example")]);
    let server = ServerBuilder::new(certificates).build().expect("a config");
    let client = Tls::client(authority.client(), name("d.example")).expect("a client");
    let mut pair = Pair {
        client: End::new(client),
        server: End::server(server),
    };
    pair.run();
    assert_eq!(pair.client.error, Some(LayerErrorKind::WrongName));
}

#[test]
fn an_address_is_not_sent() {
    let authority = Authority::new("CA");
    let client = Tls::client(authority.client(), name("127.0.0.1")).expect("a client");
    let mut pair = Pair {
        client: End::new(client),
        server: End::server(server(authority.issue("127.0.0.1"))),
    };
    pair.run();
    pair.check();
    assert_eq!(pair.server.agreed().server_name, None);
}
