//! What a client proposes, as its server sees it.

use super::*;

/// A server that has the client's SETUP before it.
fn proposed(settings: &Settings) -> Side {
    let mut client = Side::new(settings);
    client.run(&Batch::default());
    let mut server = Side::new(&Settings::server());
    server.unread.append(&mut client.wire);
    assert_eq!(kinds(&server.run(&Batch::default())), [RSOCKET_EVENT_SETUP]);
    server
}

#[test]
fn a_server_reads_what_the_client_was_configured_with() {
    let settings = Settings::client();
    assert_eq!(settings.set_keepalive(1_234, 56_789), rsocket_result::Ok);
    let set = settings.set_mime_types(b"message/x.rsocket.routing.v0", b"text/plain");
    assert_eq!(set, rsocket_result::Ok);
    let set = settings.set_setup_payload(Some(b"meta"), b"data");
    assert_eq!(set, rsocket_result::Ok);
    let setup = proposed(&settings);
    let setup = setup.setup().expect("there is one");
    assert_eq!(
        (setup.keepalive_interval_ms, setup.max_lifetime_ms),
        (1_234, 56_789)
    );
    let mime = copy(setup.metadata_mime, setup.metadata_mime_len);
    assert_eq!(mime, b"message/x.rsocket.routing.v0");
    assert_eq!(copy(setup.data_mime, setup.data_mime_len), b"text/plain");
    assert!(setup.has_metadata);
}

#[test]
fn the_setup_payload_keeps_absent_and_empty_apart() {
    let payloads: [(Option<&[u8]>, &[u8]); 4] = [
        (None, b""),
        (Some(b""), b"d"),
        (Some(b"m"), b""),
        (Some(b"meta"), b"data"),
    ];
    for (metadata, data) in payloads {
        let settings = Settings::client();
        let set = settings.set_setup_payload(metadata, data);
        assert_eq!(set, rsocket_result::Ok);
        let server = proposed(&settings);
        let setup = server.setup().expect("there is one");
        assert_eq!(setup.has_metadata, metadata.is_some());
        let got = copy(setup.metadata, setup.metadata_len);
        assert_eq!(got, metadata.unwrap_or_default());
        assert_eq!(copy(setup.data, setup.data_len), data);
    }
}

#[test]
fn a_resume_token_tells_a_client_that_wants_to_resume() {
    let setup = proposed(&Settings::client());
    let setup = setup.setup().expect("there is one");
    assert!(!setup.has_resume_token && setup.resume_token.is_null());

    let settings = Settings::client();
    assert_eq!(settings.set_resume(b"secret", 0, 0), rsocket_result::Ok);
    let mut client = Side::new(&settings);
    client.run(&Batch::default());
    let settings = Settings::server();
    assert_eq!(settings.set_resume(b"", 0, 0), rsocket_result::Ok);
    let mut server = Side::new(&settings);
    server.unread.append(&mut client.wire);
    assert_eq!(kinds(&server.run(&Batch::default())), [RSOCKET_EVENT_SETUP]);
    let setup = server.setup().expect("there is one");
    assert!(setup.has_resume_token);
    assert_eq!(copy(setup.resume_token, setup.resume_token_len), b"secret");
}

#[test]
fn the_setup_stays_after_the_decision() {
    let mut server = proposed(&Settings::client());
    server.run(&Batch::default().accept());
    server.receive(1, request_frame(b""));
    let setup = server.setup().expect("there is one");
    let mime = copy(setup.data_mime, setup.data_mime_len);
    assert_eq!(mime, b"application/octet-stream");
}

#[test]
fn there_is_no_setup_before_it_came_nor_at_a_client() {
    let fresh = Side::new(&Settings::server());
    assert_eq!(fresh.setup().err(), Some(rsocket_result::NotReady));
    assert_eq!(Side::client().setup().err(), Some(rsocket_result::NotReady));
}
