//! A client's SETUP, kept for the server's decision.

use rsocket_protocol::SetupRequest;

use crate::memory;

/// What a client proposes. The pointers live as long as the connection, and are NULL where their length is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rsocket_setup {
    /// Milliseconds between the client's KEEPALIVE frames.
    pub keepalive_interval_ms: u32,
    /// Milliseconds of silence after which the client gives the server up.
    pub max_lifetime_ms: u32,
    /// MIME type of metadata, as the client sent it, without a NUL at the end.
    pub metadata_mime: *const u8,
    /// Length of it in bytes.
    pub metadata_mime_len: usize,
    /// MIME type of data, likewise.
    pub data_mime: *const u8,
    /// Length of it in bytes.
    pub data_mime_len: usize,
    /// The setup payload's metadata.
    pub metadata: *const u8,
    /// Length of it in bytes.
    pub metadata_len: usize,
    /// The setup payload's data.
    pub data: *const u8,
    /// Length of it in bytes.
    pub data_len: usize,
    /// Whether the setup payload has metadata, be it empty.
    pub has_metadata: bool,
    /// Whether the client wants to be able to resume.
    pub has_resume_token: bool,
    /// What the client will name this connection by when it resumes.
    pub resume_token: *const u8,
    /// Length of it in bytes.
    pub resume_token_len: usize,
}

/// A copy that outlives the frame.
pub(crate) struct OwnedSetup {
    keepalive_interval_ms: u32,
    max_lifetime_ms: u32,
    metadata_mime: Vec<u8>,
    data_mime: Vec<u8>,
    metadata: Option<Vec<u8>>,
    data: Vec<u8>,
    resume_token: Option<Vec<u8>>,
}

impl OwnedSetup {
    pub(crate) fn copy(setup: &SetupRequest<'_>) -> Self {
        Self {
            keepalive_interval_ms: setup.keepalive_interval_ms,
            max_lifetime_ms: setup.max_lifetime_ms,
            metadata_mime: setup.metadata_mime.to_vec(),
            data_mime: setup.data_mime.to_vec(),
            metadata: setup.payload.metadata.map(<[u8]>::to_vec),
            data: setup.payload.data.to_vec(),
            resume_token: setup.resume_token.map(<[u8]>::to_vec),
        }
    }

    pub(crate) fn view(&self) -> rsocket_setup {
        let metadata = self.metadata.as_deref().unwrap_or_default();
        let resume_token = self.resume_token.as_deref().unwrap_or_default();
        rsocket_setup {
            keepalive_interval_ms: self.keepalive_interval_ms,
            max_lifetime_ms: self.max_lifetime_ms,
            metadata_mime: memory::lend(&self.metadata_mime),
            metadata_mime_len: self.metadata_mime.len(),
            data_mime: memory::lend(&self.data_mime),
            data_mime_len: self.data_mime.len(),
            metadata: memory::lend(metadata),
            metadata_len: metadata.len(),
            data: memory::lend(&self.data),
            data_len: self.data.len(),
            has_metadata: self.metadata.is_some(),
            has_resume_token: self.resume_token.is_some(),
            resume_token: memory::lend(resume_token),
            resume_token_len: resume_token.len(),
        }
    }
}
