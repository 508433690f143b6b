//! What quinn's errors mean for a program.

use std::io;

use quinn::{ConnectionError, TransportErrorCode};
use rsocket_transport::layer::{LayerError, LayerErrorKind};
use rsocket_transport::tls::{alert_kind, certificate_alert_kind};

/// The code that a connection is closed with that has done its work.
const DONE: u32 = 0;

/// Codes of TLS's alerts are those from here on (RFC 9001, section 4.8).
const ALERTS: u64 = 0x100;

/// How rustls says that a certificate is for other names, or not valid yet. quinn hands on its words, but not its types,
/// and its alerts do not tell these from others.
const WRONG_NAME: &str = "not valid for name";
const NOT_YET_VALID: &str = "not valid yet";

pub(crate) fn layer_error(error: &ConnectionError) -> LayerError {
    LayerError {
        kind: kind(error),
        message: error.to_string(),
    }
}

fn kind(error: &ConnectionError) -> LayerErrorKind {
    match error {
        ConnectionError::TransportError(error) => match alert(error.code) {
            Some(alert) => own_alert_kind(alert, &error.reason),
            None => LayerErrorKind::Protocol,
        },
        ConnectionError::ConnectionClosed(close) => match alert(close.error_code) {
            Some(alert) => alert_kind(alert.into()),
            None if close.error_code == TransportErrorCode::CONNECTION_REFUSED => {
                LayerErrorKind::Refused
            }
            None => LayerErrorKind::Protocol,
        },
        ConnectionError::ApplicationClosed(close) if close.error_code == DONE.into() => {
            LayerErrorKind::CutOff
        }
        ConnectionError::ApplicationClosed(_) => LayerErrorKind::ClosedWithError,
        ConnectionError::VersionMismatch | ConnectionError::CidsExhausted => {
            LayerErrorKind::Refused
        }
        ConnectionError::Reset => LayerErrorKind::CutOff,
        ConnectionError::TimedOut => LayerErrorKind::TimedOut,
        ConnectionError::LocallyClosed => LayerErrorKind::NotOpen,
    }
}

fn alert(code: TransportErrorCode) -> Option<u8> {
    u64::from(code)
        .checked_sub(ALERTS)
        .and_then(|alert| u8::try_from(alert).ok())
}

/// What this side found wrong, by the alert that it sent.
fn own_alert_kind(alert: u8, reason: &str) -> LayerErrorKind {
    if reason.contains(WRONG_NAME) {
        return LayerErrorKind::WrongName;
    }
    if reason.contains(NOT_YET_VALID) {
        return LayerErrorKind::CertificateNotYetValid;
    }
    certificate_alert_kind(alert.into())
}

/// The peer is done, which ends no stream in the middle that has been read to its end.
pub(crate) fn is_done(error: &ConnectionError) -> bool {
    matches!(error, ConnectionError::ApplicationClosed(close) if close.error_code == DONE.into())
}

pub(crate) fn lost(error: &ConnectionError) -> io::Error {
    as_io_error(layer_error(error))
}

pub(crate) fn timed_out(message: &str) -> io::Error {
    as_io_error(LayerError {
        kind: LayerErrorKind::TimedOut,
        message: message.to_owned(),
    })
}

pub(crate) fn as_io_error(error: LayerError) -> io::Error {
    let kind = match error.kind {
        LayerErrorKind::Protocol => io::ErrorKind::InvalidData,
        LayerErrorKind::Refused => io::ErrorKind::ConnectionRefused,
        LayerErrorKind::CutOff => io::ErrorKind::UnexpectedEof,
        LayerErrorKind::ClosedWithError => io::ErrorKind::ConnectionAborted,
        LayerErrorKind::NotOpen => io::ErrorKind::NotConnected,
        LayerErrorKind::TimedOut => io::ErrorKind::TimedOut,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
