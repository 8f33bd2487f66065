//! Last words: a panic is told to the page before it ends the program.
//!
//! Traps (memory refused, stack exhausted) and errors outside the program are told by the start script,
//! because the program cannot speak any more ([`crate::platform::WorkerHandle`]).

use super::outbox;
use crate::protocol::Response;
use std::any::Any;

/// From now on a panic posts [`Response::Died`].
pub(super) fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let cause = words(panic.payload());
        let place = panic.location().map(|place| format!(" ({}:{})", place.file(), place.line()));
        outbox::post(Response::Died { message: format!("{cause}{}", place.unwrap_or_default()) });
    }));
}

fn words(payload: &dyn Any) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a fault in the program")
}
