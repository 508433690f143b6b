//! A request-response between its first byte and its answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rsocket_protocol::SendError;

use crate::exchange::Request;
use crate::reply::{Outcome, Reply};
use crate::room::{Closed, Place};
use crate::shared::{Shared, State, wake};
use crate::submitted::Submission;
use crate::{Error, Payload};

/// A request-response that has room in the output. Its first poll sends it; dropping it afterwards cancels it.
pub(crate) struct Pending<'a> {
    shared: &'a Shared,
    step: Step<'a>,
}

enum Step<'a> {
    Send(Payload, Place<'a>),
    /// The connection does not take it at the moment.
    Later(Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>),
    Wait(Arc<Reply>),
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
            Step::Wait(reply) => {
                let poll = reply.poll(cx.waker());
                if poll.is_pending() {
                    self.step = Step::Wait(reply);
                }
                poll
            }
            Step::Done => Poll::Pending,
        }
    }
}

/// Sends the request, or leaves it to be sent, unless it has to wait.
fn begin<'a>(
    shared: &'a Shared,
    payload: Payload,
    mut place: Place<'a>,
    waker: &Waker,
) -> Result<Step<'a>, Error> {
    // Only what can be resumed can have to wait, and only short ones are worth it.
    if place.is_short() && !shared.room.copies_all() {
        return submit(shared, payload, place, waker);
    }
    match shared.attempt(|state| send(shared, state, &payload, &mut place, waker)) {
        Ok(reply) => Ok(Step::Wait(reply)),
        Err(SendError::Full) => Ok(Step::Later(Box::pin(send_later(shared, payload, place)))),
        Err(error) => Err(shared.lock().send_error(error)),
    }
}

fn submit<'a>(
    shared: &Shared,
    payload: Payload,
    place: Place<'_>,
    waker: &Waker,
) -> Result<Step<'a>, Error> {
    let reply = Reply::new(waker);
    let submission = Submission {
        payload,
        paid: place.pay(),
        reply: Arc::clone(&reply),
    };
    match shared.submitted.submit(submission) {
        Ok(task) => {
            wake(task);
            Ok(Step::Wait(reply))
        }
        Err(Closed) => Err(shared.lock().closed_error(false)),
    }
}

/// Sends the request when the connection takes it, and waits for the answer.
async fn send_later(shared: &Shared, payload: Payload, mut place: Place<'_>) -> Outcome {
    let send = |state: &mut State| send(shared, state, &payload, &mut place, Waker::noop());
    let sent = shared.patiently(send).await;
    let reply = sent.map_err(|error| shared.lock().send_error(error))?;
    drop(place);
    let step = Step::Wait(reply);
    Pending { shared, step }.await
}

/// Sends the request. Returns whom to wake besides.
fn send(
    shared: &Shared,
    state: &mut State,
    payload: &Payload,
    place: &mut Place<'_>,
    waker: &Waker,
) -> Result<(Arc<Reply>, Option<Waker>), SendError> {
    let reply = Reply::new(waker);
    let request = state.requests.insert(Request::Response(Arc::clone(&reply)));
    let sent = shared.send(state, payload, place, |core, body, sink| {
        core.request_response(request, body, sink)
    });
    let sent = sent.inspect_err(|_| {
        state.requests.remove(request);
    })?;
    reply.note_sent(request, sent.value);
    Ok((reply, sent.task))
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let Step::Wait(reply) = &self.step else {
            return;
        };
        let mut state = self.shared.lock();
        let unsent = self.shared.send_submitted(&mut state);
        let mut task = None;
        if let Some((request, stream)) = reply.sent() {
            state.requests.remove(request);
            if state.core.cancel(stream, request) {
                task = state.task.rouse();
            }
        }
        drop(state);
        wake(task);
        unsent.tell(self.shared);
    }
}
