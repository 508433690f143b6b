//! What is a Unix socket's own: its file, who may connect, and where there is none.
#![cfg(unix)]

mod support;

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::time::Duration;

use rsocket_runtime::{
    AddressError, BindError, ConnectError, ConnectOptions, Payload, Server, ServerOptions, connect,
};
use support::certificates::Authority;
use support::{echo, soon};

fn url(name: &str) -> String {
    let name = format!("rsocket-{}-unix-{name}", std::process::id());
    format!("unix://{}", std::env::temp_dir().join(name).display())
}

fn file(url: &str) -> Option<fs::Metadata> {
    let path = url.strip_prefix("unix://").expect("it is one");
    fs::symlink_metadata(path).ok()
}

#[tokio::test]
async fn a_server_has_its_file_until_it_stops() {
    let url = url("own file");
    let escaped = url.replace(' ', "%20");
    let options = ServerOptions::default().unix_permissions(0o600);
    let server = Server::bind(&escaped, options)
        .await
        .expect("the place is free");
    assert_eq!((server.local_addr(), server.url()), (None, escaped.clone()));
    let found = file(&url).expect("it is there");
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o7777, 0o600);

    let again = Server::bind(&escaped, ServerOptions::default()).await;
    let Err(BindError::Io { source, .. }) = again else {
        panic!("two listen: {again:?}");
    };
    assert_eq!(source.kind(), ErrorKind::AddrInUse);

    let serving = server.serve(echo);
    assert_eq!(
        (serving.local_addr(), serving.url()),
        (None, escaped.clone())
    );
    let connection = connect(&escaped, ConnectOptions::default()).await;
    let connection = connection.expect("it listens");
    let answer = soon(connection.request_response(Payload::new("hello"))).await;
    assert_eq!(answer, Ok(Some(Payload::new("hello"))));
    soon(serving.shutdown(Duration::from_secs(10))).await;
    assert!(file(&url).is_none());

    let error = connect(&escaped, ConnectOptions::default()).await;
    let Err(ConnectError::Io { source, .. }) = error else {
        panic!("nobody listens: {error:?}");
    };
    assert_eq!(source.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn options_of_other_transports_are_refused() {
    let url = url("options");
    let address = || url.clone();
    let tls = ServerOptions::default().tls(Authority::common().server());
    let expected = AddressError::NotSecure { address: address() };
    let refused = Server::bind(&url, tls).await;
    assert!(matches!(refused, Err(BindError::Address(error)) if error == expected));
    let tls = ConnectOptions::default().tls(Authority::common().client());
    let refused = connect(&url, tls).await;
    assert!(matches!(refused, Err(ConnectError::Address(error)) if error == expected));

    let address = "tcp://127.0.0.1:0".to_owned();
    let options = ServerOptions::default().unix_permissions(0o600);
    let refused = Server::bind(&address, options).await;
    let expected = AddressError::NotUnix { address };
    assert!(matches!(refused, Err(BindError::Address(error)) if error == expected));
}
