//! How fast the models are on this machine, when the person asks.

use super::Session;
use super::message::{Attachment, Command, Role};
use super::watch::Work;
use crate::protocol::Request;
use crate::registry::Measured;

/// Models that are measured, quickest first: the smallest and the largest kinds that are in use.
const MODELS: [&str; 3] = ["t5-small", "t5-base", "blip-base"];

/// A benchmark and what it found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Benchmark {
    /// The model that is being measured.
    pub running: Option<&'static str>,
    /// What was found so far.
    pub found: Vec<Measured>,
    /// Why it ended early.
    pub error: Option<String>,
}

impl Session {
    /// Begins a benchmark, unless models are at work: it would slow both.
    pub(super) fn start_benchmark(&mut self, out: &mut Vec<Command>) {
        if self.benchmark.running.is_some() {
            return;
        }
        if self.active.is_some() {
            self.benchmark.error =
                Some("a document is being worked on; try again when it is done".to_owned());
            return;
        }
        self.benchmark = Benchmark::default();
        self.measure(MODELS.first().copied(), out);
    }

    fn measure(&mut self, model: Option<&'static str>, out: &mut Vec<Command>) {
        self.benchmark.running = model;
        match model {
            Some(name) => {
                let request = Request::Measure { model: name.to_owned() };
                self.ask_models(Work::Trial, request, Attachment::Nothing, out);
            }
            // Its memory goes back.
            None => self.end_worker(Role::Model, out),
        }
    }

    /// Takes in what was found, and goes on with the next model.
    pub(super) fn measured(&mut self, found: Result<Measured, String>, out: &mut Vec<Command>) {
        self.watch.served(|work| *work == Work::Trial);
        let Some(running) = self.benchmark.running else { return };
        match found {
            Ok(found) => {
                self.benchmark.found.push(found);
                let next = MODELS.iter().skip_while(|model| **model != running).nth(1);
                self.measure(next.copied(), out);
            }
            Err(why) => {
                self.lose_benchmark(&why);
                self.end_worker(Role::Model, out);
            }
        }
    }

    /// The worker that was measured is gone.
    pub(super) fn lose_benchmark(&mut self, why: &str) {
        if let Some(model) = self.benchmark.running.take() {
            self.benchmark.error = Some(format!("{model}: {why}"));
        }
    }
}
