//! Several metadata in one ("Composite Metadata Extension").

use std::iter::FusedIterator;

use bytes::BufMut;

use super::fields::{take, take_array};
use super::name::Name;
use super::{DecodeError, EncodeError, Item, MimeType};

const PAYLOAD: &str = "metadata payload";

/// The bytes of the 24-bit length before an entry's content.
const LEN_OF_LEN: usize = 3;

/// Composite metadata: entries one after the other, each with its MIME type and its length. A MIME type
/// may occur several times, and the order counts.
///
/// ```
/// use rsocket_protocol::metadata::{Composite, Item, Routing, Tags, WellKnownMime};
///
/// let mut metadata = Vec::new();
/// Composite::append(&Routing(&["person.1"]), &mut metadata)?;
///
/// for entry in Composite(&metadata) {
///     let entry = entry?;
///     if entry.mime == WellKnownMime::Routing.into() {
///         assert_eq!(Tags::new(entry.content).next(), Some(Ok("person.1")));
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Composite<'a>(
    /// All of the metadata, as it was received.
    pub &'a [u8],
);

impl Composite<'_> {
    /// The longest content of an entry in bytes: what a 24-bit length can say.
    pub const MAX_CONTENT_LEN: usize = 0xFF_FFFF;

    /// The length in bytes of what [`append`](Self::append) writes. Fails where it would.
    pub fn appended_len(item: &impl Item) -> Result<usize, EncodeError> {
        let len = content_len(item)?;
        Ok(item.mime_type().encoded_len()? + LEN_OF_LEN + len)
    }

    /// Writes `item` as the next entry. If it fails, nothing was written.
    ///
    /// # Panics
    /// If `out` cannot grow and has less room than [`appended_len`](Self::appended_len).
    pub fn append(item: &impl Item, out: &mut impl BufMut) -> Result<(), EncodeError> {
        let len = content_len(item)?;
        item.mime_type().encode(out)?;
        out.put_uint(len as u64, LEN_OF_LEN);
        item.encode(out)
    }
}

fn content_len(item: &impl Item) -> Result<usize, EncodeError> {
    let len = item.encoded_len()?;
    if len > Composite::MAX_CONTENT_LEN {
        return Err(EncodeError::TooLong {
            field: PAYLOAD,
            len,
            max: Composite::MAX_CONTENT_LEN,
        });
    }
    Ok(len)
}

impl<'a> IntoIterator for Composite<'a> {
    type Item = Result<Entry<'a>, DecodeError>;
    type IntoIter = Entries<'a>;

    fn into_iter(self) -> Entries<'a> {
        Entries { rest: self.0 }
    }
}

/// One metadata of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry<'a> {
    /// How the content is encoded.
    pub mime: MimeType<'a>,
    /// The metadata itself, at most [`Composite::MAX_CONTENT_LEN`] bytes.
    pub content: &'a [u8],
}

/// An entry's content as it is, of any MIME type.
impl Item for Entry<'_> {
    fn mime_type(&self) -> MimeType<'_> {
        self.mime
    }

    fn encoded_len(&self) -> Result<usize, EncodeError> {
        Ok(self.content.len())
    }

    fn encode(&self, out: &mut impl BufMut) -> Result<(), EncodeError> {
        out.put_slice(self.content);
        Ok(())
    }
}

/// The entries of [`Composite`] metadata, in their order.
///
/// An entry whose MIME type is not ASCII is an error for itself: the entries after it follow. After
/// [`DecodeError::Truncated`] there are none.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    rest: &'a [u8],
}

impl<'a> Entries<'a> {
    fn take(&mut self) -> Result<(Name<'a>, &'a [u8]), DecodeError> {
        let mime = MimeType::take_name(&mut self.rest)?;
        let [high, middle, low] = take_array(&mut self.rest, "metadata length")?;
        let len = u32::from_be_bytes([0, high, middle, low]);
        Ok((mime, take(&mut self.rest, len as usize, PAYLOAD)?))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let taken = self.take();
        if taken.is_err() {
            self.rest = &[];
        }
        Some(taken.and_then(|(mime, content)| {
            let mime = MimeType::from_wire(mime)?;
            Ok(Entry { mime, content })
        }))
    }
}

impl FusedIterator for Entries<'_> {}

#[cfg(test)]
mod tests {
    use super::super::Routing;
    use super::*;

    // Conforms: composite/length
    #[test]
    fn content_has_a_length_of_24_bits() {
        let content = vec![0; Composite::MAX_CONTENT_LEN + 1];
        let mime = MimeType::Unknown(0x55);
        let longest = Entry {
            mime,
            content: &content[1..],
        };
        let mut out = Vec::new();
        assert_eq!(Composite::append(&longest, &mut out), Ok(()));
        assert_eq!(out[..4], [0xD5, 0xFF, 0xFF, 0xFF]);
        assert_eq!(Composite::appended_len(&longest), Ok(out.len()));
        assert_eq!(Composite(&out).into_iter().next(), Some(Ok(longest)));

        let too_long = Entry {
            mime,
            content: &content,
        };
        out.clear();
        let error = EncodeError::TooLong {
            field: PAYLOAD,
            len: 0x100_0000,
            max: 0xFF_FFFF,
        };
        assert_eq!(Composite::append(&too_long, &mut out), Err(error));
        assert_eq!(Composite::appended_len(&too_long), Err(error));
        assert!(out.is_empty());
    }

    #[test]
    fn an_item_that_cannot_be_encoded_leaves_nothing() {
        let unnamed = Entry {
            mime: MimeType::Custom(""),
            content: b"x",
        };
        let tag = "x".repeat(256);
        let mut out = b"before".to_vec();
        assert!(Composite::append(&unnamed, &mut out).is_err());
        assert!(Composite::append(&Routing(&["a", &tag]), &mut out).is_err());
        assert_eq!(out, b"before");
    }
}
