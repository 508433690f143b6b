//! Who may be inside a handle: one thread at a time, and nobody after a panic.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::guard::guard;
use crate::result::rsocket_result;

/// The gate of a handle, one of the constants below.
pub(crate) struct Gate(AtomicU8);

const FREE: u8 = 0;
const ENTERED: u8 = 1;
const POISONED: u8 = 2;

impl Gate {
    pub(crate) fn new() -> Self {
        Self(AtomicU8::new(FREE))
    }

    /// Runs `body` while nobody else is inside.
    pub(crate) fn enter(
        &self,
        body: impl FnOnce() -> Result<(), rsocket_result>,
    ) -> rsocket_result {
        let entered = self
            .0
            .compare_exchange(FREE, ENTERED, Ordering::Acquire, Ordering::Relaxed);
        match entered {
            Ok(_) => {}
            Err(POISONED) => return rsocket_result::Panic,
            Err(_) => return rsocket_result::Busy,
        }
        let result = guard(|| match body() {
            Ok(()) => rsocket_result::Ok,
            Err(error) => error,
        });
        let left = match result {
            rsocket_result::Panic => POISONED,
            _ => FREE,
        };
        self.0.store(left, Ordering::Release);
        result
    }
}
