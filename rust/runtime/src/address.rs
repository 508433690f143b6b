//! Addresses as URLs.

/// The part of an address before the host.
pub(crate) const TCP: &str = "tcp://";

/// An address that cannot be used.
#[derive(thiserror::Error, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// The address has no scheme, or one that is not supported.
    #[error("the address {address:?} does not begin with tcp://")]
    Scheme {
        /// The address as given.
        address: String,
    },
    /// The address does not say which host and port.
    #[error("the address {address:?} is not tcp://host:port")]
    HostPort {
        /// The address as given.
        address: String,
    },
}

/// `host:port` of `tcp://host:port`. IPv6 addresses stand in brackets.
pub(crate) fn host_port(address: &str) -> Result<&str, AddressError> {
    let Some(rest) = address.strip_prefix(TCP) else {
        let address = address.to_owned();
        return Err(AddressError::Scheme { address });
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    match rest.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(rest),
        _ => Err(AddressError::HostPort {
            address: address.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_host_and_port() {
        assert_eq!(host_port("tcp://127.0.0.1:7878"), Ok("127.0.0.1:7878"));
        assert_eq!(host_port("tcp://localhost:0/"), Ok("localhost:0"));
        assert_eq!(host_port("tcp://[::1]:80"), Ok("[::1]:80"));
    }

    #[test]
    fn says_what_is_missing() {
        let address = |text: &str| text.to_owned();
        for text in ["127.0.0.1:80", "ws://host:80", ""] {
            let error = AddressError::Scheme {
                address: address(text),
            };
            assert_eq!(host_port(text), Err(error));
        }
        for text in [
            "tcp://",
            "tcp://host",
            "tcp://:80",
            "tcp://host:http",
            "tcp://host:99999",
        ] {
            let error = AddressError::HostPort {
                address: address(text),
            };
            assert_eq!(host_port(text), Err(error));
        }
    }
}
