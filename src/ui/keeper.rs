//! Keeps documents between visits: writes what the session wants kept, one thing after the other, and reads it again.

use super::store::Ui;
use crate::pipeline::event::Event as Told;
use crate::platform::documents::{DocumentStore, hold, new_key};
use crate::platform::{PlatformError, clock, files};
use crate::session::{Earlier, Entry, Event, FileId, Kept, decode, encode};
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use web_sys::File;

/// The file as it came, in a document's folder.
const FILE: &str = "file";
/// Its name and size.
const ABOUT: &str = "about";
/// Parts of a diary are written at most this often, in milliseconds.
const PAUSE_MS: f64 = 250.0;
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
}

impl Keeper {
    /// Keeps a copy of a file.
    pub(super) fn keep_file(&self, ui: Ui, id: FileId, file: File) {
        let about = About { name: file.name(), bytes: files::size(&file) };
        let key = new_key();
        hold(&key);
        let diary = Diary { key: key.clone(), next: 0, pages: 0, finished: false };
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
            let Some(task) = self.tasks.borrow_mut().pop_front() else { break };
            let Some(store) = &store else { continue };
            let done = match task {
                Task::Copy { key, about, file } => {
                    self.copy(store, &key, &about, &file).await.map_err(|why| (key, why))
                }
                Task::Write { file, kept } => self.write(store, file, kept).await,
                Task::Delete(key) => {
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

    async fn copy(
        &self,
        store: &DocumentStore,
        key: &str,
        about: &About,
        file: &File,
    ) -> Result<(), PlatformError> {
        store.copy(key, FILE, file).await?;
        store.write(key, ABOUT, &serde_json::to_vec(about).unwrap_or_default()).await
    }

    /// Writes an entry with those behind it of the same document as one part.
    async fn write(
        &self,
        store: &DocumentStore,
        file: FileId,
        kept: Kept,
    ) -> Result<(), (String, PlatformError)> {
        let mut entries = vec![kept];
        if !matches!(entries.first(), Some(Kept { entry: Entry::Finished, .. })) {
            clock::sleep(PAUSE_MS).await;
        }
        {
            let mut tasks = self.tasks.borrow_mut();
            while matches!(tasks.front(), Some(Task::Write { file: of, .. }) if *of == file) {
                if let Some(Task::Write { kept, .. }) = tasks.pop_front() {
                    entries.push(kept);
                }
            }
        }
        let (key, name) = {
            let mut diaries = self.diaries.borrow_mut();
            let Some(diary) = diaries.get_mut(&file) else { return Ok(()) };
            for kept in &entries {
                diary.pages +=
                    u32::from(matches!(kept.entry, Entry::Told(Told::Page { .. }) | Entry::GaveUp { .. }));
                diary.finished = match kept.entry {
                    Entry::Finished => true,
                    Entry::Told(_) | Entry::GaveUp { .. } => false,
                    Entry::Wrote { .. } | Entry::Checked { .. } | Entry::TookBack => diary.finished,
                };
            }
            let name = part_name(diary.next, diary.pages, diary.finished);
            diary.next += 1;
            (diary.key.clone(), name)
        };
        store.write(&key, &name, &encode(&entries)).await.map_err(|why| (key, why))
    }

    /// Keeps no more of a document, and tells why.
    fn give_up(&self, ui: Ui, key: &str, why: &PlatformError) {
        let id = self.diaries.borrow().iter().find(|(_, diary)| diary.key == key).map(|(id, _)| *id);
        let Some(id) = id else { return };
        self.diaries.borrow_mut().remove(&id);
        self.tasks.borrow_mut().push_back(Task::Delete(key.to_owned()));
        let name =
            ui.peek(|session| session.jobs.iter().find(|job| job.file == id).map(|job| job.name.clone()));
        let name = name.unwrap_or_else(|| "The document".to_owned());
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

/// Reads what is kept of a document, and keeps on keeping it.
pub(super) async fn recall(ui: Ui, key: String) {
    let recalled = async {
        let store = DocumentStore::open().await.ok()?;
        let about: About = serde_json::from_slice(&read(&store, &key, ABOUT).await?).ok()?;
        let file = store.file(&key, FILE).await.ok()?;
        hold(&key);
        let mut diary = Diary { key: key.clone(), next: 0, pages: 0, finished: false };
        let mut entries = Vec::new();
        for name in store.names(&key).await.ok()? {
            let Some((pages, finished)) = parse_part(&name) else { continue };
            // What comes after a damaged part may build on it.
            let Some(part) = read(&store, &key, &name).await.and_then(|bytes| decode(&bytes).ok()) else {
                break;
            };
            entries.extend(part);
            diary = Diary { next: diary.next + 1, pages, finished, ..diary };
        }
        Some((file, about, diary, entries))
    };
    let Some((file, About { name, .. }, diary, entries)) = recalled.await else {
        ui.send(Event::Notice("What was kept of the document cannot be read any more.".to_owned()));
        ui.edge().keeper.delete(ui, key);
        return;
    };
    let file = ui.edge().keep_named(file, name);
    ui.edge().keeper.diaries.borrow_mut().insert(file.file, diary);
    ui.send(Event::Recalled { file, entries });
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
