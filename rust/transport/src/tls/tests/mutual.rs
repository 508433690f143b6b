//! Clients that a server wants a certificate of.

use super::*;
use rustls::ALL_VERSIONS;

use LayerErrorKind::{
    CertificateExpired, CertificateMissing, CertificateRefused, CertificateRequired,
    UnknownAuthority,
};

fn demanding(authority: &Authority) -> Arc<ServerConfig> {
    ServerBuilder::new(Certificates::new(authority.issue(HOST)))
        .require_clients(authority.roots())
        .build()
        .expect("a config")
}

fn showing(authority: &Authority, identity: Identity) -> Arc<ClientConfig> {
    showing_in(ALL_VERSIONS, authority, identity)
}

fn showing_in(
    versions: &'static [&'static SupportedProtocolVersion],
    authority: &Authority,
    identity: Identity,
) -> Arc<ClientConfig> {
    ClientBuilder::new(authority.roots())
        .certificates(Certificates::new(identity))
        .versions(versions)
        .build()
        .expect("a config")
}

#[test]
fn lets_in_whom_its_authority_knows() {
    let authority = Authority::new("CA");
    for version in VERSIONS {
        let client = showing_in(version, &authority, authority.issue("client.example"));
        let mut pair = Pair::new(client, demanding(&authority));
        pair.run();
        pair.check();
        assert_eq!(pair.server.agreed().peer_certificates.len(), 1);
    }
}

#[test]
fn misses_a_certificate() {
    let authority = Authority::new("CA");
    for version in VERSIONS {
        let mut pair = Pair::new(authority.client_of(version), demanding(&authority));
        pair.run();
        let missing = (Some(CertificateRequired), Some(CertificateMissing));
        assert_eq!(pair.errors(), missing);
    }
}

#[test]
fn does_not_know_the_authority() {
    let authority = Authority::new("CA");
    let client = showing(&authority, Authority::new("other").issue("client.example"));
    let mut pair = Pair::new(client, demanding(&authority));
    pair.run();
    assert_eq!(
        pair.errors(),
        (Some(CertificateRefused), Some(UnknownAuthority))
    );
}

#[test]
fn finds_it_expired() {
    let authority = Authority::new("CA");
    let identity = authority.issue_for_years("client.example", 2000, 2001);
    let mut pair = Pair::new(showing(&authority, identity), demanding(&authority));
    pair.run();
    assert_eq!(
        pair.errors(),
        (Some(CertificateRefused), Some(CertificateExpired))
    );
}

#[test]
fn may_do_without() {
    let authority = Authority::new("CA");
    let server = ServerBuilder::new(Certificates::new(authority.issue(HOST)))
        .ask_clients(authority.roots())
        .build()
        .expect("a config");
    let known = showing(&authority, authority.issue("client.example"));
    for (client, shown) in [(authority.client(), 0), (known, 1)] {
        let mut pair = Pair::new(client, Arc::clone(&server));
        pair.run();
        pair.check();
        assert_eq!(pair.server.agreed().peer_certificates.len(), shown);
    }
}
