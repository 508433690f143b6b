//! Close codes (RFC 6455, section 7.4).

use crate::layer::{LayerError, LayerErrorKind};

pub(super) const NORMAL: u16 = 1000;
pub(super) const GOING_AWAY: u16 = 1001;
pub(super) const PROTOCOL_ERROR: u16 = 1002;
pub(super) const UNSUPPORTED_DATA: u16 = 1003;
pub(super) const INVALID_DATA: u16 = 1007;
pub(super) const TOO_BIG: u16 = 1009;

/// Whether a Close frame may carry the code. Others are reserved, or for use on one side alone.
pub(super) fn is_valid(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// What a peer did that ends the connection, with the code that tells it so.
#[derive(Debug)]
pub(super) struct Violation {
    pub(super) code: u16,
    pub(super) error: LayerError,
}

impl Violation {
    pub(super) fn protocol(message: impl Into<String>) -> Self {
        Self::new(PROTOCOL_ERROR, LayerErrorKind::Protocol, message)
    }

    pub(super) fn new(code: u16, kind: LayerErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        let error = LayerError { kind, message };
        Self { code, error }
    }
}
