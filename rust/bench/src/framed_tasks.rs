//! What a library could reach whose callers are tasks that each wait for an answer of their own: the framed echo, with a client that hands
//! each answer to the task that asked.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, bail};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, oneshot};

use crate::framed::{self, HEADER_LEN, READ_LEN};
use crate::load::{Connection, Contender, Settings};

pub(crate) struct FramedTasks;

impl Contender for FramedTasks {
    type Connection = Requester;

    const FORM: &'static str = "framed-tasks";

    fn versions() -> Vec<(&'static str, String)> {
        vec![]
    }

    async fn serve(_received: Arc<AtomicU64>) -> anyhow::Result<String> {
        Ok(framed::serve()?.to_string())
    }

    async fn dial(settings: &Settings) -> anyhow::Result<Requester> {
        let stream = TcpStream::connect(&settings.connect).await?;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        let requester = Requester::default();
        tokio::spawn(write(writer, requester.clone()));
        tokio::spawn(read(reader, requester.clone()));
        Ok(requester)
    }
}

/// A connection: its two tasks write what there is of requests together, and answer them in order.
#[derive(Clone, Default)]
pub(crate) struct Requester(Arc<Shared>);

#[derive(Default)]
struct Shared {
    requests: Mutex<Requests>,
    submitted: Notify,
}

#[derive(Default)]
struct Requests {
    output: Vec<u8>,
    /// Those who wait for an answer, in the order of their requests.
    waiting: VecDeque<oneshot::Sender<Bytes>>,
    over: bool,
}

impl Requester {
    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.0
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails what waits, and what comes.
    fn end(&self) {
        let mut requests = self.lock();
        requests.over = true;
        requests.waiting.clear();
    }
}

impl Connection for Requester {
    async fn request_response(&self, data: Bytes) -> anyhow::Result<Bytes> {
        let (answer, answered) = oneshot::channel();
        {
            let mut requests = self.lock();
            if requests.over {
                bail!("the connection is over");
            }
            requests
                .output
                .extend_from_slice(&framed::header(data.len()));
            requests.output.extend_from_slice(&data);
            requests.waiting.push_back(answer);
        }
        self.0.submitted.notify_one();
        answered.await.context("the connection is over")
    }

    async fn fire_and_forget(&self, _: Bytes) -> anyhow::Result<()> {
        bail!("there are only requests here")
    }

    async fn request_stream(
        &self,
        _: Bytes,
        _: u32,
        _: impl FnMut(&[u8]) + Send,
    ) -> anyhow::Result<()> {
        bail!("there are only requests here")
    }

    async fn request_channel(
        &self,
        _: u32,
        _: Vec<u8>,
        _: u32,
        _: impl FnMut(&[u8]) + Send,
    ) -> anyhow::Result<()> {
        bail!("there are only requests here")
    }
}

async fn write(mut writer: OwnedWriteHalf, requester: Requester) {
    let mut output = Vec::new();
    loop {
        requester.0.submitted.notified().await;
        std::mem::swap(&mut requester.lock().output, &mut output);
        if writer.write_all(&output).await.is_err() {
            return requester.end();
        }
        output.clear();
    }
}

async fn read(mut reader: OwnedReadHalf, requester: Requester) {
    let mut input = BytesMut::new();
    // An error ends the connection as its end does.
    while let Ok(true) = fill(&mut reader, &mut input).await {
        let mut requests = requester.lock();
        while let Some(answer) = take_answer(&mut input) {
            if let Some(waiting) = requests.waiting.pop_front() {
                let _ = waiting.send(answer); // or it has been cancelled
            }
        }
    }
    requester.end();
}

/// Reads something; false at the end.
async fn fill(reader: &mut OwnedReadHalf, input: &mut BytesMut) -> io::Result<bool> {
    input.reserve(READ_LEN);
    Ok(reader.read_buf(input).await? > 0)
}

/// The data of the first frame, once it is there as a whole.
fn take_answer(input: &mut BytesMut) -> Option<Bytes> {
    let (length, _) = input.split_first_chunk::<3>()?;
    let length = length
        .iter()
        .fold(0, |length, &byte| length << 8 | usize::from(byte));
    if input.len() < 3 + length {
        return None;
    }
    let mut frame = input.split_to(3 + length).freeze();
    Some(frame.split_off(HEADER_LEN))
}
