//! Keeps documents between visits: writes what the session wants kept, one thing after the other, and reads it again.

use super::store::Ui;
use crate::pipeline::event::{Detour, Event as Told, Trouble};
use crate::platform::documents::{DocumentStore, hold, new_key};
use crate::platform::{PlatformError, clock, files};
use crate::session::{Earlier, Entry, Event, FileId, Kept, decode, encode};
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use web_sys::File;

/// The file as it came, in a document's folder.
const FILE: &str = "file";
/// Its name and size.
const ABOUT: &str = "about";
/// Parts of a diary are written at most this often, in milliseconds, unless it ends or others wait.
const PAUSE_MS: f64 = 250.0;
/// How often it is looked whether they do, in milliseconds.
const LOOK_MS: f64 = 50.0;
/// How often it is looked whether a diary has been read that is to be deleted, in milliseconds.
const READING_MS: f64 = 20.0;
/// Finished documents that are kept when they are not open; older ones go.
const MOST_KEPT: usize = 20;

#[derive(Serialize, Deserialize)]
struct About {
    name: String,
    bytes: u64,
}

/// A document that is kept.
#[derive(Clone, Debug)]
struct Diary {
    key: String,
    /// Number of the next part.
    next: u32,
    /// Pages that are finished.
    pages: u32,
    /// All that was asked for is done.
    finished: bool,
    /// The file is there.
    copied: bool,
}

enum Task {
    Copy { key: String, about: About, file: File },
    Write { file: FileId, kept: Kept },
    Delete(String),
}

/// What is kept, and what is still to be written.
#[derive(Default)]
pub(super) struct Keeper {
    diaries: RefCell<BTreeMap<FileId, Diary>>,
    tasks: RefCell<VecDeque<Task>>,
    running: Cell<bool>,
    /// Keys of documents whose diaries are being read.
    reading: RefCell<BTreeSet<String>>,
}

impl Keeper {
    /// Keeps a copy of a file.
    pub(super) fn keep_file(&self, ui: Ui, id: FileId, file: File) {
        let about = About { name: file.name(), bytes: files::size(&file) };
        let key = new_key();
        hold(&key);
        let diary = Diary { key: key.clone(), next: 0, pages: 0, finished: false, copied: false };
        self.diaries.borrow_mut().insert(id, diary);
        self.push(ui, Task::Copy { key, about, file });
    }

    /// Keeps an entry, if the document is kept.
    pub(super) fn keep(&self, ui: Ui, file: FileId, kept: Kept) {
        if self.diaries.borrow().contains_key(&file) {
            self.push(ui, Task::Write { file, kept });
        }
    }

    /// Deletes what is kept of an open document.
    pub(super) fn unkeep(&self, ui: Ui, file: FileId) {
        let diary = self.diaries.borrow_mut().remove(&file);
        if let Some(diary) = diary {
            self.delete(ui, diary.key);
        }
    }

    /// Reads the diary of an open document for the session.
    pub(super) fn bring_back(&self, ui: Ui, file: FileId) {
        let key = self.diaries.borrow().get(&file).map(|diary| diary.key.clone());
        if let Some(key) = &key {
            self.reading.borrow_mut().insert(key.clone());
        }
        leptos::task::spawn_local(async move {
            let found = match &key {
                Some(key) => read_diary(key).await,
                None => None,
            };
            let edge = ui.edge();
            let keeper = &edge.keeper;
            if let Some(key) = &key {
                keeper.reading.borrow_mut().remove(key);
            }
            let (entries, whole) = keeper.take_up(ui, file, found);
            ui.send(Event::BroughtBack { file, entries, whole });
        });
    }

    /// Goes on with a diary behind what could be read of it; without any it is begun anew.
    fn take_up(&self, ui: Ui, file: FileId, found: Option<Found>) -> (Vec<Kept>, bool) {
        let known = self.diaries.borrow().contains_key(&file);
        match found {
            Some(Found { entries, whole, next, pages, finished }) => {
                if let Some(diary) = self.diaries.borrow_mut().get_mut(&file) {
                    (diary.next, diary.pages, diary.finished) = (next, pages, finished);
                }
                (entries, whole)
            }
            None => {
                if known {
                    ui.edge().keep_file(ui, file);
                }
                (Vec::new(), false)
            }
        }
    }

    /// Tells the session that all of a finished document is written, if it is.
    fn tell_whole(&self, ui: Ui, file: FileId) {
        let finished = self.diaries.borrow().get(&file).is_some_and(|diary| diary.finished);
        let waits = |task: &Task| matches!(task, Task::Write { file: of, .. } if *of == file);
        if finished && !self.tasks.borrow().iter().any(waits) {
            ui.send(Event::KeptWhole(file));
        }
    }

    /// Deletes a document.
    pub(super) fn delete(&self, ui: Ui, key: String) {
        self.push(ui, Task::Delete(key));
    }

    fn push(&self, ui: Ui, task: Task) {
        self.tasks.borrow_mut().push_back(task);
        if !self.running.replace(true) {
            leptos::task::spawn_local(async move { ui.edge().keeper.work(ui).await });
        }
    }

    /// Does the tasks in their order.
    async fn work(&self, ui: Ui) {
        // Where the browser keeps nothing, nothing is kept, and nobody needs to be told each time.
        let store = DocumentStore::open().await.ok();
        loop {
            let Some(task) = self.next_task() else { break };
            let Some(store) = &store else { continue };
            let done = match task {
                Task::Copy { key, about, file } => {
                    self.copy(store, &key, &about, &file).await.map_err(|why| (key, why))
                }
                Task::Write { file, kept } => {
                    let written = self.write(store, file, kept).await;
                    if written.is_ok() {
                        self.tell_whole(ui, file);
                    }
                    written
                }
                Task::Delete(key) => {
                    while self.reading.borrow().contains(&key) {
                        clock::sleep(READING_MS).await;
                    }
                    // It is gone, or goes with the next visit's.
                    let _ = store.delete(&key).await;
                    Ok(())
                }
            };
            if let Err((key, why)) = done {
                self.give_up(ui, &key, &why);
            }
        }
        self.running.set(false);
    }

    /// The next task: of documents that are finished first, so that they can leave memory while other files wait to be
    /// copied.
    fn next_task(&self) -> Option<Task> {
        let diaries = self.diaries.borrow();
        let mut tasks = self.tasks.borrow_mut();
        let ending = tasks.iter().find_map(|task| match task {
            Task::Write { file, kept: Kept { entry: Entry::Finished, .. } } => {
                diaries.get(file).filter(|diary| diary.copied).map(|_| *file)
            }
            _ => None,
        });
        let first = |task: &Task| matches!(task, Task::Write { file, .. } if Some(*file) == ending);
        let at = tasks.iter().position(first).unwrap_or(0);
        tasks.remove(at)
    }

    async fn copy(
        &self,
        store: &DocumentStore,
        key: &str,
        about: &About,
        file: &File,
    ) -> Result<(), PlatformError> {
        store.copy(key, FILE, file).await?;
        store.write(key, ABOUT, &serde_json::to_vec(about).unwrap_or_default()).await?;
        if let Some(diary) = self.diaries.borrow_mut().values_mut().find(|diary| diary.key == key) {
            diary.copied = true;
        }
        Ok(())
    }

    /// Writes an entry with those behind it of the same document as one part.
    async fn write(
        &self,
        store: &DocumentStore,
        file: FileId,
        kept: Kept,
    ) -> Result<(), (String, PlatformError)> {
        let mut entries = vec![kept];
        self.take_more(file, &mut entries);
        let mut waited = 0.0;
        while waited < PAUSE_MS
            && !matches!(entries.last(), Some(Kept { entry: Entry::Finished, .. }))
            && self.tasks.borrow().is_empty()
        {
            clock::sleep(LOOK_MS).await;
            waited += LOOK_MS;
            self.take_more(file, &mut entries);
        }
        let (key, name) = {
            let mut diaries = self.diaries.borrow_mut();
            let Some(diary) = diaries.get_mut(&file) else { return Ok(()) };
            for kept in &entries {
                diary.pages += u32::from(matches!(
                    kept.entry,
                    Entry::Told(Told::Page { .. }) | Entry::Detoured(Trouble { detour: Detour::Nothing, .. })
                ));
                diary.finished = match kept.entry {
                    Entry::Finished => true,
                    Entry::Told(_) | Entry::Detoured(_) => false,
                    Entry::Wrote { .. } | Entry::Checked { .. } | Entry::TookBack => diary.finished,
                };
            }
            let name = part_name(diary.next, diary.pages, diary.finished);
            diary.next += 1;
            (diary.key.clone(), name)
        };
        store.write(&key, &name, &encode(&entries)).await.map_err(|why| (key, why))
    }

    /// Takes the entries of the same document that wait.
    fn take_more(&self, file: FileId, entries: &mut Vec<Kept>) {
        let mut tasks = self.tasks.borrow_mut();
        for task in std::mem::take(&mut *tasks) {
            match task {
                Task::Write { file: of, kept } if of == file => entries.push(kept),
                task => tasks.push_back(task),
            }
        }
    }

    /// Keeps no more of a document, and tells why.
    fn give_up(&self, ui: Ui, key: &str, why: &PlatformError) {
        let id = self.diaries.borrow().iter().find(|(_, diary)| diary.key == key).map(|(id, _)| *id);
        let Some(id) = id else { return };
        self.diaries.borrow_mut().remove(&id);
        self.tasks.borrow_mut().push_back(Task::Delete(key.to_owned()));
        ui.send(Event::NotKept(id));
        let name =
            ui.peek(|session| session.jobs.iter().find(|job| job.file == id).map(|job| job.name.clone()));
        let name = name.unwrap_or_else(|| "The document".to_owned());
        let why = match why {
            PlatformError::NotFound(_) => "the browser has cleared what it kept".to_owned(),
            why => why.to_string(),
        };
        ui.send(Event::Notice(format!(
            "{name} cannot be kept for later visits ({why}). The work goes on; save the result before you close the page."
        )));
    }
}

/// Looks for documents of earlier visits and tells the session. Finished ones past the limit are deleted, oldest first.
pub(super) async fn find_earlier(ui: Ui) {
    let Ok(store) = DocumentStore::open().await else { return };
    let mut found = Vec::new();
    let mut finished = 0;
    for key in store.closed().await.unwrap_or_default().into_iter().rev() {
        let known = describe(&store, &key).await;
        finished += usize::from(known.as_ref().is_some_and(|earlier| earlier.finished));
        match known {
            Some(earlier) if !earlier.finished || finished <= MOST_KEPT => found.push(earlier),
            // One of too many, or a copy that was never completed.
            _ => _ = store.delete(&key).await,
        }
    }
    if !found.is_empty() {
        ui.send(Event::EarlierFound(found));
    }
}

async fn describe(store: &DocumentStore, key: &str) -> Option<Earlier> {
    let about: About = serde_json::from_slice(&read(store, key, ABOUT).await?).ok()?;
    let names = store.names(key).await.ok()?;
    let (pages, finished) =
        names.iter().filter_map(|name| parse_part(name)).next_back().unwrap_or((0, false));
    let at = key.split('-').next().and_then(|at| at.parse().ok()).unwrap_or(0.0);
    Some(Earlier { key: key.to_owned(), name: about.name, bytes: about.bytes, at, pages, finished })
}

async fn read(store: &DocumentStore, key: &str, name: &str) -> Option<Vec<u8>> {
    let file = store.file(key, name).await.ok()?;
    files::read(&file).await.ok()
}

/// What can be read of a diary.
struct Found {
    entries: Vec<Kept>,
    /// That is all of it.
    whole: bool,
    /// Number of the next part.
    next: u32,
    /// Pages that are finished.
    pages: u32,
    /// All that was asked for is done.
    finished: bool,
}

/// Reads a diary up to what is damaged, and deletes that: what comes after it may build on it, and other parts will
/// have its place. None if nothing of it can be found.
async fn read_diary(key: &str) -> Option<Found> {
    let store = DocumentStore::open().await.ok()?;
    let mut found = Found { entries: Vec::new(), whole: true, next: 0, pages: 0, finished: false };
    for name in store.names(key).await.ok()? {
        let Some((pages, finished)) = parse_part(&name) else { continue };
        let part = match found.whole {
            true => read(&store, key, &name).await.and_then(|bytes| decode(&bytes).ok()),
            false => None,
        };
        match part {
            Some(part) => {
                found.entries.extend(part);
                found = Found { next: found.next + 1, pages, finished, ..found };
            }
            None => {
                found.whole = false;
                // What cannot be deleted will be in the way of a later visit, no more.
                let _ = store.remove(key, &name).await;
            }
        }
    }
    Some(found)
}

/// Reads what is kept of a document, and keeps on keeping it.
pub(super) async fn recall(ui: Ui, key: String) {
    let recalled = async {
        let store = DocumentStore::open().await.ok()?;
        let about: About = serde_json::from_slice(&read(&store, &key, ABOUT).await?).ok()?;
        let file = store.file(&key, FILE).await.ok()?;
        hold(&key);
        Some((file, about, read_diary(&key).await?))
    };
    let Some((file, About { name, .. }, found)) = recalled.await else {
        ui.send(Event::Notice("What was kept of the document cannot be read any more.".to_owned()));
        ui.edge().keeper.delete(ui, key);
        return;
    };
    let edge = ui.edge();
    let file = edge.keep_named(file, name);
    let id = file.file;
    let Found { entries, next, pages, finished, .. } = found;
    edge.keeper.diaries.borrow_mut().insert(id, Diary { key, next, pages, finished, copied: true });
    ui.send(Event::Recalled { file, entries });
    edge.keeper.tell_whole(ui, id);
}

/// The name of a part of a diary, which sorts by number and says how far the document was then.
fn part_name(number: u32, pages: u32, finished: bool) -> String {
    format!("part-{number:08}-{pages}{}", if finished { "-done" } else { "" })
}

/// Pages and whether all was done, from the name of a part.
fn parse_part(name: &str) -> Option<(u32, bool)> {
    let rest = name.strip_prefix("part-")?;
    let mut fields = rest.split('-').skip(1);
    Some((fields.next()?.parse().ok()?, fields.next() == Some("done")))
}
