//! A way to a server whose transports can be cut, and that can be shut.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rsocket_runtime::Serving;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How many bytes each transport carries before it is cut, of both directions together.
pub(crate) type Limit = Box<dyn FnMut() -> usize + Send>;

pub(crate) struct Gate {
    state: Arc<State>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

struct State {
    /// The url of the server that it leads to.
    target: Mutex<String>,
    limit: Mutex<Limit>,
    shut: AtomicBool,
    transports: AtomicUsize,
    /// What becomes of the transports that began before the number.
    fate: watch::Sender<(usize, Fate)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Both ends are closed, with what is under way.
    Cut,
    /// The client's end is closed, and the server hears nothing of it.
    Abandoned,
    /// Nothing is carried any more, and neither end hears of it.
    Stalled,
}

impl Gate {
    pub(crate) async fn before(serving: &Serving) -> Self {
        Self::with_limit(serving, Box::new(|| usize::MAX)).await
    }

    pub(crate) async fn with_limit(serving: &Serving, limit: Limit) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound");
        let state = Arc::new(State {
            target: Mutex::new(serving.url()),
            limit: Mutex::new(limit),
            shut: AtomicBool::new(false),
            transports: AtomicUsize::new(0),
            fate: watch::Sender::new((0, Fate::Cut)),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self {
            state,
            address,
            accepting,
        }
    }

    /// What clients dial: the gate's address with what is over it at the server.
    pub(crate) fn url(&self) -> String {
        let target = self.state.target.lock().expect("no panic");
        let (scheme, rest) = target.split_once("://").expect("urls have schemes");
        if scheme == "unix" {
            return format!("tcp://{}", self.address);
        }
        let path = rest.find('/').map_or("", |at| &rest[at..]);
        format!("{scheme}://{}{path}", self.address)
    }

    /// Leads to another server from now on.
    pub(crate) fn lead_to(&self, serving: &Serving) {
        *self.state.target.lock().expect("no panic") = serving.url();
    }

    /// Lets no new transport through, or lets them through again.
    pub(crate) fn set_shut(&self, shut: bool) {
        self.state.shut.store(shut, Ordering::Relaxed);
    }

    /// How many transports were let through.
    pub(crate) fn transports(&self) -> usize {
        self.state.transports.load(Ordering::Relaxed)
    }

    /// Takes the transports away, without a word to either side but the system's.
    pub(crate) fn cut(&self) {
        self.end(Fate::Cut);
    }

    pub(crate) fn abandon(&self) {
        self.end(Fate::Abandoned);
    }

    pub(crate) fn stall(&self) {
        self.end(Fate::Stalled);
    }

    fn end(&self, fate: Fate) {
        self.state.fate.send_replace((self.transports(), fate));
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        if state.shut.load(Ordering::Relaxed) {
            continue;
        }
        let number = state.transports.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(carry(client, number, Arc::clone(&state)));
    }
}

/// Carries one transport until its fate is decided, or either end closes it.
async fn carry(client: TcpStream, number: usize, state: Arc<State>) {
    let target = state.target.lock().expect("no panic").clone();
    let Ok(server) = super::try_connect_socket(&target).await else {
        return;
    };
    client.set_nodelay(true).expect("open");
    let left = AtomicUsize::new((state.limit.lock().expect("no panic"))());
    let mut fate = state.fate.subscribe();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = split(server);
    let decided = tokio::select! {
        biased;
        decided = fate.wait_for(|(before, _)| number < *before) => decided.map(|fate| fate.1),
        () = pump(&mut from_client, &mut to_server, &left) => return,
        () = pump(&mut from_server, &mut to_client, &left) => return,
    };
    match decided {
        Ok(Fate::Cut) | Err(_) => {}
        Ok(Fate::Abandoned) => {
            drop((from_client, to_client));
            pending::<()>().await;
        }
        Ok(Fate::Stalled) => pending::<()>().await,
    }
}

/// Carries one direction, as long as the transport may carry something.
async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    left: &AtomicUsize,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let may = left.load(Ordering::Relaxed).min(read);
        left.fetch_sub(may, Ordering::Relaxed);
        if to.write_all(&buffer[..may]).await.is_err() || may < read {
            return;
        }
    }
}
