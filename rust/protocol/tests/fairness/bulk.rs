//! The bulk: who sends it, and what it consists of.

/// The shape of the bulk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bulk {
    /// Bytes of an item.
    pub(crate) item: usize,
    /// Items of each stream.
    pub(crate) items: u64,
    pub(crate) streams: u64,
    /// The client sends it on channels, else the server on request-streams.
    pub(crate) upwards: bool,
}

impl Bulk {
    /// The same items, divided among the streams.
    pub(crate) fn split(self) -> Self {
        Self {
            items: self.items.div_ceil(self.streams),
            ..self
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.item * (self.items * self.streams) as usize
    }
}

/// What one stream still has to send.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) stream: u32,
    pub(crate) left: u64,
    pub(crate) credit: u64,
    /// Its last item is being sent in fragments; the next one waits, as drivers let it.
    pub(crate) held: bool,
}

impl Source {
    pub(crate) fn is_ready(&self) -> bool {
        self.left > 0 && self.credit > 0 && !self.held
    }

    /// Takes an item.
    pub(crate) fn take(&mut self) {
        self.left -= 1;
        self.credit -= 1;
    }
}
