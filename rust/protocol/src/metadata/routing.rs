//! Where a request should go ("Routing Metadata Extension").

use std::iter::FusedIterator;

use bytes::BufMut;

use super::fields::{take, take_array, utf8};
use super::{DecodeError, EncodeError, Item, MimeType, WellKnownMime};

const TAG: &str = "tag";

/// Tags by which a responder routes a request; by convention the first one is the route. Each has at most
/// [`MAX_TAG_LEN`](Self::MAX_TAG_LEN) bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Routing<'a>(
    /// The tags in their order.
    pub &'a [&'a str],
);

impl Routing<'_> {
    /// The longest tag in bytes.
    pub const MAX_TAG_LEN: usize = u8::MAX as usize;
}

impl Item for Routing<'_> {
    fn mime_type(&self) -> MimeType<'_> {
        WellKnownMime::Routing.into()
    }

    fn encoded_len(&self) -> Result<usize, EncodeError> {
        self.0.iter().map(|tag| Ok(1 + tag_len(tag)?)).sum()
    }

    fn encode(&self, out: &mut impl BufMut) -> Result<(), EncodeError> {
        self.encoded_len()?;
        for tag in self.0 {
            out.put_u8(tag.len() as u8);
            out.put_slice(tag.as_bytes());
        }
        Ok(())
    }
}

fn tag_len(tag: &str) -> Result<usize, EncodeError> {
    if tag.len() > Routing::MAX_TAG_LEN {
        return Err(EncodeError::TooLong {
            field: TAG,
            len: tag.len(),
            max: Routing::MAX_TAG_LEN,
        });
    }
    Ok(tag.len())
}

/// The tags of [`Routing`] metadata, in their order.
///
/// A tag that is not UTF-8 is an error for itself: the tags after it follow. After
/// [`DecodeError::Truncated`] there are none.
#[derive(Clone, Debug)]
pub struct Tags<'a> {
    rest: &'a [u8],
}

impl<'a> Tags<'a> {
    /// The tags in the content of routing metadata.
    #[must_use]
    pub const fn new(content: &'a [u8]) -> Self {
        Self { rest: content }
    }

    fn take(&mut self) -> Result<&'a [u8], DecodeError> {
        let [len] = take_array(&mut self.rest, TAG)?;
        take(&mut self.rest, len.into(), TAG)
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Result<&'a str, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let taken = self.take();
        if taken.is_err() {
            self.rest = &[];
        }
        Some(taken.and_then(|tag| utf8(tag, TAG)))
    }
}

impl FusedIterator for Tags<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    // Conforms: routing/layout
    #[test]
    fn a_tag_has_at_most_255_bytes() {
        let longest = "x".repeat(255);
        let mut out = Vec::new();
        Routing(&[&longest]).encode(&mut out).expect("encodes");
        assert_eq!((out[0], out.len()), (0xFF, 256));

        let error = EncodeError::TooLong {
            field: TAG,
            len: 256,
            max: 255,
        };
        out.clear();
        let too_long = format!("{longest}x");
        assert_eq!(Routing(&["a", &too_long]).encode(&mut out), Err(error));
        assert!(out.is_empty());
    }
}
