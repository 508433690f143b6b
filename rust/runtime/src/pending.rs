//! A request-response between its first byte and its answer.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use rsocket_protocol::SendError;

use crate::exchange::Request;
use crate::room::Place;
use crate::shared::{Shared, State, wake};
use crate::{Error, Payload};

/// What a request-response comes to: a payload, or completion without one.
pub(crate) type Outcome = Result<Option<Payload>, Error>;

/// What the connection keeps for a request of this side.
pub(crate) enum Waiting {
    /// No answer yet.
    For(Waker),
    /// The answer is there for the caller to fetch.
    Over(Outcome),
}

impl Waiting {
    /// Notes the answer and returns whom to wake. The first answer stays.
    pub(crate) fn complete(&mut self, outcome: Outcome) -> Option<Waker> {
        if let Self::Over(_) = self {
            return None;
        }
        match std::mem::replace(self, Self::Over(outcome)) {
            Self::For(waker) => Some(waker),
            Self::Over(_) => None,
        }
    }
}

/// A request-response that has room in the output. Its first poll sends it; dropping it afterwards cancels it.
pub(crate) struct Pending<'a> {
    shared: &'a Shared,
    step: Step<'a>,
}

enum Step<'a> {
    Send(Payload, Place<'a>),
    /// The connection does not take it at the moment.
    Later(Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>),
    Wait {
        request: u64,
        stream: u32,
    },
    Done,
}

impl<'a> Pending<'a> {
    pub(crate) fn new(shared: &'a Shared, payload: Payload, place: Place<'a>) -> Self {
        let step = Step::Send(payload, place);
        Self { shared, step }
    }
}

impl Future for Pending<'_> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Send(payload, place) => {
                self.step = begin(self.shared, payload, place, cx.waker())?;
                match self.step {
                    Step::Later(_) => self.poll(cx),
                    _ => Poll::Pending,
                }
            }
            Step::Later(mut later) => {
                let poll = later.as_mut().poll(cx);
                if poll.is_pending() {
                    self.step = Step::Later(later);
                }
                poll
            }
            Step::Wait { request, stream } => match fetch(self.shared, request, cx.waker()) {
                Some(outcome) => Poll::Ready(outcome),
                None => {
                    self.step = Step::Wait { request, stream };
                    Poll::Pending
                }
            },
            Step::Done => Poll::Pending,
        }
    }
}

/// Sends the request, unless it has to wait.
fn begin<'a>(
    shared: &'a Shared,
    payload: Payload,
    mut place: Place<'a>,
    waker: &Waker,
) -> Result<Step<'a>, Error> {
    match shared.attempt(|state| send(shared, state, &payload, &mut place, waker)) {
        Ok((request, stream)) => Ok(Step::Wait { request, stream }),
        Err(SendError::Full) => Ok(Step::Later(Box::pin(send_later(shared, payload, place)))),
        Err(error) => Err(shared.lock().send_error(error)),
    }
}

/// Sends the request when the connection takes it, and waits for the answer.
async fn send_later(shared: &Shared, payload: Payload, mut place: Place<'_>) -> Outcome {
    let send = |state: &mut State| send(shared, state, &payload, &mut place, Waker::noop());
    let sent = shared.patiently(send).await;
    let (request, stream) = sent.map_err(|error| shared.lock().send_error(error))?;
    drop(place);
    let step = Step::Wait { request, stream };
    Pending { shared, step }.await
}

/// Sends the request. Returns its name and its stream, and whom to wake.
fn send(
    shared: &Shared,
    state: &mut State,
    payload: &Payload,
    place: &mut Place<'_>,
    waker: &Waker,
) -> Result<((u64, u32), Option<Waker>), SendError> {
    let request = state
        .requests
        .insert(Request::Response(Waiting::For(waker.clone())));
    let sent = shared.send(state, payload, place, |core, body, sink| {
        core.request_response(request, body, sink)
    });
    match sent {
        Ok(sent) => Ok(((request, sent.value), sent.task)),
        Err(error) => {
            state.requests.remove(request);
            Err(error)
        }
    }
}

/// Takes the answer if it is there, and else notes whom to wake.
fn fetch(shared: &Shared, request: u64, waker: &Waker) -> Option<Outcome> {
    let mut state = shared.lock();
    if let Some(Request::Response(Waiting::For(known))) = state.requests.get_mut(request) {
        known.clone_from(waker);
        return None;
    }
    match state.requests.remove(request) {
        Some(Request::Response(Waiting::Over(outcome))) => Some(outcome),
        // Requests stay in the table until they are fetched or dropped.
        Some(_) | None => Some(Err(state.closed_error(true))),
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let Step::Wait { request, stream } = self.step else {
            return;
        };
        let mut state = self.shared.lock();
        state.requests.remove(request);
        if state.core.cancel(stream, request) {
            let task = state.task.rouse();
            drop(state);
            wake(task);
        }
    }
}
