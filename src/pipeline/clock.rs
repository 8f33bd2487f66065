//! Time, as the pipeline sees it: `std::time::Instant` panics in a browser, so it is always handed in.

/// Tells the time.
pub trait Clock {
    /// Milliseconds since some fixed moment; never goes back.
    fn now_ms(&self) -> f64;
}

/// The time of a native program, counted from when the clock was made.
#[cfg(not(target_family = "wasm"))]
#[derive(Clone, Copy, Debug)]
pub struct SystemClock(std::time::Instant);

#[cfg(not(target_family = "wasm"))]
impl SystemClock {
    /// A clock that starts now.
    #[must_use]
    pub fn new() -> Self {
        Self(std::time::Instant::now())
    }
}

#[cfg(not(target_family = "wasm"))]
impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(not(target_family = "wasm"))]
impl Clock for SystemClock {
    fn now_ms(&self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1000.0
    }
}

/// A clock for tests: each look at it is one millisecond later than the last.
#[derive(Debug, Default)]
pub struct TickingClock(std::cell::Cell<f64>);

impl Clock for TickingClock {
    fn now_ms(&self) -> f64 {
        let now = self.0.get() + 1.0;
        self.0.set(now);
        now
    }
}
