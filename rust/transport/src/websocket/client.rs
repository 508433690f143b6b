//! A client asks for a WebSocket.

use bytes::BytesMut;
use tungstenite::handshake::client::{Response, generate_key, generate_request};
use tungstenite::handshake::derive_accept_key;
use tungstenite::http::header::{HeaderMap, HeaderName, HeaderValue};
use tungstenite::http::uri::{Authority, PathAndQuery};
use tungstenite::http::{Request, StatusCode, Uri};

use super::head::{Head, HeadError, list, single};
use super::messages::Messages;
use super::{MAX_HEAD_LEN, Opened, Role, SUBPROTOCOL};
use crate::layer::{LayerError, LayerErrorKind};

/// What a client asks for.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The server's name, with the port unless it is the scheme's.
    pub host: String,
    /// The path at the server, with the query if there is one.
    pub path: String,
    /// Further headers of the request, such as Authorization or Origin.
    pub headers: Vec<(String, String)>,
    /// What the client wants to speak over the WebSocket, the best first. A server that has none of them may still accept.
    pub subprotocols: Vec<String>,
    /// Longest message that is accepted, in bytes. At most 16 777 215.
    pub max_message_len: usize,
    /// Longest head of the server's answer, in bytes.
    pub max_head_len: usize,
}

impl ClientOptions {
    /// Options for a server at `host`: the path `/`, the subprotocol `rsocket`, messages and heads up to their limits.
    #[must_use]
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            path: "/".to_owned(),
            headers: Vec::new(),
            subprotocols: vec![SUBPROTOCOL.to_owned()],
            max_message_len: usize::MAX,
            max_head_len: MAX_HEAD_LEN,
        }
    }
}

/// An option that does not fit a request.
#[derive(thiserror::Error, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidOption {
    /// The host is not a name or an address with or without a port.
    #[error("the host {0:?} is not one")]
    Host(String),
    /// The path does not begin with a slash, or has characters that have to be written differently.
    #[error("the path {0:?} is not one")]
    Path(String),
    /// The header's name or value is malformed, or the header is one that the handshake makes itself.
    #[error("the header {0:?} cannot be sent")]
    Header(String),
    /// The subprotocol is not a token.
    #[error("the subprotocol {0:?} is not one")]
    Subprotocol(String),
}

/// The headers that the handshake makes itself.
const OWN_HEADERS: [&str; 8] = [
    "host",
    "connection",
    "upgrade",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
    "sec-websocket-accept",
];

/// A client's part in the opening handshake.
#[derive(Debug)]
pub(super) struct Handshake {
    /// What is to be sent; empty when it has been.
    request: Vec<u8>,
    /// What the server has to answer.
    accept: String,
    subprotocols: Vec<String>,
    max_message_len: usize,
    head: Head,
}

impl Handshake {
    pub(super) fn new(options: &ClientOptions) -> Result<Self, InvalidOption> {
        Self::with_key(options, generate_key())
    }

    pub(super) fn with_key(options: &ClientOptions, key: String) -> Result<Self, InvalidOption> {
        Ok(Self {
            accept: derive_accept_key(key.as_bytes()),
            request: request(options, key)?,
            subprotocols: options.subprotocols.clone(),
            max_message_len: options.max_message_len,
            head: Head::new(options.max_head_len),
        })
    }

    pub(super) fn ask(&mut self, wire: &mut BytesMut) {
        wire.extend_from_slice(&std::mem::take(&mut self.request));
    }

    /// Looks for the server's answer.
    pub(super) fn receive(&mut self, bytes: &[u8]) -> Result<Option<Opened>, LayerError> {
        let Some((response, rest)) = self.head.receive::<Response>(bytes).map_err(of_head)? else {
            return Ok(None);
        };
        check(&response, &self.accept, &self.subprotocols)?;
        Ok(Some((
            Messages::new(Role::Client, self.max_message_len),
            rest,
        )))
    }
}

/// The bytes of the request (RFC 6455, section 4.1).
fn request(options: &ClientOptions, key: String) -> Result<Vec<u8>, InvalidOption> {
    let headers = headers(options, key)?;
    let path = &options.path;
    let uri = match path.parse::<PathAndQuery>() {
        Ok(parsed) if path.starts_with('/') && parsed.as_str() == path => Uri::from(parsed),
        _ => return Err(InvalidOption::Path(path.clone())),
    };
    let mut request = Request::new(());
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    let (request, _) = generate_request(request)
        // The path and the other headers are checked, so this is the host's.
        .map_err(|_| InvalidOption::Host(options.host.clone()))?;
    Ok(request)
}

fn headers(options: &ClientOptions, key: String) -> Result<HeaderMap, InvalidOption> {
    let mut headers = HeaderMap::new();
    for (name, value) in &options.headers {
        let invalid = || InvalidOption::Header(name.clone());
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
        if OWN_HEADERS.contains(&header.as_str()) {
            return Err(invalid());
        }
        headers.append(header, HeaderValue::from_str(value).map_err(|_| invalid())?);
    }
    let host = match options.host.parse::<Authority>() {
        Ok(host) if !host.as_str().contains('@') && !host.host().is_empty() => host,
        _ => return Err(InvalidOption::Host(options.host.clone())),
    };
    let own = [
        ("host", host.as_str()),
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", &key),
    ];
    for (name, value) in own {
        let value = HeaderValue::from_str(value);
        headers.insert(
            name,
            value.map_err(|_| InvalidOption::Host(options.host.clone()))?,
        );
    }
    if let Some(subprotocols) = subprotocols(&options.subprotocols)? {
        headers.insert("sec-websocket-protocol", subprotocols);
    }
    Ok(headers)
}

fn subprotocols(names: &[String]) -> Result<Option<HeaderValue>, InvalidOption> {
    for name in names {
        // A token, as the names of headers are.
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(InvalidOption::Subprotocol(name.clone()));
        }
    }
    if names.is_empty() {
        return Ok(None);
    }
    let all = names.join(", ");
    HeaderValue::from_str(&all)
        .map(Some)
        .map_err(|_| InvalidOption::Subprotocol(all))
}

fn of_head(error: HeadError) -> LayerError {
    match error {
        HeadError::TooLong => LayerError {
            kind: LayerErrorKind::TooLong,
            message: "the server's answer is too long".to_owned(),
        },
        HeadError::Invalid(error) => {
            protocol(format!("the server's answer is not valid HTTP: {error}"))
        }
    }
}

fn protocol(message: impl Into<String>) -> LayerError {
    LayerError {
        kind: LayerErrorKind::Protocol,
        message: message.into(),
    }
}

/// Whether the answer accepts (RFC 6455, section 4.1).
fn check(response: &Response, accept: &str, subprotocols: &[String]) -> Result<(), LayerError> {
    let headers = response.headers();
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(refused(response));
    }
    if !list(headers, "upgrade").any(|name| name.eq_ignore_ascii_case("websocket")) {
        return Err(protocol(
            "the server's answer does not upgrade to websocket",
        ));
    }
    if !list(headers, "connection").any(|name| name.eq_ignore_ascii_case("upgrade")) {
        return Err(protocol(
            "the server's answer does not upgrade the connection",
        ));
    }
    if single(headers, "sec-websocket-accept") != Ok(Some(accept)) {
        return Err(protocol("the server's Sec-WebSocket-Accept is wrong"));
    }
    if headers.contains_key("sec-websocket-extensions") {
        return Err(protocol(
            "the server wants an extension that was not offered",
        ));
    }
    match single(headers, "sec-websocket-protocol") {
        Ok(None) => Ok(()),
        Ok(Some(chosen)) if subprotocols.iter().any(|offered| offered == chosen) => Ok(()),
        _ => Err(protocol(
            "the server chose a subprotocol that was not offered",
        )),
    }
}

fn refused(response: &Response) -> LayerError {
    let mut message = format!("the server answered {}", response.status());
    if let Ok(Some(location)) = single(response.headers(), "location") {
        message += &format!(", for {location:?}");
    }
    LayerError {
        kind: LayerErrorKind::Refused,
        message,
    }
}
