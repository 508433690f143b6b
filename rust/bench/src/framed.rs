//! The limit: length-prefixed frames over a plain socket, with one write and one read for as many requests as there are. A thread for each
//! connection, no runtime, nothing looked at but lengths, and answers in the order of their requests.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::AtomicU64;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::load::data::{pattern, same_answer};
use crate::load::program::{obey, print_versions};
use crate::load::settings::{Role, Settings};
use crate::load::tally::{Figures, Tally};

pub(crate) const FORM: &str = "framed";

/// As many bytes as RSocket has in front of data: a length of three, and a frame header of six.
pub(crate) const HEADER_LEN: usize = 9;

/// What is in front of so much data.
pub(crate) fn header(size: usize) -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    let length = (size + HEADER_LEN - 3) as u32;
    header[..3].copy_from_slice(&length.to_be_bytes()[1..]);
    header
}

/// How much is read at a time.
pub(crate) const READ_LEN: usize = 256 << 10;

/// What a socket's buffers hold for certain, so that writing cannot wait for reading.
const SURELY_BUFFERED: usize = 64 << 10;

pub(crate) fn main(role: Role) -> anyhow::Result<()> {
    match role {
        Role::Versions => print_versions(vec![]),
        Role::Serve { .. } => {
            let address = serve()?;
            obey(&format!("ready {address}"), &AtomicU64::new(0), None)
        }
        Role::Load(settings) => {
            settings.validate()?;
            ensure!(
                settings.workload == "request-response",
                "there is no workload {} here",
                settings.workload
            );
            let mut connections = (0..settings.connections)
                .map(|_| Window::open(&settings))
                .collect::<anyhow::Result<Vec<_>>>()?;
            if !settings.warm_up.is_zero() {
                run(&mut connections, 0, settings.warm_up)?;
            }
            let mut work = || run(&mut connections, settings.requests, settings.duration);
            obey("ready", &AtomicU64::new(0), Some(&mut work))
        }
    }
}

/// Serves until the process ends, at the address that it returns.
pub(crate) fn serve() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("listening")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        // An error ends serving, and the clients notice.
        while let Ok((stream, _)) = listener.accept() {
            thread::spawn(move || echo(stream));
        }
    });
    Ok(address)
}

/// Writes back what it reads, one write for each read: an answer is its request.
fn echo(mut stream: TcpStream) {
    let mut buffer = vec![0; READ_LEN];
    let _ = stream.set_nodelay(true);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) if stream.write_all(&buffer[..read]).is_ok() => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => return,
        }
    }
}

fn run(connections: &mut [Window], requests: u64, duration: Duration) -> anyhow::Result<Figures> {
    let tally = &Tally::new(requests, duration);
    thread::scope(|scope| {
        let threads: Vec<_> = connections
            .iter_mut()
            .enumerate()
            .map(|(index, window)| scope.spawn(move || window.run(tally, index)))
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| match thread.join() {
                Ok(ended) => ended,
                Err(_panic) => bail!("a connection's thread panicked"),
            })
    })?;
    Ok(tally.figures())
}

/// A connection that keeps a window of requests in flight.
struct Window {
    stream: TcpStream,
    frame: Vec<u8>,
    in_flight: usize,
    check: bool,
    output: Vec<u8>,
    input: Vec<u8>,
    filled: usize,
}

impl Window {
    fn open(settings: &Settings) -> anyhow::Result<Self> {
        let connecting = || format!("connecting to {}", settings.connect);
        let stream = TcpStream::connect(&settings.connect).with_context(connecting)?;
        stream.set_nodelay(true)?;
        let frame = [&header(settings.size), &*pattern(1, settings.size)].concat();
        let mut window = Self {
            input: vec![0; READ_LEN.max(2 * frame.len())],
            stream,
            frame,
            in_flight: settings.in_flight,
            check: settings.check,
            output: Vec::new(),
            filled: 0,
        };
        window.run(&Tally::new(1, Duration::ZERO), 0)?;
        Ok(window)
    }

    /// Writes requests as long as there is room in the window, and reads what there is of answers.
    fn run(&mut self, tally: &Tally, index: usize) -> anyhow::Result<()> {
        let mut sent = VecDeque::with_capacity(self.in_flight);
        let mut more = true;
        loop {
            self.output.clear();
            let now = Instant::now();
            while more && sent.len() < self.in_flight {
                more = tally.claim(now);
                if more {
                    sent.push_back(now);
                    self.output.extend_from_slice(&self.frame);
                }
            }
            if sent.is_empty() {
                return Ok(());
            }
            self.exchange()?;
            let answered = Instant::now();
            for _ in 0..self.answers()? {
                let asked = sent
                    .pop_front()
                    .context("an answer that nobody asked for")?;
                tally.answered(index, answered - asked);
            }
        }
    }

    /// Writes all of the output, and reads at least something.
    fn exchange(&mut self) -> anyhow::Result<()> {
        if self.in_flight * self.frame.len() <= SURELY_BUFFERED {
            self.stream
                .write_all(&self.output)
                .context("writing requests")?;
            return self.read();
        }
        // The server does not read on before its answers are taken, so what the socket does not take waits for some of them.
        let mut written = 0;
        self.stream.set_nonblocking(true)?;
        while written < self.output.len() {
            match self.stream.write(&self.output[written..]) {
                Ok(n) => written += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.stream.set_nonblocking(false)?;
                    self.read()?;
                    self.stream.set_nonblocking(true)?;
                }
                Err(error) => return Err(error).context("writing requests"),
            }
        }
        self.stream.set_nonblocking(false)?;
        self.read()
    }

    fn read(&mut self) -> anyhow::Result<()> {
        if self.filled == self.input.len() {
            self.input.resize(2 * self.filled, 0);
        }
        let read = self.stream.read(&mut self.input[self.filled..]);
        let read = read.context("reading answers")?;
        ensure!(read > 0, "the server has closed the connection");
        self.filled += read;
        Ok(())
    }

    /// Takes the whole answers off the input and counts them.
    fn answers(&mut self) -> anyhow::Result<usize> {
        let length = self.frame.len();
        let answers = self.input[..self.filled].chunks_exact(length);
        let count = answers.len();
        for answer in answers {
            ensure!(
                answer[..3] == self.frame[..3],
                "an answer of another length"
            );
            same_answer(&self.frame, answer, self.check)?;
        }
        self.input.copy_within(count * length..self.filled, 0);
        self.filled -= count * length;
        Ok(count)
    }
}
