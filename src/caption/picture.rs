//! Image files to pixels.

use super::CaptionError;
use image::{DynamicImage, ImageReader, Limits};
use std::io::Cursor;

/// Pictures with more pixels than this are not decoded: 40 million take 160 MB with their transparency.
pub const MAX_PIXELS: u64 = 40_000_000;
/// What a decoder may allocate, in bytes: room for that many pixels of 16 bits each with transparency.
const MAX_DECODER_BYTES: u64 = MAX_PIXELS * 8;

/// An opaque picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Red, green and blue of each pixel, row by row from the top.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// Decodes a PNG or JPEG file; what is transparent is laid on white.
    ///
    /// # Errors
    ///
    /// When it is neither, is damaged, or has more than [`MAX_PIXELS`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CaptionError> {
        let open =
            || ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(image::ImageError::from);
        let (width, height) = open()?.into_dimensions()?;
        if u64::from(width) * u64::from(height) > MAX_PIXELS || width == 0 || height == 0 {
            return Err(CaptionError::Size { width, height });
        }
        let mut reader = open()?;
        let mut limits = Limits::default();
        limits.max_alloc = Some(MAX_DECODER_BYTES);
        reader.limits(limits);
        let image = reader.decode()?;
        let (width, height) = (image.width(), image.height());
        Ok(Self { width, height, rgb: opaque(image) })
    }
}

fn opaque(image: DynamicImage) -> Vec<u8> {
    if !image.color().has_alpha() {
        return image.into_rgb8().into_raw();
    }
    let rgba = image.into_rgba8().into_raw();
    let mut rgb = Vec::with_capacity(rgba.len() / 4 * 3);
    for [red, green, blue, alpha] in rgba.as_chunks::<4>().0.iter().copied() {
        rgb.extend([red, green, blue].map(|channel| over_white(channel, alpha)));
    }
    rgb
}

fn over_white(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (u32::from(channel), u32::from(alpha));
    ((channel * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgba, RgbaImage};

    fn png(image: &RgbaImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn what_is_transparent_lies_on_white() {
        let mut image = RgbaImage::new(2, 1);
        image.put_pixel(0, 0, Rgba([10, 20, 30, 255]));
        image.put_pixel(1, 0, Rgba([0, 0, 0, 51]));
        let picture = Picture::decode(&png(&image)).unwrap();
        assert_eq!(picture.rgb, [10, 20, 30, 204, 204, 204]);
    }

    #[test]
    fn bombs_and_nonsense_are_errors() {
        assert!(matches!(Picture::decode(b"no picture"), Err(CaptionError::Decode(_))));
        let mut bomb = png(&RgbaImage::new(1, 1));
        // Width and height of the header, and its checksum, which the decoder checks.
        bomb[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        assert!(Picture::decode(&bomb).is_err());
        let mut cut = png(&RgbaImage::new(64, 64));
        cut.truncate(60);
        assert!(Picture::decode(&cut).is_err());
    }
}
