//! Payloads' bytes: the ones that every peer derives alike, and how lines describe them.

use sha2::{Digest, Sha256};

const NO_METADATA: &str = "none";

/// `len` bytes that every peer and the harness derive alike from a seed.
pub(crate) fn pattern(seed: u32, len: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

/// The data of the `index`-th of several distinct messages: the index, a colon and `len` bytes of pattern.
pub(crate) fn numbered(index: u32, len: usize) -> Vec<u8> {
    let mut data = format!("{index}:").into_bytes();
    data.extend(pattern(index, len));
    data
}

/// Describes bytes as their length and SHA-256.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("{}:{}", bytes.len(), hex::encode(Sha256::digest(bytes)))
}

pub(crate) fn metadata_digest(metadata: Option<&[u8]>) -> String {
    metadata.map_or_else(|| NO_METADATA.to_owned(), digest)
}

pub(crate) fn metadata_hex(metadata: Option<&[u8]>) -> String {
    metadata.map_or_else(|| NO_METADATA.to_owned(), hex::encode)
}
