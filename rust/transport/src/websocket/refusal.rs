//! What a request that is not let in is told.

use tungstenite::Error;
use tungstenite::error::{CapacityError, ProtocolError};
use tungstenite::http::StatusCode;

use super::head::HeadError;

/// An HTTP response that refuses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// What goes with this status, as whole lines.
    headers: &'static str,
    /// Why, for people.
    pub(super) reason: String,
}

const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade, close\r\n";
const UPGRADE_VERSION: &str =
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: Upgrade, close\r\n";
const ALLOW_GET: &str = "Allow: GET\r\nConnection: close\r\n";
const CLOSE: &str = "Connection: close\r\n";

impl Refusal {
    pub(super) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        let headers = match status {
            StatusCode::UPGRADE_REQUIRED => UPGRADE,
            StatusCode::METHOD_NOT_ALLOWED => ALLOW_GET,
            _ => CLOSE,
        };
        Self {
            status,
            headers,
            reason: reason.into(),
        }
    }

    /// For a request that has no head.
    pub(super) fn of_head(error: &HeadError) -> Self {
        match error {
            HeadError::TooLong
            | HeadError::Invalid(Error::Capacity(CapacityError::TooManyHeaders)) => Self::new(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "the request's head is too long",
            ),
            HeadError::Invalid(error) => Self::of_request(error),
        }
    }

    /// For a request that is not one for a WebSocket.
    pub(super) fn of_request(error: &Error) -> Self {
        let Error::Protocol(error) = error else {
            return Self::new(StatusCode::BAD_REQUEST, "the request is not valid HTTP");
        };
        match error {
            ProtocolError::WrongHttpMethod => Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "a WebSocket is asked for with GET",
            ),
            ProtocolError::WrongHttpVersion
            | ProtocolError::HttparseError(httparse::Error::Version) => Self::new(
                StatusCode::HTTP_VERSION_NOT_SUPPORTED,
                "a WebSocket is asked for with HTTP/1.1",
            ),
            ProtocolError::MissingConnectionUpgradeHeader
            | ProtocolError::MissingUpgradeWebSocketHeader => Self::new(
                StatusCode::UPGRADE_REQUIRED,
                "this address speaks RSocket over WebSocket",
            ),
            ProtocolError::MissingSecWebSocketVersionHeader => Self {
                headers: UPGRADE_VERSION,
                ..Self::new(
                    StatusCode::UPGRADE_REQUIRED,
                    "this address speaks version 13 of WebSocket",
                )
            },
            ProtocolError::MissingSecWebSocketKey | ProtocolError::InvalidSecWebSocketKey => {
                Self::new(
                    StatusCode::BAD_REQUEST,
                    "the request has no valid Sec-WebSocket-Key",
                )
            }
            _ => Self::new(StatusCode::BAD_REQUEST, "the request is not valid HTTP"),
        }
    }

    /// The response. One to HEAD has no body.
    pub(super) fn response(&self, with_body: bool) -> String {
        let Self {
            status,
            headers,
            reason,
        } = self;
        let len = reason.len() + 1;
        let head = format!(
            "HTTP/1.1 {status}\r\n{headers}Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len}\r\n\r\n"
        );
        if with_body {
            return format!("{head}{reason}\n");
        }
        head
    }
}
