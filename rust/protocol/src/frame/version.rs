//! The protocol version that a client asks for.

use std::fmt;

/// A version of the protocol ("Versioning Scheme"). Any two that differ are incompatible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// The major number.
    pub major: u16,
    /// The minor number.
    pub minor: u16,
}

impl Version {
    /// RSocket 1.0.
    pub const V1_0: Self = Self { major: 1, minor: 0 };
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_shown_as_people_write_it() {
        assert_eq!(Version::V1_0.to_string(), "1.0");
    }
}
