//! One direction of the link: so many bytes a second, and each of them late.

/// Nanoseconds of virtual time.
pub(crate) type Nanos = u64;

pub(crate) const MILLISECOND: Nanos = 1_000_000;

/// 100 MB/s.
pub(crate) const NANOS_PER_BYTE: Nanos = 10;

/// How long a byte is under way.
const DELAY: Nanos = MILLISECOND;

#[derive(Debug, Default)]
pub(crate) struct Link {
    /// When it has taken what it was given.
    pub(crate) free_at: Nanos,
    /// Bytes that it was given.
    pub(crate) given: u64,
}

impl Link {
    /// Takes bytes, beginning at `now`, when it is free; when it is free again.
    pub(crate) fn take(&mut self, now: Nanos, len: usize) -> Nanos {
        assert!(now >= self.free_at, "it is not free");
        self.given += len as u64;
        self.free_at = now + len as Nanos * NANOS_PER_BYTE;
        self.free_at
    }

    /// When the byte arrives that is preceded by `before` others of what it is given at `now`.
    pub(crate) fn arrival(now: Nanos, before: usize) -> Nanos {
        now + before as Nanos * NANOS_PER_BYTE + DELAY
    }
}
