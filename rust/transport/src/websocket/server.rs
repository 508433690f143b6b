//! A server lets clients in.

use std::sync::Arc;

use bytes::BytesMut;
use tungstenite::handshake::server::{Request, create_response};
use tungstenite::http::StatusCode;

use super::head::{Head, HeadError, list, single};
use super::messages::Messages;
use super::origin::Origins;
use super::refusal::Refusal;
use super::{MAX_HEAD_LEN, Opened, Role, SUBPROTOCOL};
use crate::layer::{LayerError, LayerErrorKind};

/// Whom a server lets in.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Which web pages may connect; others get 403.
    pub origins: Origins,
    /// The hosts that this server goes by, with a port where only that will do; others get 421. Empty for any.
    pub hosts: Vec<String>,
    /// The paths at which it is found, without a query; others get 404. Empty for any.
    pub paths: Vec<String>,
    /// What it can speak over the WebSocket, the best first. A client that asks for none of them is let in all the same.
    pub subprotocols: Vec<String>,
    /// Longest message that is accepted, in bytes. At most 16 777 215.
    pub max_message_len: usize,
    /// Longest head of a request, in bytes; longer ones get 431.
    pub max_head_len: usize,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            origins: Origins::Same,
            hosts: Vec::new(),
            paths: Vec::new(),
            subprotocols: vec![SUBPROTOCOL.to_owned()],
            max_message_len: usize::MAX,
            max_head_len: MAX_HEAD_LEN,
        }
    }
}

/// A server's part in the opening handshake.
#[derive(Debug)]
pub(super) struct Handshake {
    options: Arc<ServerOptions>,
    head: Head,
}

impl Handshake {
    pub(super) fn new(options: Arc<ServerOptions>) -> Self {
        Self {
            head: Head::new(options.max_head_len),
            options,
        }
    }

    /// Looks for the client's request, and answers it.
    pub(super) fn receive(
        &mut self,
        bytes: &[u8],
        wire: &mut BytesMut,
    ) -> Result<Option<Opened>, LayerError> {
        let (request, rest) = match self.head.receive::<Request>(bytes) {
            Ok(Some(received)) => received,
            Ok(None) => return Ok(None),
            Err(error) => return Err(refuse_head(&error, self.head.received(), wire)),
        };
        match answer(&request, &self.options) {
            Ok(response) => wire.extend_from_slice(response.as_bytes()),
            Err(refusal) => return Err(refuse(&refusal, true, wire)),
        }
        let messages = Messages::new(Role::Server, self.options.max_message_len);
        Ok(Some((messages, rest)))
    }
}

/// The response that lets a client in (RFC 6455, section 4.2.2), or why it is not.
fn answer(request: &Request, options: &ServerOptions) -> Result<String, Refusal> {
    let headers = request.headers();
    let Ok(Some(host)) = single(headers, "host") else {
        return Err(bad("the request needs one Host"));
    };
    if !options.hosts.is_empty() && !options.hosts.iter().any(|known| is_host(known, host)) {
        let reason = "no such host here";
        return Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, reason));
    }
    let path = request.uri().path();
    if !options.paths.is_empty() && !options.paths.iter().any(|known| known == path) {
        let reason = "RSocket is at another path here";
        return Err(Refusal::new(StatusCode::NOT_FOUND, reason));
    }
    if single(headers, "sec-websocket-key").is_err() {
        return Err(bad("the request has no valid Sec-WebSocket-Key"));
    }
    let accepted = create_response(request).map_err(|error| Refusal::of_request(&error))?;
    match single(headers, "origin") {
        Ok(None) => {}
        Ok(Some(origin)) if options.origins.allow(origin, host) => {}
        _ => {
            let reason = "pages of this origin may not connect";
            return Err(Refusal::new(StatusCode::FORBIDDEN, reason));
        }
    }
    let accept = single(accepted.headers(), "sec-websocket-accept");
    let Ok(Some(accept)) = accept else {
        return Err(bad("the request has no valid Sec-WebSocket-Key"));
    };
    let mut response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n"
    );
    if let Some(chosen) = choose_subprotocol(request, &options.subprotocols) {
        response += &format!("Sec-WebSocket-Protocol: {chosen}\r\n");
    }
    response += "\r\n";
    Ok(response)
}

fn bad(reason: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, reason)
}

/// Whether a host is the one that is known, which stands for every port unless it has one.
fn is_host(known: &str, host: &str) -> bool {
    if known.eq_ignore_ascii_case(host) {
        return true;
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            known.eq_ignore_ascii_case(name)
        }
        _ => false,
    }
}

fn choose_subprotocol<'a>(request: &Request, known: &'a [String]) -> Option<&'a str> {
    let offered: Vec<&str> = list(request.headers(), "sec-websocket-protocol").collect();
    let chosen = known.iter().find(|name| offered.contains(&name.as_str()));
    chosen.map(String::as_str)
}

fn refuse_head(error: &HeadError, received: &[u8], wire: &mut BytesMut) -> LayerError {
    let is_head = received.starts_with(b"HEAD ");
    refuse(&Refusal::of_head(error), !is_head, wire)
}

fn refuse(refusal: &Refusal, with_body: bool, wire: &mut BytesMut) -> LayerError {
    wire.extend_from_slice(refusal.response(with_body).as_bytes());
    LayerError {
        kind: LayerErrorKind::Refused,
        message: format!("answered {}: {}", refusal.status, refusal.reason),
    }
}
