//! Pages as pixels.

use crate::document::Rect;
use hayro::hayro_interpret::{InterpreterSettings, kurbo::Affine};
use hayro::hayro_syntax::page::Page;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings, render_into};

/// Most pixels of a rendered page or cutting: 64 MiB of RGBA.
pub const MAX_RASTER_PIXELS: u32 = 16 << 20;
/// Bytes of the soft masks of one painting; each has one for each pixel, and they are kept until it is done.
const MAX_MASK_BYTES: u64 = 512 << 20;
/// Longest side of a raster; the renderer counts in 16 bits.
const MAX_SIDE: f32 = 16_384.0;

/// Pixels of a page or of a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// RGBA8, row by row from the top, fully opaque: `4 * width * height` bytes.
    pub rgba: Vec<u8>,
}

impl Raster {
    /// The pixels as a PNG file without alpha.
    #[must_use]
    pub fn to_png(&self) -> Vec<u8> {
        let rgb: Vec<u8> =
            self.rgba.as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect();
        super::picture::png(&rgb, self.width, self.height, image::ExtendedColorType::Rgb8)
    }
}

/// The scale at which `area` points have the wanted pixels per point, made smaller where the raster, or so many masks of
/// its size, would be too large.
pub(super) fn bounded_scale(area: &Rect, wanted: f32, masks: u64) -> f32 {
    #[allow(clippy::cast_precision_loss, reason = "a bound, not a count")]
    let pixels = (MAX_RASTER_PIXELS as f32).min(MAX_MASK_BYTES as f32 / masks.max(1) as f32);
    let most = (pixels / area.area().max(1e-6)).sqrt();
    let longest = MAX_SIDE / area.width().max(area.height()).max(1e-6);
    wanted.min(most).min(longest).max(1e-6)
}

/// Paints the part `area` of a page at `scale` pixels per point on white.
pub(super) fn paint<'a>(
    page: &'a Page<'a>,
    to_page: Affine,
    area: &Rect,
    scale: f32,
    cache: &RenderCache<'a>,
    settings: &InterpreterSettings,
) -> Raster {
    let side = |points: f32| {
        // Rounded, so that a page asked for at 800 pixels has 800 and not 799; the noise of the division is
        // far below half a pixel.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by MAX_SIDE")]
        let pixels = (points * scale).round().clamp(1.0, MAX_SIDE) as u16;
        pixels
    };
    let (width, height) = (side(area.width()), side(area.height()));
    let mut context = RenderContext::new(width, height);
    let transform = Affine::scale(f64::from(scale))
        * Affine::translate((-f64::from(area.x0), -f64::from(area.y0)))
        * to_page;
    render_into(page, cache, settings, &RenderSettings::default(), &mut context, transform);
    context.flush();
    let mut pixmap = Pixmap::new(width, height);
    context.render_with(
        &mut pixmap,
        &mut Resources::default(),
        RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() },
    );
    // On an opaque ground premultiplied and plain colours are the same.
    let rgba = pixmap.data_as_u8_slice().to_vec();
    Raster { width: u32::from(width), height: u32::from(height), rgba }
}
