//! Servers that a client does not take.

use super::*;

use LayerErrorKind::{
    CertificateExpired, CertificateNotYetValid, CertificateRefused, UnknownAuthority, WrongName,
};

#[test]
fn unknown_authority() {
    let mut pair = Pair::new(
        Authority::new("ours").client(),
        Authority::new("theirs").server(),
    );
    pair.run();
    assert_eq!(
        pair.errors(),
        (Some(UnknownAuthority), Some(CertificateRefused))
    );
}

#[test]
fn expired() {
    let authority = Authority::new("CA");
    let identity = authority.issue_for_years(HOST, 2000, 2001);
    let mut pair = Pair::new(authority.client(), server(identity));
    pair.run();
    assert_eq!(
        pair.errors(),
        (Some(CertificateExpired), Some(CertificateRefused))
    );
}

#[test]
fn not_valid_yet() {
    let authority = Authority::new("CA");
    let identity = authority.issue_for_years(HOST, 2090, 2100);
    let mut pair = Pair::new(authority.client(), server(identity));
    pair.run();
    let (client, server) = pair.errors();
    assert_eq!(client, Some(CertificateNotYetValid));
    assert_eq!(server, Some(CertificateRefused));
}

#[test]
fn other_name() {
    let authority = Authority::new("CA");
    let mut pair = Pair::new(authority.client(), server(authority.issue("other.example")));
    pair.run();
    assert_eq!(pair.errors(), (Some(WrongName), Some(CertificateRefused)));
}

#[test]
fn other_address() {
    let authority = Authority::new("CA");
    let identity = authority.issue("192.0.2.1");
    for (asked, kind) in [("192.0.2.2", Some(WrongName)), ("192.0.2.1", None)] {
        let client = Tls::client(authority.client(), name(asked)).expect("a client");
        let mut pair = Pair {
            client: End::new(client),
            server: End::server(server(identity.clone())),
        };
        pair.run();
        assert_eq!(pair.client.error, kind, "{asked}");
    }
}

#[test]
fn says_what_is_wrong() {
    let authority = Authority::new("CA");
    let mut pair = Pair::new(authority.client(), server(authority.issue("other.example")));
    pair.server.hear(&pair.client.wire.split());
    let (mut plain, mut wire) = (BytesMut::new(), BytesMut::new());
    let error = pair
        .client
        .layer
        .receive(&pair.server.wire, &mut plain, &mut wire);
    let text = error.expect_err("the name is wrong").to_string();
    assert!(
        text.contains("server.example") && text.contains("other.example"),
        "{text}"
    );
}
