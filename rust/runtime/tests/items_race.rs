//! Everything at once on several threads: streams, channels, requests and cancellations, and then the end.

mod support;

use std::time::Duration;

use rsocket_runtime::{
    ConnectOptions, Connection, Error, Failure, Handler, ItemSender, Items, Payload, RequestStream,
};
use support::items::{number, numbers, pattern, text};
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

struct Everything;

impl Handler for Everything {
    async fn request_response(&self, request: Payload) -> Result<Option<Payload>, Failure> {
        yield_now().await;
        Ok(Some(request))
    }

    async fn request_stream(&self, count: Payload, mut items: ItemSender) -> Result<(), Failure> {
        for item in 0..number(&text(&count)) {
            let len = if item % 50 == 7 { 5000 } else { 3 };
            let metadata = pattern(item, len);
            let item = Payload::new(item.to_string()).with_metadata(metadata);
            items.send(item).await?;
        }
        Ok(())
    }

    async fn request_channel(&self, received: Items, mut items: ItemSender) -> Result<(), Failure> {
        items.send_all(received.prefetch(5)).await
    }
}

/// Takes up to `most` items, which count up from 0; true when the stream went on to its end.
async fn take(stream: &mut RequestStream, most: u32) -> Result<bool, Error> {
    for next in 0..u64::from(most) {
        match stream.next().await {
            None => return Ok(true),
            Some(item) => assert_eq!(number(&text(&item?)), next),
        }
    }
    Ok(false)
}

async fn one(connection: &Connection, dice: &mut Dice) -> Result<(), Error> {
    let items = u64::from(dice.below(300));
    let most = if dice.below(2) == 0 {
        u32::MAX
    } else {
        dice.below(40)
    };
    let prefetch = dice.below(30);
    match dice.below(4) {
        0 => {
            let payload = Payload::new(pattern(items, items as usize * 20));
            let answer = connection.request_response(payload.clone()).await?;
            assert!(answer == Some(payload), "somebody else's answer");
        }
        1 => connection.fire_and_forget(Payload::new("")).await?,
        2 => {
            let request = Payload::new(items.to_string());
            let mut stream = connection.request_stream(request).prefetch(prefetch);
            if take(&mut stream, most).await? {
                assert_eq!(stream.next().await, None);
            }
        }
        _ => {
            let mut stream = connection
                .request_channel(numbers(items))
                .prefetch(prefetch);
            take(&mut stream, most).await?;
        }
    }
    Ok(())
}

/// Goes on until the connection is over.
async fn caller(connection: Connection, seed: u32) {
    let mut dice = Dice(seed);
    loop {
        if let Err(error) = one(&connection, &mut dice).await {
            assert!(error.close_reason().is_some(), "{error}");
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_hangs_and_nothing_is_mixed_up() {
    let serving = serve(Everything).await;
    for round in 0..20 {
        let room = if round % 2 == 0 { 1 << 20 } else { 4000 };
        let options = ConnectOptions::default()
            .max_output_bytes(room)
            .fragment_len([128 << 10, 1000, 64][round as usize % 3]);
        let connection = dial_with(&serving, options).await;
        let mut callers = JoinSet::new();
        for i in 0..16 {
            callers.spawn(caller(connection.clone(), round * 1000 + i));
        }
        let mut dice = Dice(round);
        for _ in 0..round * 3 {
            soon(one(&connection, &mut dice)).await.expect("it is open");
        }
        connection.close();
        while let Some(done) = soon(callers.join_next()).await {
            done.expect("every item is the right one");
        }
        soon(connection.closed()).await;
    }
    soon(serving.shutdown(Duration::ZERO)).await;
}
