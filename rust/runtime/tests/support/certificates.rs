//! Certificates made for a test.

use std::sync::{Arc, OnceLock};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rsocket_runtime::tls::rustls::{ClientConfig, ServerConfig};
use rsocket_runtime::tls::{Certificates, ClientBuilder, Identity, Roots, ServerBuilder};

/// The host of the tests' servers.
pub(crate) const HOST: &str = "127.0.0.1";

/// An authority that signs what a test wants.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// The one that a test program's clients and servers trust where it does not matter.
    pub(crate) fn common() -> &'static Self {
        static COMMON: OnceLock<Authority> = OnceLock::new();
        COMMON.get_or_init(|| Self::new("CA"))
    }

    pub(crate) fn roots(&self) -> Roots {
        Roots::from_pem(self.0.pem().as_bytes()).expect("our own PEM")
    }

    pub(crate) fn issue(&self, name: &str) -> Identity {
        self.issue_until(name, 2100)
    }

    pub(crate) fn issue_until(&self, name: &str, year: i32) -> Identity {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        let (certificate, key) = (certificate.pem(), key.serialize_pem());
        Identity::from_pem(certificate.as_bytes(), key.as_bytes()).expect("our own PEM")
    }

    /// A client that trusts the authority.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        ClientBuilder::new(self.roots()).build().expect("a config")
    }

    /// A client that shows a certificate besides.
    pub(crate) fn client_showing(&self, identity: Identity) -> Arc<ClientConfig> {
        let builder = ClientBuilder::new(self.roots()).certificates(Certificates::new(identity));
        builder.build().expect("a config")
    }

    /// A server with a certificate for [`HOST`].
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        server(self.issue(HOST))
    }

    /// One that wants certificates of its clients, too.
    pub(crate) fn demanding_server(&self) -> Arc<ServerConfig> {
        let builder = ServerBuilder::new(Certificates::new(self.issue(HOST)));
        let builder = builder.require_clients(self.roots());
        builder.build().expect("a config")
    }
}

pub(crate) fn server(identity: Identity) -> Arc<ServerConfig> {
    let builder = ServerBuilder::new(Certificates::new(identity));
    builder.build().expect("a config")
}
