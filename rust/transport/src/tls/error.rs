//! What rustls's errors mean for a program.

use rustls::{AlertDescription, CertificateError, Error};

use crate::layer::{LayerError, LayerErrorKind};

/// `begun` says whether the peer's first message had been understood before.
pub(super) fn layer_error(error: &Error, begun: bool) -> LayerError {
    LayerError {
        kind: kind(error, begun),
        message: error.to_string(),
    }
}

/// An error that is not about anything that the peer sent.
pub(super) fn during_handshake(error: Error) -> LayerError {
    layer_error(&error, true)
}

fn kind(error: &Error, begun: bool) -> LayerErrorKind {
    match error {
        Error::InvalidMessage(_) if !begun => LayerErrorKind::OtherProtocol,
        Error::InvalidCertificate(error) => certificate_kind(error),
        Error::NoCertificatesPresented => LayerErrorKind::CertificateMissing,
        Error::AlertReceived(alert) => alert_kind(*alert),
        Error::PeerSentOversizedRecord => LayerErrorKind::TooLong,
        Error::PeerIncompatible(_)
        | Error::NoApplicationProtocol
        | Error::General(_)
        | Error::Other(_) => LayerErrorKind::Refused,
        _ => LayerErrorKind::Protocol,
    }
}

/// What is wrong with the peer's certificate.
fn certificate_kind(error: &CertificateError) -> LayerErrorKind {
    match error {
        CertificateError::UnknownIssuer => LayerErrorKind::UnknownAuthority,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            LayerErrorKind::CertificateExpired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            LayerErrorKind::CertificateNotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            LayerErrorKind::WrongName
        }
        _ => LayerErrorKind::Certificate,
    }
}

/// What this side has found wrong, by the alert that it sends about it: for where rustls's error itself is not known. That
/// a certificate is for another name or not valid yet, alerts do not tell.
#[must_use]
pub fn certificate_alert_kind(alert: AlertDescription) -> LayerErrorKind {
    match alert {
        AlertDescription::UnknownCA => LayerErrorKind::UnknownAuthority,
        AlertDescription::CertificateExpired => LayerErrorKind::CertificateExpired,
        AlertDescription::CertificateRequired => LayerErrorKind::CertificateMissing,
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown => LayerErrorKind::Certificate,
        other => alert_kind(other),
    }
}

/// What the peer says is wrong with this side.
#[must_use]
pub fn alert_kind(alert: AlertDescription) -> LayerErrorKind {
    match alert {
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
            LayerErrorKind::CertificateRequired
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA => LayerErrorKind::CertificateRefused,
        AlertDescription::UnexpectedMessage
        | AlertDescription::BadRecordMac
        | AlertDescription::RecordOverflow
        | AlertDescription::DecodeError
        | AlertDescription::DecryptError
        | AlertDescription::IllegalParameter => LayerErrorKind::Protocol,
        _ => LayerErrorKind::Refused,
    }
}
