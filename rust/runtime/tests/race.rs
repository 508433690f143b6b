//! Requests, cancellations and the connection's end at the same moment on several threads: nothing may hang or be lost.

mod support;

use rsocket_runtime::{ConnectOptions, Connection, Failure, Payload};
use support::{dial_with, serve, soon};
use tokio::task::{JoinSet, yield_now};

/// A small generator of numbers that differ from round to round.
struct Dice(u32);

impl Dice {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) % bound
    }
}

/// Answers at once, later, or not before the request is withdrawn.
async fn answer(request: Payload) -> Result<Option<Payload>, Failure> {
    match request.data.len() % 7 {
        0 => std::future::pending().await,
        turns => {
            for _ in 1..turns {
                yield_now().await;
            }
            Ok(Some(request))
        }
    }
}

async fn give_up(turns: u32) {
    for _ in 0..turns {
        yield_now().await;
    }
}

/// Makes requests, some of which it drops, until the connection is over.
async fn caller(connection: Connection, seed: u32) -> u32 {
    let mut dice = Dice(seed);
    let mut answered = 0;
    loop {
        let len = dice.below(6000) as usize;
        let payload = Payload::new(vec![seed as u8; len]);
        let request = connection.request_response(payload.clone());
        let outcome = if len.is_multiple_of(7) || dice.below(4) == 0 {
            tokio::select! {
                outcome = request => outcome,
                () = give_up(dice.below(50)) => continue,
            }
        } else {
            request.await
        };
        match outcome {
            Ok(answer) => assert!(answer == Some(payload), "somebody else's answer"),
            Err(error) => {
                assert!(error.close_reason().is_some(), "{error}");
                return answered;
            }
        }
        answered += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_hangs_when_requests_meet_the_end() {
    let serving = serve(answer).await;
    for round in 0..40 {
        // Sometimes there is room for everybody, sometimes for hardly a frame.
        let room = if round % 2 == 0 { 1 << 20 } else { 4000 };
        let options = ConnectOptions::default().max_output_bytes(room);
        let connection = dial_with(&serving, options).await;
        let mut callers = JoinSet::new();
        for i in 0..32 {
            callers.spawn(caller(connection.clone(), round * 1000 + i));
        }
        soon(caller_turns(&connection, round)).await;
        connection.close();
        while let Some(done) = soon(callers.join_next()).await {
            done.expect("every answer is the right one");
        }
        soon(connection.closed()).await;
    }
    soon(serving.shutdown(std::time::Duration::ZERO)).await;
}

/// Lets some requests pass before the end.
async fn caller_turns(connection: &Connection, round: u32) {
    for _ in 0..round * 5 {
        let answer = connection.request_response(Payload::new("a")).await;
        assert_eq!(answer, Ok(Some(Payload::new("a"))));
    }
}
