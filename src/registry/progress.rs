//! How a download goes, for the person.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How a download goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum DownloadState {
    /// Bytes are coming in.
    Running {
        /// Bytes stored, of all files together.
        received: u64,
        /// Bytes in all.
        total: u64,
        /// Bytes per second, over the last seconds.
        speed: f64,
        /// Seconds left at that speed.
        seconds_left: f64,
    },
    /// The connection broke; another try follows.
    Waiting {
        /// Tries so far.
        attempt: u32,
        /// Pause before the next, in seconds.
        seconds: f64,
        /// Why.
        reason: String,
    },
    /// Stored and verified.
    Done,
    /// Stopped by the person; what came in is kept for a later resume.
    Stopped,
    /// Given up; what came in whole is kept for a later resume.
    Failed {
        /// Why, and what to do.
        reason: String,
    },
}

/// The stretch of time over which speed is measured, in milliseconds: long enough to be calm, short enough
/// to follow a change of network.
const WINDOW_MS: f64 = 5000.0;
/// Samples kept at most; one every 50 ms fills the window.
const MAX_SAMPLES: usize = 100;

/// Speed and time left, from how many bytes there were when.
#[derive(Clone, Debug, Default)]
pub struct SpeedMeter {
    samples: VecDeque<(f64, u64)>,
}

impl SpeedMeter {
    /// Takes in that `received` bytes were there at `now_ms`. After a restart `received` may be smaller than
    /// before: then the measurement starts anew.
    pub fn update(&mut self, now_ms: f64, received: u64) {
        if self.samples.back().is_some_and(|&(_, last)| received < last) {
            self.samples.clear();
        }
        // Chunks come by the thousand a second: a sample for each would fill the window with milliseconds.
        let spacing = WINDOW_MS / MAX_SAMPLES as f64;
        let recent = self.samples.len() > 1
            && self.samples.iter().nth_back(1).is_some_and(|&(at, _)| now_ms - at < spacing);
        if recent {
            self.samples.pop_back();
        }
        self.samples.push_back((now_ms, received));
        while self.samples.len() > MAX_SAMPLES
            || self.samples.front().is_some_and(|&(at, _)| now_ms - at > WINDOW_MS && self.samples.len() > 2)
        {
            self.samples.pop_front();
        }
    }

    /// Bytes per second over the last seconds; 0 as long as it cannot be told.
    #[must_use]
    pub fn speed(&self) -> f64 {
        let (Some(&(began, first)), Some(&(ended, last))) = (self.samples.front(), self.samples.back())
        else {
            return 0.0;
        };
        let seconds = (ended - began) / 1000.0;
        if seconds > 0.0 { last.saturating_sub(first) as f64 / seconds } else { 0.0 }
    }

    /// The state to tell when `received` of `total` bytes are there (`total` 0 if unknown).
    #[must_use]
    pub fn running(&self, received: u64, total: u64) -> DownloadState {
        let speed = self.speed();
        let left = total.saturating_sub(received) as f64;
        let seconds_left = if speed > 0.0 { left / speed } else { 0.0 };
        DownloadState::Running { received, total, speed, seconds_left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_that_of_the_last_seconds() {
        let mut meter = SpeedMeter::default();
        assert!(meter.speed().abs() < f64::EPSILON);
        for second in 0..20_u32 {
            meter.update(f64::from(second) * 1000.0, u64::from(second) * 1000);
        }
        assert!((meter.speed() - 1000.0).abs() < 1.0, "{}", meter.speed());
        // The network gets ten times faster: after the window has passed, so does the speed told.
        for second in 20..30_u32 {
            meter.update(f64::from(second) * 1000.0, 20_000 + u64::from(second - 20) * 10_000);
        }
        assert!((meter.speed() - 10_000.0).abs() < 10.0, "{}", meter.speed());
        let DownloadState::Running { seconds_left, .. } = meter.running(110_000, 210_000) else { panic!() };
        assert!((seconds_left - 10.0).abs() < 0.1, "{seconds_left}");
    }

    #[test]
    fn a_flood_of_chunks_is_bounded_and_a_restart_starts_anew() {
        let mut meter = SpeedMeter::default();
        for step in 0..100_000_u32 {
            meter.update(f64::from(step) * 0.1, u64::from(step));
        }
        assert!(meter.samples.len() <= MAX_SAMPLES);
        assert!((meter.speed() - 10_000.0).abs() < 200.0, "{}", meter.speed());
        meter.update(10_001.0, 0);
        assert!(meter.speed().abs() < f64::EPSILON);
    }
}
