//! Certificates and keys that cannot be used.

use super::*;
use crate::tls::ConfigError;

#[test]
fn pem_without_what_is_wanted() {
    let authority = Authority::new("CA");
    let (certificate, key) = authority.issue_pem(HOST, 2000, 2100);
    let identity = |certificate: &str, key: &str| {
        Identity::from_pem(certificate.as_bytes(), key.as_bytes()).expect_err("it is unusable")
    };
    assert!(matches!(identity("", &key), ConfigError::Empty { .. }));
    assert!(matches!(identity(&key, &key), ConfigError::Empty { .. }));
    assert!(matches!(
        identity(&certificate, ""),
        ConfigError::Pem { .. }
    ));
    assert!(matches!(
        identity(&certificate, &certificate),
        ConfigError::Pem { .. }
    ));
    let broken = certificate.replace("-----END", "-----");
    assert!(matches!(identity(&broken, &key), ConfigError::Pem { .. }));
    assert!(matches!(
        Roots::from_pem(b""),
        Err(ConfigError::Empty { .. })
    ));
    assert!(matches!(
        Roots::from_system([]),
        Err(ConfigError::Empty { .. })
    ));
}

#[test]
fn a_key_of_another_certificate() {
    let authority = Authority::new("CA");
    let (certificate, _) = authority.issue_pem(HOST, 2000, 2100);
    let (_, key) = authority.issue_pem(HOST, 2000, 2100);
    let error = Identity::from_pem(certificate.as_bytes(), key.as_bytes());
    assert!(matches!(
        error,
        Err(ConfigError::Tls(rustls::Error::InconsistentKeys(_)))
    ));
}

#[test]
fn a_certificate_and_its_key_in_one_text() {
    let authority = Authority::new("CA");
    let (certificate, key) = authority.issue_pem(HOST, 2000, 2100);
    let both = format!("{key}\nsome comment\n{certificate}");
    let identity = Identity::from_pem(both.as_bytes(), both.as_bytes()).expect("both are there");
    let mut pair = Pair::new(authority.client(), server(identity));
    pair.run();
    pair.check();
}
