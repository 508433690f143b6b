//! A MIME type as metadata names it.

use std::fmt;

use bytes::BufMut;

use super::name::{Name, ascii};
use super::{DecodeError, EncodeError, WellKnownMime};

/// The field, in the documents' words.
const FIELD: &str = "MIME type";

/// A MIME type on the wire: one byte if it has an id, otherwise its text.
///
/// Text that names a well-known MIME type decodes as [`WellKnown`](Self::WellKnown) and is sent as its
/// id, so that `==` does not depend on how the peer wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MimeType<'a> {
    /// One that has an id.
    WellKnown(WellKnownMime),
    /// An id that has no meaning yet, 0 to 127; kept as it is.
    Unknown(u8),
    /// Any other: 1 to [`MAX_NAME_LEN`](super::MAX_NAME_LEN) bytes of ASCII.
    Custom(&'a str),
}

impl<'a> MimeType<'a> {
    /// The name. `None` for an id that has no meaning yet.
    #[must_use]
    pub const fn name(self) -> Option<&'a str> {
        match self {
            Self::WellKnown(mime) => Some(mime.name()),
            Self::Unknown(_) => None,
            Self::Custom(name) => Some(name),
        }
    }

    /// Takes a MIME type from the front of `bytes`. `bytes` is past it also where it is not ASCII.
    pub(super) fn take(bytes: &mut &'a [u8]) -> Result<Self, DecodeError> {
        Self::from_wire(Self::take_name(bytes)?)
    }

    /// Takes a MIME type without looking at what it is.
    #[inline]
    pub(super) fn take_name(bytes: &mut &'a [u8]) -> Result<Name<'a>, DecodeError> {
        Name::take(bytes, FIELD)
    }

    #[inline]
    pub(super) fn from_wire(name: Name<'a>) -> Result<Self, DecodeError> {
        Ok(match name {
            Name::Id(id) => WellKnownMime::from_id(id).map_or(Self::Unknown(id), Self::WellKnown),
            Name::Text(text) => Self::from(ascii(text, FIELD)?),
        })
    }

    /// The length in bytes on the wire.
    pub(super) fn encoded_len(self) -> Result<usize, EncodeError> {
        self.to_wire().encoded_len(FIELD)
    }

    /// Writes the MIME type.
    pub(super) fn encode(self, out: &mut impl BufMut) -> Result<(), EncodeError> {
        self.to_wire().encode(FIELD, out)
    }

    fn to_wire(self) -> Name<'a> {
        match self {
            Self::WellKnown(mime) => Name::Id(mime.id()),
            Self::Unknown(id) => Name::Id(id),
            Self::Custom(name) => Name::Text(name.as_bytes()),
        }
    }
}

impl From<WellKnownMime> for MimeType<'_> {
    fn from(mime: WellKnownMime) -> Self {
        Self::WellKnown(mime)
    }
}

/// The well-known MIME type of that name, or a custom one.
impl<'a> From<&'a str> for MimeType<'a> {
    fn from(name: &'a str) -> Self {
        WellKnownMime::from_name(name).map_or(Self::Custom(name), Self::WellKnown)
    }
}

/// The name, or the id as a hexadecimal number.
impl fmt::Display for MimeType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WellKnown(mime) => mime.fmt(f),
            Self::Unknown(id) => write!(f, "{id:#04x}"),
            Self::Custom(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::MAX_NAME_LEN;
    use super::*;

    fn encode(mime: MimeType<'_>) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        let written = mime.encode(&mut out);
        assert_eq!(mime.encoded_len(), written.map(|()| out.len()), "{mime:?}");
        assert!(written.is_ok() || out.is_empty(), "{mime:?}");
        written.map(|()| out)
    }

    #[test]
    fn a_name_becomes_the_well_known_type_if_there_is_one() {
        let json = MimeType::from("application/json");
        assert_eq!(json, WellKnownMime::ApplicationJson.into());
        assert_eq!(MimeType::from("a/b"), MimeType::Custom("a/b"));
    }

    #[test]
    fn a_mime_type_is_shown_by_its_name_or_id() {
        let table = [
            (MimeType::from("text/css"), "text/css", Some("text/css")),
            (MimeType::from("a/b"), "a/b", Some("a/b")),
            (MimeType::Unknown(5), "0x05", None),
        ];
        for (mime, shown, name) in table {
            assert_eq!((&*mime.to_string(), mime.name()), (shown, name));
        }
    }

    // Conforms: composite/text, composite/mime-ascii, stream-mime/ascii, accept-mime/ascii
    #[test]
    fn text_has_1_to_128_bytes_of_ascii() {
        let longest = "x".repeat(MAX_NAME_LEN);
        let mut expected = vec![0x7F];
        expected.extend(longest.bytes());
        assert_eq!(encode(MimeType::Custom(&longest)), Ok(expected));

        let field = FIELD;
        let table = [
            ("", EncodeError::Empty { field }),
            ("text/ä", EncodeError::NotAscii { field }),
            (
                &format!("{longest}y"),
                EncodeError::TooLong {
                    field,
                    len: 129,
                    max: 128,
                },
            ),
        ];
        for (name, error) in table {
            assert_eq!(encode(MimeType::Custom(name)), Err(error), "{name}");
        }
    }

    #[test]
    fn an_id_has_seven_bits() {
        assert_eq!(encode(MimeType::Unknown(0x7F)), Ok(vec![0xFF]));
        let error = EncodeError::IdTooLarge {
            field: FIELD,
            id: 0x80,
        };
        assert_eq!(encode(MimeType::Unknown(0x80)), Err(error));
    }
}
