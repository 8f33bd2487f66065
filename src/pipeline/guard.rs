//! Panics of the crates that read hostile bytes, caught where the platform can.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static GUARDING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; a panic in it becomes its message. In a browser a panic ends the worker instead, and the
/// page starts another one, which takes a detour around that page of the document.
///
/// What `work` changed before it panicked must not be used again: the caller makes it anew.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let before = GUARDING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    GUARDING.set(before);
    result.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        format!("internal fault: {}", text.unwrap_or("unknown"))
    })
}

/// Whether this thread is inside [`guarded`]: a panic there will be told as a warning, so that a panic hook
/// need not print it.
#[must_use]
pub fn is_guarded() -> bool {
    GUARDING.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(guarded(|| 5), Ok(5));
        assert!(!is_guarded());
        let result: Result<(), _> = guarded(|| {
            assert!(is_guarded());
            panic!("page {} is odd", 3)
        });
        assert_eq!(result, Err("internal fault: page 3 is odd".to_owned()));
        assert!(!is_guarded());
    }
}
