//! Pixels to be read.

use super::OcrError;

/// Most pixels of a bitmap: A4 at 600 dpi has 35 million; twice that would not fit a small device's worker.
pub const MAX_BITMAP_PIXELS: u64 = 40_000_000;

/// An opaque picture: RGB8, row by row from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitmap {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Bitmap {
    /// A bitmap of `3 * width * height` bytes.
    ///
    /// # Errors
    /// A side is 0, there are more than [`MAX_BITMAP_PIXELS`], or the bytes are not that many.
    pub fn from_rgb(width: u32, height: u32, rgb: Vec<u8>) -> Result<Self, OcrError> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 || pixels > MAX_BITMAP_PIXELS || rgb.len() as u64 != 3 * pixels {
            return Err(OcrError::Bitmap { width, height });
        }
        Ok(Self { width, height, rgb })
    }

    /// A bitmap of `4 * width * height` bytes whose fourth is left out.
    ///
    /// # Errors
    /// As [`Self::from_rgb`].
    pub fn from_rgba(width: u32, height: u32, rgba: &[u8]) -> Result<Self, OcrError> {
        let rgb = rgba.as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect();
        Self::from_rgb(width, height, rgb)
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The bytes, RGB by RGB.
    #[must_use]
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The bytes, RGB by RGB, without the rest.
    #[must_use]
    pub fn into_rgb(self) -> Vec<u8> {
        self.rgb
    }

    /// The pixel in column `x` and row `y`; beyond an edge, the nearest one within.
    #[must_use]
    pub fn pixel(&self, x: i64, y: i64) -> [u8; 3] {
        let x = x.clamp(0, i64::from(self.width) - 1);
        let y = y.clamp(0, i64::from(self.height) - 1);
        let at = usize::try_from(3 * (y * i64::from(self.width) + x)).unwrap_or(usize::MAX);
        self.rgb.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([255; 3])
    }

    /// The colour at a point, pixel centres at half numbers, between pixels by their distance.
    #[must_use]
    pub fn sample(&self, x: f32, y: f32) -> [f32; 3] {
        let (x, y) = (x - 0.5, y - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (dx, dy) = (x - left, y - top);
        #[allow(clippy::cast_possible_truncation, reason = "saturates, and is clamped to the picture")]
        let (left, top) = (left as i64, top as i64);
        let mut colour = [0.0; 3];
        for (row, weight_y) in [(top, 1.0 - dy), (top.saturating_add(1), dy)] {
            for (column, weight_x) in [(left, 1.0 - dx), (left.saturating_add(1), dx)] {
                let weight = weight_x * weight_y;
                for (sum, value) in colour.iter_mut().zip(self.pixel(column, row)) {
                    *sum += weight * f32::from(value);
                }
            }
        }
        colour
    }

    /// The same picture at another size: means over areas where it becomes smaller, else between pixels.
    #[must_use]
    pub fn resized(&self, width: u32, height: u32) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        if (width, height) == (self.width, self.height) {
            return self.clone();
        }
        let columns = shares(self.width, width);
        let rows = shares(self.height, height);
        let mut rgb = Vec::with_capacity(3 * width as usize * height as usize);
        // Rows first: one row of sums at a time.
        let mut sums = vec![0.0_f32; 3 * self.width as usize];
        for (top, weights) in &rows {
            sums.fill(0.0);
            for (offset, weight) in weights.iter().enumerate() {
                let from = 3 * (*top + offset) * self.width as usize;
                let row = self.rgb.get(from..from + sums.len()).unwrap_or_default();
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += weight * f32::from(*value);
                }
            }
            for (left, weights) in &columns {
                let mut colour = [0.0_f32; 3];
                let pixels = sums.get(3 * left..).unwrap_or_default().as_chunks::<3>().0;
                for (weight, pixel) in weights.iter().zip(pixels) {
                    for (sum, value) in colour.iter_mut().zip(pixel) {
                        *sum += weight * value;
                    }
                }
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "within 0 to 255"
                )]
                rgb.extend(colour.map(|value| (value + 0.5) as u8));
            }
        }
        Self { width, height, rgb }
    }
}

/// For each of `to` places, the first of `from` source pixels and the weights of it and those after, adding to 1.
fn shares(from: u32, to: u32) -> Vec<(usize, Vec<f32>)> {
    let scale = f64::from(from) / f64::from(to);
    // A triangle as wide as a target pixel, at least as a source pixel: bilinear up, smooth means down.
    let reach = scale.max(1.0);
    (0..to)
        .map(|place| {
            let center = (f64::from(place) + 0.5) * scale;
            let first = (center - reach).floor().max(0.0);
            let last = (center + reach).ceil().min(f64::from(from));
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0 to from")]
            let (first, last) = (first as u32, last as u32);
            let weights = (first..last.max(first + 1).min(from.max(1)))
                .map(|source| (1.0 - (f64::from(source) + 0.5 - center).abs() / reach).max(0.0));
            #[allow(clippy::cast_possible_truncation, reason = "weights")]
            let weights: Vec<f32> = weights.map(|weight| weight as f32).collect();
            let sum: f32 = weights.iter().sum::<f32>().max(1e-6);
            (first as usize, weights.into_iter().map(|weight| weight / sum).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_lie_are_refused() {
        assert!(Bitmap::from_rgb(2, 2, vec![0; 12]).is_ok());
        assert!(Bitmap::from_rgb(2, 2, vec![0; 11]).is_err());
        assert!(Bitmap::from_rgb(0, 2, vec![]).is_err());
        assert!(Bitmap::from_rgb(u32::MAX, u32::MAX, vec![]).is_err());
    }

    #[test]
    fn resizing_keeps_the_mean_and_the_sides() {
        let rgb = (0..6 * 4).flat_map(|index| [(index * 10) as u8; 3]).collect();
        let bitmap = Bitmap::from_rgb(6, 4, rgb).unwrap();
        let half = bitmap.resized(3, 2);
        assert_eq!((half.width(), half.height()), (3, 2));
        let mean = |b: &Bitmap| b.rgb().iter().map(|v| f32::from(*v)).sum::<f32>() / b.rgb().len() as f32;
        assert!((mean(&half) - mean(&bitmap)).abs() < 2.0);
        assert!(half.pixel(0, 0)[0] < half.pixel(2, 1)[0]);
        assert_eq!(bitmap.resized(60, 40).pixel(59, 39), bitmap.pixel(5, 3));
    }

    #[test]
    fn samples_lie_between_pixels_and_stop_at_edges() {
        let bitmap = Bitmap::from_rgb(2, 1, vec![0, 0, 0, 100, 100, 100]).unwrap();
        assert_eq!(bitmap.sample(1.0, 0.5), [50.0; 3]);
        assert_eq!(bitmap.sample(-9.0, 40.0), [0.0; 3]);
        assert_eq!(bitmap.sample(f32::NAN, f32::INFINITY).len(), 3);
    }
}
