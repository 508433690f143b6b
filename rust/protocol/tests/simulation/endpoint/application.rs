//! An application that does what comes to its mind: asks, sends, grants, completes, fails and gives up.

use rsocket_protocol::{Body, Connection, Event, ExternalBody, RequestKind, SendError, Time};

use super::{End, Endpoint, FAILED, Name, Talk};
use crate::journal::{From, Journal, Payload};
use crate::network::Nanos;
use crate::wire::Output;

impl Endpoint {
    /// How many items this side sends on an exchange besides the request's, and how that ends.
    pub(super) fn plan(&mut self, kind: RequestKind) -> (u64, End) {
        let ends = [
            End::WithLastItem,
            End::WithLastItem,
            End::Complete,
            End::Complete,
            End::Fail,
        ];
        let end = self.random.pick(&ends);
        match kind {
            RequestKind::RequestResponse => (u64::from(end == End::WithLastItem), end),
            _ => (self.random.below(10), end),
        }
    }

    /// The application does something, or nothing.
    pub(crate) fn act(&mut self, now: Nanos, journal: &mut Journal) {
        if self.closed {
            return;
        }
        match self.connection.handle_timeout(Time::from_nanos(now)) {
            Some(Event::Closed) => return self.end(journal),
            Some(Event::Suspended) => self.notice_silence(),
            Some(other) => panic!("{other:?} at a timeout"),
            None => {}
        }
        for _ in 0..1 + self.random.below(4) {
            match self.random.below(10) {
                0..3 if self.requests_left > 0 => self.ask(now, journal),
                3 if self.pushes_left > 0 => self.push(journal),
                4 if self.random.percent(50) => self.grant(now, journal),
                _ => self.go_on(journal),
            }
            self.check();
        }
    }

    fn push(&mut self, journal: &mut Journal) {
        let pushed = &mut journal.pushed[self.side];
        let metadata = pushed.len().to_be_bytes();
        match self.connection.metadata_push(&metadata, &mut self.output) {
            Ok(()) => {
                self.pushes_left -= 1;
                pushed.push(self.transport.expect("it is sent over one"));
            }
            Err(SendError::Suspended) => assert!(self.connection.is_suspended()),
            Err(SendError::Full | SendError::NotReady) => {}
            Err(other) => panic!("{other:?} for a push"),
        }
    }

    /// Offers a payload to the connection: to be copied, or held until it is written or given back.
    fn offer<T>(
        &mut self,
        payload: Payload,
        send: impl FnOnce(&mut Connection, &Body<'_>, &mut Output) -> Result<T, SendError>,
    ) -> Result<T, SendError> {
        // A connection that may have to send it again needs a copy.
        let copies = self.connection.is_resumable();
        let tries_without = copies && self.random.percent(5);
        if !tries_without && (copies || self.random.percent(50)) {
            let copied = Body::Inline(payload.as_ref());
            return send(&mut self.connection, &copied, &mut self.output);
        }
        self.next_token += 1;
        let token = self.next_token;
        let held = Body::External(ExternalBody {
            token,
            metadata_len: payload.metadata.as_ref().map(Vec::len),
            data_len: payload.data.len(),
        });
        self.output.held.insert(token, payload);
        let sent = send(&mut self.connection, &held, &mut self.output);
        if let Err(error) = &sent {
            self.output.let_go(token);
            assert_eq!(*error == SendError::NotCopied, tries_without);
        }
        assert!(sent.is_err() || !tries_without);
        sent
    }

    fn ask(&mut self, now: Nanos, journal: &mut Journal) {
        let kind = self.random.pick(&[
            RequestKind::RequestResponse,
            RequestKind::FireAndForget,
            RequestKind::RequestStream,
            RequestKind::RequestStream,
            RequestKind::RequestChannel,
            RequestKind::RequestChannel,
            RequestKind::RequestChannel,
        ]);
        let exchange = self.next_exchange;
        let payload = journal.payload(exchange, From::Requester, 0);
        let n = 1 + self.random.below(6) as u32;
        let (left, end) = self.plan(kind);
        let only = kind == RequestKind::RequestChannel && left == 0 && end == End::WithLastItem;
        let allowed = self.is_allowed(now);
        let asked = self.offer(payload, |connection, body, out| match kind {
            RequestKind::RequestResponse => connection.request_response(exchange, body, out),
            RequestKind::RequestStream => connection.request_stream(exchange, n, body, out),
            RequestKind::RequestChannel => connection.request_channel(exchange, n, body, only, out),
            RequestKind::FireAndForget => connection.fire_and_forget(body, out).map(|()| 0),
        });
        let stream = match asked {
            Ok(stream) => stream,
            Err(SendError::NoLease) => {
                assert!(!allowed, "there is a lease");
                return self.miss_lease();
            }
            Err(
                SendError::Full
                | SendError::NotReady
                | SendError::TooManyStreams
                | SendError::NotCopied,
            ) => return,
            Err(other) => panic!("{other:?} for a request"),
        };
        assert!(allowed, "there is no lease");
        self.use_lease();
        self.requests_left -= 1;
        self.next_exchange += 2;
        let wanted = match kind {
            RequestKind::FireAndForget => 0,
            RequestKind::RequestResponse => 1,
            _ => u64::from(n),
        };
        journal.begin(exchange, kind, wanted);
        let known = journal.get(exchange);
        known.completed[0] |= only;
        if kind == RequestKind::FireAndForget {
            known.completed[1] = true;
            known.ended[0] += 1;
            return;
        }
        let talk = Talk {
            exchange,
            stream,
            kind,
            me: From::Requester,
            sending: kind == RequestKind::RequestChannel && !only,
            credit: 0,
            left,
            end,
            receiving: true,
            low_water: self.random.below(4),
            patient: self.random.percent(80),
        };
        assert!(self.talks.insert(Name::User(exchange), talk).is_none());
    }

    /// Sends, ends, asks for more or gives up on something that is under way.
    fn go_on(&mut self, journal: &mut Journal) {
        if self.talks.is_empty() {
            return;
        }
        let index = self.random.below(self.talks.len() as u64) as usize;
        let name = *self.talks.keys().nth(index).expect("there are so many");
        match self.random.below(20) {
            0 if !self.talks[&name].patient => self.give_up(name, journal),
            0..10 => self.send(name, journal),
            _ => self.ask_for_more(name, journal),
        }
    }

    fn give_up(&mut self, name: Name, journal: &mut Journal) {
        let talk = self.talks.get_mut(&name).expect("it is under way");
        let known = journal.get(talk.exchange);
        match name {
            Name::User(user) => {
                assert!(self.connection.cancel(talk.stream, user));
                known.cut = [true; 2];
                self.end_both(name, journal);
            }
            Name::Slot(_) => {
                let cancelled = self.connection.cancel_receiving(talk.stream);
                assert_eq!(cancelled, talk.receiving);
                if cancelled {
                    known.cut[0] = true;
                    talk.receiving = false;
                    self.forget_if_over(name, journal);
                }
            }
        }
    }

    fn ask_for_more(&mut self, name: Name, journal: &mut Journal) {
        let talk = self.talks.get_mut(&name).expect("it is under way");
        let known = journal.get(talk.exchange);
        let from = talk.peer() as usize;
        let awaited = known.asked_for[from] - known.received[from];
        if awaited > talk.low_water {
            return;
        }
        let n = 1 + self.random.below(8) as u32;
        let asked = self.connection.request_n(talk.stream, n);
        let takes_items = talk.receiving && talk.kind != RequestKind::RequestResponse;
        assert_eq!(asked, takes_items);
        if asked {
            known.asked_for[from] += u64::from(n);
        }
    }

    fn send(&mut self, name: Name, journal: &mut Journal) {
        let talk = &self.talks[&name];
        if !talk.sending {
            let refused = self.connection.complete(talk.stream, &mut self.output);
            assert_eq!(refused, Err(SendError::NoSuchStream));
            return;
        }
        if talk.left > 0 {
            return self.send_item(name, journal);
        }
        match talk.end {
            End::Fail => self.fail(name, journal),
            End::WithLastItem | End::Complete => self.complete(name, journal),
        }
    }

    fn send_item(&mut self, name: Name, journal: &mut Journal) {
        let talk = &self.talks[&name];
        let (exchange, me, stream, credit) = (talk.exchange, talk.me, talk.stream, talk.credit);
        let last = talk.left == 1 && talk.end == End::WithLastItem;
        let sequence = journal.get(exchange).sent[me as usize];
        let payload = journal.payload(exchange, me, sequence);
        let sent = self.offer(payload, |connection, body, out| {
            connection.send_item(stream, body, last, out)
        });
        match sent {
            Ok(()) => {
                assert!(credit > 0, "an item was sent without credit");
                let known = journal.get(exchange);
                known.sent[me as usize] += 1;
                known.completed[me as usize] |= last;
                let talk = self.talks.get_mut(&name).expect("it is under way");
                talk.credit -= 1;
                talk.left -= 1;
                talk.sending = !last;
                self.forget_if_over(name, journal);
            }
            Err(SendError::NoCredit) => assert_eq!(credit, 0),
            Err(SendError::Full | SendError::NotCopied) => {}
            Err(other) => panic!("{other:?} for an item"),
        }
    }

    fn complete(&mut self, name: Name, journal: &mut Journal) {
        let talk = self.talks.get_mut(&name).expect("it is under way");
        match self.connection.complete(talk.stream, &mut self.output) {
            Ok(()) => {
                journal.get(talk.exchange).completed[talk.me as usize] = true;
                talk.sending = false;
                self.forget_if_over(name, journal);
            }
            Err(SendError::Full) => {}
            Err(other) => panic!("{other:?} for an end"),
        }
    }

    fn fail(&mut self, name: Name, journal: &mut Journal) {
        let talk = self.talks.get_mut(&name).expect("it is under way");
        let (stream, output) = (talk.stream, &mut self.output);
        match self
            .connection
            .send_error(stream, FAILED, b"failed", output)
        {
            Ok(()) => {
                journal.get(talk.exchange).cut = [true; 2];
                self.end_both(name, journal);
            }
            Err(SendError::Full) => {}
            Err(other) => panic!("{other:?} for an error"),
        }
    }
}
