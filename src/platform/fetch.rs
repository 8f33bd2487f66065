//! Fetching over HTTP: small texts whole, large files as a stream that can be stopped and resumed.

use super::{PlatformError, address, call, clock, describe};
use crate::registry::Registry;
use futures::future::{Either, select};
use js_sys::{Array, Uint8Array};
use std::pin::pin;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, ReadableStreamDefaultReader, Request, RequestCache, RequestCredentials, RequestInit,
    RequestMode, Response,
};

/// A connection that brings nothing for this many milliseconds counts as broken.
const STALL_MS: f64 = 30_000.0;

/// A file that is fetched whole has no more bytes than this.
const MAX_FILE_BYTES: usize = 256 << 20;

/// An answer whose body is still to be read.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    response: Response,
    reader: Option<ReadableStreamDefaultReader>,
    abort: AbortController,
}

/// Asks for `url`, or for that `range` of it (`bytes=1000-`). `abort` stops it at any moment. Nothing of it
/// is kept in the HTTP cache: a model would be held twice. No cookies are sent.
///
/// # Errors
/// If no answer comes: no connection, refused by the Content-Security-Policy or by the other side's
/// cross-origin rules, stopped.
pub async fn get(url: &str, range: Option<&str>, abort: &AbortController) -> Result<Reply, PlatformError> {
    ask(url, range, abort, RequestCache::NoStore).await
}

/// The whole file at `url`, which the browser may keep; `received` hears how many bytes have come.
///
/// # Errors
/// As [`get`], and for a status other than 200.
pub async fn file(url: &str, mut received: impl FnMut(u64)) -> Result<Vec<u8>, PlatformError> {
    let abort = AbortController::new().map_err(|thrown| connection_error(&thrown))?;
    let mut reply = ask(url, None, &abort, RequestCache::Default).await?;
    if reply.status != 200 {
        return Err(PlatformError::Connection(format!("{url} answers with status {}", reply.status)));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = reply.chunk().await? {
        if bytes.len() + chunk.len() > MAX_FILE_BYTES {
            return Err(PlatformError::Connection(format!("{url} is longer than such a file can be")));
        }
        bytes.extend_from_slice(&chunk);
        received(bytes.len() as u64);
    }
    Ok(bytes)
}

async fn ask(
    url: &str,
    range: Option<&str>,
    abort: &AbortController,
    cache: RequestCache,
) -> Result<Reply, PlatformError> {
    let init = RequestInit::new();
    init.set_method("GET");
    init.set_mode(RequestMode::Cors);
    init.set_credentials(RequestCredentials::Omit);
    init.set_cache(cache);
    init.set_signal(Some(&abort.signal()));
    let broken = |thrown: JsValue| connection_error(&thrown);
    let request = Request::new_with_str_and_init(url, &init).map_err(broken)?;
    if let Some(range) = range {
        request.headers().set("Range", range).map_err(broken)?;
    }
    let asked = call(&js_sys::global(), "fetch", &Array::of1(&request)).map_err(broken)?;
    let answer = or_stall(JsFuture::from(js_sys::Promise::from(asked)), abort).await?;
    let response: Response = answer.unchecked_into();
    let reader = response.body().map(|body| body.get_reader().unchecked_into());
    Ok(Reply { status: response.status(), response, reader, abort: abort.clone() })
}

/// The text at `url`; a status other than 200 is an error.
///
/// # Errors
/// As [`get`], and for any other status.
pub async fn get_text(url: &str) -> Result<String, PlatformError> {
    let abort = AbortController::new().map_err(|thrown| connection_error(&thrown))?;
    let mut reply = get(url, None, &abort).await?;
    if reply.status != 200 {
        return Err(PlatformError::Connection(format!("{url} answers with status {}", reply.status)));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = reply.chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| PlatformError::Connection(format!("{url} is no text")))
}

/// The site's list of models.
///
/// # Errors
/// In words for the person: if it does not come, or is none.
pub async fn registry() -> Result<Registry, String> {
    let url = address::absolute("models.json").ok_or("the page has no address")?;
    let text = get_text(&url).await.map_err(|error| error.to_string())?;
    Registry::parse(&text).map_err(|error| error.to_string())
}

impl Reply {
    /// A header of the answer, where the other side lets a page see it.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.response.headers().get(name).ok().flatten()
    }

    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// If the connection breaks or stalls, or it is stopped.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, PlatformError> {
        let Some(reader) = &self.reader else { return Ok(None) };
        let read = or_stall(JsFuture::from(reader.read()), &self.abort).await?;
        let value = super::property(&read, "value");
        Ok(value.and_then(|value| value.dyn_into::<Uint8Array>().ok()).map(|bytes| bytes.to_vec()))
    }

    /// Ends the connection without reading the rest.
    pub fn cancel(self) {
        if let Some(reader) = &self.reader {
            // A stream that has failed already rejects this; that nobody hears of it must not be fatal.
            let cancelled = JsFuture::from(reader.cancel());
            wasm_bindgen_futures::spawn_local(async move {
                let _ = cancelled.await;
            });
        }
    }
}

/// What `promise` gives; an error if that takes longer than a living connection would.
async fn or_stall(promise: JsFuture, abort: &AbortController) -> Result<JsValue, PlatformError> {
    match select(pin!(promise), pin!(clock::sleep(STALL_MS))).await {
        Either::Left((result, _)) => result.map_err(|thrown| {
            if abort.signal().aborted() { PlatformError::Stopped } else { connection_error(&thrown) }
        }),
        Either::Right(_) => Err(PlatformError::Connection("no data came for half a minute".to_owned())),
    }
}

fn connection_error(thrown: &JsValue) -> PlatformError {
    match PlatformError::from_js("fetching", "", thrown) {
        PlatformError::Stopped => PlatformError::Stopped,
        // A browser tells a page nothing but `TypeError: Failed to fetch`, whatever the cause.
        _ => PlatformError::Connection(describe(thrown)),
    }
}
