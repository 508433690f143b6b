//! Metadata and data, where a frame may carry both.

use bytes::BufMut;

use super::fields::put_u24;
use super::{DecodeError, MAX_FRAME_LEN};

/// A payload, or a fragment of one, in the bytes of a frame ("Metadata Optional Header").
///
/// Absent metadata (`None`) and empty metadata (`Some(&[])`) are different payloads: the frame's
/// metadata flag tells them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PayloadRef<'a> {
    /// The metadata, if the frame has any.
    pub metadata: Option<&'a [u8]>,
    /// The data; absent data is empty data.
    pub data: &'a [u8],
}

impl<'a> PayloadRef<'a> {
    /// The bytes of the metadata length.
    const METADATA_HEADER_LEN: usize = 3;

    /// A payload of `metadata` and `data`.
    #[inline]
    pub const fn new(metadata: Option<&'a [u8]>, data: &'a [u8]) -> Self {
        Self { metadata, data }
    }

    /// A payload without metadata.
    #[inline]
    pub const fn from_data(data: &'a [u8]) -> Self {
        Self {
            metadata: None,
            data,
        }
    }

    /// The bytes that the payload takes in a frame: the data and, if there is metadata, a length of 3
    /// bytes and the metadata.
    #[inline]
    pub const fn wire_len(&self) -> usize {
        match self.metadata {
            Some(metadata) => Self::METADATA_HEADER_LEN + metadata.len() + self.data.len(),
            None => self.data.len(),
        }
    }

    /// Whether there is no metadata, not even empty, and no data.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.metadata.is_none() && self.data.is_empty()
    }

    /// Reads the payload that fills `body`, with metadata if the frame's flag says so.
    #[inline]
    pub fn decode(has_metadata: bool, body: &'a [u8]) -> Result<Self, DecodeError> {
        if !has_metadata {
            return Ok(Self::from_data(body));
        }
        let Some((&[high, middle, low], rest)) = body.split_first_chunk() else {
            return Err(DecodeError::MetadataHeader {
                available: body.len(),
            });
        };
        let declared = u32::from_be_bytes([0, high, middle, low]) as usize;
        match rest.split_at_checked(declared) {
            Some((metadata, data)) => Ok(Self::new(Some(metadata), data)),
            None => Err(DecodeError::MetadataLength {
                declared,
                available: rest.len(),
            }),
        }
    }

    /// Writes the payload. It must fit a frame ([`MAX_FRAME_LEN`]): longer metadata has a length that
    /// the frame cannot state, which fails a debug assertion and otherwise writes a broken frame.
    #[inline]
    pub fn encode(&self, out: &mut impl BufMut) {
        if let Some(metadata) = self.metadata {
            debug_assert!(
                metadata.len() <= MAX_FRAME_LEN,
                "metadata of {} bytes",
                metadata.len()
            );
            put_u24(metadata.len() as u32, out);
            out.put_slice(metadata);
        }
        out.put_slice(self.data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Conforms: payload/two-parts
    #[test]
    fn absent_and_empty_metadata_differ() {
        let absent = PayloadRef::decode(false, b"").expect("decodes");
        let empty = PayloadRef::decode(true, &[0, 0, 0]).expect("decodes");
        assert_eq!((absent.metadata, empty.metadata), (None, Some(&b""[..])));
        assert_eq!((absent.is_empty(), empty.is_empty()), (true, false));
        assert_eq!((absent.wire_len(), empty.wire_len()), (0, 3));
    }

    // Conforms: metadata/absent
    #[test]
    fn without_the_flag_everything_is_data() {
        let body = [0, 0, 1, b'm'];
        assert_eq!(
            PayloadRef::decode(false, &body),
            Ok(PayloadRef::from_data(&body))
        );
    }

    // Conforms: metadata/wrong-length
    #[test]
    fn metadata_must_not_reach_past_the_frame() {
        let missing = |available| Err(DecodeError::MetadataHeader { available });
        let overrun = |declared, available| {
            Err(DecodeError::MetadataLength {
                declared,
                available,
            })
        };
        let table: [(&[u8], Result<PayloadRef<'_>, DecodeError>); 7] = [
            (&[], missing(0)),
            (&[0], missing(1)),
            (&[0, 0], missing(2)),
            (&[0, 0, 1], overrun(1, 0)),
            (&[0, 0, 3, b'a', b'b'], overrun(3, 2)),
            (&[0xFF, 0xFF, 0xFF, b'a'], overrun(0xFF_FFFF, 1)),
            (
                &[0, 0, 2, b'a', b'b'],
                Ok(PayloadRef::new(Some(b"ab"), b"")),
            ),
        ];
        for (body, expected) in table {
            assert_eq!(PayloadRef::decode(true, body), expected, "{body:?}");
        }
    }

    // Conforms: metadata/length-layout
    #[test]
    fn a_metadata_length_takes_all_24_bits() {
        let mut body = vec![0x01, 0x02, 0x03];
        body.resize(3 + 0x01_0203, b'm');
        body.push(b'd');
        let payload = PayloadRef::decode(true, &body).expect("decodes");
        assert_eq!(
            (payload.metadata.map(<[u8]>::len), payload.data),
            (Some(0x01_0203), &b"d"[..])
        );

        let mut out = Vec::new();
        payload.encode(&mut out);
        assert!(out == body);
    }
}
