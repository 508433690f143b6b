//! Metadata for the connection as a whole, over real sockets.

mod support;

use bytes::Bytes;
use rsocket_runtime::{
    ConnectOptions, Connection, Error, Handler, NotSupported, Payload, Rejection, Setup,
};
use support::{bind, dial, dial_with, echo, serve, soon};
use tokio::sync::mpsc;

/// Tells of what is pushed.
struct Tell(mpsc::UnboundedSender<Bytes>);

impl Handler for Tell {
    async fn metadata_push(&self, metadata: Bytes) {
        self.0.send(metadata).expect("the test waits");
    }
}

// Conforms: payload/metadata-of-connection
#[tokio::test]
async fn a_push_arrives_as_it_is_and_in_order() {
    let (told, mut pushed) = mpsc::unbounded_channel();
    let serving = serve(Tell(told)).await;
    let connection = dial(&serving).await;
    for len in [0, 1, 100, 5000, 32 << 10] {
        let metadata: Bytes = (0..len).map(|i| i as u8).collect();
        connection
            .metadata_push(metadata.clone())
            .await
            .expect("open");
        assert_eq!(soon(pushed.recv()).await, Some(metadata));
    }
    let long = Bytes::from(vec![0; (32 << 10) + 1]);
    assert_eq!(
        connection.metadata_push(long).await,
        Err(Error::PayloadTooLarge)
    );
    connection.close();
    let late = connection.metadata_push(Bytes::new()).await;
    assert!(
        matches!(late, Err(Error::Closed { sent: false, .. })),
        "{late:?}"
    );
}

// Conforms: metadata-push/either-side
#[tokio::test]
async fn the_server_pushes_to_the_client() {
    let serving = bind()
        .await
        .serve_with(|_: Setup, client: Connection| async move {
            tokio::spawn(async move { client.metadata_push("news".into()).await });
            Ok::<_, Rejection>(NotSupported)
        });
    let (told, mut pushed) = mpsc::unbounded_channel();
    let _connection = dial_with(&serving, ConnectOptions::default().handler(Tell(told))).await;
    assert_eq!(soon(pushed.recv()).await, Some("news".into()));
}

#[tokio::test]
async fn a_push_to_a_side_that_takes_none_harms_nothing() {
    let serving = serve(echo).await;
    let connection = dial(&serving).await;
    connection.metadata_push("news".into()).await.expect("open");
    let answer = soon(connection.request_response(Payload::new("alive"))).await;
    assert_eq!(answer, Ok(Some(Payload::new("alive"))));
}
