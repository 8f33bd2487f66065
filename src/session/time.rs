//! Time: deadlines, silence, and when to be woken next.

use super::Session;
use super::message::{Command, Role};
use super::workers::Life;
use crate::protocol::JobId;

/// How long the document worker has to answer [`crate::protocol::Request::Stop`] before it is ended.
pub(super) const STOP_GRACE_MS: f64 = 350.0;
/// How long a busy document worker may say nothing.
pub(super) const SILENCE_MS: f64 = 30_000.0;
/// How long a model worker at work may say nothing: it tells of each token, image and part of a model that it loads.
pub(super) const MODEL_SILENCE_MS: f64 = 60_000.0;
/// How long a worker may take to start; it may have to be fetched over a slow line.
pub(super) const START_MS: f64 = 90_000.0;
/// How often the elapsed time is renewed while something runs.
const TICK_MS: f64 = 250.0;
/// A longer pause between two ticks means that the machine slept or the page was in the background.
const SLEPT_MS: f64 = 5_000.0;

/// What is due when.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    /// The document asked to stop, and when its worker is ended.
    pub(super) stop: Option<(JobId, f64)>,
    planned: Option<f64>,
    last_tick: Option<f64>,
    /// The page is behind others, where a browser may hold its workers back.
    hidden: bool,
}

impl Session {
    pub(super) fn tick(&mut self, out: &mut Vec<Command>) {
        self.clock.planned = None;
        let elapsed = self.clock.last_tick.map_or(0.0, |last| self.now - last);
        // Time that counts for nobody.
        let paused = elapsed > SLEPT_MS || self.clock.hidden;
        self.clock.last_tick = Some(self.now);
        if let Some((job, deadline)) = self.clock.stop
            && self.now >= deadline
        {
            self.clock.stop = None;
            self.end_worker(Role::Document, out);
            self.finish_stopped(job);
        }
        self.measure_memory(out);
        self.watch_models(if paused { 0.0 } else { elapsed }, out);
        for role in Role::ALL {
            let now = self.now;
            // What computes has a clock of its own.
            let has_models_at_work = self.active_model_stage().is_some() && !self.watch.is_limited();
            let worker = self.workers.get_mut(role);
            if paused {
                worker.heard = now;
            }
            let (life, silent_ms) = (worker.life, now - worker.heard);
            if life == Life::Starting && silent_ms > START_MS {
                self.worker_died(role, "it did not start", out);
            } else if role == Role::Document
                && life == Life::Ready
                && silent_ms > SILENCE_MS
                && self.document_worker_busy()
                // It has nothing to say while others read for it.
                && !self.scans.is_busy()
            {
                self.worker_died(role, "it gave no sign of life for 30 seconds", out);
            } else if role == Role::Model
                && life == Life::Ready
                && silent_ms > MODEL_SILENCE_MS
                && has_models_at_work
            {
                self.worker_died(role, "it gave no sign of life for a minute", out);
            } else if self.scans.is_silent(role, silent_ms) {
                self.worker_died(role, "it was at one page for three minutes", out);
            }
        }
    }

    /// The page came to the front, or went behind others: what passed so far counts for nobody.
    pub(super) fn clock_in_front(&mut self, in_front: bool) {
        self.clock.hidden = !in_front;
        if self.clock.last_tick.is_some() {
            self.clock.last_tick = Some(self.now);
        }
        for role in Role::ALL {
            self.workers.get_mut(role).heard = self.now;
        }
    }

    /// Asks for the next tick, unless one is already on its way that is early enough.
    pub(super) fn plan_wake(&mut self, out: &mut Vec<Command>) {
        let starting = Role::ALL.iter().any(|role| self.workers.get(*role).life == Life::Starting);
        let waits = self.writing.awaited.is_some() || !self.watch.is_idle();
        let busy = self.active.is_some() || starting || waits || self.document_worker_busy();
        let mut due = busy.then_some(self.now + TICK_MS);
        if let Some((_, deadline)) = self.clock.stop {
            due = Some(due.map_or(deadline, |due| due.min(deadline)));
        }
        let Some(due) = due else {
            self.clock.last_tick = None;
            return;
        };
        if self.clock.planned.is_none_or(|planned| due < planned) {
            self.clock.planned = Some(due);
            out.push(Command::Wake { after_ms: (due - self.now).max(0.0) });
        }
    }
}
