//! The workers of a page, the files that they read, the parcels that go from one to the other, time and memory: what
//! comes of a session's commands about them. The app and the embedded reader have one each.

use super::clock::{self, Timer};
use super::{Program, WorkerEvent, WorkerHandle, abilities, files, memory, storage};
use crate::document::FigureImage;
use crate::pipeline::event::Event as Told;
use crate::protocol::{Envelope, JobId, Request, Response};
use crate::session::{Attachment, Command, Event, FileId, NewFile, Role, Variant};
use js_sys::ArrayBuffer;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

/// What hears the crew: an event for the session, and buffers that came with it and are none of the session's business
/// (the pixels of a page).
pub type Tell = Rc<dyn Fn(Event, Vec<Vec<u8>>)>;

/// Workers, files and parcels.
#[derive(Default)]
pub struct Crew {
    workers: RefCell<BTreeMap<Role, (u32, WorkerHandle)>>,
    files: RefCell<BTreeMap<FileId, File>>,
    next_file: Cell<u32>,
    parcels: Rc<Parcels>,
    /// The program with threads did not start: its memory may be more than this device promises.
    without_threads: Rc<Cell<bool>>,
    wake: RefCell<Option<Timer>>,
    /// Bytes of this program's memory that the session was told of.
    memory_told: Rc<Cell<u64>>,
}

/// What came with the last response about a page's pixels.
type Parcels = RefCell<BTreeMap<(JobId, u32), ArrayBuffer>>;

impl Crew {
    /// Holds a file, and gives what the session is told of it. Its `name` need not be the file's own.
    pub fn hold(&self, file: File, name: String) -> NewFile {
        let id = FileId(self.next_file.get());
        self.next_file.set(id.0 + 1);
        let bytes = files::size(&file);
        self.files.borrow_mut().insert(id, file);
        NewFile { file: id, name, bytes }
    }

    /// A file that is held.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<File> {
        self.files.borrow().get(&id).cloned()
    }

    /// Carries out a command about workers, files, parcels, time or memory; any other is given back.
    pub fn run(&self, command: Command, tell: &Tell) -> Option<Command> {
        match command {
            Command::StartWorker { role, generation } => self.start(role, generation, tell),
            Command::EndWorker { role, generation } => {
                let gone = {
                    let mut workers = self.workers.borrow_mut();
                    let current = workers.get(&role).is_some_and(|(of, _)| *of == generation);
                    if current { workers.remove(&role) } else { None }
                };
                if let Some((_, worker)) = gone {
                    worker.terminate();
                }
            }
            Command::Send { role, generation, request, attachment } => {
                self.send(role, generation, request, attachment, tell);
            }
            Command::ForgetFile(file) => {
                self.files.borrow_mut().remove(&file);
            }
            Command::ForgetParcels(job) => self.parcels.borrow_mut().retain(|(of, _), _| *of != job),
            Command::Wake { after_ms } => self.wake_after(after_ms, tell),
            Command::MeasureMemory => {
                let tell = Rc::clone(tell);
                spawn_local(async move {
                    if let Some(bytes) = memory::of_page().await {
                        tell(Event::MemoryMeasured(bytes), Vec::new());
                    }
                });
            }
            other => return Some(other),
        }
        None
    }

    /// Tells the time after so many milliseconds, and before that how much memory this program has, if that is more
    /// than it was.
    fn wake_after(&self, millis: f64, tell: &Tell) {
        let (tell, told) = (Rc::clone(tell), Rc::clone(&self.memory_told));
        let timer = Timer::after(millis, move || {
            let bytes = memory::of_program();
            if bytes > told.replace(bytes) {
                tell(Event::PageMemory(bytes), Vec::new());
            }
            tell(Event::Tick, Vec::new());
        });
        self.wake.replace(Some(timer));
    }

    fn start(&self, role: Role, generation: u32, tell: &Tell) {
        let models = || {
            let mut abilities = abilities();
            if self.without_threads.get() {
                abilities.built.retain(|stem| stem != Variant::Threads.stem());
            }
            Program::Models(abilities.choose())
        };
        let (program, name) = match role {
            Role::Document => (Program::Reader, "recto-document"),
            Role::Model => (models(), "recto-model"),
            Role::Store => (Program::Reader, "recto-store"),
            Role::Scan => (Program::Scans(abilities().choose_scans()), "recto-scan"),
            Role::SecondScan => (Program::Scans(abilities().choose_scans()), "recto-scan-2"),
        };
        let threaded = program.threads() > 1;
        let started = Cell::new(false);
        let (parcels, without_threads) = (Rc::clone(&self.parcels), Rc::clone(&self.without_threads));
        let told = Rc::clone(tell);
        let heard = move |event| match event {
            WorkerEvent::Response(Envelope { message: response, buffers }) => {
                started.set(true);
                let (images, buffers) = images_of(&response, buffers);
                told(Event::Worker { role, generation, response, images }, buffers);
            }
            WorkerEvent::Parcel(response, parcel) => {
                if let (
                    Response::Pixels { job, page, .. } | Response::PixelsRead { job, page, .. },
                    Some(parcel),
                ) = (&response, parcel)
                {
                    parcels.borrow_mut().insert((*job, *page), parcel);
                }
                told(Event::Worker { role, generation, response, images: Vec::new() }, Vec::new());
            }
            WorkerEvent::Died(message) => {
                if threaded && !started.get() {
                    without_threads.set(true);
                }
                told(Event::WorkerFailed { role, generation, message }, Vec::new());
            }
        };
        match WorkerHandle::spawn(&program, name, heard) {
            Ok(worker) => {
                self.workers.borrow_mut().insert(role, (generation, worker));
            }
            Err(error) => {
                let message = error.to_string();
                later(tell, Event::WorkerFailed { role, generation, message });
            }
        }
    }

    fn send(&self, role: Role, generation: u32, request: Request, attachment: Attachment, tell: &Tell) {
        if matches!(request, Request::Download { .. }) {
            // Whoever downloads a model wants to find it again. Only a page may ask for that, not a worker.
            spawn_local(async {
                storage::ask_to_persist().await;
            });
        }
        let workers = self.workers.borrow();
        let Some((_, worker)) = workers.get(&role).filter(|(of, _)| *of == generation) else { return };
        match attachment {
            Attachment::Nothing => worker.send(Envelope { message: request, buffers: Vec::new() }),
            Attachment::Buffers(buffers) => worker.send(Envelope { message: request, buffers }),
            Attachment::File(id) => match self.file(id) {
                Some(file) => worker.send_file(request, &file),
                None => {
                    let message = "it is not here any more".to_owned();
                    later(tell, Event::FileUnreadable { file: id, message });
                }
            },
            Attachment::Parcel(job, page) => match self.parcels.borrow_mut().remove(&(job, page)) {
                Some(parcel) => worker.send_parcel(request, &parcel),
                // Whoever hears it says that its pixels did not come.
                None => worker.send(Envelope { message: request, buffers: Vec::new() }),
            },
        }
    }
}

/// Tells the session once it is done with what it is at.
fn later(tell: &Tell, event: Event) {
    let tell = Rc::clone(tell);
    spawn_local(async move {
        clock::give_way().await;
        tell(event, Vec::new());
    });
}

/// The image files of a page's figures, or else the buffers as they came.
fn images_of(response: &Response, buffers: Vec<Vec<u8>>) -> (Vec<FigureImage>, Vec<Vec<u8>>) {
    let Response::Event { event: Told::Page { figures, .. }, .. } = response else {
        return (Vec::new(), buffers);
    };
    let named = figures.iter().zip(buffers);
    (named.map(|(figure, bytes)| FigureImage { id: figure.id.clone(), bytes }).collect(), Vec::new())
}
