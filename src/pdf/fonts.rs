//! Which font a run of glyphs is set in, and what is known of that font.
//!
//! hayro hands over glyphs, not font dictionaries. A run's font is found again by loading the fonts that the
//! page can reach (hayro's own loader) and comparing glyph programs and widths: two fonts that agree in both
//! look the same, so mixing them up does no harm.

use super::content::FontInfo;
use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_interpret::font::{Glyph, PositionedGlyph};
use hayro::hayro_syntax::object::dict::keys;
use hayro::hayro_syntax::object::{Array, Dict, MaybeRef, Name, ObjectIdentifier, Rect, Stream};
use hayro::hayro_syntax::page::Resources;
use hayro_font::{Font, FontCache, FontGlyph};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// At most so many fonts are looked at for one page, and so many resource dictionaries.
const MAX_FONTS: usize = 1000;
const MAX_RESOURCES: usize = 2000;
/// Nesting of forms in forms that is followed in the search for fonts.
const MAX_DEPTH: u32 = 12;
/// Glyphs of a run that must agree with a font.
const COMPARED_GLYPHS: usize = 8;

/// Metrics and name of a font.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Face {
    /// What layout is told.
    pub(super) info: FontInfo,
    /// Top of the glyph box above the baseline, in em.
    pub(super) ascent: f64,
    /// Bottom of the glyph box, in em, negative below the baseline.
    pub(super) descent: f64,
    /// By what the size in text space is multiplied to get the size of an ordinary font that looks the same;
    /// not 1 only for Type 3 fonts.
    pub(super) size_factor: f64,
}

impl Default for Face {
    fn default() -> Self {
        Self { info: FontInfo::default(), ascent: 0.75, descent: -0.25, size_factor: 1.0 }
    }
}

/// A font of the document, loaded when first compared.
pub(super) struct KnownFont<'a> {
    pub(super) face: Face,
    dict: Dict<'a>,
    kind: Kind,
    /// `/FirstChar` and `/Widths` of a simple font, for telling fonts apart without loading them.
    widths: Option<(u32, Vec<f32>)>,
    loaded: std::cell::OnceCell<Option<Font<'a>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Simple,
    Composite,
    Type3,
}

/// All fonts met so far in a document.
pub(super) struct FontBook<'a> {
    cache: FontCache<'a>,
    settings: InterpreterSettings,
    /// By the bytes of their dictionaries: an object's number does not tell direct dictionaries in it apart.
    known: HashMap<u64, Rc<KnownFont<'a>>>,
}

impl<'a> FontBook<'a> {
    pub(super) fn new(settings: &InterpreterSettings) -> Self {
        Self { cache: FontCache::new(), settings: settings.clone(), known: HashMap::new() }
    }

    fn font(&mut self, dict: Dict<'a>) -> Rc<KnownFont<'a>> {
        let key = super::digest::of(&[dict.data()]);
        Rc::clone(self.known.entry(key).or_insert_with(|| Rc::new(KnownFont::new(dict))))
    }
}

/// The fonts that one page can reach, most lately used first.
pub(super) struct PageFonts<'a, 'b> {
    book: &'b mut FontBook<'a>,
    fonts: Vec<Rc<KnownFont<'a>>>,
    /// Resource dictionaries still to be searched, with their depth.
    pending: Vec<(Resources<'a>, u32)>,
    seen: HashSet<ObjectIdentifier>,
    searched: usize,
    /// First glyphs of runs whose font could not be found.
    missed: HashSet<(u128, u32)>,
}

impl<'a, 'b> PageFonts<'a, 'b> {
    pub(super) fn new(book: &'b mut FontBook<'a>, resources: &Resources<'a>, page: &Dict<'a>) -> Self {
        let mut pending = vec![(resources.clone(), 0)];
        // Appearances of annotations bring their own resources; they are searched last.
        if let Some(annotations) = page.get::<Array<'a>>(keys::ANNOTS) {
            let forms = annotations.iter::<Dict<'a>>().take(MAX_RESOURCES).filter_map(|annotation| {
                let appearance = annotation.get::<Dict<'a>>(keys::AP)?;
                appearance.get::<Stream<'a>>(keys::N)?.dict().get::<Dict<'a>>(keys::RESOURCES)
            });
            pending.extend(forms.map(|dict| (Resources::new(dict), 1)));
            pending.reverse();
        }
        Self { book, fonts: Vec::new(), pending, seen: HashSet::new(), searched: 0, missed: HashSet::new() }
    }

    /// The font of a run, if it can be told.
    pub(super) fn find(&mut self, run: &[PositionedGlyph<'a>]) -> Option<Rc<KnownFont<'a>>> {
        let key = first_glyph(run)?;
        if self.missed.contains(&key) {
            return None;
        }
        let mut tried = 0;
        loop {
            while let Some(font) = self.fonts.get(tried) {
                if font.draws(run, self.book) {
                    let font = Rc::clone(font);
                    self.fonts.get_mut(..=tried)?.rotate_right(1);
                    return Some(font);
                }
                tried += 1;
            }
            if !self.search_further() {
                self.missed.insert(key);
                return None;
            }
        }
    }

    /// Takes the fonts of one more resource dictionary in; false when there is none left.
    fn search_further(&mut self) -> bool {
        let Some((resources, depth)) = self.pending.pop() else { return false };
        self.searched += 1;
        if self.searched > MAX_RESOURCES || self.fonts.len() > MAX_FONTS {
            self.pending.clear();
            return false;
        }
        for (name, _) in resources.fonts.entries().take(MAX_FONTS) {
            if let Some(dict) = resources.get_font(&name) {
                let font = self.book.font(dict);
                if font.kind == Kind::Type3
                    && !self.fonts.iter().any(|known| Rc::ptr_eq(known, &font))
                    && let Some(inner) = font.dict.get::<Dict<'a>>(keys::RESOURCES)
                    && depth < MAX_DEPTH
                {
                    self.pending.insert(0, (Resources::new(inner), depth + 1));
                }
                if !self.fonts.iter().any(|known| Rc::ptr_eq(known, &font)) {
                    self.fonts.push(font);
                }
            }
        }
        if depth < MAX_DEPTH {
            let streams = [&resources.x_objects, &resources.patterns];
            for (dict, (name, value)) in
                streams.iter().flat_map(|dict| dict.entries().take(MAX_RESOURCES).map(move |e| (dict, e)))
            {
                if let MaybeRef::Ref(reference) = value
                    && !self.seen.insert(reference.into())
                {
                    continue;
                }
                if let Some(stream) = dict.get::<Stream<'a>>(&name)
                    && let Some(inner) = stream.dict().get::<Dict<'a>>(keys::RESOURCES)
                {
                    self.pending.push((Resources::new(inner), depth + 1));
                }
            }
        }
        true
    }
}

impl<'a> KnownFont<'a> {
    fn new(dict: Dict<'a>) -> Self {
        let kind = match dict.get::<Name<'_>>(keys::SUBTYPE).as_deref() {
            Some(b"Type0") => Kind::Composite,
            Some(b"Type3") => Kind::Type3,
            _ => Kind::Simple,
        };
        let widths = dict.get::<Array<'_>>(keys::WIDTHS).map(|array| {
            let widths: Vec<f32> = array.iter::<f32>().take(256).collect();
            (dict.get::<u32>(keys::FIRST_CHAR).unwrap_or(0), widths)
        });
        let face = face(&dict, kind, widths.as_ref().map(|(_, widths)| widths.as_slice()));
        Self { face, dict, kind, widths, loaded: std::cell::OnceCell::new() }
    }

    fn loaded(&self, book: &FontBook<'a>) -> Option<&Font<'a>> {
        let load = || book.cache.font(&self.dict, &book.settings.font_resolver, &book.settings.cmap_resolver);
        self.loaded.get_or_init(load).as_ref()
    }

    /// The loaded font, once [`PageFonts::find`] has given this one out.
    pub(super) fn font(&self) -> Option<&Font<'a>> {
        self.loaded.get().and_then(Option::as_ref)
    }

    /// Whether this font would draw the same glyphs with the same widths.
    fn draws(&self, run: &[PositionedGlyph<'a>], book: &FontBook<'a>) -> bool {
        run.iter().take(COMPARED_GLYPHS).all(|glyph| self.may_draw(glyph))
            && self
                .loaded(book)
                .is_some_and(|font| run.iter().take(COMPARED_GLYPHS).all(|glyph| same_glyph(font, glyph)))
    }

    /// A quick test by what the dictionary says.
    fn may_draw(&self, glyph: &Glyph<'a>) -> bool {
        let code = glyph.char_code();
        match (glyph, self.kind) {
            (Glyph::Outline(_), Kind::Type3) => false,
            (Glyph::Outline(outline), Kind::Simple) => {
                code <= 255
                    && match (&self.widths, outline.advance_width()) {
                        (Some((first, widths)), Some(advance)) => code
                            .checked_sub(*first)
                            .and_then(|index| widths.get(index as usize))
                            .is_none_or(|width| *width == advance),
                        _ => true,
                    }
            }
            (Glyph::Outline(_), Kind::Composite) => true,
            (Glyph::Type3(_), kind) => kind == Kind::Type3 && code <= 255,
        }
    }
}

/// What a run begins with.
fn first_glyph(run: &[PositionedGlyph<'_>]) -> Option<(u128, u32)> {
    let glyph = run.first()?;
    Some(match &**glyph {
        Glyph::Outline(outline) => (outline.identifier().cache_key(), glyph.char_code()),
        Glyph::Type3(type3) => {
            (u128::from(type3.advance_width().unwrap_or(0.0).to_bits()), glyph.char_code())
        }
    })
}

fn same_glyph<'a>(font: &Font<'a>, glyph: &Glyph<'a>) -> bool {
    let code = glyph.char_code();
    match (font.glyph(font.map_code(code), code), glyph) {
        (FontGlyph::Outline(ours), Glyph::Outline(theirs)) => {
            ours.identifier() == theirs.identifier() && ours.advance_width() == theirs.advance_width()
        }
        (FontGlyph::Type3(ours), Glyph::Type3(theirs)) => {
            Some(ours.advance_width()) == theirs.advance_width() && ours.as_unicode() == theirs.as_unicode()
        }
        _ => false,
    }
}

/// Reads name, style and metrics from a font dictionary.
fn face(dict: &Dict<'_>, kind: Kind, widths: Option<&[f32]>) -> Face {
    let descendant =
        dict.get::<Array<'_>>(keys::DESCENDANT_FONTS).and_then(|fonts| fonts.iter::<Dict<'_>>().next());
    let descriptor = descendant.as_ref().unwrap_or(dict).get::<Dict<'_>>(keys::FONT_DESC).unwrap_or_default();
    let raw_name = dict
        .get::<Name<'_>>(keys::BASE_FONT)
        .or_else(|| descriptor.get::<Name<'_>>(keys::FONT_NAME))
        .or_else(|| dict.get::<Name<'_>>(keys::NAME));
    let name = raw_name.map(|name| plain_name(name.as_str())).unwrap_or_default();
    let style = Descriptor {
        flags: descriptor.get::<u32>(keys::FLAGS).unwrap_or(0),
        weight: descriptor.get::<f32>(keys::FONT_WEIGHT).unwrap_or(0.0),
        stem_v: descriptor.get::<f32>(b"StemV").unwrap_or(0.0),
        italic_angle: descriptor.get::<f32>(b"ItalicAngle").unwrap_or(0.0),
    };
    let mut face = Face { info: style.describe(name, kind == Kind::Composite, widths), ..Face::default() };
    if let (Some(ascent), Some(descent)) =
        (descriptor.get::<f64>(b"Ascent"), descriptor.get::<f64>(b"Descent"))
        && (500.0..=1100.0).contains(&ascent)
        && (-450.0..=-100.0).contains(&descent)
    {
        (face.ascent, face.descent) = (ascent / 1000.0, descent / 1000.0);
    }
    if kind == Kind::Type3 {
        face.size_factor = type3_size(dict, widths.unwrap_or_default());
    }
    face
}

/// How large one unit of a Type 3 font's size looks, in em of an ordinary font. The font matrix alone does
/// not tell: some producers put the size into it and set the font at size 1.
fn type3_size(dict: &Dict<'_>, widths: &[f32]) -> f64 {
    let [a, _, _, d, _, _] =
        dict.get::<[f64; 6]>(keys::FONT_MATRIX).unwrap_or([0.001, 0.0, 0.0, 0.001, 0.0, 0.0]);
    let height = dict.get::<Rect>(b"FontBBox").map_or(0.0, |bbox| (bbox.y1 - bbox.y0) * d.abs());
    let drawn: Vec<f64> =
        widths.iter().map(|width| f64::from(*width) * a.abs()).filter(|w| *w > 0.0).collect();
    #[allow(clippy::cast_precision_loss, reason = "at most 256 widths")]
    let mean = if drawn.is_empty() { 0.0 } else { drawn.iter().sum::<f64>() / drawn.len() as f64 };
    // Boxes of ordinary fonts are 0.7 to 1.6 em high, and their glyphs 0.3 to 0.8 em wide on average.
    let plausible = |factor: f64| factor.is_finite() && (1e-3..=1e4).contains(&factor);
    if (0.5..=2.2).contains(&height) || (0.2..=1.2).contains(&mean) {
        1.0
    } else if plausible(height) {
        height
    } else if plausible(mean / 0.5) {
        mean / 0.5
    } else {
        1.0
    }
}

/// Without the subset prefix (`ABCDEF+`), bounded.
fn plain_name(name: &str) -> String {
    let plain = match name.split_once('+') {
        Some((prefix, rest)) if prefix.len() == 6 && prefix.bytes().all(|b| b.is_ascii_uppercase()) => rest,
        _ => name,
    };
    plain.chars().filter(|c| !c.is_control()).take(100).collect()
}

/// What a font descriptor says of style.
struct Descriptor {
    flags: u32,
    weight: f32,
    stem_v: f32,
    italic_angle: f32,
}

/// Bits of `/Flags` (ISO 32000-2, table 121).
const FIXED_PITCH: u32 = 1;
const ITALIC: u32 = 1 << 6;
const FORCE_BOLD: u32 = 1 << 18;
/// Stems this heavy are bold (Helvetica has 88, Helvetica-Bold 140, Times-Bold 139), in 1/1000 em.
const BOLD_STEM: f32 = 138.0;

impl Descriptor {
    fn describe(&self, name: String, composite: bool, widths: Option<&[f32]>) -> FontInfo {
        let lower = name.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let light = has(&["regular", "roman", "light", "book", "thin"]);
        let bold =
            has(&["bold", "black", "heavy", "-demi", "demib", "cmbx", "sfbx", "ecbx", "nimbusromno9l-medi"])
                || name.ends_with("-B")
                || name.ends_with("TB")
                || name.ends_with("-BI")
                || name.ends_with(".B")
                || name.ends_with(".BI")
                || self.flags & FORCE_BOLD != 0
                || self.weight >= 600.0
                || (self.stem_v >= BOLD_STEM && self.stem_v < 400.0 && !light);
        let italic = has(&["ital", "obliq", "slanted", "cmti", "cmmi", "cmsl", "cmbxti", "sfti", "ecti"])
            || name.ends_with("-It")
            || name.ends_with("-I")
            || name.ends_with("TI")
            || name.ends_with("-BI")
            || name.ends_with(".I")
            || name.ends_with(".BI")
            || self.flags & ITALIC != 0
            || self.italic_angle.abs() > 1.0;
        let mono_name = has(&[
            "courier",
            "mono",
            "consol",
            "menlo",
            "typewriter",
            "cmtt",
            "sftt",
            "ectt",
            "inconsolata",
            "sourcecode",
            "source-code",
            "firacode",
            "lettergothic",
            "terminal",
            "fixedsys",
            "cmsltt",
        ]);
        let mono = mono_name && !has(&["monotype"])
            || match widths.and_then(equal_widths) {
                Some(equal) => equal,
                None => self.flags & FIXED_PITCH != 0 && !composite,
            };
        let symbolic = has(&[
            "symbol", "wingding", "webding", "dingbat", "cmsy", "msam", "msbm", "marvosym", "awesome",
            "bullet",
        ]);
        FontInfo { name, bold, italic, mono, symbolic }
    }
}

/// Whether a simple font's glyphs are all of one width; none if there are too few to tell.
fn equal_widths(widths: &[f32]) -> Option<bool> {
    let mut drawn = widths.iter().filter(|width| **width > 0.0);
    let first = drawn.next()?;
    let (mut count, mut equal) = (1, true);
    for width in drawn {
        count += 1;
        equal &= (width - first).abs() < 1.0;
    }
    (count >= 8).then_some(equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe(name: &str, flags: u32) -> FontInfo {
        let plain = Descriptor { flags, weight: 0.0, stem_v: 80.0, italic_angle: 0.0 };
        plain.describe(plain_name(name), false, None)
    }

    #[test]
    fn style_from_name_and_flags() {
        let bold = describe("ABCDEF+Times-BoldItalic", 0);
        assert_eq!(bold.name, "Times-BoldItalic");
        assert!(bold.bold && bold.italic && !bold.mono);
        assert!(describe("CMTT10", 4).mono);
        assert!(describe("CMBX12", 4).bold);
        assert!(describe("CMSY10", 4).symbolic);
        let plain = describe("CMR10", 4);
        assert!(!plain.bold && !plain.italic && !plain.mono && !plain.symbolic);
        assert!(describe("Foo", ITALIC).italic);
        assert!(describe("Foo", FIXED_PITCH).mono);
    }

    #[test]
    fn widths_overrule_a_wrong_fixed_pitch_flag() {
        let descriptor = Descriptor { flags: FIXED_PITCH, weight: 0.0, stem_v: 0.0, italic_angle: 0.0 };
        let varied: Vec<f32> = (0_u8..20).map(|i| 300.0 + 10.0 * f32::from(i)).collect();
        assert!(!descriptor.describe("Foo".into(), false, Some(&varied)).mono);
        let none = Descriptor { flags: 0, ..descriptor };
        assert!(none.describe("Foo".into(), false, Some(&[600.0; 20])).mono);
    }
}
