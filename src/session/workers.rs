//! The lives of the workers: started when first needed, spoken to once they are ready.

use super::message::{Attachment, Command, Role};
use crate::protocol::Request;

/// Tries to start a worker before giving up on it.
pub(super) const MAX_FAILED_STARTS: u32 = 3;

/// One worker as the page sees it.
#[derive(Clone, Debug, Default)]
pub(super) struct Worker {
    pub(super) generation: u32,
    pub(super) life: Life,
    /// Requests for when it is ready.
    outbox: Vec<(Request, Attachment)>,
    /// When it last spoke or was last given work after a rest, in milliseconds.
    pub(super) heard: f64,
    /// Bytes of its program's memory, as it told.
    pub(super) memory: u64,
    /// Starts in a row that led to nothing.
    pub(super) failed_starts: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Life {
    #[default]
    Off,
    Starting,
    Ready,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Workers {
    document: Worker,
    model: Worker,
    store: Worker,
    scans: [Worker; 2],
}

impl Workers {
    pub(super) fn get(&self, role: Role) -> &Worker {
        match role {
            Role::Document => &self.document,
            Role::Model => &self.model,
            Role::Store => &self.store,
            Role::Scan => &self.scans[0],
            Role::SecondScan => &self.scans[1],
        }
    }

    pub(super) fn get_mut(&mut self, role: Role) -> &mut Worker {
        match role {
            Role::Document => &mut self.document,
            Role::Model => &mut self.model,
            Role::Store => &mut self.store,
            Role::Scan => &mut self.scans[0],
            Role::SecondScan => &mut self.scans[1],
        }
    }

    /// Sends a request, starting the worker if need be.
    pub(super) fn send(
        &mut self,
        role: Role,
        request: Request,
        attachment: Attachment,
        now: f64,
        out: &mut Vec<Command>,
    ) {
        let worker = self.get_mut(role);
        match worker.life {
            Life::Ready => {
                let generation = worker.generation;
                out.push(Command::Send { role, generation, request, attachment });
            }
            Life::Starting => worker.outbox.push((request, attachment)),
            Life::Off => {
                worker.generation += 1;
                worker.life = Life::Starting;
                worker.heard = now;
                worker.outbox.push((request, attachment));
                out.push(Command::StartWorker { role, generation: worker.generation });
            }
        }
    }

    /// The worker listens: what was kept for it goes out.
    pub(super) fn ready(&mut self, role: Role, out: &mut Vec<Command>) {
        let worker = self.get_mut(role);
        worker.life = Life::Ready;
        worker.failed_starts = 0;
        let generation = worker.generation;
        for (request, attachment) in std::mem::take(&mut worker.outbox) {
            out.push(Command::Send { role, generation, request, attachment });
        }
    }

    /// The worker is gone, or must go: what was kept for it is dropped.
    pub(super) fn end(&mut self, role: Role, out: &mut Vec<Command>) {
        let worker = self.get_mut(role);
        if worker.life == Life::Off {
            return;
        }
        worker.life = Life::Off;
        worker.memory = 0;
        worker.outbox.clear();
        out.push(Command::EndWorker { role, generation: worker.generation });
    }
}
