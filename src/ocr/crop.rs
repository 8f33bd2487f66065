//! One line of text, cut out level and at the height that the recogniser reads.

use super::bitmap::Bitmap;
use super::detect::LineBox;

/// Height of the recogniser's pictures, in pixels.
pub(super) const STRIP_HEIGHT: usize = 48;
/// Widest strip, in pixels: a line of 250 characters.
const MAX_STRIP_WIDTH: f32 = 4_000.0;
/// More samples than this along each side of a target pixel are not worth their time.
const MAX_SAMPLES: f32 = 4.0;

/// A line's pixels: [`STRIP_HEIGHT`] rows.
#[derive(Clone, Debug)]
pub(super) struct Strip {
    /// In pixels, at least 1.
    pub width: usize,
    /// RGB by RGB, row by row.
    pub rgb: Vec<u8>,
    /// Pixels of the bitmap in one pixel of the strip, along and across.
    pub scale: (f32, f32),
}

impl Strip {
    /// Cuts `line` out of `bitmap`.
    pub(super) fn cut(bitmap: &Bitmap, line: &LineBox) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "48")]
        let across = (line.height / STRIP_HEIGHT as f32).max(1e-3);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded")]
        let width = (line.width / across).round().clamp(8.0, MAX_STRIP_WIDTH) as usize;
        #[allow(clippy::cast_precision_loss, reason = "bounded")]
        let along = line.width / width as f32;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded")]
        let samples = (across.max(along) / 1.3).ceil().clamp(1.0, MAX_SAMPLES) as usize;
        #[allow(clippy::cast_precision_loss, reason = "at most MAX_SAMPLES")]
        let offsets: Vec<f32> = (0..samples).map(|index| (index as f32 + 0.5) / samples as f32).collect();
        #[allow(clippy::cast_precision_loss, reason = "at most MAX_SAMPLES squared")]
        let share = 1.0 / (samples * samples) as f32;
        let mut rgb = Vec::with_capacity(3 * width * STRIP_HEIGHT);
        for row in 0..STRIP_HEIGHT {
            for column in 0..width {
                let mut colour = [0.0_f32; 3];
                for dy in &offsets {
                    for dx in &offsets {
                        #[allow(clippy::cast_precision_loss, reason = "bounded")]
                        let (x, y) = line.point((column as f32 + dx) * along, (row as f32 + dy) * across);
                        for (sum, value) in colour.iter_mut().zip(bitmap.sample(x, y)) {
                            *sum += value * share;
                        }
                    }
                }
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
                rgb.extend(colour.map(|value| (value + 0.5) as u8));
            }
        }
        Self { width, rgb, scale: (along, across) }
    }

    /// Where there is ink, row by row: what is far from the ground's brightness, which is that of most pixels.
    /// The bound is Otsu's (1979).
    pub(super) fn ink(&self) -> Vec<bool> {
        let luma: Vec<u8> = self.rgb.as_chunks::<3>().0.iter().map(|[r, g, b]| luma(*r, *g, *b)).collect();
        let mut histogram = [0_u32; 256];
        for value in &luma {
            histogram[usize::from(*value)] += 1;
        }
        let bound = otsu(&histogram);
        let dark = luma.iter().filter(|value| **value <= bound).count();
        let ink_is_dark = 2 * dark <= luma.len();
        luma.iter().map(|value| (*value <= bound) == ink_is_dark).collect()
    }
}

/// Brightness, 0 to 255 (Rec. 601 in whole numbers).
pub(super) fn luma(r: u8, g: u8, b: u8) -> u8 {
    let sum = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b);
    u8::try_from(sum / 1000).unwrap_or(255)
}

/// The brightness that parts dark from bright with the greatest variance between them.
pub(super) fn otsu(histogram: &[u32; 256]) -> u8 {
    let total: f64 = histogram.iter().map(|count| f64::from(*count)).sum();
    let all: f64 = (0_u32..).zip(histogram).map(|(value, count)| f64::from(value) * f64::from(*count)).sum();
    let (mut below, mut sum) = (0.0, 0.0);
    let mut best = (0.0, 127_u8);
    for (value, count) in (0_u8..=255).zip(histogram) {
        below += f64::from(*count);
        sum += f64::from(value) * f64::from(*count);
        let above = total - below;
        if below <= 0.0 || above <= 0.0 {
            continue;
        }
        let between = below * above * (sum / below - (all - sum) / above).powi(2);
        if between > best.0 {
            best = (between, value);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_is_level_and_its_ink_is_what_is_rare() {
        // Black ground with a white bar, read downwards.
        let pixel = |x: u32, y: u32| if (8..12).contains(&x) && (20..60).contains(&y) { 255 } else { 0 };
        let rgb = (0..100).flat_map(|y| (0..20).flat_map(move |x| [pixel(x, y); 3])).collect();
        let bitmap = Bitmap::from_rgb(20, 100, rgb).unwrap();
        let line =
            LineBox { center: (10.0, 50.0), along: (0.0, 1.0), width: 100.0, height: 20.0, score: 1.0 };
        let strip = Strip::cut(&bitmap, &line);
        assert_eq!(strip.width, 240);
        let ink = strip.ink();
        let inked = |column: usize| (0..STRIP_HEIGHT).any(|row| ink[row * strip.width + column]);
        assert!(!inked(20) && inked(96) && !inked(200));
        assert!(!ink[10 * strip.width + 96] && ink[24 * strip.width + 96]);
    }
}
