//! Sessions that go on.

use super::*;

fn resumes(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> bool {
    let mut pair = Pair::new(Arc::clone(client), Arc::clone(server));
    pair.run();
    pair.check();
    let [client, server] = [&pair.client, &pair.server].map(|end| end.agreed().resumed);
    assert_eq!(client, server);
    client
}

#[test]
fn the_second_handshake_is_short() {
    let authority = Authority::new("CA");
    let server = authority.server();
    for version in VERSIONS {
        let client = authority.client_of(version);
        assert!(!resumes(&client, &server));
        for _ in 0..5 {
            assert!(resumes(&client, &server));
        }
    }
}

#[test]
fn any_number_of_clients_can() {
    let authority = Authority::new("CA");
    let server = authority.server();
    let clients: Vec<_> = (0..300).map(|_| authority.client()).collect();
    for client in &clients {
        assert!(!resumes(client, &server));
    }
    for client in &clients {
        assert!(resumes(client, &server));
    }
}

#[test]
fn the_clients_certificate_is_remembered() {
    let authority = Authority::new("CA");
    let server = ServerBuilder::new(Certificates::new(authority.issue(HOST)))
        .require_clients(authority.roots())
        .build()
        .expect("a config");
    let client = ClientBuilder::new(authority.roots())
        .certificates(Certificates::new(authority.issue("client.example")))
        .build()
        .expect("a config");
    assert!(!resumes(&client, &server));
    let mut pair = Pair::new(client, server);
    pair.run();
    let agreed = pair.server.agreed();
    assert!(agreed.resumed);
    assert_eq!(agreed.peer_certificates.len(), 1);
}

#[test]
fn another_server_does_not_know_the_session() {
    let authority = Authority::new("CA");
    let client = authority.client();
    assert!(!resumes(&client, &authority.server()));
    assert!(!resumes(&client, &authority.server()));
}
