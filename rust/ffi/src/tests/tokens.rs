//! Tokens: generation << 32 | index, the index bounded, one open request at a time.

use rsocket_protocol::frame::Cancel;

use super::*;

fn token(generation: u64, index: u64) -> u64 {
    generation << 32 | index
}

#[test]
fn a_token_whose_index_is_out_of_bounds_is_refused() {
    let settings = Settings::client().limit(RSOCKET_LIMIT_OUTBOUND_STREAMS, 4);
    for index in [4, 1 << 31, u64::from(u32::MAX)] {
        for batch in [
            Batch::default().request(token(1, index), None, b""),
            Batch::default().cancel(token(1, index)),
        ] {
            let mut client = Side::new(&settings);
            let seen = client.run(&batch);
            assert_eq!(kinds(&seen), [RSOCKET_EVENT_REFUSED]);
            assert_eq!(seen[0].code, rsocket_result::InvalidArgument as u32);
        }
    }
    let mut client = Side::new(&settings);
    assert_eq!(
        client.run(&Batch::default().request(token(1, 3), None, b"")),
        []
    );
}

#[test]
fn an_index_may_be_used_again_after_cancel() {
    let mut client = Side::client();
    let batch = Batch::default()
        .request(token(1, 0), None, b"old")
        .cancel(token(1, 0))
        .request(token(2, 0), None, b"new");
    assert_eq!(client.run(&batch), []);
    assert_eq!(client.receive(1, answer_frame(b"late")), []);
    let seen = client.receive(3, answer_frame(b"answer"));
    assert_eq!((seen.len(), seen[0].token), (1, token(2, 0)));
}

#[test]
fn an_old_token_withdraws_nothing() {
    let mut client = Side::client();
    client.run(&Batch::default().request(token(1, 0), None, b""));
    client.receive(1, answer_frame(b""));
    client.run(&Batch::default().request(token(2, 0), None, b""));
    client.sent();
    let stale = Batch::default()
        .cancel(token(1, 0))
        .cancel(token(3, 0))
        .cancel(token(0, 5));
    assert_eq!(client.run(&stale), []);
    client.assert_sent(&[]);
    assert_eq!(client.run(&Batch::default().cancel(token(2, 0))), []);
    client.assert_sent(&[(3, Frame::Cancel(Cancel))]);
}

#[test]
fn a_token_comes_back_whole() {
    let mut client = Side::client();
    let whole = token(u64::from(u32::MAX), 9);
    client.run(&Batch::default().request(whole, None, b""));
    assert_eq!(client.receive(1, answer_frame(b""))[0].token, whole);
}

#[test]
fn requests_of_the_peer_have_dense_names() {
    let mut server = Side::server();
    let names: Vec<u64> = [1, 3, 5]
        .into_iter()
        .map(|stream| server.receive(stream, request_frame(b""))[0].token)
        .collect();
    let indices: Vec<u32> = names.iter().map(|name| *name as u32).collect();
    assert_eq!(indices, [0, 1, 2]);
    server.run(&Batch::default().respond(3, None, b""));
    let again = server.receive(7, request_frame(b""))[0].token;
    assert_eq!(again as u32, 1);
    assert_ne!(again, names[1], "another generation");
}
