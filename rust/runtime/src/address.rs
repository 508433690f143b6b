//! Addresses as URLs.

use http::Uri;
use http::uri::{Authority, PathAndQuery};

/// An address that cannot be used.
#[derive(thiserror::Error, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// The address has no scheme, or one that is not supported.
    #[error("the address {address:?} does not begin with {}", Scheme::supported().join(" or "))]
    Scheme {
        /// The address as given.
        address: String,
    },
    /// The address does not say which host and port.
    #[error("the address {address:?} is not of the form tcp://host:port")]
    HostPort {
        /// The address as given.
        address: String,
    },
    /// The address is not one of a WebSocket.
    #[error("the address {address:?} is not of the form ws://host:port/path")]
    WebSocket {
        /// The address as given.
        address: String,
    },
    /// There are options of TLS, and the address does without.
    #[error("there are options of TLS, which the address {address:?} does without")]
    NotSecure {
        /// The address as given.
        address: String,
    },
    /// No certificate can be for the host.
    #[error("the host of the address {address:?} is not one that a certificate can be for")]
    Host {
        /// The address as given.
        address: String,
    },
}

/// What an address begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Tcp,
    Tls,
    Ws,
    Wss,
    Quic,
}

impl Scheme {
    const ALL: [Self; 5] = [Self::Tcp, Self::Tls, Self::Ws, Self::Wss, Self::Quic];

    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Tcp => "tcp://",
            Self::Tls => "tls://",
            Self::Ws => "ws://",
            Self::Wss => "wss://",
            Self::Quic => "quic://",
        }
    }

    pub(crate) fn is_secure(self) -> bool {
        matches!(self, Self::Tls | Self::Wss | Self::Quic)
    }

    pub(crate) fn is_web_socket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }

    /// Whether this program has been built for it.
    fn is_supported(self) -> bool {
        (cfg!(feature = "tls") || !self.is_secure())
            && (cfg!(feature = "websocket") || !self.is_web_socket())
            && (cfg!(feature = "quic") || self != Self::Quic)
    }

    fn supported() -> Vec<&'static str> {
        let supported = Self::ALL.into_iter().filter(|scheme| scheme.is_supported());
        supported.map(Self::prefix).collect()
    }

    fn of(address: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|scheme| scheme.is_supported() && address.starts_with(scheme.prefix()))
    }

    /// Where a server is when its address does not say.
    fn default_port(self) -> Option<u16> {
        match self {
            Self::Tcp | Self::Tls | Self::Quic => None,
            Self::Ws => Some(80),
            Self::Wss => Some(443),
        }
    }
}

/// Where to connect or listen: `tcp://host:port`, `tls://host:port` or `quic://host:port`, `ws://host:port/path?query` or `wss://` likewise. The
/// port of a WebSocket is 80 or 443 and the path `/` unless they are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) scheme: Scheme,
    /// The host, IPv6 addresses in brackets, and a port, as tokio takes them.
    pub(crate) at: String,
    /// The host, and the port if it is given, as HTTP has them.
    pub(crate) authority: Authority,
    pub(crate) path: PathAndQuery,
}

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let address = text.to_owned();
        let Some(scheme) = Scheme::of(text) else {
            return Err(AddressError::Scheme { address });
        };
        let parsed = Self::parse_with(scheme, text);
        parsed.ok_or(match scheme.is_web_socket() {
            true => AddressError::WebSocket { address },
            false => AddressError::HostPort { address },
        })
    }

    fn parse_with(scheme: Scheme, text: &str) -> Option<Self> {
        let (authority, path) = parts(text)?;
        if !scheme.is_web_socket() && path.as_str() != "/" {
            return None;
        }
        let port = port(&authority)?.or(scheme.default_port())?;
        Some(Self {
            scheme,
            at: format!("{}:{port}", authority.host()),
            authority,
            path,
        })
    }

    /// The host as a certificate has it.
    #[cfg(feature = "tls")]
    pub(crate) fn host(&self) -> &str {
        let host = self.authority.host();
        let bracketed = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        bracketed.unwrap_or(host)
    }
}

/// A port that is given; `None` where what is given is not one.
fn port(authority: &Authority) -> Option<Option<u16>> {
    match authority.as_str().strip_prefix(authority.host())? {
        "" => Some(None),
        port => port.strip_prefix(':')?.parse().ok().map(Some),
    }
}

/// The parts of a URL without user, password and fragment, which nothing here has a use for.
fn parts(text: &str) -> Option<(Authority, PathAndQuery)> {
    let parts = text.parse::<Uri>().ok()?.into_parts();
    let authority = parts.authority?;
    let superfluous = text.contains('#') || authority.as_str().contains('@');
    if superfluous || authority.host().is_empty() {
        return None;
    }
    Some((authority, parts.path_and_query?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(text: &str) -> Option<String> {
        let address = Address::parse(text).ok()?;
        (address.scheme == Scheme::Tcp).then_some(address.at)
    }

    #[test]
    fn takes_host_and_port() {
        assert_eq!(
            tcp("tcp://127.0.0.1:7878").as_deref(),
            Some("127.0.0.1:7878")
        );
        assert_eq!(tcp("tcp://localhost:0/").as_deref(), Some("localhost:0"));
        assert_eq!(tcp("tcp://[::1]:80").as_deref(), Some("[::1]:80"));
    }

    #[test]
    fn says_what_is_missing() {
        let address = |text: &str| text.to_owned();
        for text in ["127.0.0.1:80", "wsss://host:80", "http://host", ""] {
            let error = AddressError::Scheme {
                address: address(text),
            };
            assert_eq!(Address::parse(text), Err(error));
        }
        for text in [
            "tcp://",
            "tcp://host",
            "tcp://:80",
            "tcp://host:http",
            "tcp://host:99999",
            "tcp://host:80/path",
            "tcp://host:80?query",
            "tcp://user@host:80",
            "tcp://host:80#fragment",
        ] {
            let error = AddressError::HostPort {
                address: address(text),
            };
            assert_eq!(Address::parse(text), Err(error), "{text}");
        }
    }

    #[cfg(feature = "websocket")]
    #[test]
    fn takes_a_websocket_s_host_port_path_and_query() {
        for (text, at, host, path) in [
            (
                "ws://localhost:7878/rsocket",
                "localhost:7878",
                "localhost:7878",
                "/rsocket",
            ),
            ("ws://example.com", "example.com:80", "example.com", "/"),
            ("ws://[::1]/a/b?c=d", "[::1]:80", "[::1]", "/a/b?c=d"),
            ("ws://127.0.0.1:0/?q", "127.0.0.1:0", "127.0.0.1:0", "/?q"),
        ] {
            let expected = Address {
                scheme: Scheme::Ws,
                at: at.to_owned(),
                authority: host.parse().expect("a host"),
                path: path.parse().expect("a path"),
            };
            assert_eq!(Address::parse(text), Ok(expected), "{text}");
        }
        for text in [
            "ws://",
            "ws:///path",
            "ws://:80",
            "ws://host:",
            "ws://host:http/",
            "ws://host:99999/",
            "ws://user:password@host/",
            "ws://host/#fragment",
            "ws://host/a b",
        ] {
            let error = AddressError::WebSocket {
                address: text.to_owned(),
            };
            assert_eq!(Address::parse(text), Err(error), "{text}");
        }
    }

    #[cfg(all(feature = "tls", feature = "websocket"))]
    #[test]
    fn takes_secure_ones() {
        for (text, scheme, at, host) in [
            (
                "tls://localhost:7878",
                Scheme::Tls,
                "localhost:7878",
                "localhost",
            ),
            ("tls://[::1]:1/", Scheme::Tls, "[::1]:1", "::1"),
            #[cfg(feature = "quic")]
            ("quic://[::1]:1", Scheme::Quic, "[::1]:1", "::1"),
            (
                "wss://example.com",
                Scheme::Wss,
                "example.com:443",
                "example.com",
            ),
            ("wss://[::1]:2/a?b", Scheme::Wss, "[::1]:2", "::1"),
        ] {
            let address = Address::parse(text).expect("it is one");
            let found = (address.scheme, address.at.as_str(), address.host());
            assert_eq!(found, (scheme, at, host), "{text}");
        }
        for text in ["tls://host", "tls://:1", "tls://host:1/path"] {
            let address = text.to_owned();
            let error = AddressError::HostPort { address };
            assert_eq!(Address::parse(text), Err(error), "{text}");
        }
    }
}
