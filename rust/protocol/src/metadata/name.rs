//! How MIME types and authentication types stand on the wire: a byte that is the id of a well-known one
//! if its top bit is set, and otherwise the length, less one, of the text that follows.

use bytes::BufMut;

use super::fields::{take, take_array};
use super::{DecodeError, EncodeError, MAX_NAME_LEN};

/// Set in the first byte where it is an id.
const ID: u8 = 0x80;

/// A MIME type or an authentication type, before anybody asked what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name<'a> {
    /// 0 to 127.
    Id(u8),
    /// 1 to [`MAX_NAME_LEN`] bytes, which should be ASCII.
    Text(&'a [u8]),
}

impl<'a> Name<'a> {
    /// Takes a name from the front of `bytes`.
    #[inline]
    pub(super) fn take(bytes: &mut &'a [u8], field: &'static str) -> Result<Self, DecodeError> {
        let [first] = take_array(bytes, field)?;
        if first & ID != 0 {
            return Ok(Self::Id(first & !ID));
        }
        Ok(Self::Text(take(bytes, usize::from(first) + 1, field)?))
    }

    /// The length in bytes on the wire.
    pub(super) fn encoded_len(self, field: &'static str) -> Result<usize, EncodeError> {
        let text = match self {
            Self::Id(id @ ID..) => return Err(EncodeError::IdTooLarge { field, id }),
            Self::Id(_) => return Ok(1),
            Self::Text(text) => text,
        };
        match text.len() {
            0 => Err(EncodeError::Empty { field }),
            len @ 1..=MAX_NAME_LEN if text.is_ascii() => Ok(1 + len),
            1..=MAX_NAME_LEN => Err(EncodeError::NotAscii { field }),
            len => Err(EncodeError::TooLong {
                field,
                len,
                max: MAX_NAME_LEN,
            }),
        }
    }

    /// Writes the name.
    pub(super) fn encode(
        self,
        field: &'static str,
        out: &mut impl BufMut,
    ) -> Result<(), EncodeError> {
        self.encoded_len(field)?;
        match self {
            Self::Id(id) => out.put_u8(ID | id),
            Self::Text(text) => {
                out.put_u8((text.len() - 1) as u8);
                out.put_slice(text);
            }
        }
        Ok(())
    }
}

/// The text of a name as a string.
#[inline]
pub(super) fn ascii<'a>(text: &'a [u8], field: &'static str) -> Result<&'a str, DecodeError> {
    str::from_utf8(text)
        .ok()
        .filter(|text| text.is_ascii())
        .ok_or(DecodeError::NotAscii { field })
}
