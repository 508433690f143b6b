//! What a program and a task tell each other.
//!
//! A record is its length after these four bytes, a number, and fields: a length and so many bytes each. All numbers have
//! four bytes, the first of which is the highest.

use std::io;
use std::net::SocketAddr;
use std::os::fd::RawFd;

use rsocket_transport::tls::Agreement;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Code, Failure, Pem};
use crate::Stream;

/// The number of the first record where all is well. Otherwise it is that of the failure, and the field is a message.
pub const OPEN: u32 = 0;
/// A listener's client has sent its first datagram. The program answers with [`AS_BEFORE`] or [`ANEW`].
pub const HELLO: u32 = 1;
/// A listener's client has connected. The fields are the number of the connection's descriptor, as four bytes, and the
/// client's address. The descriptor is the program's as soon as it has answered with [`AS_BEFORE`].
pub const ACCEPTED: u32 = 2;

/// A listener's client has not connected. The fields are the number of the failure, as four bytes, the client's address, and
/// a message. There is no answer.
pub const FAILED: u32 = 3;

/// An answer of one byte: go on.
pub const AS_BEFORE: u8 = 0;
/// An answer: use other certificates from now on. Three fields follow: authorities, certificates, key.
pub const ANEW: u8 = 1;

/// Longest text in PEM that is taken, in bytes.
const MAX_PEM: u32 = 16 << 20;

fn record<F: AsRef<[u8]>>(number: u32, fields: impl IntoIterator<Item = F>) -> Vec<u8> {
    let mut record = vec![0; 4];
    record.extend(number.to_be_bytes());
    for field in fields {
        let field = field.as_ref();
        record.extend((field.len() as u32).to_be_bytes());
        record.extend(field);
    }
    let len = (record.len() - 4) as u32;
    record[..4].copy_from_slice(&len.to_be_bytes());
    record
}

/// What a listener begins with.
pub(super) fn listening() -> Vec<u8> {
    record(OPEN, [b""])
}

/// What a connection begins with. The fields are an empty message, its own address and the peer's, the protocol that was
/// agreed upon (ALPN), the name that the client asked for (SNI), and the peer's certificates, the own one first.
pub(super) fn connected(stream: &Stream) -> Vec<u8> {
    let agreement: Agreement = stream.agreement();
    let mut fields = vec![Vec::new()];
    fields.push(stream.local_addr().to_string().into_bytes());
    fields.push(stream.peer_addr().to_string().into_bytes());
    if let Some(agreed) = agreement.get() {
        fields.push(agreed.alpn.clone().unwrap_or_default());
        fields.push(agreed.server_name.clone().unwrap_or_default().into_bytes());
        fields.extend(agreed.peer_certificates.iter().map(|der| der.to_vec()));
    }
    record(OPEN, fields)
}

/// What a connection or listener begins and ends with that has failed.
pub(super) fn failed(failure: &Failure, code: Code) -> Vec<u8> {
    record(code(failure), [failure.to_string()])
}

pub(super) fn hello() -> Vec<u8> {
    record::<&[u8]>(HELLO, [])
}

pub(super) fn accepted(descriptor: RawFd, peer: SocketAddr) -> Vec<u8> {
    let descriptor = descriptor.to_be_bytes().to_vec();
    record(ACCEPTED, [descriptor, peer.to_string().into_bytes()])
}

pub(super) fn client_failed(peer: SocketAddr, failure: &Failure, code: Code) -> Vec<u8> {
    let number = code(failure).to_be_bytes().to_vec();
    let (peer, message) = (peer.to_string(), failure.to_string());
    record(FAILED, [number, peer.into_bytes(), message.into_bytes()])
}

/// Other certificates, if the program answers with some.
pub(super) async fn read_answer(program: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Pem>> {
    match program.read_u8().await? {
        AS_BEFORE => Ok(None),
        ANEW => Ok(Some(Pem {
            authorities: read_field(program).await?,
            certificates: read_field(program).await?,
            key: read_field(program).await?,
        })),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

async fn read_field(program: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let len = program.read_u32().await?;
    if len > MAX_PEM {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut field = vec![0; len as usize];
    program.read_exact(&mut field).await?;
    Ok(field)
}
