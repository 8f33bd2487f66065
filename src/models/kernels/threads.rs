//! Work on all threads of the program: rayon's, where the build has threads (feature `threads`) and someone
//! has started them; else one part after the other.
//!
//! No part computes anything of another, and each number comes about the same way whatever part it is in, so
//! the number of threads changes no bit.

/// Multiplications below which waking another thread costs more than it saves.
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

/// Calls `work` with each of `parts` and comes back when all are done.
pub(super) fn for_each<P: Send>(parts: impl ExactSizeIterator<Item = P> + Send, work: impl Fn(P) + Sync) {
    #[cfg(feature = "threads")]
    if parts.len() > 1 {
        let work = &work;
        rayon::scope(|scope| {
            for part in parts {
                scope.spawn(move |_| work(part));
            }
        });
        return;
    }
    parts.for_each(work);
}
