//! What a handler says when it does not answer.

use std::borrow::Cow;

use crate::Error;
use crate::ErrorCode;

/// Why a request is not answered; the peer gets it as an ERROR frame (specification, "ERROR Frame").
#[derive(thiserror::Error, Clone, Debug, PartialEq, Eq)]
#[error("{code}: {message}")]
pub struct Failure {
    /// The code on the wire.
    pub code: ErrorCode,
    /// What to say with it. Messages over 16 KiB are cut.
    pub message: Cow<'static, str>,
}

impl Failure {
    /// APPLICATION_ERROR: the application failed while it worked on the request.
    pub fn application(message: impl Into<Cow<'static, str>>) -> Self {
        Self::custom(ErrorCode::APPLICATION_ERROR, message)
    }

    /// REJECTED: nothing was done for the request, so the peer may send it again elsewhere.
    pub fn rejected(message: impl Into<Cow<'static, str>>) -> Self {
        Self::custom(ErrorCode::REJECTED, message)
    }

    /// CANCELED: the request was given up, perhaps after work was done for it.
    pub fn cancelled(message: impl Into<Cow<'static, str>>) -> Self {
        Self::custom(ErrorCode::CANCELED, message)
    }

    /// INVALID: the request cannot be understood.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::custom(ErrorCode::INVALID, message)
    }

    /// Any other code; the application's own are 0x301 to 0xFFFFFFFE.
    pub fn custom(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// Passes a request's error on to whoever asked: what a peer said keeps its code, what this side met becomes
/// APPLICATION_ERROR.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.code() {
            Some(code) if !code.is_connection() => Self::custom(code, error.message().to_owned()),
            _ => Self::application(error.to_string()),
        }
    }
}
