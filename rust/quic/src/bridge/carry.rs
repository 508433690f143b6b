//! Carries bytes between a connection and its program.

use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::pin::pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, copy_buf, split};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::record;
use crate::Stream;

/// Bytes that are carried at once, in each direction.
const CHUNK: usize = 64 << 10;

/// How long a peer is given to end what it sends, once the program has.
const LINGER: Duration = Duration::from_secs(5);

/// The program's end of a pair of sockets, and the task's. To be called inside the runtime.
pub(super) fn local_pair() -> io::Result<(StdUnixStream, UnixStream)> {
    let (far, near) = StdUnixStream::pair()?;
    near.set_nonblocking(true)?;
    Ok((far, UnixStream::from_std(near)?))
}

/// Tells the program that it is connected, and carries bytes until one side has closed. Dropping both tells the other.
pub(super) async fn carry(mut program: UnixStream, stream: Stream) {
    let carried = async {
        program.write_all(&record::connected(&stream)).await?;
        both_ways(program, stream).await
    };
    match carried.await {
        Ok(()) => tracing::debug!("connection over"),
        Err(error) => tracing::debug!(%error, "connection lost"),
    }
}

async fn both_ways(program: UnixStream, stream: Stream) -> io::Result<()> {
    let lost = stream.closed();
    let (from_program, to_program) = program.into_split();
    let (from_peer, to_peer) = split(stream);
    let mut out = pin!(one_way(from_program, to_peer));
    let mut back = pin!(one_way(from_peer, to_program));
    tokio::select! {
        said = &mut out => {
            said?;
            timeout(LINGER, back).await.unwrap_or(Ok(()))
        }
        heard = &mut back => {
            heard?;
            // Nothing else would tell that it is of no use to wait for the program.
            tokio::select! {
                said = out => said,
                () = lost => Ok(()),
            }
        }
    }
}

/// Carries bytes to their end, and says that it is the end.
async fn one_way(from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
    copy_buf(&mut BufReader::with_capacity(CHUNK, from), &mut to).await?;
    to.shutdown().await
}
