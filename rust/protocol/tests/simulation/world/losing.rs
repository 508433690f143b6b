//! How transports are lost, and how the client gets others.

use std::cmp::Reverse;

use super::{CLIENT, Happening, SERVER, Side, World};
use crate::network::MILLISECOND;
use crate::reception::{First, Reception};
use crate::transport::Transport;

impl World {
    /// Where nothing can be resumed, most connections keep the only transport that they have.
    pub(super) fn plan_losses(&mut self) {
        let losses = if self.resumption.is_agreed() {
            self.random.below(5)
        } else {
            u64::from(self.random.percent(15))
        };
        for _ in 0..losses {
            let at = self.random.below(3_000) * MILLISECOND;
            self.plan(at, Happening::Lose);
        }
    }

    /// The last transport goes away. Of what is under way some still arrives, unless a side is told before.
    pub(super) fn lose(&mut self) {
        let transport = self.transports.len() - 1;
        if !self.transports[transport].lose() {
            return;
        }
        self.cut(transport);
        let resumes = self.resumption.is_agreed();
        // Others notice that the peer is silent, or that the client is back.
        if !resumes || self.random.percent(70) {
            self.plan_within(200, Happening::End(CLIENT, transport));
        }
        match self.random.below(100) {
            0..40 if resumes => {}
            40..60 if resumes => self.plan_within(10_000, Happening::End(SERVER, transport)),
            _ => self.plan_within(500, Happening::End(SERVER, transport)),
        }
    }

    /// Of the bytes that are under way on a transport, only the first so many arrive.
    fn cut(&mut self, transport: usize) {
        // The last comes first in there.
        let agenda = std::mem::take(&mut self.agenda).into_sorted_vec();
        let mut room = [CLIENT, SERVER].map(|to| {
            let under_way = agenda.iter().map(|Reverse((_, _, what))| match what {
                Happening::Arrive(side, over, bytes) if (*side, *over) == (to, transport) => {
                    bytes.len() as u64
                }
                _ => 0,
            });
            self.random.below(under_way.sum::<u64>() + 1) as usize
        });
        for Reverse((at, order, mut what)) in agenda.into_iter().rev() {
            if let Happening::Arrive(side, over, bytes) = &mut what
                && *over == transport
            {
                bytes.truncate(room[*side]);
                room[*side] -= bytes.len();
            }
            let is_gone = match &what {
                Happening::Arrive(_, over, bytes) => *over == transport && bytes.is_empty(),
                Happening::End(_, over) => *over == transport,
                _ => false,
            };
            if !is_gone {
                self.agenda.push(Reverse((at, order, what)));
            }
        }
    }

    /// Closes the transports that the sides have left, and sees to another one for a client that has none.
    pub(super) fn follow(&mut self) {
        for side in [CLIENT, SERVER] {
            let uses = self.endpoints[side].transport;
            let used = std::mem::replace(&mut self.used[side], uses);
            if let Some(left) = used
                && uses != used
            {
                self.leave(side, left);
            }
        }
        self.has_session |= self.endpoints[SERVER].connection.is_resumable();
        let client = &self.endpoints[CLIENT];
        if client.transport.is_none() && !client.closed && !self.reconnects {
            self.reconnects = true;
            let most = self.random.pick(&[1, 100, 2_000]);
            self.plan_within(most, Happening::Connect);
        }
    }

    /// What a side wrote before it closed a transport arrives, or does not.
    fn leave(&mut self, side: Side, transport: usize) {
        self.end(side, transport);
        if self.random.percent(50) && self.transports[transport].lose() {
            self.cut(transport);
            self.plan_within(500, Happening::End(1 - side, transport));
        }
    }

    pub(super) fn connect(&mut self) {
        self.reconnects = false;
        if self.endpoints[CLIENT].closed {
            return;
        }
        let transport = self.transports.len();
        let network = Transport::new(self.now, &mut self.random);
        self.transports.push(network);
        self.endpoints[CLIENT].begin_resume(self.now, transport);
        let reception = Reception::new(&self.server_config, self.now);
        self.receptions.insert(transport, reception);
        // Some are lost before much has been said.
        if transport < 5 && self.random.percent(30) {
            let most = self.random.pick(&[1, 50, 500]);
            self.plan_within(most, Happening::Lose);
        }
    }

    /// The server receives something over a transport that it does not know.
    pub(super) fn receive_first(&mut self, transport: usize, bytes: &[u8]) {
        let Some(reception) = self.receptions.get_mut(&transport) else {
            return; // Of a transport that it has left.
        };
        let asked = match reception.receive(self.now, bytes) {
            None => return,
            Some(First::Resume(asked)) => asked,
            Some(First::Refused) => return self.turn_away(transport),
        };
        // The SETUP may come after the RESUME, or never. A RESUME that comes after a later one may take the session to
        // where the client is not.
        self.may_end |= transport < self.last_resumed || !self.has_session;
        let server = &mut self.endpoints[SERVER];
        let resumed = server.resume(self.now, transport, &asked);
        if let Err(error) = resumed {
            reception.reject(&error);
            return self.turn_away(transport);
        }
        self.last_resumed = self.last_resumed.max(transport);
        self.receptions.remove(&transport);
    }

    fn turn_away(&mut self, transport: usize) {
        let reception = self.receptions.remove(&transport);
        let reception = reception.expect("it was asked for something");
        self.carry(SERVER, transport, reception.last_words());
        self.end(SERVER, transport);
    }
}
