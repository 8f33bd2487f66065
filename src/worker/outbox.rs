//! What goes to the page.

use crate::platform::{describe, envelope, memory};
use crate::protocol::{Envelope, Response};
use std::cell::Cell;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::DedicatedWorkerGlobalScope;

#[cfg(any(feature = "read", feature = "models"))]
pub(super) use sink::{BrowserClock, PageSink};

/// The program's memory is told again once it has grown by so many bytes.
const TOLD_STEP: u64 = 1 << 20;

thread_local! {
    /// Bytes of memory told last.
    static TOLD: Cell<u64> = const { Cell::new(0) };
}

/// Posts a response without buffers.
pub(super) fn post(response: Response) {
    post_with(response, Vec::new());
}

/// Posts a response with its buffers.
pub(super) fn post_with(message: Response, buffers: Vec<Vec<u8>>) {
    // A worker's first word is that it listens.
    let first = matches!(message, Response::Ready { .. });
    if !first {
        tell_memory();
    }
    post_now(message, buffers);
    if first {
        tell_memory();
    }
}

/// Tells how much memory the program has, if that is more than it was.
fn tell_memory() {
    let bytes = memory::of_program();
    if bytes >= TOLD.get() + TOLD_STEP {
        TOLD.set(bytes);
        post_now(Response::Memory { bytes }, Vec::new());
    }
}

fn post_now(message: Response, buffers: Vec<Vec<u8>>) {
    if let Err(thrown) = try_to_post(message, buffers) {
        // The page would wait for it, or take what it has for all: it must start another worker, as after a trap. The
        // browser may still have memory for so few words.
        let message = format!("a message could not be sent: {}", describe(&thrown));
        if try_to_post(Response::Died { message }, Vec::new()).is_err() {
            // Without a way to the page there is only the console.
            web_sys::console::error_1(&thrown);
        }
    }
}

fn try_to_post(message: Response, buffers: Vec<Vec<u8>>) -> Result<(), JsValue> {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let (message, transfer) = envelope::encode(&Envelope { message, buffers })
        .map_err(|error| JsValue::from_str(&error.to_string()))?;
    scope.post_message_with_transfer(&message, &transfer)
}

/// What the pipeline tells, for the programs that run it.
#[cfg(any(feature = "read", feature = "models"))]
mod sink {
    use super::post_with;
    use crate::document::FigureImage;
    use crate::pipeline::event::Event;
    use crate::pipeline::{Clock, Sink};
    use crate::platform::clock;
    use crate::protocol::{JobId, Response};

    /// Text that grows token by token is told this often, in milliseconds: a person sees no more.
    const PARTIAL_PAUSE_MS: f64 = 100.0;

    /// The browser's clock for the pipeline.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::worker) struct BrowserClock;

    impl Clock for BrowserClock {
        fn now_ms(&self) -> f64 {
            clock::now()
        }
    }

    /// Tells the page what happens to a document.
    #[derive(Debug)]
    pub(in crate::worker) struct PageSink {
        job: JobId,
        /// When text in the making was last told.
        partial_told: f64,
        stopped: bool,
        /// Finished pages told and not yet taken in.
        pages_ahead: u32,
        /// How long its model took to load, in milliseconds, if it was loaded for this.
        load_millis: Option<f64>,
    }

    impl PageSink {
        /// A sink for the events of `job`.
        pub(in crate::worker) fn new(job: JobId) -> Self {
            Self { job, partial_told: f64::NEG_INFINITY, stopped: false, pages_ahead: 0, load_millis: None }
        }
    }

    /// What only the running of models asks of it.
    #[cfg(feature = "models")]
    impl PageSink {
        /// The model took so many milliseconds to load.
        pub(in crate::worker) fn loaded(&mut self, millis: f64) {
            self.load_millis = Some(millis);
        }
    }

    /// What only the reading of documents asks of it.
    #[cfg(feature = "read")]
    impl PageSink {
        /// Finished pages told and not yet taken in.
        pub(in crate::worker) fn pages_ahead(&self) -> u32 {
            self.pages_ahead
        }

        /// One of them has been taken in.
        pub(in crate::worker) fn page_received(&mut self) {
            self.pages_ahead = self.pages_ahead.saturating_sub(1);
        }

        /// The person wants the work to end.
        pub(in crate::worker) fn stop(&mut self) {
            self.stopped = true;
        }
    }

    impl Sink for PageSink {
        fn event(&mut self, mut event: Event, images: Vec<FigureImage>) {
            if let Event::StageEnded(report) = &mut event {
                report.load_millis = self.load_millis;
            }
            if matches!(event, Event::Partial { .. }) {
                let now = clock::now();
                if now - self.partial_told < PARTIAL_PAUSE_MS {
                    return;
                }
                self.partial_told = now;
            }
            if matches!(event, Event::Page { .. }) {
                self.pages_ahead += 1;
            }
            let buffers = images.into_iter().map(|image| image.bytes).collect();
            post_with(Response::Event { job: self.job, event }, buffers);
        }

        fn stopped(&self) -> bool {
            self.stopped
        }
    }
}
