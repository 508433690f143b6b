//! Sending the requests that have items.

use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;
use rsocket_protocol::StreamName;

use crate::exchange::{Exchange, Inbox, Outbox, Request};
use crate::handler::{Panicked, unless_panicked};
use crate::item::IntoItem;
use crate::outlet::Outlet;
use crate::receiver::Receiver;
use crate::request_stream::Open;
use crate::shared::State;
use crate::window::Window;
use crate::{Connection, Error, Failure, ItemSender, Payload};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Interaction {
    Stream,
    Channel,
}

/// A request that has been sent.
struct Opened {
    connection: Connection,
    exchange: Arc<Exchange>,
    stream: u32,
    request: u64,
    window: Window,
}

pub(crate) async fn stream(
    connection: Connection,
    payload: Payload,
    window: Window,
) -> Result<Option<Open>, Error> {
    let opened = open(connection, Interaction::Stream, payload, window).await?;
    Ok(Some(Open {
        receiver: opened.receiver(),
        sending: None,
    }))
}

pub(crate) async fn channel(
    connection: Connection,
    first: Payload,
    window: Window,
) -> Result<(ItemSender, Receiver), Error> {
    let opened = open(connection, Interaction::Channel, first, window).await?;
    Ok((opened.sender(), opened.receiver()))
}

/// A channel whose items come from a stream, which moves to a task of its own after the first of them.
pub(crate) async fn channel_of<S>(
    connection: Connection,
    items: S,
    window: Window,
) -> Result<Option<Open>, Error>
where
    S: Stream + Send + 'static,
    S::Item: IntoItem,
{
    let mut items = Box::pin(items);
    let first = std::future::poll_fn(|cx| items.as_mut().poll_next(cx)).await;
    let Some(first) = first else {
        return Ok(None);
    };
    let first = first
        .into_item()
        .map_err(|failure| Error::Aborted { failure })?;
    let runtime = connection.shared.runtime.clone();
    let (sender, receiver) = channel(connection, first, window).await?;
    let sending = runtime.spawn(send_rest(sender, items)).abort_handle();
    Ok(Some(Open {
        receiver,
        sending: Some(sending),
    }))
}

async fn send_rest<S>(mut sender: ItemSender, items: Pin<Box<S>>)
where
    S: Stream,
    S::Item: IntoItem,
{
    let sent = match unless_panicked(sender.send_all(items)).await {
        Ok(sent) => sent,
        Err(Panicked) => {
            tracing::error!("the stream of a channel's items panicked");
            Err(Failure::application("the requester panicked"))
        }
    };
    match sent {
        Ok(()) => sender.complete(),
        // Does nothing where the error says that the channel has ended.
        Err(failure) => sender.fail(failure).await,
    }
}

async fn open(
    connection: Connection,
    interaction: Interaction,
    payload: Payload,
    window: Window,
) -> Result<Opened, Error> {
    let shared = Arc::clone(&connection.shared);
    let mut place = shared.place(&payload).await?;
    let outbox = match interaction {
        Interaction::Stream => Outbox::ended(),
        Interaction::Channel => Outbox::default(),
    };
    let exchange = Exchange::new(Inbox::default(), outbox);
    let n = window.initial();
    let send = |state: &mut State| {
        let request = state.requests.insert(Request::Items(Arc::clone(&exchange)));
        let sent = shared.send(
            state,
            &payload,
            &mut place,
            |core, body, sink| match interaction {
                Interaction::Stream => core.request_stream(request, n, body, sink),
                Interaction::Channel => core.request_channel(request, n, body, false, sink),
            },
        );
        let sent = sent.inspect_err(|_| {
            state.requests.remove(request);
        })?;
        exchange.lock().outbox.token = sent.token;
        Ok(((request, sent.value), sent.task))
    };
    let sent = shared.patiently(send).await;
    let (request, stream) = sent.map_err(|error| shared.lock().send_error(error))?;
    drop(place);
    Ok(Opened {
        connection,
        exchange,
        stream,
        request,
        window,
    })
}

impl Opened {
    fn sender(&self) -> ItemSender {
        ItemSender::new(Outlet {
            connection: self.connection.clone(),
            exchange: Arc::clone(&self.exchange),
            stream: self.stream,
            name: StreamName::User(self.request),
        })
    }

    fn receiver(self) -> Receiver {
        Receiver::of_request(
            self.connection,
            self.exchange,
            self.stream,
            self.request,
            self.window,
        )
    }
}
