//! Tests of images and rendering.

use super::content::ImageItem;
use super::fixture::Fixture;
use super::{ExtractedImage, PageError, PageReader};
use crate::document::Rect;

/// A page with one image object (5) and perhaps its mask (6).
fn image(dict: &str, data: &[u8], mask: Option<(&str, &[u8])>) -> Fixture {
    let resources = "/Resources << /XObject << /I 5 0 R >> >>";
    let mut fixture = Fixture::page("", resources, "q 1 0 0 rg 200 0 0 100 50 600 cm /I Do Q");
    fixture.stream(&format!("/Type /XObject /Subtype /Image {dict}"), data);
    if let Some((dict, data)) = mask {
        fixture.stream(&format!("/Type /XObject /Subtype /Image {dict}"), data);
    }
    fixture
}

fn extracted(fixture: &Fixture) -> Result<ExtractedImage, PageError> {
    PageReader::new(&fixture.open()).image(1, 0)
}

fn pixels(fixture: &Fixture) -> (u32, u32, Vec<[u8; 4]>) {
    let file = extracted(fixture).unwrap();
    assert_eq!(file.media_type, "image/png");
    let decoded = image::load_from_memory(&file.bytes).unwrap().to_rgba8();
    (decoded.width(), decoded.height(), decoded.pixels().map(|pixel| pixel.0).collect())
}

const RGB: &str = "/Width 2 /Height 1 /ColorSpace /DeviceRGB /BitsPerComponent 8";

#[test]
fn an_image_is_placed_and_extracted_in_its_own_resolution() {
    let fixture = image(RGB, &[255, 0, 0, 0, 0, 255], None);
    let content = fixture.content();
    let [item] = content.images.as_slice() else { panic!("{:?}", content.images) };
    let ImageItem { bbox, width_px, height_px, index, stencil, upright, .. } = item;
    assert_eq!(*bbox, Rect::new(50.0, 100.0, 250.0, 200.0));
    assert_eq!((*width_px, *height_px, *index, *stencil, *upright), (2, 1, 0, false, true));
    assert_eq!(pixels(&fixture), (2, 1, vec![[255, 0, 0, 255], [0, 0, 255, 255]]));
    let again = PageReader::new(&fixture.open()).image(1, 1);
    assert_eq!(again, Err(PageError::NoSuchImage { page: 1, index: 1 }));
}

#[test]
fn soft_masks_explicit_masks_and_colour_keys_become_alpha() {
    let soft = image(
        &format!("{RGB} /SMask 6 0 R"),
        &[255, 0, 0, 0, 0, 255],
        Some(("/Width 2 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8", &[255, 64])),
    );
    assert_eq!(pixels(&soft), (2, 1, vec![[255, 0, 0, 255], [0, 0, 255, 64]]));
    // A finer mask decides the resolution; a set bit masks out.
    let explicit = image(
        &format!("{RGB} /Mask 6 0 R"),
        &[255, 0, 0, 0, 0, 255],
        Some(("/Width 4 /Height 1 /ImageMask true /BitsPerComponent 1", &[0b0100_0000])),
    );
    let (width, _, found) = pixels(&explicit);
    assert_eq!((width, found.iter().map(|p| p[3]).collect::<Vec<_>>()), (4, vec![255, 0, 255, 255]));
    assert_eq!(found[3], [0, 0, 255, 255]);
    let key = image(&format!("{RGB} /Mask [250 255 0 5 0 5]"), &[255, 0, 0, 0, 0, 255], None);
    assert_eq!(pixels(&key).2.iter().map(|p| p[3]).collect::<Vec<_>>(), [0, 255]);
}

#[test]
fn a_stencil_is_painted_in_its_colour() {
    let fixture = image("/Width 2 /Height 1 /ImageMask true /BitsPerComponent 1", &[0b0100_0000], None);
    assert!(fixture.content().images[0].stencil);
    assert_eq!(pixels(&fixture).2, [[255, 0, 0, 255], [255, 255, 255, 255]]);
}

#[test]
fn the_digest_is_of_the_pixels_not_of_the_place() {
    let digest = |fixture: Fixture| fixture.content().images[0].digest;
    let one = digest(image(RGB, &[1, 2, 3, 4, 5, 6], None));
    let mut other = Fixture::page("", "/Resources << /XObject << /X 6 0 R >> >>", "9 0 0 9 0 0 cm /X Do");
    other.add("null");
    other.stream(&format!("/Type /XObject /Subtype /Image {RGB}"), &[1, 2, 3, 4, 5, 6]);
    assert_eq!(one, digest(other));
    assert_ne!(one, digest(image(RGB, &[1, 2, 3, 4, 5, 7], None)));
    // The same on every machine.
    assert_eq!(one, 8_576_922_447_400_929_402);
}

#[test]
fn a_plain_jpeg_is_handed_out_untouched() {
    let mut jpeg = Vec::new();
    let grey = image::GrayImage::from_fn(16, 8, |x, _| image::Luma([u8::try_from(x * 10).unwrap()]));
    grey.write_to(&mut std::io::Cursor::new(&mut jpeg), image::ImageFormat::Jpeg).unwrap();
    let dict = "/Width 16 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode";
    let plain = extracted(&image(dict, &jpeg, None)).unwrap();
    assert_eq!((plain.media_type, plain.extension()), ("image/jpeg", "jpg"));
    assert_eq!(plain.bytes, jpeg);
    // Inverted values are a matter of the PDF: decoded.
    let inverted = extracted(&image(&format!("{dict} /Decode [1 0]"), &jpeg, None)).unwrap();
    assert_eq!(inverted.media_type, "image/png");
}

#[test]
fn absurd_images_are_refused() {
    let dict = "/Width 100000 /Height 100000 /ColorSpace /DeviceRGB /BitsPerComponent 8";
    let fixture = image(dict, &[0; 6], None);
    assert!(matches!(extracted(&fixture), Err(PageError::ImageTooLarge { .. })));
    let document = fixture.open();
    assert!(matches!(PageReader::new(&document).render(1, 100), Err(PageError::ImageTooLarge { .. })));
    let empty = image(&RGB.replace("/Width 2", "/Width 0"), &[], None);
    assert_eq!(extracted(&empty), Err(PageError::NoSuchImage { page: 1, index: 0 }));
}

#[test]
fn pages_are_rendered_on_white_and_parts_cut_out() {
    let fixture = Fixture::text("/Rotate 90", "1 0 0 rg 0 0 300 800 re f");
    let document = fixture.open();
    let mut reader = PageReader::new(&document);
    let raster = reader.render(1, 80).unwrap();
    assert_eq!((raster.width, raster.height, raster.rgba.len()), (80, 60, 4 * 80 * 60));
    let pixel = |x: usize, y: usize| {
        let at = 4 * (y * 80 + x);
        <[u8; 4]>::try_from(&raster.rgba[at..at + 4]).unwrap()
    };
    // Turned to the right, the left half is the top half.
    assert_eq!((pixel(40, 10), pixel(40, 50)), ([255, 0, 0, 255], [255; 4]));
    let part = reader.crop(1, Rect::new(0.0, 290.0, 100.0, 310.0), 72.0).unwrap();
    assert_eq!((part.width, part.height), (100, 20));
    assert_eq!((&part.rgba[..4], &part.rgba[4 * 100 * 19..][..4]), (&[255, 0, 0, 255][..], &[255; 4][..]));
    assert!(image::load_from_memory(&part.to_png()).is_ok());
    assert_eq!(reader.crop(1, Rect::new(900.0, 0.0, 950.0, 10.0), 72.0), Err(PageError::EmptyCrop));
    let huge = reader.render(1, u32::MAX).unwrap();
    assert!(huge.width * huge.height <= super::MAX_RASTER_PIXELS + 10_000, "{} {}", huge.width, huge.height);
    assert_eq!(reader.render(2, 80), Err(PageError::NoSuchPage { number: 2, count: 1 }));
}
