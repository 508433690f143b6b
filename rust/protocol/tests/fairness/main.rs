//! Small requests beside 100 MB of bulk, on a simulated link of 100 MB/s with virtual time: what they wait for is what
//! their driver has put ahead of them, whatever shape the bulk has, and never the bulk.
//!
//! A driver here works as real ones do. It writes one turn to the link, and the next one when the link has taken it: what
//! applications submitted, in order, and fragments of what they submitted before. Nothing depends on chance or on a
//! clock, so each request is held to the bound, not some of them.
//!
//! `FAIRNESS_FIGURES=1 cargo test --test fairness -- --nocapture --test-threads=1` prints the latencies.

mod bulk;
mod endpoint;
mod figures;
mod link;
mod output;
mod world;

use bulk::Bulk;
use endpoint::QUEUE;
use figures::Figures;
use link::{NANOS_PER_BYTE, Nanos};
use output::EXTERNAL_ROOM;
use world::{Settings, World};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// What each shape sends at least.
const ENOUGH: usize = 100 * MIB;

/// The longest frame of either side.
const FRAGMENT: usize = 128 * KIB;

/// A small request and its answer, in bytes each.
const SMALL: usize = 64;

/// What can go ahead of a small frame: the turn that is being written, what was queued before it, and a few other small
/// frames. Either is the queue with a frame of any length as the last of it; a turn of fragments has as many bytes.
const AHEAD: usize = 2 * (QUEUE + FRAGMENT) + KIB;
const _: () = assert!(EXTERNAL_ROOM <= FRAGMENT);

/// How many times its latency on an idle connection a small request may have beside bulk.
const MULTIPLE: Nanos = 3;

fn bulk(item: usize) -> Bulk {
    Bulk {
        item,
        items: ENOUGH.div_ceil(item) as u64,
        streams: 1,
        upwards: false,
    }
}

/// Runs one shape and holds every request and KEEPALIVE to its bound.
fn check(name: &str, bulk: Bulk) {
    let figures = measure(name, bulk, Settings::small_requests(FRAGMENT));
    assert!(figures.beside.count() >= 500, "too few: {figures}");
    let slowest = figures.beside.longest();
    let bound = figures.idle.longest() + AHEAD as Nanos * NANOS_PER_BYTE;
    assert!(slowest <= bound, "{slowest} ns, at most {bound} were due");
    let (p99, idle) = (figures.beside.quantile(99), figures.idle.quantile(99));
    assert!(p99 < MULTIPLE * idle, "p99 is {p99} ns, and {idle} idle");
}

/// Runs one shape; what it must have been to say anything.
fn measure(name: &str, bulk: Bulk, settings: Settings) -> Figures {
    let mut world = World::new(bulk, settings);
    let figures = world.run();
    if std::env::var_os("FAIRNESS_FIGURES").is_some() {
        println!("{name:>28}: {figures}");
    }
    assert!(figures.bulk_bytes >= ENOUGH, "too little bulk: {figures}");
    assert!(
        figures.used_percent >= 95,
        "the link was not full: {figures}"
    );
    assert!(
        figures.keepalives >= 50,
        "KEEPALIVE went out too rarely: {figures}"
    );
    figures
}

#[test]
fn beside_items_of_64_bytes() {
    check("items of 64 B", bulk(64));
}

#[test]
fn beside_items_of_4_kib() {
    check("items of 4 KiB", bulk(4 * KIB));
}

#[test]
fn beside_items_that_fill_a_frame() {
    check("items of a frame", bulk(FRAGMENT - 6));
}

#[test]
fn beside_items_of_1_mib() {
    check("items of 1 MiB", bulk(MIB));
}

#[test]
fn beside_payloads_of_64_mib() {
    check("payloads of 64 MiB", bulk(64 * MIB));
}

#[test]
fn beside_a_hundred_streams_of_small_items() {
    let bulk = Bulk {
        streams: 100,
        ..bulk(64)
    };
    check("100 streams of 64 B", bulk.split());
}

#[test]
fn beside_a_hundred_streams_of_whole_frames() {
    let bulk = Bulk {
        streams: 100,
        ..bulk(4 * KIB)
    };
    check("100 streams of 4 KiB", bulk.split());
}

#[test]
fn beside_a_hundred_streams_of_fragments() {
    let bulk = Bulk {
        streams: 100,
        ..bulk(MIB)
    };
    check("100 streams of 1 MiB", bulk.split());
}

#[test]
fn beside_a_requesters_channel_of_small_items() {
    let bulk = Bulk {
        upwards: true,
        ..bulk(64)
    };
    check("a channel of 64 B", bulk);
}

#[test]
fn beside_a_requesters_channel_of_whole_frames() {
    let bulk = Bulk {
        upwards: true,
        ..bulk(4 * KIB)
    };
    check("a channel of 4 KiB", bulk);
}

#[test]
fn beside_a_requesters_channel_of_fragments() {
    let bulk = Bulk {
        upwards: true,
        ..bulk(MIB)
    };
    check("a channel of 1 MiB", bulk);
}

#[test]
fn beside_a_hundred_channels_of_fragments() {
    let bulk = Bulk {
        upwards: true,
        streams: 100,
        ..bulk(MIB)
    };
    check("100 channels of 1 MiB", bulk.split());
}

/// Payloads of several frames take turns with the bulk, a frame each.
#[test]
fn a_payload_of_three_fragments_waits_for_a_fragment_of_each_stream_three_times() {
    const STREAMS: usize = 10;
    let bulk = Bulk {
        streams: STREAMS as u64,
        ..bulk(MIB)
    };
    let settings = Settings {
        answer: 3 * FRAGMENT - 100,
        pace: 50 * link::MILLISECOND,
        ..Settings::small_requests(FRAGMENT)
    };
    let figures = measure("answers of three fragments", bulk.split(), settings);
    let slowest = figures.beside.longest();
    assert!(slowest < settings.pace, "answers have turns of one another");
    let ahead = AHEAD + 3 * STREAMS * FRAGMENT;
    let bound = figures.idle.longest() + ahead as Nanos * NANOS_PER_BYTE;
    assert!(slowest <= bound, "{slowest} ns, at most {bound} were due");
}

/// The bound is none that anything meets: without fragments a small request waits for 16 MB.
#[test]
fn the_longest_frames_that_there_are_would_be_noticed() {
    let settings = Settings::small_requests(usize::MAX);
    let figures = measure("frames of 16 MB", bulk(64 * MIB), settings);
    assert!(figures.beside.quantile(50) > 10 * figures.idle.quantile(50));
    assert!(figures.beside.longest() > AHEAD as Nanos * NANOS_PER_BYTE);
}
