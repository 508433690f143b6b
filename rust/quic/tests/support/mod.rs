//! Certificates, and a program that uses the bridge.
#![allow(dead_code, reason = "each test program uses its part")]

use std::io::{Read, Write};
use std::net::UdpSocket;
use std::os::fd::FromRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rcgen::{CertificateParams, DnType, KeyPair};
use rsocket_quic::bridge::record::{ACCEPTED, AS_BEFORE, OPEN};
use rsocket_quic::bridge::{Failure, Listen, Pem, connect, listen};
use rsocket_transport::layer::LayerErrorKind;

pub(crate) const HOST: &str = "127.0.0.1";

pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A certificate that is its own authority, with a name of its own, and its key.
pub(crate) fn pem() -> Pem {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("authority {}", COUNT.fetch_add(1, Ordering::Relaxed));
    let mut params = CertificateParams::new([HOST.to_owned()]).expect("a name");
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    Pem {
        authorities: Vec::new(),
        certificates: certificate.pem().into_bytes(),
        key: key.serialize_pem().into_bytes(),
    }
}

/// A client that trusts that certificate.
pub(crate) fn trusting(server: &Pem) -> Pem {
    Pem {
        authorities: server.certificates.clone(),
        ..Pem::default()
    }
}

pub(crate) const CONFIG: u32 = 100;
pub(crate) const UNKNOWN_AUTHORITY: u32 = 101;
pub(crate) const TIMED_OUT: u32 = 102;
pub(crate) const OTHER: u32 = 103;

pub(crate) fn code(failure: &Failure) -> u32 {
    match failure {
        Failure::Config(_) => CONFIG,
        Failure::Layer(error) if error.kind == LayerErrorKind::UnknownAuthority => {
            UNKNOWN_AUTHORITY
        }
        Failure::Layer(error) if error.kind == LayerErrorKind::TimedOut => TIMED_OUT,
        _ => OTHER,
    }
}

pub(crate) struct Record {
    pub(crate) number: u32,
    pub(crate) fields: Vec<Vec<u8>>,
}

/// One end of a pair of sockets.
pub(crate) struct Program(pub(crate) UnixStream);

impl Program {
    pub(crate) fn connect(address: std::net::SocketAddr, tls: Pem, limit: Duration) -> Self {
        Self::over(connect(vec![address], HOST.to_owned(), tls, limit, code).expect("a pair"))
    }

    pub(crate) fn over(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(SOON)).expect("it is open");
        stream.set_write_timeout(Some(SOON)).expect("it is open");
        Self(stream)
    }

    pub(crate) fn record(&mut self) -> Record {
        let mut record = vec![0; self.number() as usize];
        self.0.read_exact(&mut record).expect("a record");
        let mut rest = &record[..];
        let mut take = |len: usize| {
            let (taken, left) = rest.split_at(len);
            rest = left;
            taken
        };
        let mut left = record.len() - 4;
        let number = as_number(take(4));
        let mut fields = Vec::new();
        while left > 0 {
            let len = as_number(take(4)) as usize;
            fields.push(take(len).to_vec());
            left -= 4 + len;
        }
        Record { number, fields }
    }

    fn number(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.read_exact(&mut bytes).expect("a number");
        u32::from_be_bytes(bytes)
    }

    pub(crate) fn is_open(&mut self) {
        let record = self.record();
        let message = String::from_utf8_lossy(&record.fields[0]);
        assert_eq!((record.number, &*message), (OPEN, ""));
    }

    pub(crate) fn at_end(&mut self) {
        assert_eq!(self.0.read(&mut [0; 1]).expect("the end"), 0);
    }
}

fn as_number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes.try_into().expect("four bytes"))
}

/// A listener and its address.
pub(crate) struct Server {
    pub(crate) program: Program,
    pub(crate) address: std::net::SocketAddr,
}

impl Server {
    pub(crate) fn new(tls: Pem, ask: bool, limit: Duration) -> Self {
        let socket = UdpSocket::bind((HOST, 0)).expect("a port");
        let address = socket.local_addr().expect("it is bound");
        let options = Listen {
            tls,
            ask,
            handshake_timeout: limit,
        };
        let program = Program::over(listen(socket, options, code).expect("a pair"));
        Self { program, address }
    }

    pub(crate) fn accept(&mut self) -> Program {
        let record = self.program.record();
        assert_eq!(record.number, ACCEPTED);
        let descriptor = as_number(&record.fields[0]);
        self.program.0.write_all(&[AS_BEFORE]).expect("it is read");
        // SAFETY: the record says that it is ours now.
        Program::over(unsafe { UnixStream::from_raw_fd(descriptor as i32) })
    }
}

/// Both ends of a connection, each of which has read its record, and the listener.
pub(crate) fn pair() -> (Program, Program, Server) {
    let tls = pem();
    let client = trusting(&tls);
    let mut server = Server::new(tls, false, SOON);
    server.program.is_open();
    let mut near = Program::connect(server.address, client, SOON);
    near.is_open();
    near.0.write_all(b"!").expect("it is read");
    let mut far = server.accept();
    far.is_open();
    far.0.read_exact(&mut [0; 1]).expect("it was sent");
    (near, far, server)
}
