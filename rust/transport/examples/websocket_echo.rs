//! Sends every WebSocket message back, as server or as client: what `tests/autobahn` puts to the test.
//!
//! Without arguments it is a server, which prints `ready HOST:PORT`. With `HOST:PORT PATH...` it is a client, which
//! connects for each path. `--byte-by-byte` first gives the layer one byte at a time.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use bytes::BytesMut;
use rsocket_transport::layer::{Layer, LayerError};
use rsocket_transport::websocket::{ClientOptions, ServerOptions, WebSocket};

/// Bytes that are read from a socket at once.
const READ_LEN: usize = 64 << 10;

fn main() -> io::Result<()> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let mut piece = READ_LEN;
    if args.first().is_some_and(|first| first == "--byte-by-byte") {
        args.remove(0);
        piece = 1;
    }
    match args.split_first() {
        None => serve(piece),
        Some((host, paths)) => paths.iter().try_for_each(|path| ask(host, path, piece)),
    }
}

fn serve(piece: usize) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("ready {}", listener.local_addr()?);
    let options = Arc::new(ServerOptions::default());
    for socket in listener.incoming() {
        let (socket, layer) = (socket?, WebSocket::server(Arc::clone(&options)));
        thread::spawn(move || echo(socket, layer, piece));
    }
    Ok(())
}

fn ask(host: &str, path: &str, piece: usize) -> io::Result<()> {
    let options = ClientOptions {
        path: path.to_owned(),
        ..ClientOptions::new(host)
    };
    let layer = WebSocket::client(&options).map_err(io::Error::other)?;
    // However it ends: the peer knows what it wants.
    let _ = echo(TcpStream::connect(host)?, layer, piece);
    Ok(())
}

/// Echoes until either side has closed, and lets the peer read the last word.
fn echo(mut socket: TcpStream, mut layer: WebSocket, piece: usize) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut wire = BytesMut::new();
    let mut buffer = vec![0; READ_LEN];
    let mut going = layer.start(&mut wire);
    loop {
        socket.write_all(&wire.split())?;
        if going.is_err() || layer.is_closed_by_peer() {
            break;
        }
        let read = socket.read(&mut buffer)?;
        if read == 0 {
            return layer.end().map_err(io::Error::other);
        }
        going = buffer[..read]
            .chunks(piece)
            .try_for_each(|bytes| send_back(&mut layer, bytes, &mut wire));
    }
    socket.shutdown(Shutdown::Write)?;
    while socket.read(&mut buffer)? > 0 {}
    going.map_err(io::Error::other)
}

/// What a layer brings is what it takes.
fn send_back(layer: &mut WebSocket, bytes: &[u8], wire: &mut BytesMut) -> Result<(), LayerError> {
    let mut plain = BytesMut::new();
    layer.receive(bytes, &mut plain, wire)?;
    if layer.is_open() {
        layer.send(&plain, wire)?;
    }
    Ok(())
}
