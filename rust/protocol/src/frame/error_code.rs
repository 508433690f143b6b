//! What an ERROR frame says went wrong.

use std::fmt;

/// The code of an ERROR frame ("Error Codes").
///
/// Any 32-bit value may arrive; those that the protocol or an application has not given a meaning to
/// are kept as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ErrorCode(
    /// The code as it stands on the wire.
    pub u32,
);

impl ErrorCode {
    /// The server cannot make sense of the SETUP. On stream 0.
    pub const INVALID_SETUP: Self = Self(0x0000_0001);
    /// The server does not support a parameter of the SETUP. On stream 0.
    pub const UNSUPPORTED_SETUP: Self = Self(0x0000_0002);
    /// The server refuses the SETUP, for the reason in the message. On stream 0.
    pub const REJECTED_SETUP: Self = Self(0x0000_0003);
    /// The server refuses the RESUME, for the reason in the message. On stream 0.
    pub const REJECTED_RESUME: Self = Self(0x0000_0004);
    /// The connection ends now; its streams need not be waited for. On stream 0.
    pub const CONNECTION_ERROR: Self = Self(0x0000_0101);
    /// The connection ends when its streams have; new requests may be refused. On stream 0.
    pub const CONNECTION_CLOSE: Self = Self(0x0000_0102);
    /// The application failed the request. On a stream.
    pub const APPLICATION_ERROR: Self = Self(0x0000_0201);
    /// The responder refused a valid request and did not process it. On a stream.
    pub const REJECTED: Self = Self(0x0000_0202);
    /// The responder gave up a request that it may have begun to process. On a stream.
    pub const CANCELED: Self = Self(0x0000_0203);
    /// The request is invalid. On a stream.
    pub const INVALID: Self = Self(0x0000_0204);

    /// The name that the specification gives this code, if it defines it.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::INVALID_SETUP => "INVALID_SETUP",
            Self::UNSUPPORTED_SETUP => "UNSUPPORTED_SETUP",
            Self::REJECTED_SETUP => "REJECTED_SETUP",
            Self::REJECTED_RESUME => "REJECTED_RESUME",
            Self::CONNECTION_ERROR => "CONNECTION_ERROR",
            Self::CONNECTION_CLOSE => "CONNECTION_CLOSE",
            Self::APPLICATION_ERROR => "APPLICATION_ERROR",
            Self::REJECTED => "REJECTED",
            Self::CANCELED => "CANCELED",
            Self::INVALID => "INVALID",
            _ => return None,
        })
    }

    /// Whether the specification defines this code for stream 0.
    pub const fn is_connection(self) -> bool {
        matches!(
            self,
            Self::INVALID_SETUP
                | Self::UNSUPPORTED_SETUP
                | Self::REJECTED_SETUP
                | Self::REJECTED_RESUME
                | Self::CONNECTION_ERROR
                | Self::CONNECTION_CLOSE
        )
    }

    /// Whether the specification defines this code for streams other than 0.
    pub const fn is_stream(self) -> bool {
        matches!(
            self,
            Self::APPLICATION_ERROR | Self::REJECTED | Self::CANCELED | Self::INVALID
        )
    }

    /// Whether this code is in the range that applications define for themselves, 0x301 to 0xFFFFFFFE.
    /// [`APPLICATION_ERROR`](Self::APPLICATION_ERROR) is the protocol's and is not.
    pub const fn is_application(self) -> bool {
        matches!(self.0, 0x0000_0301..=0xFFFF_FFFE)
    }
}

/// The name and the number, or the number alone.
impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({:#010x})", self.0),
            None => write!(f, "{:#010x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the three kinds a code is.
    #[derive(Debug, PartialEq)]
    enum Kind {
        Connection,
        Stream,
        Application,
        Reserved,
    }

    fn kind(code: ErrorCode) -> Kind {
        match (
            code.is_connection(),
            code.is_stream(),
            code.is_application(),
        ) {
            (true, false, false) => Kind::Connection,
            (false, true, false) => Kind::Stream,
            (false, false, true) => Kind::Application,
            (false, false, false) => Kind::Reserved,
            kinds => panic!("{code} is of several kinds: {kinds:?}"),
        }
    }

    // Conforms: error/code-numbers, error/reserved-codes
    #[test]
    fn codes_have_the_specified_numbers_names_and_kinds() {
        let table = [
            (0x0000_0000, None, Kind::Reserved),
            (0x0000_0001, Some("INVALID_SETUP"), Kind::Connection),
            (0x0000_0002, Some("UNSUPPORTED_SETUP"), Kind::Connection),
            (0x0000_0003, Some("REJECTED_SETUP"), Kind::Connection),
            (0x0000_0004, Some("REJECTED_RESUME"), Kind::Connection),
            (0x0000_0005, None, Kind::Reserved),
            (0x0000_0101, Some("CONNECTION_ERROR"), Kind::Connection),
            (0x0000_0102, Some("CONNECTION_CLOSE"), Kind::Connection),
            (0x0000_0201, Some("APPLICATION_ERROR"), Kind::Stream),
            (0x0000_0202, Some("REJECTED"), Kind::Stream),
            (0x0000_0203, Some("CANCELED"), Kind::Stream),
            (0x0000_0204, Some("INVALID"), Kind::Stream),
            (0x0000_0300, None, Kind::Reserved),
            (0x0000_0301, None, Kind::Application),
            (0xFFFF_FFFE, None, Kind::Application),
            (0xFFFF_FFFF, None, Kind::Reserved),
        ];
        for (number, name, expected) in table {
            let code = ErrorCode(number);
            assert_eq!(
                (code.name(), kind(code)),
                (name, expected),
                "{number:#010x}"
            );
        }
    }

    #[test]
    fn a_code_is_shown_by_name_and_number() {
        assert_eq!(ErrorCode::REJECTED.to_string(), "REJECTED (0x00000202)");
        assert_eq!(ErrorCode(0x301).to_string(), "0x00000301");
    }
}
