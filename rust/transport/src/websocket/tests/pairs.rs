//! Our client and our server, over a wire that cuts anywhere.

use super::*;

/// Moves everything in pieces of so many bytes.
fn exchange_in_pieces(one: &mut End, other: &mut End, size: usize) {
    loop {
        let (there, back) = (one.take_wire(), other.take_wire());
        if there.is_empty() && back.is_empty() {
            return;
        }
        for piece in there.chunks(size) {
            other.receive(piece).expect("the sides agree");
        }
        for piece in back.chunks(size) {
            one.receive(piece).expect("the sides agree");
        }
    }
}

fn frames() -> Vec<u8> {
    let frames: Vec<Vec<u8>> = [0, 1, 5, 125, 126, 127, 300]
        .iter()
        .map(|len| (0..*len).map(|i| (i * 7) as u8).collect())
        .collect();
    frames.iter().flat_map(|frame| prefixed(frame)).collect()
}

#[test]
fn a_whole_connection_byte_by_byte() {
    for size in [1, 2, 3, 7, 1000] {
        let mut client = End::client(&ClientOptions::new("localhost:7878"));
        let mut server = End::server(ServerOptions::default());
        client.start();
        server.start();
        exchange_in_pieces(&mut client, &mut server, size);
        assert!(client.layer.is_open() && server.layer.is_open());
        let frames = frames();
        for piece in frames.chunks(size) {
            client.send(piece).expect("it is open");
            server.send(piece).expect("it is open");
            exchange_in_pieces(&mut client, &mut server, size);
        }
        assert_eq!(client.take_plain(), frames);
        assert_eq!(server.take_plain(), frames);
        client.close();
        exchange_in_pieces(&mut client, &mut server, size);
        for end in [&mut client, &mut server] {
            assert!(end.layer.is_closed_by_peer());
            assert_eq!(end.layer.end(), Ok(()));
        }
    }
}

/// The handshake and some frames in two parts, cut at each byte.
#[test]
fn a_cut_at_every_byte() {
    let frames = frames();
    let mut client = End::client(&ClientOptions::new("localhost"));
    client.start();
    let request = client.take_wire();
    let mut server = End::server(ServerOptions::default());
    server.receive(&request).expect("a request");
    server.send(&frames).expect("it is open");
    let answer = server.take_wire();
    for cut in 0..=answer.len() {
        let mut client = End::client(&ClientOptions::new("localhost"));
        client.start();
        client.receive(&answer[..cut]).expect("the first part");
        client.receive(&answer[cut..]).expect("the second part");
        assert!(client.take_plain() == frames, "cut at {cut}");
    }
    client.receive(&answer).expect("an answer");
    client.send(&frames).expect("it is open");
    let asked = [request, client.take_wire()].concat();
    for cut in 0..=asked.len() {
        let mut server = End::server(ServerOptions::default());
        server.receive(&asked[..cut]).expect("the first part");
        server.receive(&asked[cut..]).expect("the second part");
        assert!(server.take_plain() == frames, "cut at {cut}");
    }
    for cut in 0..=frames.len() {
        let mut server = End::open(Role::Server);
        server.send(&frames[..cut]).expect("it is open");
        server.send(&frames[cut..]).expect("it is open");
        let mut client = End::open(Role::Client);
        client.receive(&server.take_wire()).expect("messages");
        assert!(client.take_plain() == frames, "cut at {cut}");
    }
}

#[test]
fn both_sides_close_at_once() {
    let (mut client, mut server) = connected();
    client.close();
    server.close();
    exchange(&mut client, &mut server);
    for end in [&mut client, &mut server] {
        assert!(end.layer.is_closed_by_peer());
        assert_eq!(end.layer.end(), Ok(()));
    }
}

#[test]
fn the_longest_frame_passes() {
    let (mut client, mut server) = connected();
    let longest = prefixed(&vec![7; 0xFF_FFFF]);
    client.send(&longest).expect("it is open");
    server.send(&longest).expect("it is open");
    exchange(&mut client, &mut server);
    assert!(client.take_plain() == longest);
    assert!(server.take_plain() == longest);
}
