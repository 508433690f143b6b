//! A connection goes on over another transport.

use super::*;

fn pair() -> Pair {
    let server = Settings::server().resumable(b"");
    Pair::with(&Settings::client().resumable(b"secret"), &server)
}

/// A server's connection to a transport on which `client` has sent RESUME.
fn fresh_server(client: &mut Side) -> Side {
    assert_eq!(client.begin_resume(), rsocket_result::Ok);
    client.run(&Batch::default());
    let mut fresh = Side::new(&Settings::server().resumable(b""));
    fresh.unread.append(&mut client.wire);
    assert_eq!(kinds(&fresh.run(&Batch::default())), [RSOCKET_EVENT_RESUME]);
    fresh
}

fn resume(pair: &mut Pair) {
    let fresh = fresh_server(&mut pair.client);
    let request = fresh.resume_request().expect("there is one");
    assert_eq!(copy(request.token, request.token_len), b"secret");
    let (last, first) = (
        request.last_received_server_position,
        request.first_available_client_position,
    );
    assert_eq!(pair.server.resume(last, first), rsocket_result::Ok);
}

#[test]
fn requests_and_answers_survive_their_transport() {
    let mut pair = pair();
    let seen = pair.client_does(&Batch::default().request(1, None, b"arrives"));
    let stream = seen.server[0].stream;
    pair.server
        .run(&Batch::default().respond(stream, None, b"answer"));
    pair.client.run(&Batch::default().request(2, None, b"lost"));
    assert_eq!(pair.client.lose(), rsocket_result::Ok);
    assert_eq!(pair.server.lose(), rsocket_result::Ok);
    resume(&mut pair);
    let seen = pair.carry();
    assert_eq!(
        kinds(&seen.client),
        [RSOCKET_EVENT_RESUMED, RSOCKET_EVENT_RESPONSE]
    );
    assert_eq!(
        (seen.client[1].token, &*seen.client[1].data),
        (1, &b"answer"[..])
    );
    assert_eq!(kinds(&seen.server), [RSOCKET_EVENT_REQUEST_RESPONSE]);
    assert_eq!(seen.server[0].data, b"lost");
}

#[test]
fn progress_tells_that_there_is_no_transport() {
    let mut pair = pair();
    let flags = |side: &mut Side| {
        let turn = side.drive(&Batch::default(), PLENTY).expect("drives");
        turn.progress.flags
    };
    assert_eq!(flags(&mut pair.client), 0);
    pair.client.lose();
    pair.server.lose();
    let lost = RSOCKET_PROGRESS_SUSPENDED | RSOCKET_PROGRESS_NO_TRANSPORT;
    assert_eq!(flags(&mut pair.client), lost);
    resume(&mut pair);
    assert_eq!(flags(&mut pair.client), RSOCKET_PROGRESS_SUSPENDED);
    pair.carry();
    assert_eq!(flags(&mut pair.client), 0);
}

#[test]
fn commands_wait_when_the_store_is_full() {
    let client = Settings::client();
    assert_eq!(client.set_resume(b"secret", 4_096, 0), rsocket_result::Ok);
    let server = Settings::server().resumable(b"");
    let mut pair = Pair::with(&client, &server);
    pair.client.lose();
    pair.server.lose();
    let batch = Batch::default()
        .request(1, None, &[0; 3_000])
        .request(2, None, &[0; 3_000]);
    let turn = pair.client.drive(&batch, PLENTY).expect("drives");
    assert_eq!((turn.progress.commands_used, turn.output.len()), (1, 0));
    let rest = Batch {
        commands: batch.commands[1..].to_vec(),
        bytes: batch.bytes,
    };
    let turn = pair.client.drive(&rest, PLENTY).expect("it is no error");
    assert_eq!(turn.progress.commands_used, 0);
    assert_ne!(turn.progress.flags & RSOCKET_PROGRESS_SUSPENDED, 0);
    resume(&mut pair);
    pair.carry();
    pair.client.run(&rest);
    assert_eq!(pair.carry().server.len(), 1);
}

#[test]
fn external_payloads_are_refused() {
    let mut pair = pair();
    let command = rsocket_command {
        data_len: 5_000,
        flags: RSOCKET_FLAG_EXTERNAL,
        ..command(RSOCKET_COMMAND_REQUEST_RESPONSE, 1, 0)
    };
    let seen = pair.client.run(&Batch::default().push(command));
    assert_eq!(kinds(&seen), [RSOCKET_EVENT_REFUSED]);
    assert_eq!(seen[0].code, rsocket_result::InvalidArgument as u32);
}

#[test]
fn an_unknown_session_is_rejected() {
    let mut pair = pair();
    pair.client.lose();
    let mut fresh = fresh_server(&mut pair.client);
    let reject = Batch::default().tell(RSOCKET_COMMAND_REJECT_RESUME, 0, 0, b"who?");
    assert_eq!(kinds(&fresh.run(&reject)), [RSOCKET_EVENT_CLOSED]);
    pair.client.unread.append(&mut fresh.wire);
    let seen = pair.client.run(&Batch::default());
    assert_eq!(kinds(&seen), [RSOCKET_EVENT_CLOSED]);
    let reason = pair.client.close_reason().expect("it is over");
    assert_eq!(reason, (RSOCKET_ORIGIN_REMOTE, 4, "who?".to_owned()));
}

#[test]
fn a_position_that_cannot_be_is_told() {
    let mut pair = pair();
    assert_eq!(pair.server.resume(99, 0), rsocket_result::CannotResume);
    // It may be of an attempt that the client has given up.
    assert!(pair.server.close_reason().is_err());
}

#[test]
fn the_order_of_calls_is_checked() {
    let mut pair = pair();
    assert_eq!(pair.client.begin_resume(), rsocket_result::NotReady);
    assert_eq!(
        pair.server.resume_request().err(),
        Some(rsocket_result::NotReady)
    );
    let mut plain = Side::client();
    assert_eq!(plain.lose(), rsocket_result::Closed);
    assert_eq!(plain.begin_resume(), rsocket_result::Closed);
    let reject = Batch::default().tell(RSOCKET_COMMAND_REJECT_RESUME, 0, 0, b"");
    let seen = pair.server.run(&reject);
    assert_eq!(seen[0].code, rsocket_result::NotReady as u32);
}

#[test]
fn a_silent_transport_is_given_up() {
    let mut pair = pair();
    pair.client.now_ns += 90_000 * MILLISECOND;
    assert_eq!(
        kinds(&pair.client.run(&Batch::default())),
        [RSOCKET_EVENT_SUSPENDED]
    );
    let metadata = Batch::default().tell(RSOCKET_COMMAND_METADATA_PUSH, 0, 0, b"news");
    let seen = pair.client.run(&metadata);
    assert_eq!(seen[0].code, rsocket_result::Suspended as u32);
}

#[test]
fn a_session_ends_after_its_timeout() {
    let settings = Settings::client();
    assert_eq!(settings.set_resume(b"secret", 0, 5_000), rsocket_result::Ok);
    let mut client = Side::new(&settings);
    client.run(&Batch::default());
    assert_eq!(client.lose(), rsocket_result::Ok);
    client.now_ns += 5_000 * MILLISECOND;
    assert_eq!(
        kinds(&client.run(&Batch::default())),
        [RSOCKET_EVENT_CLOSED]
    );
}

#[test]
fn a_client_needs_a_token_of_a_possible_length() {
    let client = Settings::client();
    assert_eq!(
        client.set_resume(b"", 0, 0),
        rsocket_result::InvalidArgument
    );
    let long = vec![b'x'; 65_536];
    assert_eq!(
        client.set_resume(&long, 0, 0),
        rsocket_result::InvalidArgument
    );
    assert_eq!(client.set_resume(&long[1..], 0, 0), rsocket_result::Ok);
    // SAFETY: NULL is what the call is about.
    let nothing = unsafe { rsocket_config_set_resume(null_mut(), null(), 0, 0, 0) };
    assert_eq!(nothing, rsocket_result::NullArgument);
}

#[test]
fn null_handles_are_refused() {
    // SAFETY: NULL is what the calls are about.
    unsafe {
        let connection = null_mut();
        let mut request = MaybeUninit::uninit();
        let results = [
            rsocket_connection_transport_lost(connection, 0),
            rsocket_connection_begin_resume(connection, 0),
            rsocket_connection_resume(connection, 0, 0, 0),
            rsocket_connection_resume_request(connection, request.as_mut_ptr()),
        ];
        assert_eq!(results, [rsocket_result::NullArgument; 4]);
    }
}
