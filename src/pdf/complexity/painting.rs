//! What painting a page goes through: forms, tiling patterns once for each path and glyph that is filled or stroked with
//! them and each tile, glyphs of Type 3 fonts, and soft masks once for each place.

use super::resources::MAX_PARTS;
use super::{Costs, Key, Node, Owner, Place, is_bounded_image, is_form, larger};
use hayro::hayro_interpret::kurbo::Affine;
use hayro::hayro_syntax::content::TypedIter;
use hayro::hayro_syntax::content::ops::{Transform, TypedInstruction};
use hayro::hayro_syntax::object::dict::keys;
use hayro::hayro_syntax::object::{Array, Dict, Name, Number, Object, ObjectIdentifier, Rect, Stream};
use hayro::hayro_syntax::page::Resources;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// States saved at once that are followed; hayro follows all, but a pattern or font can be set again.
const MAX_STATES: usize = 10_000;
/// What painting a tile of the size of a page takes, in bytes of content: some ten milliseconds at 200 pixels per inch.
const MAX_TILE_BYTES: f64 = 500_000.0;

/// What paths and glyphs are painted with.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Paint {
    /// What whoever draws this stream paints with.
    Inherited,
    /// A colour or shading.
    Plain,
    /// A pattern: what is drawn each time.
    Tiles(Key),
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
    masks: HashMap<Vec<u8>, Option<Key>>,
    masked: HashSet<(Key, [u64; 6])>,
    images: HashSet<ObjectIdentifier>,
    /// What is drawn while a Type 3 font is set, how often.
    with_font: HashMap<(Key, *const Glyphs), (Rc<Glyphs>, u64)>,
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
        };
        let mut scan = Scan {
            costs: self,
            place,
            node,
            state,
            saved: Vec::new(),
            patterns: HashMap::new(),
            fonts: HashMap::new(),
            masks: HashMap::new(),
            masked: HashSet::new(),
            images: HashSet::new(),
            with_font: HashMap::new(),
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
                let count = node.calls_under.entry((drawn, glyph)).or_insert(0);
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
            Is::FillPathNonZero(_) | Is::FillPathNonZeroCompatibility(_) | Is::FillPathEvenOdd(_) => {
                self.paints(self.state.fill, 1);
            }
            Is::StrokePath(_) | Is::CloseAndStrokePath(_) => self.paints(self.state.stroke, 1),
            Is::FillAndStrokeNonZero(_)
            | Is::FillAndStrokeEvenOdd(_)
            | Is::CloseFillAndStrokeNonZero(_)
            | Is::CloseFillAndStrokeEvenOdd(_) => {
                self.paints(self.state.fill, 1);
                self.paints(self.state.stroke, 1);
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
            }
            Is::SetGraphicsState(name) => self.set_state(name.0),
            Is::XObject(name) => match self.place.resources.get_x_object(name.0) {
                Some(stream) if is_form(&stream) => {
                    let key = self.costs.take_in(&stream, self.place);
                    self.draws(key, 1);
                }
                Some(image) => self.image(&image),
                None => {}
            },
            _ => {}
        }
    }

    /// An image is decoded, with its masks.
    fn image(&mut self, image: &Stream<'_>) {
        if self.images.insert(image.obj_id()) {
            let masks = [keys::SMASK, keys::MASK].map(|key| image.dict().get::<Stream<'_>>(key));
            for stream in masks.iter().flatten().chain([image]) {
                self.node.largest = larger(self.node.largest, image_size(stream));
                if !self.costs.is_image_bounded(stream) {
                    self.node.bytes = u64::MAX;
                }
            }
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
        let key = self.costs.take_in_with(&stream, Place { resources: &own, owner, ..self.place });
        // Each time a picture of the tile is painted too, at most of the size of a page.
        let matrix = dict.get::<[f64; 6]>(keys::MATRIX).map(Affine::new).unwrap_or_default();
        let area = (step(keys::X_STEP) * step(keys::Y_STEP) * matrix.determinant()).abs();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bounds")]
        let bytes = if area.is_finite() { area.min(MAX_TILE_BYTES) as u64 } else { 0 };
        let tile =
            Node { bytes, calls: HashMap::from([(key, across.saturating_mul(down))]), ..Node::default() };
        Some(Paint::Tiles(self.costs.insert_direct(key.0, tile)))
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
                        let key = self.costs.take_in_with(&glyph, place);
                        glyphs.insert(code, key);
                    }
                    code = code.saturating_add(1);
                }
                _ => {}
            }
        }
        Font::Type3(Rc::new(glyphs))
    }

    fn set_state(&mut self, name: &Name<'_>) {
        let dict = self.place.resources.get_ext_g_state(name);
        let Some(dict) = dict else { return };
        if let Some(font) = dict.get::<Array<'_>>(keys::FONT)
            && let Some(font) = font.iter::<Dict<'_>>().next()
        {
            self.state.font = self.font(&font);
        }
        let group = match self.masks.get(&**name) {
            Some(group) => *group,
            None => {
                let mask = dict.get::<Dict<'_>>(keys::SMASK);
                let group = mask.and_then(|mask| mask.get::<Stream<'_>>(keys::G));
                let group = group.map(|group| self.costs.take_in(&group, self.place));
                self.masks.insert(name.to_vec(), group);
                group
            }
        };
        if let Some(group) = group
            && self.masked.insert((group, self.state.ctm.as_coeffs().map(f64::to_bits)))
        {
            self.node.masks += 1;
            *self.node.calls.entry(group).or_insert(0) += 1;
        }
    }

    /// Something is painted so many times.
    fn paints(&mut self, paint: Paint, times: u64) {
        match paint {
            Paint::Plain => {}
            Paint::Inherited => self.node.inherited = self.node.inherited.saturating_add(times),
            Paint::Tiles(key) => {
                let count = self.node.calls.entry(key).or_insert(0);
                *count = count.saturating_add(times);
            }
        }
    }

    fn shows(&mut self, text: &[u8]) {
        let length = text.len() as u64;
        match self.state.font.clone() {
            Font::Outlines => {}
            Font::Inherited => self.node.inherited = self.node.inherited.saturating_add(length),
            Font::Type3(glyphs) => {
                let mut shown: HashMap<Key, u64> = HashMap::new();
                for key in text.iter().filter_map(|code| glyphs.get(code)) {
                    *shown.entry(*key).or_insert(0) += 1;
                }
                shown.into_iter().for_each(|(key, times)| self.draws(key, times));
                return;
            }
        }
        self.paints(self.state.fill, length);
        self.paints(self.state.stroke, length);
    }

    /// A form or a glyph is drawn, which takes over colours and font.
    fn draws(&mut self, drawn: Key, times: u64) {
        *self.node.calls.entry(drawn).or_insert(0) += times;
        let mut inherits = false;
        for paint in [self.state.fill, self.state.stroke] {
            match paint {
                Paint::Plain => {}
                Paint::Inherited => inherits = true,
                Paint::Tiles(key) => {
                    let count = self.node.calls_under.entry((drawn, key)).or_insert(0);
                    *count = count.saturating_add(times);
                }
            }
        }
        match &self.state.font {
            Font::Outlines => {}
            Font::Inherited => inherits = true,
            Font::Type3(glyphs) => {
                let with = (drawn, Rc::as_ptr(glyphs));
                self.with_font.entry(with).or_insert_with(|| (Rc::clone(glyphs), 0)).1 += times;
            }
        }
        if inherits {
            *self.node.inherited_calls.entry(drawn).or_insert(0) += times;
        }
    }
}

/// Width and height that an image says it has, in pixels.
pub(crate) fn image_size(image: &Stream<'_>) -> (u32, u32) {
    let side = |long: &[u8], short: &[u8]| {
        image.dict().get::<u32>(long).or_else(|| image.dict().get::<u32>(short)).unwrap_or(0)
    };
    (side(keys::WIDTH, keys::W), side(keys::HEIGHT, keys::H))
}

fn is_device(space: &Name<'_>) -> bool {
    matches!(&**space, b"DeviceGray" | b"DeviceRGB" | b"DeviceCMYK")
}
