//! The frame types that RSocket 1.0 defines.

use std::fmt;

/// What a frame is ("Frame Types"). The number is what stands in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FrameType {
    /// Opens a connection; from the client.
    Setup = 0x01,
    /// Grants the peer a number of requests for a time.
    Lease = 0x02,
    /// Shows that the connection lives.
    Keepalive = 0x03,
    /// Asks for one payload.
    RequestResponse = 0x04,
    /// Sends one payload; nothing comes back.
    RequestFnf = 0x05,
    /// Asks for a stream of payloads.
    RequestStream = 0x06,
    /// Opens a stream of payloads in both directions.
    RequestChannel = 0x07,
    /// Grants more payloads on a stream.
    RequestN = 0x08,
    /// Ends a request early.
    Cancel = 0x09,
    /// Carries a payload, a fragment of one, or a completion.
    Payload = 0x0A,
    /// Ends a stream or the connection with an error.
    Error = 0x0B,
    /// Carries metadata about the connection.
    MetadataPush = 0x0C,
    /// Continues a session on a new connection; from the client.
    Resume = 0x0D,
    /// Accepts a RESUME.
    ResumeOk = 0x0E,
    /// Carries an extended type, for protocol extensions.
    Ext = 0x3F,
}

impl FrameType {
    /// The name that the specification gives this type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Setup => "SETUP",
            Self::Lease => "LEASE",
            Self::Keepalive => "KEEPALIVE",
            Self::RequestResponse => "REQUEST_RESPONSE",
            Self::RequestFnf => "REQUEST_FNF",
            Self::RequestStream => "REQUEST_STREAM",
            Self::RequestChannel => "REQUEST_CHANNEL",
            Self::RequestN => "REQUEST_N",
            Self::Cancel => "CANCEL",
            Self::Payload => "PAYLOAD",
            Self::Error => "ERROR",
            Self::MetadataPush => "METADATA_PUSH",
            Self::Resume => "RESUME",
            Self::ResumeOk => "RESUME_OK",
            Self::Ext => "EXT",
        }
    }
}

impl fmt::Display for FrameType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A frame type that RSocket 1.0 does not define.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown frame type {0:#04x}")]
pub struct UnknownFrameType(
    /// The type, as it stands in the header.
    pub u8,
);

impl TryFrom<u8> for FrameType {
    type Error = UnknownFrameType;

    #[inline]
    fn try_from(frame_type: u8) -> Result<Self, UnknownFrameType> {
        Ok(match frame_type {
            0x01 => Self::Setup,
            0x02 => Self::Lease,
            0x03 => Self::Keepalive,
            0x04 => Self::RequestResponse,
            0x05 => Self::RequestFnf,
            0x06 => Self::RequestStream,
            0x07 => Self::RequestChannel,
            0x08 => Self::RequestN,
            0x09 => Self::Cancel,
            0x0A => Self::Payload,
            0x0B => Self::Error,
            0x0C => Self::MetadataPush,
            0x0D => Self::Resume,
            0x0E => Self::ResumeOk,
            0x3F => Self::Ext,
            unknown => return Err(UnknownFrameType(unknown)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Conforms: frame-type/numbers
    #[test]
    fn frame_types_have_the_specified_numbers() {
        let table = [
            (0x01, "SETUP"),
            (0x02, "LEASE"),
            (0x03, "KEEPALIVE"),
            (0x04, "REQUEST_RESPONSE"),
            (0x05, "REQUEST_FNF"),
            (0x06, "REQUEST_STREAM"),
            (0x07, "REQUEST_CHANNEL"),
            (0x08, "REQUEST_N"),
            (0x09, "CANCEL"),
            (0x0A, "PAYLOAD"),
            (0x0B, "ERROR"),
            (0x0C, "METADATA_PUSH"),
            (0x0D, "RESUME"),
            (0x0E, "RESUME_OK"),
            (0x3F, "EXT"),
        ];
        for number in 0..=u8::MAX {
            let expected = table
                .iter()
                .find(|(known, _)| *known == number)
                .map(|(_, name)| *name);
            let frame_type = FrameType::try_from(number);
            assert_eq!(
                frame_type.map(FrameType::name).ok(),
                expected,
                "{number:#04x}"
            );
            if let Ok(frame_type) = frame_type {
                assert_eq!(frame_type as u8, number);
            }
        }
    }

    #[test]
    fn an_unknown_type_is_named_by_its_number() {
        assert_eq!(
            UnknownFrameType(0x0F).to_string(),
            "unknown frame type 0x0f"
        );
    }
}
