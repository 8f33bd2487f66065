//! Page images. Each page has its place from the start; its pixels are asked for when it comes into view.

use super::store::{Ui, ui};
use crate::protocol::JobId;
use crate::session::{Event, PageImage, Selection};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{HtmlCanvasElement, HtmlElement, IntersectionObserver, IntersectionObserverEntry};

/// How far outside the view a page is already drawn.
const MARGIN: &str = "400px 0px";
/// Widest page image in pixels: enough for a large screen at double density.
const MAX_WIDTH_PX: f64 = 1_800.0;

/// Watches which pages are in view.
struct Watch {
    observer: IntersectionObserver,
    _closure: Closure<dyn FnMut(js_sys::Array)>,
}

impl Watch {
    fn new(ui: Ui, job: JobId) -> Option<Self> {
        let closure = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
            for entry in entries.iter() {
                let entry: IntersectionObserverEntry = entry.unchecked_into();
                let element: HtmlElement = entry.target().unchecked_into();
                let page = element.get_attribute("data-page").and_then(|page| page.parse::<u32>().ok());
                let Some(page) = page else { continue };
                if entry.is_intersecting() {
                    let width_px = pixel_width(&element);
                    ui.send(Event::PageShown { job, page, width_px });
                } else {
                    ui.send(Event::PageHidden { job, page });
                }
            }
        });
        let options = web_sys::IntersectionObserverInit::new();
        options.set_root_margin(MARGIN);
        let observer =
            IntersectionObserver::new_with_options(closure.as_ref().unchecked_ref(), &options).ok()?;
        Some(Self { observer, _closure: closure })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// The width of a page image in device pixels.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn pixel_width(element: &HtmlElement) -> u32 {
    let density = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
    (f64::from(element.client_width()) * density).clamp(0.0, MAX_WIDTH_PX).round() as u32
}

/// All pages of a document.
#[component]
pub(super) fn Pages(id: JobId) -> impl IntoView {
    let ui = ui();
    let sizes = ui
        .memo(move |session| session.job(id).map(|job| job.result.page_sizes().to_vec()).unwrap_or_default());
    let selection = ui.memo(|session| session.view.selection.clone());
    let watch = StoredValue::new_local(Watch::new(ui, id));
    let overlay = ui.memo(|session| session.view.overlay);
    let pages = move || {
        let numbered = sizes.get().into_iter().zip(1_u32..);
        numbered.map(|(size, number)| view! { <PageView id number size watch selection /> }).collect_view()
    };
    view! {
        <section class="page-pane" aria-label="Pages" tabindex="0" data-testid="pages">
            <div class="page-tools">
                <button type="button" data-testid="show-layout" aria-pressed=move || overlay.get().to_string()
                    title="Draw boxes for what was recognised"
                    on:click=move |_| ui.send(Event::ShowOverlay(!overlay.get_untracked()))>"Show layout"</button>
                {move || overlay.get().then(|| view! { <Legend /> })}
            </div>
            {pages}
        </section>
    }
}

/// What the boxes mean. The numbers on a page say order of reading, kind and confidence in hundredths.
#[component]
fn Legend() -> impl IntoView {
    let kinds = [
        ("#d20000", "heading"),
        ("#007800", "paragraph"),
        ("#008282", "list"),
        ("#e66e00", "table"),
        ("#dc00c8", "figure"),
        ("#8c008c", "caption"),
        ("#0000c8", "equation"),
        ("#5a3c00", "code"),
        ("#6e6e00", "footnote"),
        ("#009650", "contents"),
        ("#6e6e6e", "left out"),
    ];
    let entries = kinds.map(|(colour, name)| {
        view! { <li><span class="swatch" style:background=colour aria-hidden="true"></span>{name}</li> }
    });
    view! {
        <ul class="legend" data-testid="legend">{entries.collect_view()}</ul>
    }
}

#[component]
fn PageView(
    id: JobId,
    number: u32,
    size: [f32; 2],
    watch: StoredValue<Option<Watch>, LocalStorage>,
    selection: Memo<Option<Selection>>,
) -> impl IntoView {
    let ui = ui();
    let frame = NodeRef::<leptos::html::Div>::new();
    let canvas = NodeRef::<leptos::html::Canvas>::new();
    let [width, height] = size.map(|side| if side > 0.0 { side } else { 1.0 });
    let image = ui.memo(move |session| session.page_image(id, number));
    let mark = Memo::new(move |_| {
        selection.with(|selection| {
            selection.as_ref().filter(|selection| selection.page == number).map(|found| found.area)
        })
    });
    // All doubtful words of the page, while they are being checked.
    let doubts = ui.memo(move |session| {
        let job = session.job(id).filter(|_| session.view.checking)?;
        let here = job.doubts().filter(|doubt| doubt.page == number);
        Some(here.filter_map(|doubt| Some(job.read_word(doubt)?.bbox)).collect::<Vec<_>>())
    });
    Effect::new(move || {
        if let Some(canvas) = canvas.get() {
            let canvas: HtmlCanvasElement = canvas;
            ui.edge().keep_canvas(id, number, canvas);
        }
        if let Some(frame) = frame.get() {
            watch.with_value(|watch| {
                if let Some(watch) = watch {
                    watch.observer.observe(&frame);
                }
            });
        }
    });
    on_cleanup(move || {
        ui.edge().forget_canvas(id, number);
        // Not at once: what is being taken down may be in the middle of a change of the session.
        leptos::task::spawn_local(async move { ui.send(Event::PageDropped { job: id, page: number }) });
    });
    let point = move |event: leptos::ev::MouseEvent| {
        let Some(frame) = frame.get_untracked() else { return };
        let area = frame.get_bounding_client_rect();
        if area.width() <= 0.0 || area.height() <= 0.0 {
            return;
        }
        #[allow(clippy::cast_possible_truncation, reason = "page coordinates")]
        let part = |at: f64, from: f64, length: f64, points: f32| ((at - from) / length) as f32 * points;
        let x = part(f64::from(event.client_x()), area.left(), area.width(), width);
        let y = part(f64::from(event.client_y()), area.top(), area.height(), height);
        ui.send(Event::PointAt { page: number, x, y });
    };
    let marked = move || {
        mark.get().map(|area| {
            // A little air around the box.
            let area = area.grown(3.0);
            let percent = |value: f32, whole: f32| format!("{:.3}%", 100.0 * value / whole);
            view! {
                <div class="mark" id=format!("mark-{number}") data-testid="mark" aria-hidden="true"
                    style:left=percent(area.x0, width) style:top=percent(area.y0, height)
                    style:width=percent(area.width(), width) style:height=percent(area.height(), height)></div>
            }
        })
    };
    let doubtful = move || {
        let percent = |value: f32, whole: f32| format!("{:.3}%", 100.0 * value / whole);
        let boxes = doubts.get().unwrap_or_default().into_iter().map(move |area| {
            let area = area.grown(1.0);
            view! {
                <div class="doubt-mark" data-testid="doubt-mark" aria-hidden="true"
                    style:left=percent(area.x0, width) style:top=percent(area.y0, height)
                    style:width=percent(area.width(), width) style:height=percent(area.height(), height)></div>
            }
        });
        boxes.collect_view()
    };
    view! {
        <figure class="page" id=format!("page-{number}")>
            <div class="page-frame" node_ref=frame data-page=number data-testid="page" on:click=point
                style:aspect-ratio=format!("{width} / {height}")>
                <canvas node_ref=canvas width="0" height="0" role="img" aria-label=format!("Image of page {number}")
                    data-drawn=move || (image.get() == PageImage::Drawn).to_string()></canvas>
                {doubtful}
                {marked}
                {move || match image.get() {
                    PageImage::Failed(message) => Some(view! { <p class="page-failed">{message}</p> }),
                    PageImage::Absent | PageImage::Waiting | PageImage::Drawn => None,
                }}
            </div>
            <figcaption>{number}</figcaption>
        </figure>
    }
}
