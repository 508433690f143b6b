//! Both ends of connections that can be resumed, and what is asked of them.

use std::time::Duration;

use rsocket_runtime::{
    Backoff, ConnectOptions, Connection, Error, Handler, Payload, ResumeEvent, ResumeEvents,
    ResumeOptions, ServerOptions, Serving,
};
use tokio::task::JoinSet;

use super::gate::Gate;
use super::items::pattern;
use super::{bind_with, connect_to, soon};

pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);

/// Options whose attempts follow each other fast.
pub(crate) fn resuming() -> ResumeOptions {
    let backoff = Backoff::default().min(MILLISECOND).max(20 * MILLISECOND);
    ResumeOptions::default().backoff(backoff)
}

pub(crate) async fn serve_with(handler: impl Handler, options: ServerOptions) -> Serving {
    bind_with(options).await.serve(handler)
}

pub(crate) async fn serve(handler: impl Handler) -> Serving {
    serve_with(handler, ServerOptions::default().resume(resuming())).await
}

pub(crate) async fn dial(gate: &Gate, options: ResumeOptions) -> Connection {
    connect_to(&gate.url(), ConnectOptions::default().resume(options))
        .await
        .expect("the gate listens")
}

/// A client of a server, and the gate between them.
pub(crate) struct Ends {
    pub(crate) client: Connection,
    pub(crate) gate: Gate,
    pub(crate) serving: Serving,
}

impl Ends {
    pub(crate) async fn with(handler: impl Handler, options: ResumeOptions) -> Self {
        let serving = serve(handler).await;
        let gate = Gate::before(&serving).await;
        Self {
            client: dial(&gate, options).await,
            gate,
            serving,
        }
    }

    pub(crate) async fn new(handler: impl Handler) -> Self {
        Self::with(handler, resuming()).await
    }

    /// Leaves the client without a transport until the gate is opened again.
    pub(crate) async fn suspend(&self) {
        let mut events = self.client.resume_events();
        assert_echo(&self.client, "before").await;
        self.gate.set_shut(true);
        self.gate.cut();
        suspended(&mut events).await;
        assert!(self.client.is_suspended());
    }
}

/// Waits until the connection has lost its transport.
pub(crate) async fn suspended(events: &mut ResumeEvents) {
    until(events, |event| {
        matches!(event, ResumeEvent::Suspended { .. })
    })
    .await;
}

pub(crate) async fn resumed(events: &mut ResumeEvents) {
    until(events, |event| matches!(event, ResumeEvent::Resumed)).await;
}

async fn until(events: &mut ResumeEvents, is: impl Fn(&ResumeEvent) -> bool) {
    while !is(&soon(events.next()).await.expect("the connection is open")) {}
}

pub(crate) async fn try_echo(
    connection: &Connection,
    data: &str,
) -> Result<Option<Payload>, Error> {
    soon(connection.request_response(Payload::new(data.to_owned()))).await
}

pub(crate) async fn assert_echo(connection: &Connection, data: &str) {
    let answer = try_echo(connection, data).await;
    assert_eq!(answer, Ok(Some(Payload::new(data.to_owned()))));
}

/// Starts so many echoes of such payloads.
pub(crate) fn start_echoes(
    connection: &Connection,
    count: u64,
    len: usize,
) -> JoinSet<Result<bool, Error>> {
    let mut echoes = JoinSet::new();
    for seed in 0..count {
        let connection = connection.clone();
        echoes.spawn(async move {
            let request = Payload::new(pattern(seed, len));
            let answer = connection.request_response(request.clone()).await?;
            Ok(answer == Some(request))
        });
    }
    echoes
}

pub(crate) async fn assert_all(mut echoes: JoinSet<Result<bool, Error>>) {
    while let Some(done) = soon(echoes.join_next()).await {
        assert_eq!(done.expect("not aborted"), Ok(true));
    }
}
