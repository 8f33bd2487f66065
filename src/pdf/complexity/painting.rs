//! What painting a page goes through: forms, tiling patterns once for each path and glyph that is filled or stroked with
//! them and each tile, glyphs of Type 3 fonts, and soft masks once for each place.

use super::reading::External;
use super::resources::MAX_PARTS;
use super::{Costs, Key, Node, Owner, Place, is_bounded_image, larger};
use hayro::hayro_interpret::kurbo::{self, Affine};
use hayro::hayro_syntax::content::TypedIter;
use hayro::hayro_syntax::content::ops::{Transform, TypedInstruction};
use hayro::hayro_syntax::object::dict::keys;
use hayro::hayro_syntax::object::{Array, Dict, Name, Number, Object, ObjectIdentifier, Rect, Stream};
use hayro::hayro_syntax::page::Resources;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// States saved at once, at most; hayro saves as many.
const MAX_STATES: usize = 65_536;
/// A tile is painted into a picture of its own, of the size of the tile or of what is filled with it; a page, in square
/// points, takes as long as so many bytes of content: some ten milliseconds at 200 pixels per inch.
const MAX_TILE_AREA: f64 = 500_000.0;
/// A tile that leans so much that its picture is larger than itself by this has no end of it.
const MAX_LEAN: f64 = 100.0;
/// Pixels that are decoded in the time of one byte of content.
const PIXELS_OF_BYTE: u64 = 10;

/// What paths and glyphs are painted with.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Paint {
    /// What whoever draws this stream paints with.
    Inherited,
    /// A colour or shading.
    Plain,
    /// A pattern: what is drawn each time, and the area of a tile in square points.
    Tiles(Key, f64),
}

#[derive(Clone, Debug)]
enum Font {
    Inherited,
    Outlines,
    Type3(Rc<Glyphs>),
}

#[derive(Clone, Debug)]
struct State {
    ctm: Affine,
    fill: Paint,
    stroke: Paint,
    font: Font,
    /// The clip in force, by number.
    clip: u32,
}

/// A content stream that is gone through.
struct Scan<'c, 'r, 'a> {
    costs: &'c mut Costs,
    place: Place<'r, 'a>,
    node: Node,
    state: State,
    saved: Vec<State>,
    /// Resources by name, looked up once.
    patterns: HashMap<Vec<u8>, Paint>,
    fonts: HashMap<Vec<u8>, Font>,
    states: HashMap<Vec<u8>, (Option<Font>, Option<Key>)>,
    /// Places of masks: graphics state, matrix and clip.
    masked: HashSet<(Vec<u8>, [u64; 6], u32)>,
    images: HashMap<ObjectIdentifier, u64>,
    /// Forms that are drawn while a Type 3 font is set, how often.
    with_font: HashMap<(Key, *const Glyphs), (Rc<Glyphs>, u64)>,
    /// Bounds of the path so far, in points of this stream.
    path: Option<kurbo::Rect>,
    clips: u32,
}

/// Procedures by code.
type Glyphs = HashMap<u8, Key>;

impl Costs {
    pub(super) fn scan_all(&mut self, content: &[u8], place: Place<'_, '_>) -> Node {
        let node = Node { bytes: content.len() as u64, ..Node::default() };
        let state = State {
            ctm: Affine::IDENTITY,
            fill: Paint::Inherited,
            stroke: Paint::Inherited,
            font: Font::Inherited,
            clip: 0,
        };
        let mut scan = Scan {
            costs: self,
            place,
            node,
            state,
            saved: Vec::new(),
            patterns: HashMap::new(),
            fonts: HashMap::new(),
            states: HashMap::new(),
            masked: HashSet::new(),
            images: HashMap::new(),
            with_font: HashMap::new(),
            path: None,
            clips: 0,
        };
        let mut commands = TypedIter::new(content);
        while let Some(command) = commands.next() {
            scan.take(&command);
        }
        scan.finish()
    }
}

impl<'a> Scan<'_, '_, 'a> {
    fn finish(self) -> Node {
        let mut node = self.node;
        for ((drawn, _), (glyphs, times)) in self.with_font {
            // Which of them it shows is not known here.
            let glyphs: HashSet<Key> = glyphs.values().copied().collect();
            for glyph in glyphs {
                let count = node.shows_under.entry((drawn, glyph)).or_insert(0);
                *count = count.saturating_add(times);
            }
        }
        node
    }

    fn take(&mut self, command: &TypedInstruction<'_, '_>) {
        use TypedInstruction as Is;
        match command {
            Is::SaveState(_) => {
                if self.saved.len() < MAX_STATES {
                    self.saved.push(self.state.clone());
                } else {
                    self.costs.overflowed = true;
                }
            }
            Is::RestoreState(_) => {
                if let Some(state) = self.saved.pop() {
                    self.state = state;
                }
            }
            Is::Transform(Transform(a, b, c, d, e, f)) => {
                self.state.ctm *= Affine::new([a, b, c, d, e, f].map(Number::as_f64));
            }
            Is::NonStrokeColorDeviceGray(_)
            | Is::NonStrokeColorDeviceRgb(_)
            | Is::NonStrokeColorCmyk(_)
            | Is::NonStrokeColor(_) => self.state.fill = Paint::Plain,
            Is::StrokeColorDeviceGray(_)
            | Is::StrokeColorDeviceRgb(_)
            | Is::StrokeColorCmyk(_)
            | Is::StrokeColor(_) => self.state.stroke = Paint::Plain,
            // A space of patterns, under whatever name, leaves the last pattern in force.
            Is::ColorSpaceNonStroke(space) if is_device(space.0) => self.state.fill = Paint::Plain,
            Is::ColorSpaceStroke(space) if is_device(space.0) => self.state.stroke = Paint::Plain,
            Is::NonStrokeColorNamed(color) => self.state.fill = self.pattern(color.1),
            Is::StrokeColorNamed(color) => self.state.stroke = self.pattern(color.1),
            Is::MoveTo(to) => self.point(to.0, to.1),
            Is::LineTo(to) => self.point(to.0, to.1),
            Is::CubicTo(to) => {
                self.point(to.0, to.1);
                self.point(to.2, to.3);
                self.point(to.4, to.5);
            }
            Is::CubicStartTo(to) => {
                self.point(to.0, to.1);
                self.point(to.2, to.3);
            }
            Is::CubicEndTo(to) => {
                self.point(to.0, to.1);
                self.point(to.2, to.3);
            }
            Is::RectPath(rect) => {
                self.point(rect.0, rect.1);
                self.corner(rect.0.as_f64() + rect.2.as_f64(), rect.1.as_f64() + rect.3.as_f64());
            }
            Is::EndPath(_) => self.path = None,
            Is::ClipNonZero(_) | Is::ClipEvenOdd(_) => {
                self.clips += 1;
                self.state.clip = self.clips;
            }
            Is::FillPathNonZero(_) | Is::FillPathNonZeroCompatibility(_) | Is::FillPathEvenOdd(_) => {
                self.paints_path(&[self.state.fill]);
            }
            Is::StrokePath(_) | Is::CloseAndStrokePath(_) => self.paints_path(&[self.state.stroke]),
            Is::FillAndStrokeNonZero(_)
            | Is::FillAndStrokeEvenOdd(_)
            | Is::CloseFillAndStrokeNonZero(_)
            | Is::CloseFillAndStrokeEvenOdd(_) => {
                self.paints_path(&[self.state.fill, self.state.stroke]);
            }
            Is::TextFont(font) => self.state.font = self.named_font(font.0),
            Is::ShowText(text) => self.shows(text.0.as_bytes()),
            Is::NextLineAndShowText(text) => self.shows(text.0.as_bytes()),
            Is::ShowTextWithParameters(text) => self.shows(text.2.as_bytes()),
            Is::ShowTexts(texts) => {
                for text in texts.0.iter::<Object<'_>>() {
                    if let Object::String(text) = text {
                        self.shows(text.as_bytes());
                    }
                }
            }
            Is::InlineImage(image) => {
                self.node.largest = larger(self.node.largest, image_size(image.0));
                if !is_bounded_image(image.0) {
                    self.node.bytes = u64::MAX;
                }
                if is_stencil(image.0) {
                    self.paints(self.state.fill, MAX_TILE_AREA);
                }
            }
            Is::SetGraphicsState(name) => self.set_state(name.0),
            Is::XObject(name) => {
                let external = self.costs.external(name.0, self.place);
                let Some(stream) = self.place.resources.get_x_object(name.0) else { return };
                if external == External::Form {
                    let key = self.costs.take_in(&stream, self.place);
                    self.draws_form(key);
                } else {
                    self.image(&stream);
                }
                if external == External::TooMuch {
                    self.node.bytes = u64::MAX;
                }
            }
            _ => {}
        }
    }

    fn point(&mut self, x: Number, y: Number) {
        self.corner(x.as_f64(), y.as_f64());
    }

    /// The path gets as far as a point in user space.
    fn corner(&mut self, x: f64, y: f64) {
        let point = self.state.ctm * kurbo::Point::new(x, y);
        let bounds = kurbo::Rect::from_points(point, point);
        self.path = Some(self.path.map_or(bounds, |path| path.union(bounds)));
    }

    fn paints_path(&mut self, paints: &[Paint]) {
        let area = self.path.take().map_or(0.0, |path| path.area());
        paints.iter().for_each(|paint| self.paints(*paint, area));
    }

    /// An image is decoded, with its masks, each time.
    fn image(&mut self, image: &Stream<'_>) {
        let bytes = match self.images.get(&image.obj_id()) {
            Some(bytes) => *bytes,
            None => {
                let mut pixels: u64 = 0;
                let mut too_much = false;
                for stream in masks(image).chain([image.clone()]) {
                    let (width, height) = image_size(&stream);
                    pixels = pixels.saturating_add(u64::from(width) * u64::from(height));
                    self.node.largest = larger(self.node.largest, (width, height));
                    too_much |= !self.costs.is_image_bounded(&stream);
                }
                let bytes = if too_much { u64::MAX } else { pixels / PIXELS_OF_BYTE };
                self.images.insert(image.obj_id(), bytes);
                bytes
            }
        };
        self.node.bytes = self.node.bytes.saturating_add(bytes);
        if is_stencil(image) {
            self.paints(self.state.fill, MAX_TILE_AREA);
        }
    }

    fn pattern(&mut self, name: Option<&Name<'_>>) -> Paint {
        let Some(name) = name else { return Paint::Plain };
        if let Some(paint) = self.patterns.get(&**name) {
            return *paint;
        }
        let paint = self.tiles(name).unwrap_or(Paint::Plain);
        self.patterns.insert(name.to_vec(), paint);
        paint
    }

    fn tiles(&mut self, name: &Name<'_>) -> Option<Paint> {
        let Object::Stream(stream) = self.place.resources.get_pattern(name)? else { return None };
        let dict = stream.dict();
        let bbox = dict.get::<Rect>(keys::BBOX)?;
        let step = |key| f64::from(dict.get::<f32>(key).unwrap_or(0.0)).abs();
        let copies = |side: f64, key| {
            let count = (side.abs() / step(key)).ceil();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
            let count = if count.is_finite() { count as u64 } else { 0 };
            count.max(1)
        };
        let across = copies(bbox.x1 - bbox.x0, keys::X_STEP);
        let down = copies(bbox.y1 - bbox.y0, keys::Y_STEP);
        // It has no resources but its own.
        let own = Resources::new(dict.get::<Dict<'_>>(keys::RESOURCES).unwrap_or_default());
        let owner = Owner::Object(stream.obj_id());
        let key = self.costs.take_in_with(&stream, Place { resources: &own, owner, ..self.place }, false);
        let matrix = dict.get::<[f64; 6]>(keys::MATRIX).map(Affine::new).unwrap_or_default();
        let [a, b, c, d, ..] = matrix.as_coeffs();
        let (wide, high) = (a.hypot(b) * step(keys::X_STEP), c.hypot(d) * step(keys::Y_STEP));
        let area = (step(keys::X_STEP) * step(keys::Y_STEP) * matrix.determinant()).abs();
        let leans = wide * high > MAX_LEAN * area && wide.max(high) > MAX_TILE_AREA.sqrt();
        let bytes = if leans { u64::MAX } else { 0 };
        let calls = HashMap::from([(key, across.saturating_mul(down))]);
        let tile = self.costs.insert_direct(key.0, Node { bytes, calls, ..Node::default() });
        Some(Paint::Tiles(tile, area))
    }

    fn named_font(&mut self, name: &Name<'_>) -> Font {
        if let Some(font) = self.fonts.get(&**name) {
            return font.clone();
        }
        let dict = self.place.resources.get_font(name);
        let font = dict.map_or(Font::Outlines, |dict| self.font(&dict));
        self.fonts.insert(name.to_vec(), font.clone());
        font
    }

    fn font(&mut self, dict: &Dict<'a>) -> Font {
        let kind = dict.get::<Name<'_>>(keys::SUBTYPE);
        let procedures = dict.get::<Dict<'_>>(keys::CHAR_PROCS);
        let (Some(procedures), true) = (procedures, kind.is_some_and(|kind| *kind == *b"Type3")) else {
            return Font::Outlines;
        };
        let own = dict.get::<Dict<'_>>(keys::RESOURCES).map(Resources::new);
        let owner = match (&own, dict.obj_id()) {
            (None, _) => self.place.owner,
            (Some(_), Some(id)) => Owner::Object(id),
            (Some(_), None) => self.costs.next_direct(),
        };
        let resources = own.as_ref().unwrap_or(self.place.resources);
        let place = Place { resources, owner, ..self.place };
        if own.is_some() && self.costs.parts(resources, place.xref) > MAX_PARTS {
            self.node.bytes = u64::MAX;
        }
        let differences =
            dict.get::<Dict<'_>>(keys::ENCODING).and_then(|it| it.get::<Array<'_>>(keys::DIFFERENCES));
        let mut glyphs = HashMap::new();
        let mut code = 0_i64;
        for entry in differences.iter().flat_map(Array::iter::<Object<'_>>) {
            match entry {
                Object::Number(number) => code = number.as_i64(),
                Object::Name(name) => {
                    if let (Ok(code), Some(glyph)) = (u8::try_from(code), procedures.get::<Stream<'_>>(name))
                    {
                        // It may have resources of its own.
                        glyphs.insert(code, self.costs.take_in_unlimited(&glyph, place));
                    }
                    code = code.saturating_add(1);
                }
                _ => {}
            }
        }
        // Other codes go by a standard encoding: any of the procedures, so the longest.
        let all = procedures.keys().filter_map(|name| procedures.get::<Stream<'_>>(&name));
        if let Some(longest) = all.max_by_key(|glyph| glyph.raw_data().len()) {
            let longest = self.costs.take_in_unlimited(&longest, place);
            for code in 0..=u8::MAX {
                glyphs.entry(code).or_insert(longest);
            }
        }
        Font::Type3(Rc::new(glyphs))
    }

    fn set_state(&mut self, name: &Name<'_>) {
        let known = self.states.get(&**name).cloned();
        let (font, group) = known.unwrap_or_else(|| {
            let state = self.named_state(name);
            self.states.insert(name.to_vec(), state.clone());
            state
        });
        if let Some(font) = font {
            self.state.font = font;
        }
        let place = (name.to_vec(), self.state.ctm.as_coeffs().map(f64::to_bits), self.state.clip);
        if let Some(group) = group
            && self.masked.insert(place)
        {
            self.node.masks += 1;
            *self.node.calls.entry(group).or_insert(0) += 1;
        }
    }

    /// Font and mask of a graphics state.
    fn named_state(&mut self, name: &Name<'_>) -> (Option<Font>, Option<Key>) {
        let Some(dict) = self.place.resources.get_ext_g_state(name) else { return (None, None) };
        let font = dict.get::<Array<'_>>(keys::FONT).and_then(|font| font.iter::<Dict<'_>>().next());
        let mask = dict.get::<Dict<'_>>(keys::SMASK);
        let group = mask.and_then(|mask| mask.get::<Stream<'_>>(keys::G));
        let font = font.map(|font| self.font(&font));
        (font, group.map(|group| self.costs.take_in(&group, self.place)))
    }

    /// Something of so many square points is painted.
    fn paints(&mut self, paint: Paint, area: f64) {
        match paint {
            Paint::Plain => {}
            Paint::Inherited => self.node.inherited = self.node.inherited.saturating_add(1),
            Paint::Tiles(key, tile) => {
                *self.node.calls.entry(key).or_insert(0) += 1;
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded, or 0")]
                let bytes = area.min(tile).clamp(0.0, MAX_TILE_AREA) as u64;
                self.node.bytes = self.node.bytes.saturating_add(bytes);
            }
        }
    }

    /// A run of text is shown.
    fn shows(&mut self, text: &[u8]) {
        match self.state.font.clone() {
            Font::Outlines => {}
            Font::Inherited => {
                self.node.inherited_text = self.node.inherited_text.saturating_add(text.len() as u64);
            }
            Font::Type3(glyphs) => {
                let mut shown: HashMap<Key, u64> = HashMap::new();
                for key in text.iter().filter_map(|code| glyphs.get(code)) {
                    *shown.entry(*key).or_insert(0) += 1;
                }
                shown.into_iter().for_each(|(key, times)| self.draws(key, times));
                return;
            }
        }
        // Of the size of a line.
        self.paints(self.state.fill, MAX_TILE_AREA / 50.0);
        self.paints(self.state.stroke, MAX_TILE_AREA / 50.0);
    }

    /// A form or a glyph is drawn, which takes over colours.
    fn draws(&mut self, drawn: Key, times: u64) {
        *self.node.calls.entry(drawn).or_insert(0) += times;
        let mut inherits = matches!(self.state.font, Font::Inherited);
        for paint in [self.state.fill, self.state.stroke] {
            match paint {
                Paint::Plain => {}
                Paint::Inherited => inherits = true,
                Paint::Tiles(key, _) => {
                    let count = self.node.calls_under.entry((drawn, key)).or_insert(0);
                    *count = count.saturating_add(times);
                }
            }
        }
        if inherits {
            *self.node.inherited_calls.entry(drawn).or_insert(0) += times;
        }
    }

    /// A form is drawn, which takes over the font too; a glyph does not.
    fn draws_form(&mut self, drawn: Key) {
        self.draws(drawn, 1);
        if let Font::Type3(glyphs) = &self.state.font {
            let with = (drawn, Rc::as_ptr(glyphs));
            self.with_font.entry(with).or_insert_with(|| (Rc::clone(glyphs), 0)).1 += 1;
        }
    }
}

/// Whether an image is painted with the colour or pattern in force.
fn is_stencil(image: &Stream<'_>) -> bool {
    let dict = image.dict();
    dict.get::<bool>(keys::IM).or_else(|| dict.get::<bool>(keys::IMAGE_MASK)).unwrap_or(false)
}

/// An image's masks.
pub(crate) fn masks<'a>(image: &Stream<'a>) -> impl Iterator<Item = Stream<'a>> {
    [keys::SMASK, keys::MASK].into_iter().filter_map(|key| image.dict().get::<Stream<'_>>(key))
}

/// Width and height that an image says it has, in pixels.
pub(crate) fn image_size(image: &Stream<'_>) -> (u32, u32) {
    let side = |long: &[u8], short: &[u8]| {
        // In the order in which they are looked for.
        image.dict().get::<u32>(short).or_else(|| image.dict().get::<u32>(long)).unwrap_or(0)
    };
    (side(keys::WIDTH, keys::W), side(keys::HEIGHT, keys::H))
}

fn is_device(space: &Name<'_>) -> bool {
    matches!(&**space, b"DeviceGray" | b"DeviceRGB" | b"DeviceCMYK")
}
