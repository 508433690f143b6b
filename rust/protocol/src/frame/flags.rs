//! The ten flag bits of a frame header.

use std::fmt;
use std::ops::BitOr;

/// The flags of a frame: ten bits, of which two mean the same in every frame type and three depend on
/// it ("Frame Header Format").
///
/// Bits that share a value belong to different frame types: [`FOLLOWS`](Self::FOLLOWS),
/// [`RESUME_ENABLE`](Self::RESUME_ENABLE) and [`RESPOND`](Self::RESPOND); [`COMPLETE`](Self::COMPLETE)
/// and [`LEASE`](Self::LEASE).
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(u16);

impl Flags {
    /// No flag.
    pub const EMPTY: Self = Self(0);
    /// Any frame: a receiver that does not understand it may ignore it.
    pub const IGNORE: Self = Self(0x200);
    /// Any frame: metadata is present.
    pub const METADATA: Self = Self(0x100);
    /// Requests and PAYLOAD: more fragments of this payload follow.
    pub const FOLLOWS: Self = Self(0x80);
    /// REQUEST_CHANNEL and PAYLOAD: the sender has no more payloads.
    pub const COMPLETE: Self = Self(0x40);
    /// PAYLOAD: the frame carries a payload, which may be empty.
    pub const NEXT: Self = Self(0x20);
    /// SETUP: the client asks for resumption and its token is present.
    pub const RESUME_ENABLE: Self = Self(0x80);
    /// SETUP: the client waits for leases before it requests.
    pub const LEASE: Self = Self(0x40);
    /// KEEPALIVE: the receiver must answer.
    pub const RESPOND: Self = Self(0x80);

    const MASK: u16 = 0x3FF;

    /// The flags in the low ten bits; the others are dropped.
    #[inline]
    pub const fn from_bits_truncate(bits: u16) -> Self {
        Self(bits & Self::MASK)
    }

    /// The ten bits as a number.
    #[inline]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether every flag of `other` is set.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These flags and those of `other`.
    #[inline]
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These flags without those of `other`.
    #[inline]
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// These flags if `condition` holds, or none.
    #[inline]
    #[must_use]
    pub const fn when(self, condition: bool) -> Self {
        if condition { self } else { Self::EMPTY }
    }
}

impl BitOr for Flags {
    type Output = Self;

    #[inline]
    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}

/// Names a shared bit by its use in requests and PAYLOAD, since the frame type is not known here.
impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(Flags, &str); 5] = [
            (Flags::IGNORE, "IGNORE"),
            (Flags::METADATA, "METADATA"),
            (Flags::FOLLOWS, "FOLLOWS"),
            (Flags::COMPLETE, "COMPLETE"),
            (Flags::NEXT, "NEXT"),
        ];
        write!(f, "Flags({:#05x}", self.0)?;
        for (_, name) in NAMES.iter().filter(|(flag, _)| self.contains(*flag)) {
            write!(f, " {name}")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Conforms: header/common-flags, setup/flags
    #[test]
    fn flags_have_the_specified_bits() {
        let table = [
            (Flags::IGNORE, 0b10_0000_0000),
            (Flags::METADATA, 0b01_0000_0000),
            (Flags::FOLLOWS, 0b00_1000_0000),
            (Flags::RESUME_ENABLE, 0b00_1000_0000),
            (Flags::RESPOND, 0b00_1000_0000),
            (Flags::COMPLETE, 0b00_0100_0000),
            (Flags::LEASE, 0b00_0100_0000),
            (Flags::NEXT, 0b00_0010_0000),
            (Flags::EMPTY, 0),
        ];
        for (flag, bits) in table {
            assert_eq!(flag.bits(), bits, "{flag:?}");
        }
    }

    #[test]
    fn flags_combine_as_sets() {
        let both = Flags::METADATA | Flags::NEXT;
        assert!(both.contains(Flags::METADATA) && both.contains(Flags::NEXT));
        assert!(both.contains(Flags::EMPTY) && !Flags::NEXT.contains(both));
        assert_eq!(both.without(Flags::NEXT), Flags::METADATA);
        assert_eq!(Flags::METADATA.with(Flags::NEXT), both);
        assert_eq!(both.with(Flags::NEXT), both);
        assert_eq!((both.when(true), both.when(false)), (both, Flags::EMPTY));
    }

    #[test]
    fn only_ten_bits_are_kept() {
        assert_eq!(Flags::from_bits_truncate(0xFFFF).bits(), 0x3FF);
    }

    #[test]
    fn debug_shows_the_number_and_the_names() {
        assert_eq!(
            format!("{:?}", Flags::METADATA | Flags::NEXT),
            "Flags(0x120 METADATA NEXT)"
        );
        assert_eq!(format!("{:?}", Flags::EMPTY), "Flags(0x000)");
    }
}
