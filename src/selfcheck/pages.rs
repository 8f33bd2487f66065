//! The pages of the self-check's document: where everything stands on them. All places are in points from the top
//! left; a page's own y grows upwards.

use super::picture::{self, deflate};
use super::words::{PICTURE_CAPTION, RECTANGLE_CAPTION, SECTIONS, TABLE, TABLE_SECTION, TITLE};
use super::writer::PdfWriter;
use crate::document::Rect;
use std::fmt::Write as _;

/// Width and height of the first page in points: A4.
const PAGE: [f32; 2] = [595.0, 842.0];
/// Left edge of all text.
const LEFT: f32 = 72.0;
/// Baseline of the title.
const TITLE_BASELINE: f32 = 78.0;
const TITLE_SIZE: f32 = 22.0;
const HEADING_SIZE: f32 = 14.0;
const BODY_SIZE: f32 = 10.5;
const CAPTION_SIZE: f32 = 9.0;
/// From one baseline of a paragraph to the next.
const LEADING: f32 = 14.0;
/// Above a heading's baseline, and below it.
const HEADING_ROOM: [f32; 2] = [26.0, 18.0];
/// From the title's baseline to that of the text.
const TITLE_ROOM: f32 = 28.0;
/// Left edges of the table's columns, and its right edge.
const COLUMNS: [f32; 4] = [72.0, 190.0, 320.0, 450.0];
const ROW_HEIGHT: f32 = 20.0;
/// From a row's upper rule to the baseline in it.
const ROW_BASELINE: f32 = 13.5;
const RULE_WIDTH: f32 = 0.8;
const RECTANGLE_SIZE: [f32; 2] = [180.0, 56.0];
const PICTURE_SIZE: [f32; 2] = [200.0, 150.0];
/// From a figure's lower edge to its caption's baseline, and from there to what follows.
const CAPTION_ROOM: [f32; 2] = [15.0, 14.0];

/// Width and height of the scanned page in points: about A5, on its side. A whole number of pixels at [`SCAN_DPI`].
const SCAN_PAGE: [f32; 2] = [595.2, 420.0];
/// Width and height of the scan in pixels.
const SCAN_PIXELS: [u32; 2] = [1240, 875];
/// Pixels per inch of the scan.
#[cfg(test)]
const SCAN_DPI: f32 = 150.0;
/// The rows of the scan as `FlateDecode` takes them: one bit for a pixel, 0 black. They were painted by Recto's own
/// renderer from [`original_of_scan`]; a test compares them with what it paints now, and with UPDATE=1 writes them anew.
const SCAN: &[u8] = include_bytes!("scan.flate");

/// A font of those that every reader has.
#[derive(Clone, Copy)]
enum Font {
    Roman,
    Bold,
}

/// The content of a page in the making.
struct Ink {
    operators: String,
    /// Of the page, in points.
    height: f32,
}

impl Ink {
    fn new(height: f32) -> Self {
        Self { operators: String::new(), height }
    }

    /// Writing to a string cannot fail.
    fn write(&mut self, operators: std::fmt::Arguments<'_>) {
        let _ = self.operators.write_fmt(operators);
    }

    fn text(&mut self, font: Font, size: f32, [x, baseline]: [f32; 2], text: &str) {
        let name = match font {
            Font::Roman => "F1",
            Font::Bold => "F2",
        };
        let y = self.height - baseline;
        self.write(format_args!("BT /{name} {size} Tf {x} {y} Td ({text}) Tj ET\n"));
    }

    fn line(&mut self, [x0, y0]: [f32; 2], [x1, y1]: [f32; 2]) {
        let (y0, y1) = (self.height - y0, self.height - y1);
        self.write(format_args!("{RULE_WIDTH} w {x0} {y0} m {x1} {y1} l S\n"));
    }

    fn rectangle(&mut self, area: &Rect) {
        let (x, y, width, height) = (area.x0, self.height - area.y1, area.width(), area.height());
        self.write(format_args!("q 0.16 0.42 0.62 rg {x} {y} {width} {height} re f Q\n"));
    }

    fn image(&mut self, area: &Rect) {
        let (x, y, width, height) = (area.x0, self.height - area.y1, area.width(), area.height());
        self.write(format_args!("q {width} 0 0 {height} {x} {y} cm /I1 Do Q\n"));
    }
}

/// Where the rectangle and the picture are on the first page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Places {
    pub(super) rectangle: Rect,
    pub(super) picture: Rect,
}

/// The whole document: the first page, and the scan as the second.
pub(super) fn write() -> Vec<u8> {
    let mut writer = PdfWriter::new();
    let [catalog, tree, info, roman, bold] = std::array::from_fn(|_| writer.reserve());
    let [first, content, picture, second, painted, scan] = std::array::from_fn(|_| writer.reserve());
    writer.object(catalog, &format!("<< /Type /Catalog /Pages {tree} 0 R /Lang (en-GB) >>"));
    writer.object(tree, &format!("<< /Type /Pages /Kids [{first} 0 R {second} 0 R] /Count 2 >>"));
    writer.object(info, &format!("<< /Title ({TITLE}) /Producer (Recto) >>"));
    write_fonts(&mut writer, roman, bold);
    let resources = format!("/Font << /F1 {roman} 0 R /F2 {bold} 0 R >> /XObject << /I1 {picture} 0 R >>");
    writer.object(first, &page(tree, PAGE, content, &resources));
    writer.stream(content, "", first_page().0.as_bytes());
    let pixels = picture::pixels();
    let (filter, data) = match deflate(&pixels) {
        Some(packed) => ("/Filter /FlateDecode", packed),
        None => ("", pixels),
    };
    let entries = image_entries([picture::WIDTH, picture::HEIGHT], "/DeviceRGB", 8);
    writer.stream(picture, &format!("{entries} {filter}"), &data);
    writer.object(second, &page(tree, SCAN_PAGE, painted, &format!("/XObject << /I1 {scan} 0 R >>")));
    let mut ink = Ink::new(SCAN_PAGE[1]);
    ink.image(&Rect::new(0.0, 0.0, SCAN_PAGE[0], SCAN_PAGE[1]));
    writer.stream(painted, "", ink.operators.as_bytes());
    let entries = image_entries(SCAN_PIXELS, "/DeviceGray", 1);
    writer.stream(scan, &format!("{entries} /Filter /FlateDecode"), SCAN);
    writer.finish(&format!("/Root {catalog} 0 R /Info {info} 0 R"))
}

fn write_fonts(writer: &mut PdfWriter, roman: usize, bold: usize) {
    for (number, name) in [(roman, "Times-Roman"), (bold, "Helvetica-Bold")] {
        let font = format!("<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>");
        writer.object(number, &font);
    }
}

fn page(tree: usize, [width, height]: [f32; 2], content: usize, resources: &str) -> String {
    format!(
        "<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {width} {height}] /Contents {content} 0 R \
         /Resources << {resources} >> >>"
    )
}

fn image_entries([width, height]: [u32; 2], space: &str, bits: u8) -> String {
    format!(
        "/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace {space} \
         /BitsPerComponent {bits}"
    )
}

/// The first page's operators, and where its figures are.
pub(super) fn first_page() -> (String, Places) {
    let mut ink = Ink::new(PAGE[1]);
    let mut y = TITLE_BASELINE;
    ink.text(Font::Bold, TITLE_SIZE, [LEFT, y], TITLE);
    y += TITLE_ROOM;
    for (index, section) in SECTIONS.iter().enumerate() {
        if let Some(heading) = section.heading {
            y += HEADING_ROOM[0] - LEADING;
            ink.text(Font::Bold, HEADING_SIZE, [LEFT, y], heading);
            y += HEADING_ROOM[1];
        }
        for line in section.lines {
            ink.text(Font::Roman, BODY_SIZE, [LEFT, y], line);
            y += LEADING;
        }
        if index == TABLE_SECTION {
            y = draw_table(&mut ink, y) + LEADING;
        }
    }
    let rectangle = placed(y, RECTANGLE_SIZE);
    ink.rectangle(&rectangle);
    y = rectangle.y1 + CAPTION_ROOM[0];
    ink.text(Font::Roman, CAPTION_SIZE, [LEFT, y], RECTANGLE_CAPTION);
    let picture = placed(y + CAPTION_ROOM[1], PICTURE_SIZE);
    ink.image(&picture);
    y = picture.y1 + CAPTION_ROOM[0];
    ink.text(Font::Roman, CAPTION_SIZE, [LEFT, y], PICTURE_CAPTION);
    (ink.operators, Places { rectangle, picture })
}

fn placed(top: f32, [width, height]: [f32; 2]) -> Rect {
    Rect::new(LEFT, top, LEFT + width, top + height)
}

/// Draws the table from `top` down, all its cells between rules; gives its lower edge.
fn draw_table(ink: &mut Ink, top: f32) -> f32 {
    let mut y = top;
    let (left, right) = (COLUMNS[0], COLUMNS[3]);
    ink.line([left, y], [right, y]);
    for (number, row) in TABLE.iter().enumerate() {
        let font = if number == 0 { Font::Bold } else { Font::Roman };
        for (cell, x) in row.iter().zip(COLUMNS) {
            ink.text(font, BODY_SIZE, [x + 5.0, y + ROW_BASELINE], cell);
        }
        y += ROW_HEIGHT;
        ink.line([left, y], [right, y]);
    }
    for x in COLUMNS {
        ink.line([x, top], [x, y]);
    }
    y
}

#[cfg(test)]
#[cfg(feature = "read")]
mod tests {
    use super::super::words::{SCAN_LINES, SCAN_TITLE};
    use super::*;
    use crate::caption::Picture;
    use crate::pdf::{OpenDocument, PageReader, open};
    use flate2::read::ZlibDecoder;
    use std::io::Read as _;

    /// Bytes of a row of the scan.
    const ROW_BYTES: usize = SCAN_PIXELS[0].div_ceil(8) as usize;
    /// Of ten thousand pixels so many may differ where processors round differently.
    const MOST_DIFFERENT: usize = 5;

    /// The page that was scanned, as text.
    fn original_of_scan() -> OpenDocument {
        let mut writer = PdfWriter::new();
        let [catalog, tree, first, content, roman, bold] = std::array::from_fn(|_| writer.reserve());
        writer.object(catalog, &format!("<< /Type /Catalog /Pages {tree} 0 R >>"));
        writer.object(tree, &format!("<< /Type /Pages /Kids [{first} 0 R] /Count 1 >>"));
        let resources = format!("/Font << /F1 {roman} 0 R /F2 {bold} 0 R >>");
        writer.object(first, &page(tree, SCAN_PAGE, content, &resources));
        write_fonts(&mut writer, roman, bold);
        let mut ink = Ink::new(SCAN_PAGE[1]);
        ink.text(Font::Bold, 20.0, [60.0, 84.0], SCAN_TITLE);
        for (y, line) in (0_u16..).map(|line| 126.0 + 24.0 * f32::from(line)).zip(SCAN_LINES) {
            ink.text(Font::Roman, 14.0, [60.0, y], line);
        }
        writer.stream(content, "", ink.operators.as_bytes());
        open(writer.finish(&format!("/Root {catalog} 0 R")), None).unwrap()
    }

    /// Its pixels, one bit each.
    fn scanned() -> Vec<u8> {
        let original = original_of_scan();
        let area = Rect::new(0.0, 0.0, SCAN_PAGE[0], SCAN_PAGE[1]);
        let raster = PageReader::new(&original).crop(1, area, SCAN_DPI).unwrap();
        assert_eq!([raster.width, raster.height], SCAN_PIXELS);
        let rows = raster.rgba.chunks(4 * SCAN_PIXELS[0] as usize);
        let bits = rows.flat_map(|row| {
            let light: Vec<bool> = row.chunks(4).map(|pixel| pixel[1] > 127).collect();
            let byte =
                |eight: &[bool]| (0..8).map(|i| u8::from(eight.get(i) != Some(&false)) << (7 - i)).sum();
            light.chunks(8).map(byte).collect::<Vec<u8>>()
        });
        bits.collect()
    }

    #[test]
    fn the_scan_is_what_a_page_of_its_text_looks_like() {
        let painted = scanned();
        assert_eq!(painted.len(), ROW_BYTES * SCAN_PIXELS[1] as usize);
        if std::env::var_os("UPDATE").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/selfcheck/scan.flate");
            std::fs::write(path, deflate(&painted).unwrap()).unwrap();
            return;
        }
        let mut kept = Vec::new();
        ZlibDecoder::new(SCAN).read_to_end(&mut kept).unwrap();
        assert_eq!(kept.len(), painted.len());
        let different: usize = kept.iter().zip(&painted).map(|(a, b)| (a ^ b).count_ones() as usize).sum();
        assert!(different * 10_000 <= MOST_DIFFERENT * 8 * kept.len(), "{different} pixels");
        assert!(SCAN.len() < 12_000, "{} bytes", SCAN.len());
    }

    #[test]
    fn the_file_is_sound_and_the_same_each_time() {
        let bytes = write();
        assert_eq!(bytes, write());
        assert!(bytes.len() < 24_000, "{} bytes", bytes.len());
        let document = open(bytes, None).unwrap();
        let mut reader = PageReader::new(&document);
        let pages: Vec<_> = (1..=2).map(|number| reader.content(number).unwrap()).collect();
        assert!(pages[0].glyphs.len() > 900);
        assert_eq!((pages[1].glyphs.len(), pages[1].images.len()), (0, 1));
        let lowest = pages[0].glyphs.iter().map(|glyph| glyph.bbox.y1).fold(0.0, f32::max);
        let widest = pages[0].glyphs.iter().map(|glyph| glyph.bbox.x1).fold(0.0, f32::max);
        assert!(lowest < PAGE[1] - 36.0 && widest < PAGE[0] - 36.0, "{widest} {lowest}");
    }

    #[test]
    fn the_picture_comes_out_pixel_by_pixel() {
        let document = open(write(), None).unwrap();
        let extracted = PageReader::new(&document).image(1, 0).unwrap();
        let decoded = Picture::decode(&extracted.bytes).unwrap();
        assert_eq!((decoded.width, decoded.height), (picture::WIDTH, picture::HEIGHT));
        assert_eq!(decoded.rgb, picture::pixels());
    }
}
