//! What every entry of the frames' tables must hold.

use super::Frame;

/// A frame beside its bytes, which are written by hand from the specification's diagrams.
pub(super) struct Entry {
    /// What the entry shows.
    pub(super) name: &'static str,
    pub(super) stream_id: u32,
    pub(super) frame: Frame<'static>,
    pub(super) bytes: &'static [u8],
    /// How many of the bytes must be there for the frame to decode; what is after them is data, or
    /// metadata without a length, and may be cut anywhere.
    pub(super) required: usize,
}

/// Checks that each entry decodes and encodes as it says, and every way of cutting it short.
pub(super) fn check(entries: &[Entry]) {
    for entry in entries {
        decodes_to_the_frame(entry);
        encodes_to_the_bytes(entry);
        ignores_the_reserved_bit(entry);
        fails_or_is_shorter_when_cut(entry);
    }
}

fn decodes_to_the_frame(
    Entry {
        name,
        stream_id,
        frame,
        bytes,
        ..
    }: &Entry,
) {
    assert_eq!(Frame::decode(bytes), Ok((*stream_id, *frame)), "{name}");
}

fn encodes_to_the_bytes(
    Entry {
        name,
        stream_id,
        frame,
        bytes,
        ..
    }: &Entry,
) {
    let mut out = Vec::new();
    frame.encode(*stream_id, &mut out);
    assert_eq!(out, *bytes, "{name}");
    assert_eq!(frame.encoded_len(), bytes.len(), "{name}");
}

fn ignores_the_reserved_bit(
    Entry {
        name,
        stream_id,
        frame,
        bytes,
        ..
    }: &Entry,
) {
    let mut bytes = bytes.to_vec();
    bytes[0] |= 0x80;
    assert_eq!(Frame::decode(&bytes), Ok((*stream_id, *frame)), "{name}");
}

fn fails_or_is_shorter_when_cut(
    Entry {
        name,
        bytes,
        required,
        ..
    }: &Entry,
) {
    for len in 0..bytes.len() {
        let cut = &bytes[..len];
        let decoded = Frame::decode(cut);
        assert_eq!(
            decoded.is_ok(),
            len >= *required,
            "{name}, cut to {len} bytes: {decoded:?}"
        );
        if let Ok((stream_id, frame)) = decoded {
            let mut out = Vec::new();
            frame.encode(stream_id, &mut out);
            assert_eq!(out, cut, "{name}, cut to {len} bytes");
        }
    }
}
