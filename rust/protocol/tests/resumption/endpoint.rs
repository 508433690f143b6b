//! One side: a connection, its driver and its application.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rsocket_protocol::frame::{Frame, FrameHeader, FrameType};
use rsocket_protocol::{
    CloseReason, Config, Connection, Event, ResumeConfig, ResumeError, SendError, Time,
};

use crate::application::Application;
use crate::script::{CLIENT, FRAGMENT_LEN, Side};
use crate::store::{Extent, WatchedStore};
use crate::wire::{Output, PREFIX_LEN, frames, is_tracked, take_frame};

pub(crate) const TOKEN: &[u8] = b"token";
pub(crate) const KEEPALIVE: Duration = Duration::from_millis(100);
pub(crate) const LIFETIME: Duration = Duration::from_millis(400);

pub(crate) struct Endpoint {
    side: Side,
    pub(crate) connection: Connection,
    pub(crate) application: Application,
    store_limit: usize,
    pub(crate) store: Arc<Extent>,
    out: Output,
    /// What the transport is to carry.
    unsent: Vec<u8>,
    /// Bytes that are no whole frame yet.
    received: Vec<u8>,
    /// Bytes of tracked frames that came.
    position: u64,
    /// The transport that it uses, by number.
    pub(crate) transport: Option<usize>,
    /// Bytes that its SETUP takes on the wire.
    pub(crate) setup_len: usize,
    /// Types of the frames that it has sent.
    pub(crate) sent: BTreeSet<u8>,
}

pub(crate) fn config(side: Side, store_limit: usize) -> Config {
    let mut config = if side == CLIENT {
        Config::client()
    } else {
        Config::server()
    };
    config.fragment_len = FRAGMENT_LEN;
    config.limits.max_unrequested_items = 0;
    config.setup.keepalive_interval = KEEPALIVE;
    config.setup.max_lifetime = LIFETIME;
    config.setup.metadata_mime = "m".to_owned();
    config.setup.data_mime = "d".to_owned();
    config.resume = Some(ResumeConfig {
        token: TOKEN.to_vec(),
        store_limit,
        ..ResumeConfig::default()
    });
    config
}

impl Endpoint {
    pub(crate) fn new(side: Side, store_limit: usize, now: Time) -> Self {
        let connection = Connection::new(&config(side, store_limit), now);
        let mut endpoint = Self {
            side,
            connection,
            application: Application::new(side),
            store_limit,
            store: Arc::default(),
            out: Output::default(),
            unsent: Vec::new(),
            received: Vec::new(),
            position: 0,
            transport: Some(0),
            setup_len: 0,
            sent: BTreeSet::new(),
        };
        if side == CLIENT {
            endpoint.watch_store();
        }
        endpoint
    }

    fn watch_store(&mut self) {
        let store = WatchedStore::new(self.store_limit, self.store.clone());
        assert!(self.connection.use_frame_store(Box::new(store)));
    }

    pub(crate) fn is_over(&self) -> bool {
        self.connection.is_closed()
    }

    pub(crate) fn close_reason(&self) -> &CloseReason {
        let reason = self.connection.close_reason();
        reason.expect("the connection is over")
    }

    /// Whether nothing is left to do, and its transport has all that it is to carry.
    pub(crate) fn is_done(&self) -> bool {
        self.application.is_done()
            && !self.connection.is_suspended()
            && !self.connection.wants_transmit()
    }

    /// Bytes arrived on its transport.
    pub(crate) fn receive(&mut self, now: Time, bytes: &[u8]) {
        self.connection.heard(now);
        self.received.extend_from_slice(bytes);
        while let Some(frame) = take_frame(&mut self.received) {
            if is_tracked(&frame) && !self.connection.is_closed() {
                assert!(!self.connection.is_suspended());
                self.position += frame.len() as u64;
            }
            let event = self.connection.receive(now, &frame);
            self.hear(event);
            self.write();
        }
    }

    fn hear(&mut self, event: Option<Event<'_>>) {
        match event {
            None => {}
            Some(Event::Setup(setup)) => {
                assert_eq!(setup.resume_token, Some(TOKEN));
                self.watch_store();
                self.connection.accept_setup().expect("a setup waits");
            }
            Some(Event::Resumed) => assert!(!self.connection.is_suspended()),
            Some(Event::Suspended) => self.detach(),
            Some(Event::Closed) => self.end(),
            Some(other) => self.application.hear(other),
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Time) {
        if self.connection.poll_timeout().is_some_and(|due| due <= now) {
            let event = self.connection.handle_timeout(now);
            self.hear(event.map(|event| match event {
                Event::Suspended => Event::Suspended,
                Event::Closed => Event::Closed,
                other => panic!("{other:?} at a timeout"),
            }));
        }
    }

    pub(crate) fn act(&mut self) {
        if !self.is_over() {
            self.application.act(&mut self.connection, &mut self.out);
        }
    }

    /// Its driver is told that the transport is gone.
    pub(crate) fn lose_transport(&mut self, now: Time) {
        if self.is_over() {
            return;
        }
        if self.connection.transport_lost(now, "gone") {
            assert!(self.connection.is_suspended());
            self.detach();
        } else {
            self.end();
        }
    }

    fn detach(&mut self) {
        self.transport = None;
        self.received.clear();
        self.unsent.clear();
        self.out.take();
    }

    fn end(&mut self) {
        assert!(self.is_over());
        self.transport = None;
        self.application.end_all();
    }

    /// A client has another transport.
    pub(crate) fn begin_resume(&mut self, now: Time, transport: usize) {
        assert_eq!(self.connection.begin_resume(now), Ok(()));
        let again = self.connection.begin_resume(now);
        assert_eq!(again, Err(SendError::NotReady));
        self.transport = Some(transport);
    }

    /// A server's client asks to go on over another transport.
    pub(crate) fn resume(
        &mut self,
        now: Time,
        transport: usize,
        last_received: u64,
        first_available: u64,
    ) -> Result<(), ResumeError> {
        let resumed = self.connection.resume(now, last_received, first_available);
        self.detach();
        match resumed {
            Ok(()) => self.transport = Some(transport),
            // The client has left the one before, which shows sooner or later.
            Err(_) => {
                self.connection.transport_lost(now, "the client has left");
                if self.is_over() {
                    self.end();
                }
            }
        }
        resumed
    }

    /// Lets the connection write what waits.
    fn write(&mut self) {
        self.connection.transmit(&mut self.out);
        let bytes = self.out.take();
        for frame in frames(&bytes) {
            self.check_positions(frame);
            let (header, _) = FrameHeader::decode(frame).expect("what is sent decodes");
            self.sent.insert(header.frame_type);
            if header.frame_type == FrameType::Setup as u8 {
                self.setup_len = PREFIX_LEN + frame.len();
            }
        }
        let has_transport = self.transport.is_some() || self.is_over();
        assert!(has_transport || bytes.is_empty());
        self.unsent.extend(bytes);
    }

    pub(crate) fn take_unsent(&mut self) -> Vec<u8> {
        self.write();
        std::mem::take(&mut self.unsent)
    }

    /// What is said about positions is true.
    fn check_positions(&self, frame: &[u8]) {
        match Frame::decode(frame).expect("what is sent decodes").1 {
            Frame::Keepalive(keepalive) => {
                assert_eq!(keepalive.last_received_position, self.position);
            }
            Frame::Resume(resume) => {
                assert_eq!(resume.token, TOKEN);
                assert_eq!(resume.last_received_server_position, self.position);
                let first = resume.first_available_client_position;
                assert_eq!(first, self.store.first());
            }
            Frame::ResumeOk(ok) => {
                assert_eq!(ok.last_received_client_position, self.position);
            }
            Frame::Setup(_) => assert_eq!((self.side, self.position), (CLIENT, 0)),
            _ => {}
        }
    }

    /// In the end nothing is left of what was under way.
    pub(crate) fn check_rest(&self) {
        assert!(self.application.is_done());
        assert_eq!(self.connection.outbound_streams(), 0);
        assert_eq!(self.connection.inbound_streams(), 0);
        assert!(self.received.is_empty() || self.is_over());
    }
}
