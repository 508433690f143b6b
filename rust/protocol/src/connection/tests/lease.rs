//! Leases: who may request how much, for how long (specification, "Lease Semantics").

use super::*;
use crate::frame::Lease;

const TTL: Duration = Duration::from_secs(5);

fn leasing(mut config: Config) -> Config {
    config.lease = true;
    config
}

/// A client and a server that have agreed on leases.
fn agreed() -> Pair {
    Pair::with(&leasing(client_config()), &leasing(server_config()))
}

fn lease_frame(ttl: Duration, requests: u32) -> Frame<'static> {
    Frame::Lease(Lease {
        ttl_ms: ttl.as_millis() as u32,
        requests,
        metadata: None,
    })
}

fn leasing_client() -> Alone {
    let mut client = Alone::client_with(&leasing(client_config()));
    client.sent();
    client
}

fn try_request(client: &mut Alone, user: u64) -> Result<u32, SendError> {
    let (connection, out) = (&mut client.connection, &mut client.out);
    connection.request_response(user, &body(b""), out)
}

// Conforms: setup/client-waits-for-lease, setup/leased-client-request, lease/honored, lease/limit
#[test]
fn a_client_that_proposes_leases_makes_no_request_without_one() {
    let mut client = leasing_client();
    assert_eq!(try_request(&mut client, 1), Err(SendError::NoLease));
    let seen = client.receive(0, lease_frame(TTL, 2));
    let expected = Seen::Lease {
        ttl: TTL,
        requests: 2,
        metadata: None,
    };
    assert_eq!(seen, Some(expected));
    assert_eq!(try_request(&mut client, 1), Ok(1));
    assert_eq!(try_request(&mut client, 2), Ok(3));
    assert_eq!(try_request(&mut client, 3), Err(SendError::NoLease));
}

// Conforms: lease/ttl-meaning, lease/expired, lease/limit
#[test]
fn a_lease_ends_with_its_time() {
    let mut client = leasing_client();
    client.receive(0, lease_frame(TTL, 100));
    client.pass(TTL - Duration::from_millis(1));
    client.tick();
    assert!(try_request(&mut client, 1).is_ok());
    client.pass(Duration::from_millis(1));
    client.tick();
    assert_eq!(try_request(&mut client, 2), Err(SendError::NoLease));
}

// Conforms: lease/last-counts, lease/ttl-positive, lease/requests-positive, lease/stop
#[test]
fn the_last_lease_counts_and_nothing_stops_requests() {
    let mut client = leasing_client();
    client.receive(0, lease_frame(TTL, 100));
    client.receive(0, lease_frame(TTL, 1));
    assert!(try_request(&mut client, 1).is_ok());
    assert_eq!(try_request(&mut client, 2), Err(SendError::NoLease));
    client.receive(0, lease_frame(TTL, 100));
    client.receive(0, lease_frame(TTL, 0));
    assert_eq!(try_request(&mut client, 3), Err(SendError::NoLease));
    client.receive(0, lease_frame(Duration::ZERO, 100));
    assert_eq!(try_request(&mut client, 4), Err(SendError::NoLease));
}

// Conforms: lease/counts-all
#[test]
fn every_kind_of_request_uses_the_lease() {
    let mut client = leasing_client();
    client.receive(0, lease_frame(TTL, 4));
    let (connection, out) = (&mut client.connection, &mut client.out);
    assert!(connection.request_response(1, &body(b""), out).is_ok());
    assert!(connection.fire_and_forget(&body(b""), out).is_ok());
    assert!(connection.request_stream(2, 1, &body(b""), out).is_ok());
    assert!(
        connection
            .request_channel(3, 1, &body(b""), true, out)
            .is_ok()
    );
    assert_eq!(
        connection.fire_and_forget(&body(b""), out),
        Err(SendError::NoLease)
    );
}

/// A server that has granted a client so many requests.
fn granting(requests: u32) -> Alone {
    let mut server = Alone::new(&leasing(server_config()));
    let proposal = Setup {
        honors_lease: true,
        ..SETUP
    };
    assert_eq!(server.receive(0, Frame::Setup(proposal)), Some(Seen::Setup));
    assert_eq!(server.connection.accept_setup(), Ok(()));
    let now = server.now;
    let granted = server.connection.grant_lease(TTL, requests, None, now);
    assert_eq!(granted, Ok(()));
    server.assert_sent(&[(0, lease_frame(TTL, requests))]);
    server
}

// Conforms: error/rejected, lease/stream-0, lease/excess-rejected
#[test]
fn a_responder_rejects_what_goes_beyond_its_lease() {
    let mut server = granting(1);
    assert!(
        server
            .receive(1, request_response(PayloadRef::default()))
            .is_some()
    );
    assert_eq!(
        server.receive(3, request_response(PayloadRef::default())),
        None
    );
    let rejected = error(ErrorCode::REJECTED, "no lease is left for this request");
    server.assert_sent(&[(3, rejected)]);
    assert_eq!(server.receive(5, request_fnf(PayloadRef::default())), None);
    server.assert_sent(&[]);
}

#[test]
fn a_responder_rejects_what_comes_after_its_lease() {
    let mut server = granting(100);
    server.pass(TTL);
    assert_eq!(
        server.receive(1, request_response(PayloadRef::default())),
        None
    );
    let rejected = error(ErrorCode::REJECTED, "no lease is left for this request");
    server.assert_sent(&[(1, rejected)]);
}

// Conforms: lease/either-side, setup/lease-flag, setup/server-leases, setup/client-leases
// Conforms: setup/leased-server-request
#[test]
fn both_sides_lease_to_each_other() {
    let mut pair = agreed();
    let now = pair.client.now;
    assert!(pair.client.connection.uses_leases() && pair.server.connection.uses_leases());
    assert_eq!(
        pair.server.connection.grant_lease(TTL, 1, Some(b"m"), now),
        Ok(())
    );
    assert_eq!(
        pair.client.connection.grant_lease(TTL, 1, None, now),
        Ok(())
    );
    pair.ferry();
    assert_eq!(try_request(&mut pair.client, 1), Ok(1));
    assert_eq!(try_request(&mut pair.server, 1), Ok(2));
}

// Conforms: setup/lease-flag, setup/request-at-once
#[test]
fn without_agreement_there_are_no_leases() {
    let mut client = Alone::client();
    client.sent();
    assert_eq!(client.receive(0, lease_frame(TTL, 1)), None);
    let now = client.now;
    let refused = client.connection.grant_lease(TTL, 1, None, now);
    assert_eq!(refused, Err(SendError::NotReady));
    assert!(try_request(&mut client, 1).is_ok());
}

// Conforms: lease/layout
#[test]
fn a_lease_says_at_most_31_bits() {
    let mut client = leasing_client();
    let now = client.now;
    let endless = Duration::from_secs(u64::MAX);
    let granted = client.connection.grant_lease(endless, u32::MAX, None, now);
    assert_eq!(granted, Ok(()));
    let most = Duration::from_millis(0x7FFF_FFFF);
    client.assert_sent(&[(0, lease_frame(most, 0x7FFF_FFFF))]);
    let long = vec![0; (16 << 10) + 1];
    let refused = client.connection.grant_lease(TTL, 1, Some(&long), now);
    assert_eq!(refused, Err(SendError::PayloadTooLarge));
}

/// A server that has accepted a client's leases.
fn leasing_server() -> Alone {
    let mut server = Alone::new(&leasing(server_config()));
    let proposal = Setup {
        honors_lease: true,
        ..SETUP
    };
    assert_eq!(server.receive(0, Frame::Setup(proposal)), Some(Seen::Setup));
    assert_eq!(server.connection.accept_setup(), Ok(()));
    server
}

// Conforms: lease/before-first-rejected
#[test]
fn a_responder_rejects_what_comes_before_its_first_lease() {
    let mut server = leasing_server();
    let request = request_response(PayloadRef::default());
    assert_eq!(server.receive(1, request), None);
    let rejected = error(ErrorCode::REJECTED, "no lease is left for this request");
    server.assert_sent(&[(1, rejected)]);
    assert_eq!(server.connection.inbound_streams(), 0);
}

// Conforms: setup/server-waits-for-lease, setup/leased-server-request, lease/honored
#[test]
fn a_server_makes_no_request_without_a_lease_of_the_client() {
    let mut server = leasing_server();
    assert_eq!(try_request(&mut server, 1), Err(SendError::NoLease));
    server.receive(0, lease_frame(TTL, 1));
    assert_eq!(try_request(&mut server, 1), Ok(2));
    assert_eq!(try_request(&mut server, 2), Err(SendError::NoLease));
}

// Conforms: fragmentation/lease
#[test]
fn a_request_in_fragments_uses_one_request_of_a_lease() {
    let (client, server) = interactions::sending_fragments_of(64);
    let mut pair = Pair::with(&leasing(client), &leasing(server));
    let now = pair.server.now;
    let granted = pair.server.connection.grant_lease(TTL, 2, None, now);
    assert_eq!(granted, Ok(()));
    pair.ferry();
    for user in [1, 2] {
        let side = &mut pair.client;
        let long = interactions::large(user, None, 500);
        let asked = side.connection.request_response(user, &long, &mut side.out);
        assert!(asked.is_ok());
    }
    assert_eq!(try_request(&mut pair.client, 3), Err(SendError::NoLease));
    assert_eq!(pair.ferry().server.len(), 2, "both have arrived");
}

/// Waiting for a LEASE, for however long, is the application's affair.
// Conforms: unexpected/no-lease
#[test]
fn a_connection_without_a_lease_goes_on() {
    let mut pair = agreed();
    assert_eq!(pair.pass(Duration::from_secs(1_000)), Both::default());
    assert!(!pair.client.connection.is_closed() && !pair.server.connection.is_closed());
    assert_eq!(try_request(&mut pair.client, 1), Err(SendError::NoLease));
}

/// A driver that hands in nothing while it waits can say how late it is.
#[test]
fn a_lease_ends_with_its_time_without_a_timeout() {
    let mut client = leasing_client();
    client.receive(0, lease_frame(TTL, 100));
    client.pass(TTL);
    client.connection.advance(client.now);
    assert_eq!(try_request(&mut client, 1), Err(SendError::NoLease));
}

#[test]
fn what_is_left_of_a_lease_can_be_asked() {
    let mut client = leasing_client();
    assert_eq!(client.connection.lease_left(client.now), None);
    client.receive(0, lease_frame(TTL, 2));
    assert_eq!(client.connection.lease_left(client.now), Some((TTL, 2)));
    client.pass(TTL / 5);
    assert!(try_request(&mut client, 1).is_ok());
    let left = client.connection.lease_left(client.now);
    assert_eq!(left, Some((TTL * 4 / 5, 1)));
    assert!(try_request(&mut client, 2).is_ok());
    assert_eq!(client.connection.lease_left(client.now), None, "used up");
    client.receive(0, lease_frame(TTL, 2));
    client.pass(TTL);
    assert_eq!(client.connection.lease_left(client.now), None, "too late");
}

#[test]
fn a_request_that_there_is_no_room_for_uses_no_lease() {
    let mut client = leasing_client();
    client.receive(0, lease_frame(TTL, 1));
    client.out.room = 0;
    assert_eq!(try_request(&mut client, 1), Err(SendError::Full));
    client.out.room = usize::MAX;
    assert!(try_request(&mut client, 1).is_ok());
}

/// All of a request, however many fragments it has (specification, "Fragmentation And Reassembly").
#[test]
fn a_request_in_fragments_uses_one_request_of_the_lease() {
    let mut server = granting(1);
    let fragment = |follows, data| {
        Frame::RequestResponse(RequestResponse {
            follows,
            payload: PayloadRef::from_data(data),
        })
    };
    assert_eq!(server.receive(1, fragment(true, b"in two ")), None);
    server.pass(TTL);
    let last = Frame::Payload(PayloadFrame {
        follows: false,
        complete: false,
        next: true,
        payload: PayloadRef::from_data(b"pieces"),
    });
    assert!(
        server.receive(1, last).is_some(),
        "it began within the lease"
    );
}

/// Like keepalives: the driver goes on granting, whether or not the peer reads.
#[test]
fn leases_that_the_peer_does_not_read_do_not_pile_up() {
    let mut config = leasing(client_config());
    config.limits.max_control_bytes = 1_000;
    let mut client = Alone::client_with(&config);
    client.sent();
    let now = client.now;
    for _ in 0..1_000 {
        let granted = client
            .connection
            .grant_lease(TTL, 1, Some(b"metadata"), now);
        assert_eq!(granted, Ok(()));
        assert!(client.connection.control.len() <= 1_000);
    }
}
