//! Nothing is left behind. The only test of its program, as it counts what the whole program has open.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::io::Write;
use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use support::{HOST, Program, SOON, Server, pair, pem, trusting};

const WHILE: Duration = Duration::from_millis(50);

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("it is Linux").count()
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task")
        .expect("it is Linux")
        .count()
}

#[test]
fn descriptors_are_given_back() {
    drop(pair());
    // The runtime keeps some.
    settle(usize::MAX);
    let (before, threads_before) = (descriptors(), threads());
    for round in 0..10 {
        let (near, far, server) = pair();
        match round % 3 {
            0 => drop((near, far, server)),
            1 => drop((far, server, near)),
            _ => drop((server, near, far)),
        }
        refused();
        given_up();
        not_accepted();
    }
    settle(before);
    assert_eq!(threads(), threads_before);
}

/// A client that does not trust its server.
fn refused() {
    let mut server = Server::new(pem(), false, SOON);
    server.program.is_open();
    let mut client = Program::connect(server.address, trusting(&pem()), SOON);
    assert_ne!(client.record().number, 0);
    client.at_end();
}

/// A client that closes before it has an answer, and one that has waited long enough.
fn given_up() {
    let silent = UdpSocket::bind((HOST, 0)).expect("a port");
    let address = silent.local_addr().expect("it is bound");
    drop(Program::connect(address, trusting(&pem()), SOON));
    assert_ne!(
        Program::connect(address, trusting(&pem()), WHILE)
            .record()
            .number,
        0
    );
}

/// A listener that closes when it has been told of a client, and does not answer.
fn not_accepted() {
    let tls = pem();
    let client = trusting(&tls);
    let mut server = Server::new(tls, false, SOON);
    server.program.is_open();
    let mut client = Program::connect(server.address, client, SOON);
    client.is_open();
    client.0.write_all(b"!").expect("it is read");
    server.program.record();
    drop(server);
    client.at_end();
}

/// Waits until so many are left, or no fewer come to be.
fn settle(expected: usize) {
    let deadline = Instant::now() + SOON;
    let mut last = (descriptors(), Instant::now());
    loop {
        thread::sleep(WHILE);
        let now = descriptors();
        if now != last.0 {
            last = (now, Instant::now());
        }
        if now <= expected && last.1.elapsed() > 10 * WHILE {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{now} descriptors, expected {expected}"
        );
    }
}
