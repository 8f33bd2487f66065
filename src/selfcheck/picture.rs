//! The pixels of the picture: a house in front of green hills, under a sun.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write as _;

/// Width in pixels.
pub(super) const WIDTH: u32 = 240;
/// Height in pixels.
pub(super) const HEIGHT: u32 = 180;

/// The colour at a point, `x` to the right and `y` down in pixels: sRGB.
fn colour(x: i32, y: i32) -> [u8; 3] {
    let ground = 122;
    let within = |left: i32, top: i32, right: i32, bottom: i32| {
        (left..right).contains(&x) && (top..bottom).contains(&y)
    };
    let in_disc = |cx: i32, cy: i32, radius: i32| (x - cx).pow(2) + (y - cy).pow(2) < radius * radius;
    let shade = |value: i32| u8::try_from(value.clamp(0, 255)).unwrap_or_default();
    if within(116, 126, 132, 152) {
        return [92, 52, 28]; // The door.
    }
    if within(92, 112, 108, 126) || within(140, 112, 156, 126) {
        return [176, 220, 244]; // Its windows.
    }
    if within(80, 100, 168, 152) {
        return [236, 220, 188]; // The walls.
    }
    if (64..100).contains(&y) && (x - 124).abs() < y - 64 + 16 {
        return [168, 56, 44]; // The roof.
    }
    if within(202, 112, 208, 150) {
        return [104, 68, 40]; // The trunk of a tree,
    }
    if in_disc(205, 100, 20) {
        return [36, 104, 48]; // and its leaves.
    }
    if in_disc(40, 36, 18) {
        return [252, 212, 68]; // The sun.
    }
    if y > ground || in_disc(40, 190, 96) || in_disc(196, 200, 110) {
        return [76, shade(176 - (y - ground) / 2), 72]; // Meadow and hills.
    }
    [shade(112 + y), shade(176 + y / 2), 244] // The sky, lighter towards the ground.
}

/// All pixels, row by row from the top, three bytes each.
pub(super) fn pixels() -> Vec<u8> {
    let side = |pixels: u32| i32::try_from(pixels).unwrap_or_default();
    (0..side(HEIGHT)).flat_map(|y| (0..side(WIDTH)).flat_map(move |x| colour(x, y))).collect()
}

/// `data` as the filter `FlateDecode` takes it; none if it cannot be packed.
pub(super) fn deflate(data: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_small_and_has_all_its_colours() {
        let pixels = pixels();
        assert_eq!(pixels.len(), (3 * WIDTH * HEIGHT) as usize);
        let has = |colour: [u8; 3]| pixels.chunks(3).filter(|pixel| *pixel == colour).count() > 100;
        assert!([[92, 52, 28], [168, 56, 44], [36, 104, 48], [252, 212, 68]].into_iter().all(has));
        assert!(deflate(&pixels).unwrap().len() < 4_000);
    }
}
