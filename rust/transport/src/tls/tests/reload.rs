//! Certificates that change while a server runs.

use super::*;

fn shown(pair: &Pair) -> Vec<u8> {
    pair.client.agreed().peer_certificates[0].to_vec()
}

#[test]
fn new_connections_see_the_new_one() {
    let authority = Authority::new("CA");
    let certificates = Certificates::new(authority.issue(HOST));
    let server = ServerBuilder::new(Arc::clone(&certificates))
        .build()
        .expect("a config");
    let mut before = Pair::new(authority.client(), Arc::clone(&server));
    before.run();

    certificates.replace(authority.issue(HOST), Vec::new());
    let mut after = Pair::new(authority.client(), server);
    after.run();
    assert_ne!(shown(&before), shown(&after));
    after.check();
    before.check();
}

#[test]
fn an_expired_one_is_healed() {
    let authority = Authority::new("CA");
    let certificates = Certificates::new(authority.issue_for_years(HOST, 2000, 2001));
    let server = ServerBuilder::new(Arc::clone(&certificates))
        .build()
        .expect("a config");
    let mut before = Pair::new(authority.client(), Arc::clone(&server));
    before.run();
    assert_eq!(
        before.client.error,
        Some(LayerErrorKind::CertificateExpired)
    );

    certificates.replace(authority.issue(HOST), Vec::new());
    let mut after = Pair::new(authority.client(), server);
    after.run();
    after.check();
}

#[test]
fn under_load() {
    let authority = Authority::new("CA");
    let certificates = Certificates::new(authority.issue(HOST));
    let server = ServerBuilder::new(Arc::clone(&certificates))
        .build()
        .expect("a config");
    let others = [authority.issue(HOST), authority.issue(HOST)];
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let mut pair = Pair::new(authority.client(), Arc::clone(&server));
                    pair.run();
                    pair.check();
                }
            });
        }
        for turn in 0..1000 {
            certificates.replace(others[turn % 2].clone(), Vec::new());
        }
    });
}
