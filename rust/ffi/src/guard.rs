//! The one panic boundary: no panic crosses into C.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::result::rsocket_result;

/// Runs `body`; a panic becomes [`rsocket_result::Panic`].
///
/// The caller makes sure that whatever `body` left half done is not used again.
pub(crate) fn guard(body: impl FnOnce() -> rsocket_result) -> rsocket_result {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(rsocket_result::Panic)
}
