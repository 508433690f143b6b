//! A scripted exchange whose transport is lost at every byte, and resumed.
//!
//! Two resumable connections follow a script with every kind of request in both directions. Wherever their byte streams
//! are cut, and be it again while they resume, both sides see in the end what they see when nothing is lost: no request
//! ends twice or never, no item is missing, doubled or out of order, and nobody sends what was not asked for.
//!
//! `RESUMPTION_ALL=1` cuts in every way at every byte, and at many more pairs of them: half a minute in release.

mod application;
mod endpoint;
mod journal;
mod script;
mod store;
mod wire;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use rsocket_protocol::frame::FrameType;
use script::{CLIENT, SERVER, Side};
use world::{Loss, Outcome};

/// More than the script's frames take.
const AMPLE: usize = 64 << 10;

/// Ways to lose a transport. Neighbouring bytes are of one frame, so that each frame meets all of them.
const WAYS: [Loss; 5] = {
    let at_once = Loss {
        cuts: [None; 2],
        lingers: 0,
        told: [true; 2],
        away: 0,
    };
    [
        at_once,
        // The server learns it from the RESUME.
        Loss {
            told: [true, false],
            away: 6,
            ..at_once
        },
        // One direction goes on for a while, and so do the applications without any transport.
        Loss {
            lingers: 40,
            away: 15,
            ..at_once
        },
        Loss {
            lingers: 15,
            told: [true, false],
            away: 40,
            ..at_once
        },
        // Both sides have to notice the silence.
        Loss {
            lingers: 3,
            told: [false; 2],
            ..at_once
        },
    ]
};

fn loss(way: usize, cuts: [Option<usize>; 2]) -> Loss {
    Loss {
        cuts,
        ..WAYS[way % WAYS.len()]
    }
}

fn cut(from: Side, at: usize) -> [Option<usize>; 2] {
    let mut cuts = [None; 2];
    cuts[from] = Some(at);
    cuts
}

fn every_way() -> bool {
    std::env::var_os("RESUMPTION_ALL").is_some()
}

/// Runs the script and checks what came of it. A failure names the losses.
#[track_caller]
fn run(losses: &[Loss], store_limit: usize) -> Outcome {
    let outcome = catch_unwind(AssertUnwindSafe(|| world::run(losses, store_limit)));
    outcome.unwrap_or_else(|_| panic!("with {losses:?} and stores of {store_limit} bytes"))
}

/// How many bytes arrive from each side when nothing is lost.
fn lens() -> [usize; 2] {
    run(&[], AMPLE).arrived[0]
}

#[test]
fn without_a_loss_everything_goes_as_written() {
    let outcome = run(&[], AMPLE);
    assert!(!outcome.rejected);
    assert_eq!(outcome.arrived.len(), 1);
}

#[test]
fn the_script_has_every_frame_that_has_a_position() {
    let sent = run(&[], AMPLE).sent;
    let frames = [
        FrameType::RequestResponse,
        FrameType::RequestFnf,
        FrameType::RequestStream,
        FrameType::RequestChannel,
        FrameType::RequestN,
        FrameType::Cancel,
        FrameType::Payload,
        FrameType::Error,
        FrameType::Keepalive,
    ];
    for side in [CLIENT, SERVER] {
        for frame in frames {
            assert!(
                sent[side].contains(&(frame as u8)),
                "{side} sends {frame:?}"
            );
        }
    }
}

// Conforms: resume/state-kept, resume/whole-frames, resume/position-received, resume/keepalive-position
// Conforms: resume/client-positions-go-on, resume/client-retransmits
// Conforms: resume/server-positions-go-on, resume/server-retransmits
#[test]
fn a_transport_that_is_lost_at_any_byte_can_be_resumed() {
    let lens = lens();
    let mut runs = 0;
    for from in [CLIENT, SERVER] {
        for at in 0..=lens[from] {
            for way in 0..if every_way() { WAYS.len() } else { 1 } {
                let outcome = run(&[loss(at + way, cut(from, at))], AMPLE);
                // A session begins when its SETUP has arrived.
                let setup_lost = from == CLIENT && at < outcome.setup_len;
                assert_eq!(outcome.rejected, setup_lost, "{from} {at} {way}");
                runs += 1;
            }
        }
    }
    println!("{runs} runs, {lens:?} positions");
}

#[test]
fn both_directions_can_be_cut_at_different_bytes() {
    let lens = lens();
    let steps = if every_way() { [7, 5] } else { [47, 43] };
    let mut runs = 0;
    for from_client in (0..=lens[CLIENT]).step_by(steps[CLIENT]) {
        for from_server in (0..=lens[SERVER]).step_by(steps[SERVER]) {
            let cuts = [Some(from_client), Some(from_server)];
            let outcome = run(&[loss(runs, cuts)], AMPLE);
            assert_eq!(
                outcome.rejected,
                from_client < outcome.setup_len,
                "{cuts:?}"
            );
            runs += 1;
        }
    }
    println!("{runs} runs");
}

#[test]
fn a_transport_can_be_lost_again_at_any_byte_of_what_is_sent_again() {
    let lens = lens();
    let parts = if every_way() { 12 } else { 2 };
    let (mut runs, mut most) = (0, 0);
    for part in 0..2 * parts {
        // One direction is cut early, and what the other brings is answered for a while.
        let from = part % 2;
        let at = lens[from] * (part + 1) / (2 * parts + 1);
        let first = Loss {
            cuts: cut(from, at),
            ..WAYS[2]
        };
        let began_with = run(&[first], AMPLE).began_with[1];
        most = most.max(began_with.into_iter().max().unwrap_or_default());
        for from in [CLIENT, SERVER] {
            for at in 0..=began_with[from] {
                let outcome = run(&[first, loss(at, cut(from, at))], AMPLE);
                assert!(!outcome.rejected);
                runs += 1;
            }
        }
    }
    println!("{runs} runs, at most {most} bytes sent again");
    assert!(most > 300, "{most}");
}

// Conforms: resume/by-client, resume/same-token, resume/client-received, resume/token-lifetime
#[test]
fn a_client_tries_until_it_gets_through() {
    let first = loss(0, lens().map(|len| Some(len / 2)));
    for way in 0..WAYS.len() {
        // RESUME is lost, its end is, the answer is, and its end.
        let handshakes = [(CLIENT, 0), (CLIENT, 20), (SERVER, 0), (SERVER, 10)];
        let mut losses = vec![first];
        losses.extend(handshakes.map(|(from, at)| loss(way, cut(from, at))));
        let outcome = run(&losses, AMPLE);
        assert!(!outcome.rejected);
        assert_eq!(outcome.arrived.len(), losses.len() + 1);
    }
}

#[test]
fn transports_that_carry_little_get_everything_through_in_the_end() {
    for bytes in [110, 130, 200, 400, 800] {
        for way in 0..WAYS.len() {
            for from in [CLIENT, SERVER] {
                let losses = [loss(way, cut(from, bytes)); 200];
                let outcome = run(&losses, AMPLE);
                assert!(!outcome.rejected);
                assert!(outcome.arrived.len() > 1);
            }
        }
    }
}

// Conforms: resume/impossible, resume/position-refused, resume/positions-judged
#[test]
fn a_session_whose_frames_did_not_fit_the_stores_is_rejected() {
    let lens = lens();
    let (mut rejected, mut resumed) = (0, 0);
    for (index, limit) in [0, 100, 200, 300, 500, 1_000]
        .into_iter()
        .cycle()
        .enumerate()
        .take(400)
    {
        let from = index % 2;
        let at = 50 + index * 7 % (lens[from] - 50);
        let outcome = run(&[loss(index / 2, cut(from, at))], limit);
        let count = if outcome.rejected {
            &mut rejected
        } else {
            &mut resumed
        };
        *count += 1;
    }
    println!("{rejected} rejected, {resumed} resumed");
    assert!(
        rejected > 50 && resumed > 50,
        "{rejected} rejected, {resumed} resumed"
    );
}
