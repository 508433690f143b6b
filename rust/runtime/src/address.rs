//! Addresses as URLs.

use http::Uri;
use http::uri::{Authority, PathAndQuery};

/// An address that cannot be used.
#[derive(thiserror::Error, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// The address has no scheme, or one that is not supported.
    #[error("the address {address:?} does not begin with {}", SCHEMES.join(" or "))]
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
    /// The address is not one of a WebSocket.
    #[error("the address {address:?} is not ws://host:port/path")]
    WebSocket {
        /// The address as given.
        address: String,
    },
}

/// What addresses begin with.
const SCHEMES: &[&str] = if cfg!(feature = "websocket") {
    &[TCP, WS]
} else {
    &[TCP]
};

pub(crate) const TCP: &str = "tcp://";
pub(crate) const WS: &str = "ws://";

/// Where a WebSocket is when its address does not say.
#[cfg(feature = "websocket")]
const WS_PORT: u16 = 80;

/// Where to connect or listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// `tcp://host:port`.
    Tcp(HostPort),
    /// `ws://host:port/path?query`. The port is 80 and the path `/` unless they are given.
    #[cfg(feature = "websocket")]
    WebSocket {
        at: HostPort,
        /// The host, and the port if it is given, as HTTP has them.
        host: String,
        path: PathAndQuery,
    },
}

/// A host, IPv6 addresses in brackets, and a port, as tokio takes them.
pub(crate) type HostPort = String;

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let address = text.to_owned();
        if text.starts_with(TCP) {
            return parse_tcp(text).ok_or(AddressError::HostPort { address });
        }
        #[cfg(feature = "websocket")]
        if text.starts_with(WS) {
            return parse_web_socket(text).ok_or(AddressError::WebSocket { address });
        }
        Err(AddressError::Scheme { address })
    }

    pub(crate) fn host_port(&self) -> &str {
        match self {
            Self::Tcp(at) => at,
            #[cfg(feature = "websocket")]
            Self::WebSocket { at, .. } => at,
        }
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

fn parse_tcp(text: &str) -> Option<Address> {
    let (authority, path) = parts(text)?;
    port(&authority)??;
    (path.as_str() == "/").then(|| Address::Tcp(authority.as_str().to_owned()))
}

#[cfg(feature = "websocket")]
fn parse_web_socket(text: &str) -> Option<Address> {
    let (authority, path) = parts(text)?;
    let port = port(&authority)?.unwrap_or(WS_PORT);
    Some(Address::WebSocket {
        at: format!("{}:{port}", authority.host()),
        host: authority.as_str().to_owned(),
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(text: &str) -> Option<HostPort> {
        match Address::parse(text) {
            Ok(Address::Tcp(at)) => Some(at),
            _ => None,
        }
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
        for text in ["127.0.0.1:80", "wss://host:80", "http://host", ""] {
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
            let expected = Address::WebSocket {
                at: at.to_owned(),
                host: host.to_owned(),
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
}
