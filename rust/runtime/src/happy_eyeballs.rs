//! Connecting to whichever of a name's addresses answers first, which RFC 8305 calls Happy Eyeballs.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long an attempt is waited for before the next begins beside it (RFC 8305, "Connection Attempt Delay").
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Connects to a host, given as a name or an address, and a port.
pub(crate) async fn connect(to: (String, u16)) -> io::Result<TcpStream> {
    let addresses = lookup_host(to).await?;
    first(interleaved(addresses), TcpStream::connect).await
}

/// Addresses in the order of the attempts: the families take turns, and the one that the system prefers begins.
fn interleaved(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut addresses = addresses.peekable();
    let preferred = addresses.peek().is_none_or(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.partition(|address| address.is_ipv6() == preferred);
    let mut second = second.into_iter();
    let mut all = Vec::new();
    for address in first {
        all.push(address);
        all.extend(second.next());
    }
    all.extend(second);
    all
}

/// What the first attempt to succeed gives; the others are dropped. The next begins as soon as one has failed, or the
/// latest has taken its time.
async fn first<T, F>(addresses: Vec<SocketAddr>, attempt: impl Fn(SocketAddr) -> F) -> io::Result<T>
where
    T: Send + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
{
    let mut waiting = addresses.into_iter();
    let mut attempts = JoinSet::new();
    let mut failed = Vec::new();
    loop {
        if let Some(address) = waiting.next() {
            let attempt = attempt(address);
            attempts.spawn(async move { (address, attempt.await) });
        }
        tokio::select! {
            Some(ended) = attempts.join_next() => match ended? {
                (_, Ok(connected)) => return Ok(connected),
                (address, Err(error)) => failed.push((address, error)),
            },
            () = sleep(ATTEMPT_DELAY), if waiting.len() > 0 => {}
            else => return Err(failure(failed)),
        }
    }
}

/// What is told of attempts that have all failed.
fn failure(mut failed: Vec<(SocketAddr, io::Error)>) -> io::Error {
    match failed.len() {
        0 => io::Error::new(io::ErrorKind::NotFound, "the name has no address"),
        1 => failed.remove(0).1,
        _ => io::Error::new(failed[0].1.kind(), Attempts(failed)),
    }
}

/// How the attempts failed, in the order in which they did.
#[derive(Debug)]
struct Attempts(Vec<(SocketAddr, io::Error)>);

impl std::error::Error for Attempts {}

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (address, error)) in self.0.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{address}: {error}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::{Arc, Mutex};

    use socket2::{Domain, Socket, Type};
    use tokio::net::TcpListener;
    use tokio::time::Instant;

    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        let parsed = texts.iter().map(|text| text.parse());
        parsed.collect::<Result<_, _>>().expect("addresses")
    }

    #[test]
    fn families_take_turns() {
        for (given, expected) in [
            (&[][..], &[][..]),
            (&["1.1.1.1:1", "2.2.2.2:1"], &["1.1.1.1:1", "2.2.2.2:1"]),
            (&["[::1]:1", "[::2]:1"], &["[::1]:1", "[::2]:1"]),
            (
                &["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"],
                &["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"],
            ),
            (
                &["1.1.1.1:1", "[::1]:1", "[::2]:1", "[::3]:1"],
                &["1.1.1.1:1", "[::1]:1", "[::2]:1", "[::3]:1"],
            ),
        ] {
            let found = interleaved(addresses(given).into_iter());
            assert_eq!(found, addresses(expected));
        }
    }

    /// What an attempt at an address comes to.
    #[derive(Clone, Copy)]
    enum Comes {
        To(u64),
        ToNothing(u64),
        Never,
    }

    /// Makes attempts that take so many milliseconds each, and tells what came of them and when each began.
    async fn race(outcomes: &[Comes]) -> (io::Result<usize>, Vec<u128>) {
        let began = Instant::now();
        let begun = Mutex::new(Vec::new());
        let given = (1..=outcomes.len()).map(|i| SocketAddr::from(([127, 0, 0, 1], i as u16)));
        let result = first(given.collect(), |address| {
            let number = usize::from(address.port()) - 1;
            let outcome = outcomes[number];
            let mut times = begun.lock().expect("no panic");
            times.push(began.elapsed().as_millis());
            async move {
                let (time, result) = match outcome {
                    Comes::To(time) => (time, Ok(number)),
                    Comes::ToNothing(time) => (time, Err(io::ErrorKind::ConnectionRefused.into())),
                    Comes::Never => pending().await,
                };
                sleep(Duration::from_millis(time)).await;
                result
            }
        });
        let result = result.await;
        (result, begun.into_inner().expect("no panic"))
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_begin_after_a_delay_or_a_failure() {
        use Comes::{Never, To, ToNothing};
        for (outcomes, winner, begun) in [
            (&[To(1), To(1)][..], 0, &[0][..]),
            (&[To(240), To(1)], 0, &[0]),
            (&[To(300), To(100)], 0, &[0, 250]),
            (&[To(300), To(10)], 1, &[0, 250]),
            (&[ToNothing(5), To(1)], 1, &[0, 5]),
            (&[Never, Never, To(10)], 2, &[0, 250, 500]),
            (&[Never, ToNothing(10), To(10)], 2, &[0, 250, 260]),
            (&[ToNothing(300), Never, To(10)], 2, &[0, 250, 300]),
            (&[To(700), ToNothing(1), ToNothing(1)], 0, &[0, 250, 251]),
        ] {
            let (result, times) = race(outcomes).await;
            assert_eq!(result.ok(), Some(winner));
            assert_eq!(times, begun);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_lists_every_attempt() {
        let (result, _) = race(&[Comes::ToNothing(300), Comes::ToNothing(10)]).await;
        let error = result.expect_err("all fail");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(
            error.to_string(),
            "127.0.0.1:2: connection refused; 127.0.0.1:1: connection refused"
        );
        let (result, _) = race(&[]).await;
        let error = result.expect_err("there is none");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_are_given_up_with_the_winner_and_with_the_caller() {
        let held = Arc::new(());
        let attempt = |address: SocketAddr| {
            let held = Arc::clone(&held);
            async move {
                if address.port() == 2 {
                    return Ok(());
                }
                let _held = held;
                pending().await
            }
        };
        first(addresses(&["127.0.0.1:1", "127.0.0.1:2"]), attempt)
            .await
            .expect("the second succeeds");
        let given_up = first(addresses(&["127.0.0.1:1", "127.0.0.1:3"]), attempt);
        let given_up = tokio::time::timeout(Duration::from_secs(1), given_up).await;
        assert!(given_up.is_err());
        while Arc::strong_count(&held) > 1 {
            tokio::task::yield_now().await;
        }
    }

    async fn listen(at: &str) -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind(at).await.expect("loopback");
        let address = listener.local_addr().expect("it listens");
        (listener, address)
    }

    /// An address at which nobody listens.
    async fn closed() -> SocketAddr {
        listen("127.0.0.1:0").await.1
    }

    /// The address of a listener that takes no more clients, and what keeps it so.
    fn full() -> (SocketAddr, Vec<Socket>) {
        let new = || Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let listener = new();
        let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        listener.bind(&any.into()).expect("loopback");
        listener.listen(0).expect("it is bound");
        let address = listener.local_addr().expect("it is bound");
        let mut sockets = vec![listener];
        for _ in 0..8 {
            let client = new();
            client.set_nonblocking(true).expect("it is open");
            let _ = client.connect(&address); // Some get through, others wait.
            sockets.push(client);
        }
        (address.as_socket().expect("an IPv4 address"), sockets)
    }

    #[tokio::test]
    async fn an_address_that_swallows_everything_is_passed_by() {
        let (hole, _held) = full();
        let (_listener, open) = listen("127.0.0.1:0").await;
        for given in [vec![hole, open], vec![hole, hole, closed().await, open]] {
            let stream = first(given, TcpStream::connect).await.expect("one is open");
            assert_eq!(stream.peer_addr().expect("it is connected"), open);
        }
    }

    #[tokio::test]
    async fn a_listener_on_one_family_is_found() {
        if TcpListener::bind("[::1]:0").await.is_err() {
            return; // There is no IPv6 here.
        }
        let (_four, v4) = listen("127.0.0.1:0").await;
        let (_six, v6) = listen("[::1]:0").await;
        let other = |address: SocketAddr| -> SocketAddr {
            let ip = if address.is_ipv4() {
                "[::1]"
            } else {
                "127.0.0.1"
            };
            let text = format!("{ip}:{}", address.port());
            text.parse().expect("an address")
        };
        for open in [v4, v6] {
            for given in [[other(open), open], [open, other(open)]] {
                let order = interleaved(given.into_iter());
                let stream = first(order, TcpStream::connect).await;
                let stream = stream.expect("one is open");
                assert_eq!(stream.peer_addr().expect("it is connected"), open);
            }
        }
    }

    #[tokio::test]
    async fn refusals_are_told_with_their_addresses() {
        let given = vec![closed().await, closed().await];
        let error = first(given.clone(), TcpStream::connect).await;
        let error = error.expect_err("nobody listens");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        for address in given {
            assert!(error.to_string().contains(&address.to_string()), "{error}");
        }
        let one = first(vec![closed().await], TcpStream::connect).await;
        let error = one.expect_err("nobody listens");
        assert!(error.raw_os_error().is_some(), "{error}");
    }

    #[tokio::test]
    async fn names_are_looked_up() {
        let (_listener, open) = listen("localhost:0").await;
        let stream = connect(("localhost".to_owned(), open.port())).await;
        let stream = stream.expect("it listens on one of localhost's addresses");
        assert_eq!(stream.peer_addr().expect("it is connected"), open);
    }
}
