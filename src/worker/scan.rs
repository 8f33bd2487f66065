//! Reads the text of scans: a page's pixels in, its words out, one page after the other.
//!
//! The models are fetched when the first page comes and stay loaded. While a page is read this worker hears
//! nothing: it is stopped by ending it.

use super::Unserved;
use super::outbox::{post, post_with};
use crate::ocr::{Bitmap, OcrError, Reader};
use crate::pipeline::event::{Event, Progress, Stage};
use crate::platform::storage::ModelStore;
use crate::platform::{PlatformError, address, clock, fetch};
use crate::protocol::{Envelope, JobId, Request, Response};
use crate::registry::{FilePlan, FileRole, HUB, ModelEntry, RegistryError};
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use sha2::{Digest, Sha256};
use thiserror::Error;
use wasm_bindgen_futures::spawn_local;

/// Why a page is not read.
#[derive(Debug, Error)]
enum ScanFault {
    #[error("what reads scans could not be fetched: {0}")]
    Fetch(#[from] PlatformError),
    #[error(transparent)]
    Address(#[from] RegistryError),
    #[error(transparent)]
    Read(#[from] OcrError),
    #[error("`{0}` is not the file that the list of models names; reload the page")]
    OtherFile(String),
    #[error("the list of models names no {0} for it")]
    NoFile(&'static str),
    #[error("its pixels did not come")]
    NoPixels,
    #[error("what was read could not be told: {0}")]
    Told(#[from] serde_json::Error),
}

/// Where pages wait for each other.
#[derive(Debug, Default)]
pub(super) struct Scans {
    /// Ends with the worker only.
    sheets: Option<UnboundedSender<Sheet>>,
}

/// A page to be read.
struct Sheet {
    job: JobId,
    page: u32,
    width_px: u32,
    height_px: u32,
    rgb: Option<Vec<u8>>,
    model: ModelEntry,
    base_url: Option<String>,
}

impl Scans {
    /// Serves what is asked of scans, and gives back the rest.
    pub(super) fn take(&mut self, request: Envelope<Request>) -> Option<Unserved> {
        let Envelope { message, buffers } = request;
        let Request::ReadPixels { job, page, width_px, height_px, model, base_url } = message else {
            return Some(Envelope { message, buffers });
        };
        let rgb = buffers.into_iter().next();
        let sheets = self.sheets.get_or_insert_with(|| {
            let (sheets, queue) = unbounded();
            spawn_local(serve(queue));
            sheets
        });
        // Its receiver is there as long as the worker.
        let _ = sheets.unbounded_send(Sheet { job, page, width_px, height_px, rgb, model, base_url });
        None
    }
}

async fn serve(mut queue: UnboundedReceiver<Sheet>) {
    let mut loaded = None;
    while let Some(sheet) = queue.next().await {
        let (job, page) = (sheet.job, sheet.page);
        match read(&mut loaded, sheet).await {
            Ok(read) => post_with(Response::PixelsRead { job, page, error: None }, vec![read]),
            Err(fault) => post(Response::PixelsRead { job, page, error: Some(fault.to_string()) }),
        }
    }
}

async fn read(loaded: &mut Option<(String, Reader)>, sheet: Sheet) -> Result<Vec<u8>, ScanFault> {
    let Sheet { job, page: _, width_px, height_px, rgb, model, base_url } = sheet;
    let bitmap = Bitmap::from_rgb(width_px, height_px, rgb.ok_or(ScanFault::NoPixels)?)?;
    let reader = match loaded {
        Some((id, reader)) if *id == model.id => reader,
        _ => {
            *loaded = None;
            let reader = load(job, &model, base_url.as_deref()).await?;
            &mut loaded.insert((model.id, reader)).1
        }
    };
    Ok(serde_json::to_vec(&reader.read(&bitmap)?)?)
}

/// The networks of `model`: from this machine's storage if they were downloaded, else from where they are.
async fn load(job: JobId, model: &ModelEntry, base_url: Option<&str>) -> Result<Reader, ScanFault> {
    let plans = model.plan(base_url.unwrap_or(HUB))?;
    let stored = match ModelStore::open().await {
        Ok(store) => store.folder(&model.id, false).await.ok(),
        Err(_) => None,
    };
    let mut files = Vec::new();
    for (role, name) in [(FileRole::Detector, "detector"), (FileRole::Recogniser, "recogniser")] {
        let plan = plans.iter().find(|plan| plan.role == role).ok_or(ScanFault::NoFile(name))?;
        let kept = match &stored {
            Some(folder) => folder.read(role.stored_name()).await.ok(),
            None => None,
        };
        let bytes = match kept {
            Some(bytes) => bytes,
            None => fetched(job, plan, &model.name).await?,
        };
        let sha256: Option<String> = plan.sha256.as_ref().map(|_| {
            let digits = Sha256::digest(&bytes);
            let digits = digits.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
        });
        if sha256 != plan.sha256 || plan.size.is_some_and(|size| size != bytes.len() as u64) {
            return Err(ScanFault::OtherFile(plan.url.clone()));
        }
        files.push(bytes);
    }
    let (Some(recogniser), Some(detector)) = (files.pop(), files.pop()) else {
        return Err(ScanFault::NoFile("file"));
    };
    Ok(Reader::load(&detector, &recogniser)?)
}

/// Fetches a file, and tells how far it is in percent.
async fn fetched(job: JobId, plan: &FilePlan, name: &str) -> Result<Vec<u8>, ScanFault> {
    let url = match plan.url.strip_prefix("./") {
        Some(path) => address::absolute(path).unwrap_or_else(|| plan.url.clone()),
        None => plan.url.clone(),
    };
    let total = plan.size.or(plan.approximate_size).unwrap_or(0);
    let mut told = f64::NEG_INFINITY;
    let bytes = fetch::file(&url, |received| {
        let now = clock::now();
        if now - told < 200.0 {
            return;
        }
        told = now;
        let percent = u32::try_from(100 * received / total.max(1)).unwrap_or(100).min(99);
        let progress = Progress::new(Stage::Extraction, format!("loading {name}"), percent, 100);
        post(Response::Event { job, event: Event::Progress(progress) });
    });
    Ok(bytes.await?)
}
