//! The page's edge: carries out what the session asks, and holds what it does not know of (files, workers,
//! canvases, addresses of images).

use super::keeper::{self, Keeper};
use super::store::{Ui, by_id};
use crate::document::{BlockId, FigureId, Rect};
use crate::platform::{Crew, PlatformError, Tell, clock, files, offline, settings};
use crate::protocol::{JobId, Response};
use crate::session::export as session_export;
use crate::session::{Command, Event, ExportKind, FileId, History, NewFile};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, File, HtmlCanvasElement, ImageData};

/// What the page holds.
#[derive(Default)]
pub(super) struct Edge {
    crew: Crew,
    canvases: RefCell<BTreeMap<(JobId, u32), HtmlCanvasElement>>,
    images: RefCell<BTreeMap<(JobId, FigureId), String>>,
    /// Documents that survive the page.
    pub(super) keeper: Keeper,
}

impl Edge {
    /// Keeps files and gives what the session is told of them.
    pub(super) fn keep_files(&self, list: Vec<File>) -> Vec<NewFile> {
        let keep = |file: File| {
            let name = file.name();
            self.crew.hold(file, name)
        };
        list.into_iter().map(keep).collect()
    }

    /// Keeps a file under a name that is not its own.
    pub(super) fn keep_named(&self, file: File, name: String) -> NewFile {
        self.crew.hold(file, name)
    }

    /// Makes a file of the page's own and keeps it.
    pub(super) fn keep_made(&self, name: &str, bytes: &[u8]) -> Result<NewFile, PlatformError> {
        Ok(self.keep_named(files::make(name, bytes)?, name.to_owned()))
    }

    /// Has a file kept for later visits.
    pub(super) fn keep_file(&self, ui: Ui, id: FileId) {
        if let Some(file) = self.crew.file(id) {
            self.keeper.keep_file(ui, id, file);
        }
    }

    /// The canvas for a page's pixels.
    pub(super) fn keep_canvas(&self, job: JobId, page: u32, canvas: HtmlCanvasElement) {
        self.canvases.borrow_mut().insert((job, page), canvas);
    }

    pub(super) fn forget_canvas(&self, job: JobId, page: u32) {
        self.canvases.borrow_mut().remove(&(job, page));
    }

    /// The address of a figure's image within this page.
    pub(super) fn image_url(&self, ui: Ui, job: JobId, id: &FigureId) -> Option<String> {
        let key = (job, id.clone());
        if let Some(url) = self.images.borrow().get(&key) {
            return Some(url.clone());
        }
        let url = ui.peek(|session| {
            let job = session.job(job)?;
            let media_type = match job.document().figure(id)?.media_type.as_str() {
                "image/jpeg" => "image/jpeg",
                _ => "image/png",
            };
            files::object_url(media_type, job.result.image(id)?).ok()
        })?;
        self.images.borrow_mut().insert(key, url.clone());
        Some(url)
    }

    /// Carries out one command.
    pub(super) fn run(&self, ui: Ui, command: Command) {
        let tell: Tell = Rc::new(move |event, buffers| ui.edge().hear(ui, event, &buffers));
        let Some(command) = self.crew.run(command, &tell) else { return };
        match command {
            Command::Persist(kept) => {
                // Where the browser keeps nothing, the settings last as long as the page.
                let _ = settings::store(super::SETTINGS_KEY, &kept);
            }
            Command::RememberRun(run) => {
                let mut history: History = settings::load(super::HISTORY_KEY).unwrap_or_default();
                history.add(run);
                let _ = settings::store(super::HISTORY_KEY, &history);
            }
            Command::ForgetRuns => settings::forget(super::HISTORY_KEY),
            Command::Export { job, kind } => export(ui, job, kind),
            Command::ClearPage { job, page } => {
                if let Some(canvas) = self.canvases.borrow().get(&(job, page)) {
                    canvas.set_width(0);
                    canvas.set_height(0);
                }
            }
            Command::KeepFile(id) => self.keep_file(ui, id),
            Command::Keep { file, kept } => self.keeper.keep(ui, file, kept),
            Command::Unkeep(file) => self.keeper.unkeep(ui, file),
            Command::Recall(key) => leptos::task::spawn_local(keeper::recall(ui, key)),
            Command::BringBack(file) => self.keeper.bring_back(ui, file),
            Command::DeleteKept(key) => self.keeper.delete(ui, key),
            Command::ForgetFigures(job) => self.images.borrow_mut().retain(|(owner, _), url| {
                if *owner == job {
                    files::revoke(url);
                }
                *owner != job
            }),
            Command::ApplyUpdate => offline::apply_update(),
            Command::Reload => offline::reload(),
            Command::ScrollToBlock(id) => after_drawing(move || scroll_to_block(&id)),
            Command::ScrollToPage { page, area } => after_drawing(move || scroll_to_page(page, area)),
            // The crew's, which has carried them out.
            Command::StartWorker { .. }
            | Command::EndWorker { .. }
            | Command::Send { .. }
            | Command::ForgetFile(_)
            | Command::Wake { .. }
            | Command::MeasureMemory
            | Command::ForgetParcels(_) => {}
        }
    }

    /// Passes on what a worker says; a page's pixels go to its canvas first.
    fn hear(&self, ui: Ui, event: Event, buffers: &[Vec<u8>]) {
        if let Event::Worker {
            response: Response::Rendered { job, page, width_px, height_px, overlay: _ },
            ..
        } = &event
            && let Some(pixels) = buffers.first()
        {
            self.draw(*job, *page, [*width_px, *height_px], pixels);
        }
        ui.send(event);
    }

    /// Copies a part of a page image to another canvas, with a frame around `framed`. Boxes and the page's size are
    /// in points; what lies outside the page stays white.
    pub(super) fn draw_part(
        &self,
        job: JobId,
        page: u32,
        [width, height]: [f32; 2],
        part: Rect,
        framed: Rect,
        target: &HtmlCanvasElement,
    ) {
        let canvases = self.canvases.borrow();
        let Some(source) = canvases.get(&(job, page)) else { return };
        let Some(part) = part.intersection(&Rect::new(0.0, 0.0, width, height)) else { return };
        let scale = f64::from(source.width()) / f64::from(width.max(1.0));
        let [x, y, across, down] =
            [part.x0, part.y0, part.width(), part.height()].map(|points| f64::from(points) * scale);
        let context = target.get_context("2d").ok().flatten();
        let Some(context) = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok())
        else {
            return;
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "parts of a canvas")]
        let [columns, rows] = [across, down].map(|side| side.ceil().clamp(1.0, 4_096.0) as u32);
        target.set_width(columns);
        target.set_height(rows);
        // Without its picture the word can be seen on the page.
        let _ = context.draw_image_with_html_canvas_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
            source, x, y, across, down, 0.0, 0.0, across, down,
        );
        let around = framed.grown(1.5);
        let [left, top, wide, high] =
            [around.x0 - part.x0, around.y0 - part.y0, around.width(), around.height()]
                .map(|points| f64::from(points) * scale);
        context.set_stroke_style_str("#c87f00");
        context.set_line_width(scale.max(1.0));
        context.stroke_rect(left, top, wide, high);
    }

    fn draw(&self, job: JobId, page: u32, [width, height]: [u32; 2], pixels: &[u8]) {
        let canvases = self.canvases.borrow();
        let Some(canvas) = canvases.get(&(job, page)) else { return };
        let Ok(image) = ImageData::new_with_u8_clamped_array_and_sh(Clamped(pixels), width, height) else {
            return;
        };
        canvas.set_width(width);
        canvas.set_height(height);
        let context = canvas.get_context("2d").ok().flatten();
        if let Some(context) = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok())
        {
            // A context that takes no pixels leaves the page white; its text is in the other pane.
            let _ = context.put_image_data(&image, 0.0, 0.0);
        }
    }
}

/// Runs `act` once what changed is on the page.
fn after_drawing(act: impl FnOnce() + 'static) {
    leptos::task::spawn_local(async move {
        clock::give_way().await;
        act();
    });
}

fn scroll_to_block(id: &BlockId) {
    if let Some(element) = by_id(&format!("block-{}", id.0)) {
        scroll_into_view(&element);
    }
}

fn scroll_to_page(page: u32, area: Option<Rect>) {
    let mark = area.and_then(|_| by_id(&format!("mark-{page}")));
    if let Some(element) = mark.or_else(|| by_id(&format!("page-{page}"))) {
        scroll_into_view(&element);
    }
}

/// Brings `element` to the middle of what scrolls it, smoothly unless the person wants no motion.
fn scroll_into_view(element: &web_sys::Element) {
    let still = web_sys::window()
        .and_then(|window| window.match_media("(prefers-reduced-motion: reduce)").ok().flatten())
        .is_some_and(|query| query.matches());
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Center);
    options.set_inline(web_sys::ScrollLogicalPosition::Nearest);
    options.set_behavior(if still {
        web_sys::ScrollBehavior::Instant
    } else {
        web_sys::ScrollBehavior::Smooth
    });
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// Saves or copies a result.
fn export(ui: Ui, id: JobId, kind: ExportKind) {
    if kind == ExportKind::Clipboard {
        let Some(text) =
            ui.peek(|session| session.job(id).map(|job| session_export::markdown(job, &session.settings)))
        else {
            return;
        };
        leptos::task::spawn_local(async move {
            let notice = match files::copy_text(&text).await {
                Ok(()) => "The Markdown is on the clipboard.".to_owned(),
                Err(error) => format!("The Markdown could not be copied: {error}."),
            };
            ui.send(Event::Notice(notice));
        });
        return;
    }
    let made = ui.peek(|session| {
        let job = session.job(id)?;
        Some(session_export::file(job, kind, &session.settings))
    });
    let notice = match made {
        None => return,
        Some(Err(message)) => format!("The file could not be made: {message}."),
        Some(Ok(file)) => match files::save(&file.name, file.media_type, &file.bytes) {
            Ok(()) => format!("{} was saved.", file.name),
            Err(error) => error.to_string(),
        },
    };
    after_drawing(move || ui.send(Event::Notice(notice)));
}
