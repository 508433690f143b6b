//! Addresses as URLs.

#[cfg(unix)]
use std::ffi::OsString;
use std::fmt;
use std::net::Ipv6Addr;
#[cfg(unix)]
use std::path::PathBuf;

use http::uri::{Authority, PathAndQuery};

/// An address that cannot be used. User and password, where it has them, are left out of what is told.
#[derive(thiserror::Error, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// The address has no scheme, or one that is not supported.
    #[error("the address {address:?} does not begin with {}", Scheme::supported().join(" or "))]
    Scheme {
        /// The address as given.
        address: String,
    },
    /// What follows the scheme cannot be used.
    #[error("the address {address:?} {problem}")]
    Malformed {
        /// The address as given.
        address: String,
        /// What is wrong.
        problem: AddressProblem,
    },
    /// There are options of TLS, and the address does without.
    #[error("there are options of TLS, which the address {address:?} does without")]
    NotSecure {
        /// The address as given.
        address: String,
    },
    /// There are permissions for a Unix socket, and the address is not one.
    #[error("there are permissions of a Unix socket, which the address {address:?} is not")]
    NotUnix {
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

impl AddressError {
    pub(crate) fn malformed(address: &str, problem: AddressProblem) -> Self {
        let address = without_user(address);
        Self::Malformed { address, problem }
    }
}

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressProblem {
    /// It has a space or a control character.
    Space,
    /// It has a user, or a password.
    UserInfo,
    /// It has a fragment.
    Fragment,
    /// It does not say which host.
    NoHost,
    /// It has a host that cannot be one.
    Host,
    /// It has an IPv6 address that is none, or has no brackets around it.
    Ipv6,
    /// It does not say which port.
    NoPort,
    /// It has a port that cannot be one.
    Port,
    /// It has a path, and the transport has no use for it; or one that cannot be one.
    Path,
    /// It has a query, and the transport, or a server, has no use for it.
    Query,
    /// It has a host before the path of a Unix socket.
    UnixHost,
    /// It does not say which Unix socket.
    NoPath,
    /// The path of a Unix socket has a percent sign without two hexadecimal digits after it, or a zero byte.
    Encoding,
    /// The path of a Unix socket is longer than this system takes.
    TooLong,
}

impl fmt::Display for AddressProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Space => "has a space or a control character",
            Self::UserInfo => "has user info, which no transport has a use for",
            Self::Fragment => "has a fragment, which no transport has a use for",
            Self::NoHost => "has no host",
            Self::Host => "has a host that cannot be one",
            Self::Ipv6 => "has an IPv6 address that is not as in [::1]",
            Self::NoPort => "has no port",
            Self::Port => "has a port that is not a number up to 65535",
            Self::Path => "has a path that cannot be one here",
            Self::Query => "has a query, which nothing here has a use for",
            Self::UnixHost => "has a host, where unix:///path has none, but a third slash",
            Self::NoPath => "has no path, as unix:///path has",
            Self::Encoding => "has % without two digits after it, or %00, in its path",
            Self::TooLong => "has a path that is longer than a Unix socket's may be",
        })
    }
}

/// What an address begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Tcp,
    Tls,
    Unix,
    Ws,
    Wss,
    Quic,
}

impl Scheme {
    const ALL: [Self; 6] = [
        Self::Quic,
        Self::Tcp,
        Self::Tls,
        Self::Unix,
        Self::Ws,
        Self::Wss,
    ];

    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Tcp => "tcp://",
            Self::Tls => "tls://",
            Self::Unix => "unix://",
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
            && (cfg!(unix) || self != Self::Unix)
            && (cfg!(feature = "quic") || self != Self::Quic)
    }

    fn supported() -> Vec<&'static str> {
        let supported = Self::ALL.into_iter().filter(|scheme| scheme.is_supported());
        supported.map(Self::prefix).collect()
    }

    /// The scheme of an address, and what follows it.
    fn split(address: &str) -> Option<(Self, &str)> {
        let (_, rest) = address.split_once("://")?;
        let prefix = &address[..address.len() - rest.len()];
        let mut all = Self::ALL.into_iter();
        let scheme = all
            .find(|scheme| scheme.is_supported() && prefix.eq_ignore_ascii_case(scheme.prefix()))?;
        Some((scheme, rest))
    }

    /// Where a server is when its address does not say.
    fn default_port(self) -> Option<u16> {
        match self {
            Self::Tcp | Self::Tls | Self::Unix | Self::Quic => None,
            Self::Ws => Some(80),
            Self::Wss => Some(443),
        }
    }
}

/// The transports that this program has been built for: what addresses begin with, without `://`.
#[must_use]
pub fn supported_transports() -> Vec<&'static str> {
    let names = Scheme::supported().into_iter();
    names.map(|prefix| prefix.trim_end_matches("://")).collect()
}

/// Where to connect or listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Host(Address),
    /// A path, of `unix:///path`.
    #[cfg(unix)]
    Unix(PathBuf),
}

impl Target {
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let Some((scheme, rest)) = Scheme::split(text) else {
            let address = without_user(text);
            return Err(AddressError::Scheme { address });
        };
        let parsed = match scheme {
            #[cfg(unix)]
            Scheme::Unix => unix_path(rest).map(Self::Unix),
            scheme => Address::parse(scheme, rest).map(Self::Host),
        };
        parsed.map_err(|problem| AddressError::malformed(text, problem))
    }
}

/// A host: `tcp://host:port`, `tls://host:port` or `quic://host:port`, `ws://host:port/path?query` or `wss://` likewise. The
/// port of a WebSocket is 80 or 443 and the path `/` unless they are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) scheme: Scheme,
    /// The host, without brackets and with its zone, and the port, as tokio takes them.
    pub(crate) at: (String, u16),
    /// The host, and the port if it is given, as HTTP has them.
    pub(crate) authority: Authority,
    pub(crate) path: PathAndQuery,
}

impl Address {
    fn parse(scheme: Scheme, rest: &str) -> Result<Self, AddressProblem> {
        check_characters(rest)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(AddressProblem::UserInfo);
        }
        let host = Host::parse(authority)?;
        let port = host.port.or(scheme.default_port());
        let (path, query) = path_and_query(path)?;
        match scheme.is_web_socket() {
            false if path.path() != "/" => return Err(AddressProblem::Path),
            false if query => return Err(AddressProblem::Query),
            _ => {}
        }
        Ok(Self {
            scheme,
            at: (host.dialled(), port.ok_or(AddressProblem::NoPort)?),
            authority: host.authority()?,
            path,
        })
    }

    /// The host as a certificate has it.
    #[cfg(feature = "tls")]
    pub(crate) fn host(&self) -> &str {
        let (host, _) = self.at.0.split_once('%').unwrap_or((&self.at.0, ""));
        host
    }
}

fn check_characters(rest: &str) -> Result<(), AddressProblem> {
    if rest.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(AddressProblem::Space);
    }
    if rest.contains('#') {
        return Err(AddressProblem::Fragment);
    }
    Ok(())
}

/// The path, `/` unless it is given, and whether there is a query.
fn path_and_query(text: &str) -> Result<(PathAndQuery, bool), AddressProblem> {
    let slash = if text.starts_with('/') { "" } else { "/" };
    let parsed = format!("{slash}{text}").parse::<PathAndQuery>();
    Ok((
        parsed.map_err(|_| AddressProblem::Path)?,
        text.contains('?'),
    ))
}

/// The path of a Unix socket, `%20` and the like read.
#[cfg(unix)]
fn unix_path(rest: &str) -> Result<PathBuf, AddressProblem> {
    use std::os::unix::{ffi::OsStringExt, net::SocketAddr};

    check_characters(rest)?;
    match rest.find('/') {
        _ if rest.contains('?') => return Err(AddressProblem::Query),
        _ if rest.len() < 2 => return Err(AddressProblem::NoPath),
        Some(0) => {}
        Some(end) if rest[..end].contains('@') => return Err(AddressProblem::UserInfo),
        _ => return Err(AddressProblem::UnixHost),
    }
    let bytes = percent_decoded(rest).filter(|bytes| !bytes.contains(&0));
    let path = PathBuf::from(OsString::from_vec(bytes.ok_or(AddressProblem::Encoding)?));
    match SocketAddr::from_pathname(&path) {
        Ok(_) => Ok(path),
        Err(_) => Err(AddressProblem::TooLong),
    }
}

#[cfg(unix)]
fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    let mut bytes = text.bytes();
    let digit = |bytes: &mut std::str::Bytes<'_>| char::from(bytes.next()?).to_digit(16);
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => (digit(&mut bytes)? * 16 + digit(&mut bytes)?) as u8,
            byte => byte,
        });
    }
    Some(decoded)
}

/// Who is to be reached.
struct Host<'a> {
    /// A name or an address, which has no brackets here.
    name: &'a str,
    is_ipv6: bool,
    /// The way to an address from here (RFC 6874), of which the host itself knows nothing.
    zone: Option<&'a str>,
    port: Option<u16>,
}

impl<'a> Host<'a> {
    fn parse(authority: &'a str) -> Result<Self, AddressProblem> {
        if let Some(bracketed) = authority.strip_prefix('[') {
            return Self::parse_ipv6(bracketed);
        }
        let (name, port) = match authority.split_once(':') {
            Some((_, port)) if port.contains(':') => return Err(AddressProblem::Ipv6),
            Some((name, port)) => (name, Some(port)),
            None => (authority, None),
        };
        if name.is_empty() {
            return Err(AddressProblem::NoHost);
        }
        Ok(Self {
            name,
            is_ipv6: false,
            zone: None,
            port: port.map(parse_port).transpose()?,
        })
    }

    fn parse_ipv6(bracketed: &'a str) -> Result<Self, AddressProblem> {
        let (inside, after) = bracketed.split_once(']').ok_or(AddressProblem::Ipv6)?;
        let (name, zone) = match inside.split_once("%25") {
            Some((name, zone)) => (name, Some(zone)),
            None => (inside, None),
        };
        if name.parse::<Ipv6Addr>().is_err() || zone == Some("") {
            return Err(AddressProblem::Ipv6);
        }
        let port = match after.strip_prefix(':') {
            Some(port) => Some(parse_port(port)?),
            None if after.is_empty() => None,
            None => return Err(AddressProblem::Ipv6),
        };
        Ok(Self {
            name,
            is_ipv6: true,
            zone,
            port,
        })
    }

    /// As the system takes it.
    fn dialled(&self) -> String {
        match self.zone {
            Some(zone) => format!("{}%{zone}", self.name),
            None => self.name.to_owned(),
        }
    }

    fn authority(&self) -> Result<Authority, AddressProblem> {
        let mut text = match self.is_ipv6 {
            true => format!("[{}]", self.name),
            false => self.name.to_owned(),
        };
        if let Some(port) = self.port {
            text += &format!(":{port}");
        }
        text.parse().map_err(|_| AddressProblem::Host)
    }
}

fn parse_port(port: &str) -> Result<u16, AddressProblem> {
    match port {
        "" => Err(AddressProblem::NoPort),
        // A number may have a plus before it elsewhere.
        _ if !port.bytes().all(|byte| byte.is_ascii_digit()) => Err(AddressProblem::Port),
        _ => port.parse().map_err(|_| AddressProblem::Port),
    }
}

/// An address as it may be told: what may be a user and a password is left out.
fn without_user(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) if !rest.starts_with('/') => match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://…@{host}"),
            None => text.to_owned(),
        },
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Address, AddressError> {
        match Target::parse(text)? {
            Target::Host(address) => Ok(address),
            #[cfg(unix)]
            Target::Unix(path) => panic!("a path: {path:?}"),
        }
    }

    fn tcp(text: &str) -> Option<(String, u16)> {
        let address = parse(text).ok()?;
        (address.scheme == Scheme::Tcp).then_some(address.at)
    }

    fn at(host: &str, port: u16) -> (String, u16) {
        (host.to_owned(), port)
    }

    #[test]
    fn takes_host_and_port() {
        for (text, host, port) in [
            ("tcp://127.0.0.1:7878", "127.0.0.1", 7878),
            ("TCP://localhost:0/", "localhost", 0),
            ("tcp://[::1]:80", "::1", 80),
            ("tcp://[fe80::1%25lo]:80", "fe80::1%lo", 80),
        ] {
            assert_eq!(tcp(text), Some(at(host, port)), "{text}");
        }
    }

    #[test]
    fn says_which_schemes_there_are() {
        for text in [
            "",
            "localhost",
            "127.0.0.1:80",
            "/run/socket",
            "://localhost:1",
            "wsss://host:80",
            "http://host",
            "tcp:/host:80",
        ] {
            let address = text.to_owned();
            let error = AddressError::Scheme { address };
            assert!(error.to_string().contains("tcp://"), "{error}");
            assert_eq!(parse(text), Err(error));
        }
    }

    /// Addresses of TCP and what is wrong with them.
    const MALFORMED: &[(&str, AddressProblem)] = &[
        ("tcp://", AddressProblem::NoHost),
        ("tcp://:80", AddressProblem::NoHost),
        ("tcp:///path", AddressProblem::NoHost),
        ("tcp://host", AddressProblem::NoPort),
        ("tcp://host:", AddressProblem::NoPort),
        ("tcp://[::1]", AddressProblem::NoPort),
        ("tcp://host:http", AddressProblem::Port),
        ("tcp://host:-1", AddressProblem::Port),
        ("tcp://host:+1", AddressProblem::Port),
        ("tcp://host:65536", AddressProblem::Port),
        ("tcp://[::1]:x", AddressProblem::Port),
        ("tcp://host:80/path", AddressProblem::Path),
        ("tcp://host:80?query", AddressProblem::Query),
        ("tcp://host:80#fragment", AddressProblem::Fragment),
        ("tcp://user@host:80", AddressProblem::UserInfo),
        ("tcp://user:secret@host:80", AddressProblem::UserInfo),
        ("tcp://user:secret@host:x", AddressProblem::UserInfo),
        ("tcp://user:sec ret@host:80", AddressProblem::Space),
        ("tcp://user:secret/@host:80", AddressProblem::Port),
        ("tcp://ho st:80", AddressProblem::Space),
        ("tcp://host:80 ", AddressProblem::Space),
        ("tcp://ho\nst:80", AddressProblem::Space),
        ("tcp://ho\0st:80", AddressProblem::Space),
        ("tcp://ho%20st:80", AddressProblem::Host),
        ("tcp://ho\\st:80", AddressProblem::Host),
        ("tcp://::1:80", AddressProblem::Ipv6),
        ("tcp://[::1:80", AddressProblem::Ipv6),
        ("tcp://[::1]80", AddressProblem::Ipv6),
        ("tcp://[127.0.0.1]:80", AddressProblem::Ipv6),
        ("tcp://[host]:80", AddressProblem::Ipv6),
        ("tcp://[fe80::1%lo]:80", AddressProblem::Ipv6),
        ("tcp://[fe80::1%25]:80", AddressProblem::Ipv6),
    ];

    #[test]
    fn says_what_is_wrong() {
        for (text, expected) in MALFORMED {
            let error = parse(text).expect_err(text);
            let told = error.to_string();
            assert!(!told.contains("secret") && !told.contains("ret@"), "{told}");
            assert!(told.ends_with(&expected.to_string()), "{told}");
            let AddressError::Malformed { problem, .. } = error else {
                panic!("{text}: {error:?}");
            };
            assert_eq!(problem, *expected, "{text}");
        }
    }

    #[cfg(feature = "websocket")]
    #[test]
    fn takes_a_websocket_s_host_port_path_and_query() {
        for (text, at, host, path) in [
            (
                "ws://localhost:7878/rsocket",
                at("localhost", 7878),
                "localhost:7878",
                "/rsocket",
            ),
            (
                "ws://example.com",
                at("example.com", 80),
                "example.com",
                "/",
            ),
            ("ws://[::1]/a/b?c=d", at("::1", 80), "[::1]", "/a/b?c=d"),
            ("ws://host?a@b", at("host", 80), "host", "/?a@b"),
            (
                "ws://127.0.0.1:0/?q",
                at("127.0.0.1", 0),
                "127.0.0.1:0",
                "/?q",
            ),
            (
                "ws://[fe80::1%25lo]/",
                at("fe80::1%lo", 80),
                "[fe80::1]",
                "/",
            ),
        ] {
            let expected = Address {
                scheme: Scheme::Ws,
                at,
                authority: host.parse().expect("a host"),
                path: path.parse().expect("a path"),
            };
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
        for (text, problem) in [
            ("ws://", AddressProblem::NoHost),
            ("ws:///path", AddressProblem::NoHost),
            ("ws://:80", AddressProblem::NoHost),
            ("ws://host:", AddressProblem::NoPort),
            ("ws://host:http/", AddressProblem::Port),
            ("ws://host:99999/", AddressProblem::Port),
            ("ws://user:password@host/", AddressProblem::UserInfo),
            ("ws://host/#fragment", AddressProblem::Fragment),
            ("ws://host/a b", AddressProblem::Space),
            ("ws://host/a<b", AddressProblem::Path),
        ] {
            let error = AddressError::malformed(text, problem);
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[cfg(all(feature = "tls", feature = "websocket"))]
    #[test]
    fn takes_secure_ones() {
        for (text, scheme, to, host) in [
            (
                "tls://localhost:7878",
                Scheme::Tls,
                at("localhost", 7878),
                "localhost",
            ),
            ("tls://[::1]:1/", Scheme::Tls, at("::1", 1), "::1"),
            #[cfg(feature = "quic")]
            ("quic://[::1]:1", Scheme::Quic, at("::1", 1), "::1"),
            (
                "tls://[fe80::1%25lo]:1",
                Scheme::Tls,
                at("fe80::1%lo", 1),
                "fe80::1",
            ),
            (
                "wss://example.com",
                Scheme::Wss,
                at("example.com", 443),
                "example.com",
            ),
            ("wss://[::1]:2/a?b", Scheme::Wss, at("::1", 2), "::1"),
        ] {
            let address = parse(text).expect("it is one");
            assert_eq!((address.scheme, address.host()), (scheme, host), "{text}");
            assert_eq!(address.at, to, "{text}");
        }
        for (text, problem) in [
            ("tls://host", AddressProblem::NoPort),
            ("tls://:1", AddressProblem::NoHost),
            ("tls://host:1/path", AddressProblem::Path),
        ] {
            let error = AddressError::malformed(text, problem);
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn takes_a_unix_sockets_path() {
        for (text, path) in [
            ("unix:///run/socket", "/run/socket"),
            ("UNIX:///s", "/s"),
            ("unix:///a%20b%3Fc%25", "/a b?c%"),
            ("unix:///a@b:c", "/a@b:c"),
            ("unix:///%E2%9C%93", "/✓"),
        ] {
            assert_eq!(Target::parse(text), Ok(Target::Unix(path.into())), "{text}");
        }
        let long = format!("unix:///{}", "x".repeat(200));
        for (text, problem) in [
            ("unix://", AddressProblem::NoPath),
            ("unix:///", AddressProblem::NoPath),
            ("unix://run/socket", AddressProblem::UnixHost),
            ("unix://socket", AddressProblem::UnixHost),
            ("unix://user:secret@/socket", AddressProblem::UserInfo),
            ("unix:///a b", AddressProblem::Space),
            ("unix:///a#b", AddressProblem::Fragment),
            ("unix:///a?b", AddressProblem::Query),
            ("unix:///a%zz", AddressProblem::Encoding),
            ("unix:///a%2", AddressProblem::Encoding),
            ("unix:///a%00b", AddressProblem::Encoding),
            (&long, AddressProblem::TooLong),
        ] {
            let error = Target::parse(text).expect_err(text);
            assert_eq!(error, AddressError::malformed(text, problem), "{text}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn tells_what_it_has_been_built_for() {
        let transports = supported_transports();
        assert!(transports.contains(&"tcp"));
        assert_eq!(transports.contains(&"tls"), cfg!(feature = "tls"));
        assert_eq!(transports.contains(&"ws"), cfg!(feature = "websocket"));
        assert_eq!(transports.contains(&"unix"), cfg!(unix));
        let both = cfg!(all(feature = "tls", feature = "websocket"));
        assert_eq!(transports.contains(&"wss"), both);
    }
}
