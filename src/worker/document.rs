//! One open document: opened, extracted page by page, rendered on demand.
//!
//! The task keeps the file open until the page closes it. Between two steps of extraction it serves what
//! was asked meanwhile, rendering first of all: the page on screen is what the person waits for.

use super::Unserved;
use super::file::{self, NotRead, PdfFile};
use super::outbox::{BrowserClock, PageSink, post, post_with};
use crate::ocr::ReadPage;
use crate::pdf::{self, OpenError};
use crate::pipeline::event::ReadScans;
use crate::pipeline::{Extraction, Pages, Step};
use crate::platform::clock;
use crate::protocol::{Envelope, JobId, Request, Response};
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::future::{Either, select};
use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use wasm_bindgen_futures::spawn_local;
use web_sys::Blob;

/// Once a file is open, its page is given this long, in milliseconds, to ask for pixels before extraction
/// begins: the first page on screen comes first.
const FIRST_WISH_MS: f64 = 30.0;

/// Extraction waits when so many finished pages have not been taken in: the page draws each, which can take
/// longer than extracting it, and a click must not wait behind hundreds.
const MAX_PAGES_AHEAD: u32 = 8;

/// The documents that are open.
#[derive(Debug, Default)]
pub(super) struct Documents {
    open: BTreeMap<JobId, UnboundedSender<Wish>>,
}

impl Documents {
    /// Serves what is asked of documents, and gives back the rest.
    pub(super) fn take(&mut self, request: Envelope<Request>, file: Option<Blob>) -> Option<Unserved> {
        let Envelope { message, buffers } = request;
        match message {
            Request::Convert { job, name, options, password, first_page, troubled, ahead } => {
                let (wishes, served) = unbounded();
                // The task of an earlier try at the same document ends when its sender goes.
                self.open.insert(job, wishes);
                let order = Order {
                    job,
                    name,
                    file: match buffers.into_iter().next() {
                        Some(bytes) => Some(PdfFile::Bytes(bytes)),
                        None => file.map(PdfFile::Blob),
                    },
                    password,
                    pages: Pages { first: first_page, troubled },
                    scans: options.scans,
                    ahead: ahead as usize,
                };
                spawn_local(serve(order, served));
            }
            Request::Render { job, page, width_px, overlay } => {
                if !self.tell(job, Wish::Render { page, width_px, overlay }) {
                    let message = "the document is not open".to_owned();
                    post(Response::RenderFailed { job, page, message });
                }
            }
            Request::HaveRead { job, page, error } => {
                let read = match (error, buffers.first()) {
                    (None, Some(read)) => serde_json::from_slice(read).map_err(|error| error.to_string()),
                    (error, _) => Err(error.unwrap_or_else(|| "nothing came of it".to_owned())),
                };
                self.tell(job, Wish::HaveRead { page, read });
            }
            // A document that is closed waits for nothing.
            Request::Received { job } => {
                self.tell(job, Wish::Received);
            }
            Request::Stop { job } => {
                if !self.tell(job, Wish::Stop) {
                    post(Response::Stopped { job });
                }
            }
            Request::Close { job } => drop(self.open.remove(&job)),
            message => return Some(Envelope { message, buffers }),
        }
        None
    }

    /// Whether the task of `job` is there to hear it.
    fn tell(&self, job: JobId, wish: Wish) -> bool {
        self.open.get(&job).is_some_and(|wishes| wishes.unbounded_send(wish).is_ok())
    }
}

/// What is to be opened.
struct Order {
    /// The document.
    job: JobId,
    /// File name.
    name: String,
    /// The file; none if it did not come.
    file: Option<PdfFile>,
    /// For an encrypted file.
    password: Option<String>,
    /// Which pages to extract.
    pages: Pages,
    /// Which of them are read from their pixels.
    scans: ReadScans,
    /// How many of those at a time.
    ahead: usize,
}

/// What is asked of an open document.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wish {
    /// Render a page.
    Render {
        /// From 1.
        page: u32,
        /// Wanted width in pixels.
        width_px: u32,
        /// With boxes for what each step of the layout saw.
        overlay: bool,
    },
    /// A finished page has been taken in.
    Received,
    /// What a page's pixels say.
    HaveRead {
        /// From 1.
        page: u32,
        /// What they say, or why not.
        read: Result<ReadPage, String>,
    },
    /// Stop extracting.
    Stop,
}

/// Opens the file of `order`, extracts its pages, and serves `wishes` until their sender is gone.
async fn serve(order: Order, mut wishes: UnboundedReceiver<Wish>) {
    let Order { job, name, file, password, pages, scans, ahead } = order;
    let mut early = VecDeque::new();
    let (bytes, source) = match file::read(job, &name, file, &mut wishes, &mut early).await {
        Ok(read) => read,
        Err(NotRead::Stopped) => return post(Response::Stopped { job }),
        Err(NotRead::Closed) => return,
        Err(NotRead::Failed(message)) => return post(Response::OpenFailed { job, message }),
    };
    let document = match pdf::open(bytes, password.as_deref()) {
        Ok(document) => document,
        Err(OpenError::PasswordNeeded) => return post(Response::PasswordNeeded { job, wrong: false }),
        Err(OpenError::PasswordWrong) => return post(Response::PasswordNeeded { job, wrong: true }),
        Err(error) => return post(Response::OpenFailed { job, message: format!("{name}: {error}") }),
    };
    let mut extraction = Extraction::new(&document, source, pages).reading(scans).ahead(ahead);
    let mut sink = PageSink::new(job);

    // The first step tells what the file says of itself, page sizes included.
    let mut step = extraction.step(&BrowserClock, &mut sink);
    if early.is_empty()
        && let Either::Left((wish, _)) = select(wishes.next(), pin!(clock::sleep(FIRST_WISH_MS))).await
    {
        let Some(wish) = wish else { return };
        early.push_back(wish);
    }
    loop {
        let wish = match (early.pop_front(), step) {
            (Some(wish), _) => Some(wish),
            (None, Step::Ended | Step::Read) => wishes.next().await,
            (None, Step::More) if sink.pages_ahead() >= MAX_PAGES_AHEAD => wishes.next().await,
            (None, Step::More) => match wishes.try_recv() {
                Ok(wish) => Some(wish),
                Err(error) if error.is_closed() => None,
                Err(_) => {
                    step = extraction.step(&BrowserClock, &mut sink);
                    post_pixels(job, &mut extraction);
                    clock::give_way().await;
                    continue;
                }
            },
        };
        match wish {
            None => return,
            Some(Wish::Render { page, width_px, overlay }) => {
                render(job, &mut extraction, page, width_px, overlay);
            }
            Some(Wish::HaveRead { page, read }) => {
                extraction.have_read(page, read);
                if step == Step::Read {
                    step = Step::More;
                }
            }
            Some(Wish::Received) => sink.page_received(),
            Some(Wish::Stop) => {
                sink.stop();
                step = extraction.step(&BrowserClock, &mut sink);
                post(Response::Stopped { job });
            }
        }
        if step != Step::Ended {
            clock::give_way().await;
        }
    }
}

/// Asks for the pixels to be read that extraction waits for.
fn post_pixels(job: JobId, extraction: &mut Extraction<'_>) {
    while let Some((page, pixels)) = extraction.take_pixels() {
        let (width_px, height_px) = (pixels.width(), pixels.height());
        post_with(Response::Pixels { job, page, width_px, height_px }, vec![pixels.into_rgb()]);
    }
}

fn render(job: JobId, extraction: &mut Extraction<'_>, page: u32, width_px: u32, overlay: bool) {
    let drawn =
        if overlay { extraction.overlay(page, width_px) } else { extraction.reader().render(page, width_px) };
    match drawn {
        Ok(raster) => {
            let (width_px, height_px) = (raster.width, raster.height);
            post_with(Response::Rendered { job, page, width_px, height_px, overlay }, vec![raster.rgba]);
        }
        Err(error) => {
            let message = format!("page {page} cannot be shown: {error}");
            post(Response::RenderFailed { job, page, message });
        }
    }
}
