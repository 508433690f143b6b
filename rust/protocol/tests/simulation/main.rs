//! Two connections over a simulated network, with virtual time and a seed that decides everything.
//!
//! Both sides make requests of every kind with payloads of any length, grant, send, complete, fail, withdraw and push
//! metadata, in some worlds under leases, while the network delays, cuts and holds up their bytes, and now and then goes
//! away. Whatever happens, each request ends once on each side, items arrive in order and unharmed, nobody sends what
//! was not asked for or accepts what was not allowed, and in the end nothing is left. In some worlds a network that goes
//! away is followed by another one, over which the connection goes on as if nothing had been.
//!
//! `SIMULATION_SEEDS=100000` runs so many seeds, `SIMULATION_SEED=7` that one alone. A failure names its seed.

mod endpoint;
mod journal;
mod network;
mod random;
mod reception;
mod transport;
mod wire;
mod world;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use world::World;

const DEFAULT_SEEDS: u64 = 2_000;

/// What all the seeds together have to have seen, lest the simulation test nothing.
#[derive(Debug, Default)]
struct Coverage {
    finished: u64,
    lost: u64,
    items: u64,
    fragments: u64,
    cut: u64,
    leases: u64,
    without_lease: u64,
    turned_away: u64,
    /// Worlds that went on over another transport and came to their end.
    resumed: u64,
    /// Transports that were lost before the client was told that it may go on.
    unanswered: u64,
    /// Sessions that could not be resumed, and that nobody resumed in time.
    rejected: u64,
    timed_out: u64,
    /// Peers that fell silent.
    silences: u64,
}

// Conforms: stream/ends-with-connection, flow/credit, flow/order-in-stream
#[test]
fn both_sides_agree_whatever_the_network_does() {
    if let Some(seed) = number("SIMULATION_SEED") {
        run(seed, &mut Coverage::default());
        return;
    }
    let seeds = number("SIMULATION_SEEDS").unwrap_or(DEFAULT_SEEDS);
    let mut coverage = Coverage::default();
    for seed in 0..seeds {
        run(seed, &mut coverage);
    }
    println!("{coverage:?}");
    if seeds >= DEFAULT_SEEDS {
        let seen = [
            coverage.finished,
            coverage.lost,
            coverage.items,
            coverage.fragments,
            coverage.cut,
            coverage.leases,
            coverage.without_lease,
            coverage.turned_away,
            coverage.resumed,
            coverage.unanswered,
            coverage.rejected,
            coverage.timed_out,
            coverage.silences,
        ];
        assert!(seen.iter().all(|count| *count > seeds / 20), "{coverage:?}");
    }
}

fn run(seed: u64, coverage: &mut Coverage) {
    let world = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(seed);
        world.run();
        world
    }));
    match world {
        Ok(world) => world.cover(coverage),
        Err(panic) => panic!(
            "seed {seed}: {}; run it alone with SIMULATION_SEED={seed}",
            message(&*panic)
        ),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
        (Some(message), _) => message,
        (_, Some(message)) => message,
        _ => "a panic without a message",
    }
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().expect("the variable is a number"))
}
