//! What can be wrong with metadata, on its way in and on its way out.

/// Bytes that are not the metadata that they are taken for. Fields have the names of the extension's
/// document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The metadata ends before or within a field.
    #[error("metadata ends within its {field}")]
    Truncated {
        /// The field that is not all there.
        field: &'static str,
    },
    /// A MIME type or authentication type has bytes above 127.
    #[error("{field} is not ASCII")]
    NotAscii {
        /// The field that has them.
        field: &'static str,
    },
    /// A tag, username, password or token is not UTF-8.
    #[error("{field} is not UTF-8")]
    NotUtf8 {
        /// The field that is not.
        field: &'static str,
    },
}

/// What no metadata can hold. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A MIME type or authentication type is the empty text.
    #[error("{field} is empty")]
    Empty {
        /// The field that is empty.
        field: &'static str,
    },
    /// A field is longer than its length can say.
    #[error("{field} has {len} bytes, at most {max} fit")]
    TooLong {
        /// The field that is too long.
        field: &'static str,
        /// Its length in bytes.
        len: usize,
        /// The longest that it may be, in bytes.
        max: usize,
    },
    /// A MIME type or authentication type is not ASCII.
    #[error("{field} is not ASCII")]
    NotAscii {
        /// The field that is not.
        field: &'static str,
    },
    /// The id of a MIME type or authentication type is above 127.
    #[error("{field} has the id {id:#04x}, at most 0x7f fits")]
    IdTooLarge {
        /// The field whose id it is.
        field: &'static str,
        /// The id.
        id: u8,
    },
}
