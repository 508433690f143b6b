//! A handle is entered by one thread at a time, and not at all after a panic.

use std::thread;

use super::*;

/// Lets another thread use a handle, which the gate makes safe.
#[derive(Clone, Copy)]
struct Shared(*mut rsocket_connection);

// SAFETY: the gate in the handle is what is tested.
unsafe impl Send for Shared {}

impl Shared {
    /// What every function answers to another thread.
    fn results(self) -> [rsocket_result; 3] {
        let (mut reason, mut setup) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        let mut progress = MaybeUninit::uninit();
        let call = Call {
            progress: progress.as_mut_ptr(),
            ..Call::of(self.0)
        };
        // SAFETY: the handle is live and the places are valid.
        unsafe {
            assert!(rsocket_connection_arena(self.0).is_null());
            [
                call.make(),
                rsocket_connection_close_reason(self.0, reason.as_mut_ptr()),
                rsocket_connection_setup(self.0, setup.as_mut_ptr()),
            ]
        }
    }
}

/// Ten thousand idle connections pay for each byte ten thousand times.
#[test]
#[cfg(target_pointer_width = "64")]
fn a_connection_is_small() {
    let size = size_of::<rsocket_connection>();
    assert!(size <= 800, "{size} bytes");
}

#[test]
fn a_second_thread_is_told_that_the_handle_is_busy() {
    let client = Side::client();
    let shared = Shared(client.connection);
    // SAFETY: the handle is live.
    let inside = unsafe {
        enter(client.connection, |_| {
            let other = thread::spawn(move || shared.results());
            assert_eq!(other.join().ok(), Some([rsocket_result::Busy; 3]));
            Ok(())
        })
    };
    assert_eq!(inside, rsocket_result::Ok);
    assert_eq!(shared.results()[0], rsocket_result::Ok, "free again");
}

#[test]
fn two_threads_that_take_turns_get_what_one_would() {
    let settings = Settings::client();
    let client = Side::new(&settings);
    let shared = Shared(client.connection);
    let turns = if cfg!(miri) { 5 } else { 500 };
    let workers: Vec<_> = (0..2)
        .map(|worker| thread::spawn(move || requests(shared, worker, turns)))
        .collect();
    let mut frames: Vec<Vec<u8>> = Vec::new();
    for worker in workers {
        frames.extend(worker.join().expect("the worker ends"));
    }
    assert_eq!(
        frames.len(),
        1 + 2 * turns as usize,
        "SETUP and the requests"
    );
    let mut streams: Vec<u32> = frames
        .iter()
        .map(|frame| Frame::decode(frame).expect("decodes").0)
        .collect();
    streams.sort_unstable();
    streams.dedup();
    assert_eq!(streams.len(), frames.len(), "each on a stream of its own");
}

/// Sends requests, trying again while the other thread is inside; the frames that came out.
fn requests(shared: Shared, worker: u64, turns: u64) -> Vec<Vec<u8>> {
    let mut wire = Vec::new();
    for turn in 0..turns {
        let batch = Batch::default().request(worker * turns + turn, None, b"");
        let (mut output, mut events) = ([0; 200], [rsocket_event::default(); 2]);
        let mut progress = MaybeUninit::uninit();
        let call = Call {
            commands: batch.commands.as_ptr(),
            commands_len: 1,
            events: events.as_mut_ptr(),
            events_cap: 2,
            output: output.as_mut_ptr(),
            output_cap: output.len(),
            progress: progress.as_mut_ptr(),
            ..Call::of(shared.0)
        };
        let result = loop {
            match call.make() {
                rsocket_result::Busy => thread::yield_now(),
                result => break result,
            }
        };
        assert_eq!(result, rsocket_result::Ok);
        // SAFETY: written on success.
        let progress: rsocket_progress = unsafe { progress.assume_init() };
        assert_eq!((progress.commands_used, progress.events_len), (1, 0));
        wire.extend_from_slice(&output[..progress.output_len]);
    }
    frames(&wire)
}

#[test]
fn a_panic_is_a_result_and_poisons_that_handle_alone() {
    let (broken, other) = (Side::client(), Side::client());
    // SAFETY: the handle is live.
    let result = unsafe { enter(broken.connection, |_| panic!("a bug in the library")) };
    assert_eq!(result, rsocket_result::Panic);
    let shared = Shared(broken.connection);
    assert_eq!(shared.results(), [rsocket_result::Panic; 3]);
    assert_eq!(shared.results(), [rsocket_result::Panic; 3], "for good");
    assert_eq!(Shared(other.connection).results()[0], rsocket_result::Ok);
    drop(broken);
}

#[test]
fn a_handle_that_refused_a_call_is_free() {
    let client = Side::client();
    assert_eq!(
        Call::of(client.connection).make(),
        rsocket_result::NullArgument
    );
    assert_eq!(client.close_reason(), Err(rsocket_result::NotReady));
    assert_eq!(Shared(client.connection).results()[0], rsocket_result::Ok);
}

#[test]
fn settings_may_go_before_the_connections_made_from_them() {
    let settings = Settings::client();
    let mut clients = [Side::new(&settings), Side::new(&settings)];
    drop(settings);
    for client in &mut clients {
        client.run(&Batch::default());
        assert_eq!(client.sent().len(), 1);
    }
}
