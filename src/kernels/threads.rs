//! Work on all threads of the program: rayon's, where the build has threads (feature `threads`) and someone
//! has started them; else one part after the other.
//!
//! No part computes anything of another, and each number comes about the same way whatever part it is in, so
//! the number of threads changes no bit.

#[cfg(feature = "threads")]
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Multiplications below which handing some to another thread costs more than it saves.
const WORTH_SHARING: usize = 1 << 18;

/// Into how many parts work with so many multiplications is best divided.
pub(super) fn parts(multiplications: usize) -> usize {
    if multiplications < WORTH_SHARING { 1 } else { threads() as usize }
}

/// Threads that models compute on.
#[must_use]
pub fn threads() -> u32 {
    #[cfg(feature = "threads")]
    return u32::try_from(rayon::current_num_threads()).unwrap_or(1);
    #[cfg(not(feature = "threads"))]
    1
}

/// Calls `work` with each of `parts` and comes back when all are done. This thread does its share.
pub(super) fn for_each<P: Send>(mut parts: impl ExactSizeIterator<Item = P> + Send, work: impl Fn(P) + Sync) {
    #[cfg(feature = "threads")]
    if parts.len() > 1 {
        let left = AtomicUsize::new(parts.len() - 1);
        let (left, work) = (&left, &work);
        rayon::in_place_scope(|scope| {
            let own = parts.next();
            for part in parts {
                scope.spawn(move |_| {
                    let _done = OnDrop(|| _ = left.fetch_sub(1, Ordering::Release));
                    work(part);
                });
            }
            own.into_iter().for_each(work);
            // The others are about to finish: it takes longer to fall asleep and be woken than to wait.
            let unfinished = || left.load(Ordering::Acquire) > 0;
            (0..SPINS).take_while(|_| unfinished() && rayon::yield_now().is_some()).for_each(drop);
        });
        return;
    }
    parts.by_ref().for_each(work);
}

/// Looks for work or its end before a thread falls asleep: about a millisecond.
#[cfg(feature = "threads")]
const SPINS: u32 = 20_000;

/// Does `steps` with the other threads kept from falling asleep. A token is a row of products of some ten
/// microseconds each; waking a thread for each of them would take longer than its share of the work.
pub(crate) fn wide_awake<R>(steps: impl FnOnce() -> R) -> R {
    #[cfg(feature = "threads")]
    if let (2.., Some(own)) = (threads(), rayon::current_thread_index()) {
        let finished = AtomicBool::new(false);
        let finished = &finished;
        return rayon::in_place_scope(|scope| {
            scope.spawn_broadcast(move |_, context| {
                while context.index() != own && !finished.load(Ordering::Acquire) {
                    rayon::yield_now();
                    std::hint::spin_loop();
                }
            });
            let _finished = OnDrop(|| finished.store(true, Ordering::Release));
            steps()
        });
    }
    steps()
}

/// Calls a function at the end, even if that end is a panic, on which others would else wait for ever.
#[cfg(feature = "threads")]
struct OnDrop<F: Fn()>(F);

#[cfg(feature = "threads")]
impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
