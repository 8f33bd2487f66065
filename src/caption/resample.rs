//! Bicubic resizing, to the last bit as Pillow does it (`Resample.c`): the filter widens when a picture
//! shrinks, columns before rows, and every pass is rounded to eight bits.

use super::Picture;

/// Red, green and blue.
const CHANNELS: usize = 3;
/// Reach of the cubic filter, in source pixels when nothing shrinks.
const REACH: f64 = 2.0;
/// The filter's free parameter (Keys 1981), as in Pillow.
const SHARPNESS: f64 = -0.5;
/// Weights are integers with this many bits behind the point: 32, less 8 for the pixels and 2 for room.
const PRECISION_BITS: u32 = 22;

/// The source pixels that one target pixel is made of.
struct Window {
    first: usize,
    weights: Vec<i32>,
}

/// `picture` at `width` times `height` pixels.
pub(super) fn resize_bicubic(picture: &Picture, width: u32, height: u32) -> Picture {
    let (from_width, from_height) = (picture.width as usize, picture.height as usize);
    let columns = windows(from_width, width as usize);
    let rows = windows(from_height, height as usize);
    let narrow = if width == picture.width {
        picture.rgb.clone()
    } else {
        let mut pixels = Vec::with_capacity(from_height * columns.len() * CHANNELS);
        for row in picture.rgb.chunks_exact(from_width * CHANNELS) {
            for window in &columns {
                pixels.extend(blend(row, window, CHANNELS, 0));
            }
        }
        pixels
    };
    let rgb = if height == picture.height {
        narrow
    } else {
        let stride = columns.len() * CHANNELS;
        let mut pixels = Vec::with_capacity(rows.len() * stride);
        for window in &rows {
            for column in 0..columns.len() {
                pixels.extend(blend(&narrow, window, stride, column * CHANNELS));
            }
        }
        pixels
    };
    Picture { width, height, rgb }
}

/// One pixel from those at `offset` of every `stride` bytes.
fn blend(pixels: &[u8], window: &Window, stride: usize, offset: usize) -> [u8; CHANNELS] {
    let mut sums = [1i32 << (PRECISION_BITS - 1); CHANNELS];
    for (index, weight) in window.weights.iter().enumerate() {
        let start = (window.first + index) * stride + offset;
        let pixel = pixels.get(start..start + CHANNELS).unwrap_or(&[0; CHANNELS]);
        for (sum, &channel) in sums.iter_mut().zip(pixel) {
            *sum += i32::from(channel) * weight;
        }
    }
    sums.map(|sum| (sum >> PRECISION_BITS).clamp(0, 255) as u8)
}

/// `precompute_coeffs` and `normalize_coeffs_8bpc` of Pillow.
fn windows(from: usize, to: usize) -> Vec<Window> {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let reach = REACH * stretch;
    let window = |index: usize| {
        let center = (index as f64 + 0.5) * scale;
        let first = (center - reach + 0.5).max(0.0) as usize;
        let end = ((center + reach + 0.5) as usize).min(from);
        let raw: Vec<f64> =
            (first..end).map(|source| cubic((source as f64 - center + 0.5) / stretch)).collect();
        let sum: f64 = raw.iter().sum();
        let one = f64::from(1u32 << PRECISION_BITS);
        // A cast cuts towards zero, so this rounds halves away from it.
        let fixed = |weight: f64| (weight / sum * one + 0.5f64.copysign(weight)) as i32;
        Window { first, weights: raw.into_iter().map(fixed).collect() }
    };
    (0..to).map(window).collect()
}

/// The cubic convolution kernel.
fn cubic(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        ((SHARPNESS + 2.0) * x - (SHARPNESS + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * SHARPNESS
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gray(width: u32, height: u32, level: impl Fn(u32, u32) -> u8) -> Picture {
        let rgb = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .flat_map(|(x, y)| [level(x, y); CHANNELS])
            .collect();
        Picture { width, height, rgb }
    }

    #[test]
    fn one_colour_stays_that_colour() {
        for (width, height) in [(1, 1), (5, 3), (100, 1), (7, 900)] {
            let resized = resize_bicubic(&gray(width, height, |_, _| 201), 16, 16);
            assert!(resized.rgb.iter().all(|&channel| channel == 201), "{width} x {height}");
        }
    }

    #[test]
    fn sizes_are_as_asked_and_equal_sizes_change_nothing() {
        let picture = gray(16, 9, |x, y| (x * 16 + y) as u8);
        assert_eq!(resize_bicubic(&picture, 16, 9), picture);
        assert_eq!(resize_bicubic(&picture, 5, 31).rgb.len(), 5 * 31 * 3);
    }
}
