//! Our sides against tungstenite's.

use std::io::{self, Cursor, Read, Write};

use tungstenite::protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode};
use tungstenite::{Error, Message, WebSocket as Theirs, protocol};

use super::*;

/// What one side of tungstenite reads and has written.
#[derive(Debug, Default)]
struct Pipe {
    input: Cursor<Vec<u8>>,
    output: Vec<u8>,
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.input.read(into)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Ours, open, and theirs, the other role.
fn with_theirs(role: Role) -> (End, Theirs<Pipe>) {
    let other = match role {
        Role::Client => protocol::Role::Server,
        Role::Server => protocol::Role::Client,
    };
    let config = WebSocketConfig::default().read_buffer_size(1024);
    let theirs = Theirs::from_raw_socket(Pipe::default(), other, Some(config));
    let open = End::new(WebSocket {
        state: State::Open(Messages::new(role, usize::MAX)),
    });
    (open, theirs)
}

fn to_ours(theirs: &mut Theirs<Pipe>, ours: &mut End) {
    let bytes = std::mem::take(&mut theirs.get_mut().output);
    ours.receive(&bytes).expect("they keep to the rules");
}

/// What theirs makes of what ours has sent.
fn to_theirs(ours: &mut End, theirs: &mut Theirs<Pipe>) -> Vec<Message> {
    theirs.get_mut().input = Cursor::new(ours.take_wire());
    let mut messages = Vec::new();
    loop {
        match theirs.read() {
            Ok(message) => messages.push(message),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return messages,
            Err(Error::ConnectionClosed) => return messages,
            Err(error) => panic!("we do not keep to the rules: {error}"),
        }
    }
}

#[test]
fn messages_pass_in_both_directions() {
    for role in ROLES {
        let (mut ours, mut theirs) = with_theirs(role);
        for len in [0, 1, 125, 126, 65535, 65536, 200_000] {
            let payload: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            theirs
                .send(Message::binary(payload.clone()))
                .expect("it is open");
            to_ours(&mut theirs, &mut ours);
            assert!(ours.take_plain() == prefixed(&payload), "{len} from them");
            ours.send(&prefixed(&payload)).expect("it is open");
            let received = to_theirs(&mut ours, &mut theirs);
            assert!(received == [Message::binary(payload)], "{len} to them");
        }
    }
}

#[test]
fn their_pings_are_answered() {
    for role in ROLES {
        let (mut ours, mut theirs) = with_theirs(role);
        theirs
            .send(Message::Ping("hello".into()))
            .expect("it is open");
        to_ours(&mut theirs, &mut ours);
        let answers = to_theirs(&mut ours, &mut theirs);
        assert_eq!(answers, [Message::Pong("hello".into())]);
    }
}

#[test]
fn they_close_and_we_answer() {
    for role in ROLES {
        let (mut ours, mut theirs) = with_theirs(role);
        let close = CloseFrame {
            code: CloseCode::Away,
            reason: "bye".into(),
        };
        theirs.close(Some(close)).expect("it is open");
        to_ours(&mut theirs, &mut ours);
        assert!(ours.layer.is_closed_by_peer());
        let answers = to_theirs(&mut ours, &mut theirs);
        let [Message::Close(Some(answer))] = &answers[..] else {
            panic!("not one Close: {answers:?}");
        };
        assert_eq!(answer.code, CloseCode::Away);
    }
}

#[test]
fn we_close_and_they_answer() {
    for role in ROLES {
        let (mut ours, mut theirs) = with_theirs(role);
        ours.close();
        let heard = to_theirs(&mut ours, &mut theirs);
        assert!(
            matches!(&heard[..], [Message::Close(Some(close))] if close.code == CloseCode::Normal)
        );
        to_ours(&mut theirs, &mut ours);
        assert!(ours.layer.is_closed_by_peer());
    }
}

#[test]
fn their_text_is_refused() {
    for role in ROLES {
        let (mut ours, mut theirs) = with_theirs(role);
        theirs.send(Message::text("hello")).expect("it is open");
        let bytes = std::mem::take(&mut theirs.get_mut().output);
        assert_eq!(ours.fails(&bytes), LayerErrorKind::Protocol);
        let heard = to_theirs(&mut ours, &mut theirs);
        let unsupported = |close: &CloseFrame| close.code == CloseCode::Unsupported;
        assert!(matches!(&heard[..], [Message::Close(Some(close))] if unsupported(close)));
    }
}

#[test]
fn their_server_takes_our_handshake() {
    let mut ours = End::new(
        WebSocket::client(&ClientOptions::new("localhost:7878")).expect("the options are valid"),
    );
    ours.start();
    let pipe = Pipe {
        input: Cursor::new(ours.take_wire()),
        output: Vec::new(),
    };
    let mut theirs = tungstenite::accept(pipe).expect("they let us in");
    let answer = std::mem::take(&mut theirs.get_mut().output);
    ours.receive(&answer).expect("they answered well");
    assert!(ours.layer.is_open());
}

#[test]
fn our_server_takes_their_handshake() {
    let url = "ws://localhost:7878/rsocket";
    let Err(tungstenite::HandshakeError::Interrupted(handshake)) =
        tungstenite::client(url, Pipe::default())
    else {
        panic!("it has to wait for the answer");
    };
    let mut handshake = handshake;
    let pipe = handshake.get_mut().get_mut();
    let mut ours = End::server(ServerOptions::default());
    ours.receive(&std::mem::take(&mut pipe.output))
        .expect("they ask well");
    pipe.input = Cursor::new(ours.take_wire());
    let (theirs, response) = handshake.handshake().expect("they take the answer");
    assert!(theirs.can_write());
    assert_eq!(response.status(), 101);
}
