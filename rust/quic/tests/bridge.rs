//! QUIC through pairs of sockets.
#![cfg(unix)]

mod support;

use std::io::{Read, Write};
use std::net::{Shutdown, UdpSocket};
use std::thread;
use std::time::Duration;

use rsocket_quic::bridge::Pem;
use rsocket_quic::bridge::record::{ANEW, FAILED, HELLO, OPEN};
use support::{
    CONFIG, HOST, OTHER, Program, SOON, Server, TIMED_OUT, UNKNOWN_AUTHORITY, pair, pem, trusting,
};

/// Long enough for what can happen to have happened.
const WHILE: Duration = Duration::from_millis(300);

#[test]
fn a_record_says_who_is_there() {
    let tls = pem();
    let client = trusting(&tls);
    let mut server = Server::new(tls, false, SOON);
    server.program.is_open();
    let mut near = Program::connect(server.address, client, SOON);
    let [message, local, peer, alpn, name, certificate] =
        near.record().fields.try_into().expect("six fields");
    assert_eq!(
        (&message[..], &alpn[..], &name[..]),
        (&b""[..], &b"rsocket"[..], &b""[..])
    );
    assert_eq!(peer, server.address.to_string().into_bytes());
    assert!(certificate.len() > 100);
    near.0.write_all(b"!").expect("it is read");
    let far = server.accept().record();
    assert_eq!((far.number, &far.fields[1..3]), (OPEN, &[peer, local][..]));
}

#[test]
fn bytes_go_both_ways_and_end() {
    let (mut near, mut far, _server) = pair();
    let sent: Vec<u8> = (0..2_000_000u32).map(|i| (i >> 6) as u8).collect();
    let expected = sent.clone();
    let echo = thread::spawn(move || {
        let mut received = Vec::new();
        far.0.read_to_end(&mut received).expect("whole");
        far.0.write_all(&received).expect("it is read");
    });
    near.0.write_all(&sent).expect("it is read");
    near.0.shutdown(Shutdown::Write).expect("it is open");
    let mut received = Vec::new();
    near.0.read_to_end(&mut received).expect("whole");
    echo.join().expect("no panic");
    assert!(received == expected);
}

#[test]
fn who_closes_one_end_closes_the_other() {
    let (near, mut far, _server) = pair();
    drop(near);
    far.at_end();
    let (mut near, far, _server) = pair();
    drop(far);
    near.at_end();
}

#[test]
fn what_was_written_before_closing_arrives() {
    let (mut near, mut far, _server) = pair();
    near.0.write_all(b"farewell").expect("it is open");
    drop(near);
    let mut received = Vec::new();
    far.0.read_to_end(&mut received).expect("whole");
    assert_eq!(received, b"farewell");
}

#[test]
fn who_does_not_read_is_waited_for() {
    let (mut near, mut far, _server) = pair();
    near.0.set_write_timeout(Some(WHILE)).expect("it is open");
    let mut written = 0;
    let chunk: Vec<u8> = (0..100_000).map(|i| i as u8).collect();
    while let Ok(more) = near.0.write(&chunk) {
        written += more;
    }
    assert!(written < 4 << 20, "{written}");
    let reading = thread::spawn(move || {
        let mut received = Vec::new();
        far.0.read_to_end(&mut received).map(|_| received.len())
    });
    drop(near);
    let received = reading.join().expect("no panic").expect("whole");
    assert_eq!(received, written);
}

#[test]
fn a_failure_is_told() {
    let tls = pem();
    let mut server = Server::new(tls.clone(), false, SOON);
    server.program.is_open();
    let silent = UdpSocket::bind((HOST, 0)).expect("a port");
    let silent = silent.local_addr().expect("it is bound");
    let garbage = Pem {
        authorities: b"not PEM".to_vec(),
        ..Pem::default()
    };
    for (address, client, limit, expected) in [
        (server.address, trusting(&pem()), SOON, UNKNOWN_AUTHORITY),
        (server.address, garbage.clone(), SOON, CONFIG),
        (silent, trusting(&tls), WHILE, TIMED_OUT),
    ] {
        let mut client = Program::connect(address, client, limit);
        let record = client.record();
        assert_eq!(record.number, expected);
        assert!(!record.fields[0].is_empty());
        client.at_end();
    }
    let failed = server.program.record();
    let number = OTHER.to_be_bytes().to_vec();
    assert_eq!((failed.number, &failed.fields[0]), (FAILED, &number));
    let mut server = Server::new(garbage, false, SOON);
    assert_eq!(server.program.record().number, CONFIG);
    server.program.at_end();
    // The system has the last word on sockets.
    let zero = ([0, 0, 0, 0], 0).into();
    assert_eq!(
        Program::connect(zero, trusting(&tls), SOON).record().number,
        OTHER
    );
}

#[test]
fn certificates_are_asked_for() {
    let (first, second) = (pem(), pem());
    let mut server = Server::new(first.clone(), true, SOON);
    server.program.is_open();
    for (answer, client) in [
        (vec![0], trusting(&first)),
        (anew(&second), trusting(&second)),
        (anew(&Pem::default()), trusting(&second)),
        (vec![0], trusting(&second)),
    ] {
        let mut client = Program::connect(server.address, client, SOON);
        assert_eq!(server.program.record().number, HELLO);
        server.program.0.write_all(&answer).expect("it is read");
        client.is_open();
        client.0.write_all(b"!").expect("it is read");
        server.accept().is_open();
    }
}

/// An answer with other certificates.
fn anew(tls: &Pem) -> Vec<u8> {
    let mut answer = vec![ANEW];
    for field in [&tls.authorities, &tls.certificates, &tls.key] {
        answer.extend((field.len() as u32).to_be_bytes());
        answer.extend(field);
    }
    answer
}

#[test]
fn clients_that_open_nothing_are_not_told_of() {
    let tls = pem();
    let client = trusting(&tls);
    let mut server = Server::new(tls, false, 3 * WHILE);
    server.program.is_open();
    let mut silent = Program::connect(server.address, client.clone(), SOON);
    silent.is_open();
    silent.at_end();
    let failed = server.program.record();
    let number = TIMED_OUT.to_be_bytes().to_vec();
    assert_eq!((failed.number, &failed.fields[0]), (FAILED, &number));
    let mut other = Program::connect(server.address, client, SOON);
    other.is_open();
    other.0.write_all(b"!").expect("it is read");
    server.accept().is_open();
}
