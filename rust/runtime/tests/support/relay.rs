//! A network between QUIC's clients and a server: it loses and reorders datagrams, or all of a sudden delivers no more of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Longest datagram.
const MAX_LEN: usize = 1 << 16;

/// Out of a thousand datagrams, how many are lost, and how many are late.
#[derive(Clone, Copy)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) late: u64,
}

/// How late a datagram is.
const LATE: Duration = Duration::from_millis(5);

pub(crate) struct Relay {
    address: SocketAddr,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    /// Clients that were seen.
    clients: AtomicU64,
    /// Of those, how many are delivered nothing any more.
    cut: AtomicU64,
    /// Datagrams that were lost or late.
    faults: AtomicU64,
}

impl Relay {
    pub(crate) async fn before(server: SocketAddr, faults: Faults, seed: u64) -> Self {
        let front = Arc::new(bind().await);
        let address = front.local_addr().expect("it is bound");
        let counts = Arc::new(Counts::default());
        let task = tokio::spawn(run(
            front,
            server,
            faults,
            Random(seed),
            Arc::clone(&counts),
        ));
        Self {
            address,
            counts,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("quic://{}", self.address)
    }

    /// From now on the clients that there are get nothing through, without being told. Others do.
    pub(crate) fn cut(&self) {
        let clients = self.counts.clients.load(Ordering::SeqCst);
        self.counts.cut.store(clients, Ordering::SeqCst);
    }

    pub(crate) fn clients(&self) -> u64 {
        self.counts.clients.load(Ordering::SeqCst)
    }

    pub(crate) fn faults(&self) -> u64 {
        self.counts.faults.load(Ordering::SeqCst)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn bind() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.expect("a port")
}

async fn run(
    front: Arc<UdpSocket>,
    server: SocketAddr,
    faults: Faults,
    mut random: Random,
    counts: Arc<Counts>,
) {
    let mut clients = HashMap::new();
    let mut datagram = vec![0; MAX_LEN];
    loop {
        let Ok((len, client)) = front.recv_from(&mut datagram).await else {
            continue;
        };
        if let Entry::Vacant(place) = clients.entry(client) {
            let number = counts.clients.fetch_add(1, Ordering::SeqCst);
            let way = Way {
                number,
                from: Arc::new(bind().await),
                to: server,
                faults,
                counts: Arc::clone(&counts),
            };
            let back = Way {
                from: Arc::clone(&front),
                to: client,
                ..way.clone()
            };
            tokio::spawn(answer(Arc::clone(&way.from), back, Random(random.next())));
            place.insert(way);
        }
        clients[&client].deliver(&datagram[..len], &mut random);
    }
}

/// Delivers what the server sends to one client.
async fn answer(from_server: Arc<UdpSocket>, back: Way, mut random: Random) {
    let mut datagram = vec![0; MAX_LEN];
    while let Ok(len) = from_server.recv(&mut datagram).await {
        back.deliver(&datagram[..len], &mut random);
    }
}

/// From one client to the server, or back.
#[derive(Clone)]
struct Way {
    number: u64,
    from: Arc<UdpSocket>,
    to: SocketAddr,
    faults: Faults,
    counts: Arc<Counts>,
}

impl Way {
    fn deliver(&self, datagram: &[u8], random: &mut Random) {
        if self.number < self.counts.cut.load(Ordering::SeqCst) {
            return;
        }
        let chance = random.next() % 1000;
        if chance >= self.faults.lost + self.faults.late {
            // What the system has no room for is lost.
            let _ = self.from.try_send_to(datagram, self.to);
            return;
        }
        self.counts.faults.fetch_add(1, Ordering::SeqCst);
        if chance >= self.faults.lost {
            let (way, datagram) = (self.clone(), datagram.to_vec());
            tokio::spawn(async move {
                sleep(LATE).await;
                let _ = way.from.try_send_to(&datagram, way.to);
            });
        }
    }
}

/// Numbers that are the same with each run (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
