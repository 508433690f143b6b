//! Both ends of ours in memory, with certificates made for each test.

mod alpn;
mod close;
mod config;
mod cut;
mod garbage;
mod handshake;
mod mutual;
mod names;
mod refused;
mod reload;
mod resumption;

use std::sync::Arc;

use bytes::BytesMut;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ServerConfig, SupportedProtocolVersion};

use super::{Agreed, Certificates, ClientBuilder, Identity, Roots, ServerBuilder, Tls};
use crate::layer::{Layer, LayerError, LayerErrorKind};

/// One version each.
const VERSIONS: [&[&SupportedProtocolVersion]; 2] = [&[&TLS12], &[&TLS13]];

const HOST: &str = "server.example";

/// An authority that signs what a test wants.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    fn roots(&self) -> Roots {
        Roots::from_pem(self.0.pem().as_bytes()).expect("our own PEM")
    }

    fn issue(&self, name: &str) -> Identity {
        self.issue_for_years(name, 2000, 2100)
    }

    fn issue_for_years(&self, name: &str, from: i32, until: i32) -> Identity {
        let (certificate, key) = self.issue_pem(name, from, until);
        Identity::from_pem(certificate.as_bytes(), key.as_bytes()).expect("our own PEM")
    }

    fn issue_pem(&self, name: &str, from: i32, until: i32) -> (String, String) {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    /// A client that trusts the authority.
    fn client(&self) -> Arc<ClientConfig> {
        ClientBuilder::new(self.roots()).build().expect("a config")
    }

    fn client_of(
        &self,
        version: &'static [&'static SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        let builder = ClientBuilder::new(self.roots()).versions(version);
        builder.build().expect("a config")
    }

    /// A server with a certificate for [`HOST`].
    fn server(&self) -> Arc<ServerConfig> {
        server(self.issue(HOST))
    }
}

fn server(identity: Identity) -> Arc<ServerConfig> {
    ServerBuilder::new(Certificates::new(identity))
        .build()
        .expect("a config")
}

fn name(of: &str) -> ServerName<'static> {
    ServerName::try_from(of.to_owned()).expect("a name or an address")
}

/// One end, with what it has sent and received.
struct End {
    layer: Tls,
    /// What is to be sent.
    wire: BytesMut,
    plain: BytesMut,
    error: Option<LayerErrorKind>,
}

impl End {
    fn new(layer: Tls) -> Self {
        let mut end = Self {
            layer,
            wire: BytesMut::new(),
            plain: BytesMut::new(),
            error: None,
        };
        end.layer.start(&mut end.wire).expect("start");
        end
    }

    fn client(config: Arc<ClientConfig>) -> Self {
        Self::new(Tls::client(config, name(HOST)).expect("a client"))
    }

    fn server(config: Arc<ServerConfig>) -> Self {
        Self::new(Tls::server(config).expect("a server"))
    }

    /// Hears bytes from the wire.
    fn hear(&mut self, bytes: &[u8]) {
        let heard = self.layer.receive(bytes, &mut self.plain, &mut self.wire);
        self.note(heard);
    }

    fn say(&mut self, plain: &[u8]) {
        let said = self.layer.send(plain, &mut self.wire);
        self.note(said);
    }

    fn agreed(&self) -> Agreed {
        let agreement = self.layer.agreement();
        agreement.get().expect("the handshake is over").clone()
    }

    fn end(&mut self) {
        let ended = self.layer.end();
        self.note(ended);
    }

    fn note(&mut self, result: Result<(), LayerError>) {
        if let Err(error) = result {
            assert!(!error.message.is_empty());
            self.error.get_or_insert(error.kind);
        }
    }
}

/// A client and a server, and the wire between them.
struct Pair {
    client: End,
    server: End,
}

impl Pair {
    fn new(client: Arc<ClientConfig>, server: Arc<ServerConfig>) -> Self {
        Self {
            client: End::client(client),
            server: End::server(server),
        }
    }

    /// Between those who trust each other, open.
    fn open() -> Self {
        let authority = Authority::new("CA");
        let mut pair = Self::new(authority.client(), authority.server());
        pair.run();
        assert!(pair.is_open());
        pair
    }

    /// Carries bytes until neither end has anything to say.
    fn run(&mut self) {
        self.run_in_pieces(usize::MAX);
    }

    fn run_in_pieces(&mut self, len: usize) {
        while !self.client.wire.is_empty() || !self.server.wire.is_empty() {
            for piece in self.client.wire.split().chunks(len) {
                self.server.hear(piece);
            }
            for piece in self.server.wire.split().chunks(len) {
                self.client.hear(piece);
            }
        }
    }

    fn is_open(&self) -> bool {
        let open = |end: &End| end.layer.is_open() && end.error.is_none();
        open(&self.client) && open(&self.server)
    }

    /// What went wrong: at the client, and at the server.
    fn errors(&self) -> (Option<LayerErrorKind>, Option<LayerErrorKind>) {
        (self.client.error, self.server.error)
    }

    /// Shows that the connection works.
    fn check(&mut self) {
        self.client.say(b"ping");
        self.server.say(b"pong");
        self.run();
        assert_eq!(self.errors(), (None, None));
        assert_eq!(self.server.plain.split(), "ping");
        assert_eq!(self.client.plain.split(), "pong");
    }
}
