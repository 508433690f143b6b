//! How the data of one request is encoded, and that of its answers ("Stream Data MIME Types Metadata
//! Extension").

use std::iter::FusedIterator;

use bytes::BufMut;

use super::{DecodeError, EncodeError, Item, MimeType, WellKnownMime};

/// The MIME type of the data of one stream, in place of the one in SETUP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamMime<'a>(
    /// The MIME type of the data.
    pub MimeType<'a>,
);

impl<'a> StreamMime<'a> {
    /// Reads the content of such metadata. Bytes after the MIME type have no meaning and are dropped.
    pub fn decode(mut content: &'a [u8]) -> Result<Self, DecodeError> {
        MimeType::take(&mut content).map(Self)
    }
}

impl Item for StreamMime<'_> {
    fn mime_type(&self) -> MimeType<'_> {
        WellKnownMime::StreamMime.into()
    }

    fn encoded_len(&self) -> Result<usize, EncodeError> {
        self.0.encoded_len()
    }

    fn encode(&self, out: &mut impl BufMut) -> Result<(), EncodeError> {
        self.0.encode(out)
    }
}

/// The MIME types that a requester takes answers in. A responder's are not to be heeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AcceptMimes<'a>(
    /// The MIME types in their order.
    pub &'a [MimeType<'a>],
);

impl Item for AcceptMimes<'_> {
    fn mime_type(&self) -> MimeType<'_> {
        WellKnownMime::AcceptMimes.into()
    }

    fn encoded_len(&self) -> Result<usize, EncodeError> {
        self.0.iter().map(|mime| mime.encoded_len()).sum()
    }

    fn encode(&self, out: &mut impl BufMut) -> Result<(), EncodeError> {
        self.encoded_len()?;
        self.0.iter().try_for_each(|mime| mime.encode(out))
    }
}

/// The MIME types of [`AcceptMimes`] metadata, in their order.
///
/// One that is not ASCII is an error for itself: those after it follow. After
/// [`DecodeError::Truncated`] there are none.
#[derive(Clone, Debug)]
pub struct MimeTypes<'a> {
    rest: &'a [u8],
}

impl<'a> MimeTypes<'a> {
    /// The MIME types in the content of such metadata.
    #[must_use]
    pub const fn new(content: &'a [u8]) -> Self {
        Self { rest: content }
    }
}

impl<'a> Iterator for MimeTypes<'a> {
    type Item = Result<MimeType<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let mime = MimeType::take(&mut self.rest);
        if let Err(DecodeError::Truncated { .. }) = mime {
            self.rest = &[];
        }
        Some(mime)
    }
}

impl FusedIterator for MimeTypes<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mime_type_that_cannot_be_sent_stops_all() {
        let mut out = Vec::new();
        let mimes = [MimeType::from("text/css"), MimeType::Custom("")];
        let error = EncodeError::Empty { field: "MIME type" };
        assert_eq!(AcceptMimes(&mimes).encode(&mut out), Err(error));
        assert!(out.is_empty());
    }
}
