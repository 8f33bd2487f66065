//! What resources take before anything is drawn with them: functions made of functions, colour spaces made of colour
//! spaces, tables of widths, fonts that unpack to anything. Objects that several others refer to count each time, since
//! that is how they are read.

use super::Costs;
use super::inflate::{MAX_STREAM_BYTES, is_bounded, is_bounded_image};
use hayro::hayro_syntax::object::dict::keys;
use hayro::hayro_syntax::object::{
    Array, Dict, MaybeRef, Name, Object, ObjectIdentifier, Stream, dict_or_stream,
};
use hayro::hayro_syntax::page::Resources;
use hayro::hayro_syntax::xref::XRef;
use std::collections::HashMap;

/// Functions and colour spaces of one dictionary of resources, each counted as often as it is read, at most.
pub(super) const MAX_PARTS: u64 = 100_000;
/// Widths of a font that count as one part.
const WIDTHS_OF_PART: u64 = 50;
/// Objects in objects that are followed.
const MAX_NESTING: u32 = 40;

/// What an object is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Function,
    Space,
    Shading,
    Pattern,
    State,
    Font,
    Image,
}

/// Parts of the objects met so far; none while one is being looked at.
pub(super) type KnownParts = HashMap<(ObjectIdentifier, Kind), Option<u64>>;

impl Costs {
    /// Parts of all resources together.
    pub(super) fn parts(&mut self, resources: &Resources<'_>, xref: &XRef) -> u64 {
        let dicts = [
            (&resources.fonts, Kind::Font),
            (&resources.color_spaces, Kind::Space),
            (&resources.shadings, Kind::Shading),
            (&resources.patterns, Kind::Pattern),
            (&resources.ext_g_states, Kind::State),
        ];
        let mut sum: u64 = 0;
        for (dict, kind) in dicts {
            for name in dict.keys() {
                sum = sum.saturating_add(self.of_key(dict, &name, kind, xref, 0));
            }
        }
        sum
    }

    /// Parts of the colour space of an image.
    pub(super) fn image_parts(&mut self, image: &Dict<'_>, xref: &XRef) -> u64 {
        let space = self.of_key(image, keys::COLORSPACE, Kind::Space, xref, 0);
        space.saturating_add(self.of_key(image, keys::CS, Kind::Space, xref, 0))
    }

    /// Whether the data of an image, whose stream this is, can be unpacked.
    pub(super) fn is_image_bounded(&mut self, image: &Stream<'_>) -> bool {
        let parts = self.known_parts.entry((image.obj_id(), Kind::Image));
        *parts.or_insert_with(|| Some(u64::from(!is_bounded_image(image)))) == Some(0)
    }

    fn of_key(&mut self, dict: &Dict<'_>, key: &[u8], kind: Kind, xref: &XRef, nesting: u32) -> u64 {
        dict.get_raw::<Object<'_>>(key).map_or(0, |entry| self.entry(entry, kind, xref, nesting))
    }

    fn of_array(&mut self, array: &Array<'_>, kind: Kind, xref: &XRef, nesting: u32) -> u64 {
        let entries = array.raw_iter();
        entries.fold(0, |sum: u64, entry| sum.saturating_add(self.entry(entry, kind, xref, nesting)))
    }

    fn entry(&mut self, entry: MaybeRef<Object<'_>>, kind: Kind, xref: &XRef, nesting: u32) -> u64 {
        if nesting > MAX_NESTING {
            return u64::MAX;
        }
        let id: ObjectIdentifier = match entry {
            MaybeRef::NotRef(object) => return self.object(&object, kind, xref, nesting),
            MaybeRef::Ref(reference) => reference.into(),
        };
        match self.known_parts.get(&(id, kind)) {
            Some(Some(parts)) => return *parts,
            // It is a part of itself, which is not followed.
            Some(None) => return 0,
            None => {}
        }
        self.known_parts.insert((id, kind), None);
        let object = xref.get::<Object<'_>>(id);
        let parts = object.map_or(0, |object| self.object(&object, kind, xref, nesting));
        self.known_parts.insert((id, kind), Some(parts));
        parts
    }

    fn object(&mut self, object: &Object<'_>, kind: Kind, xref: &XRef, nesting: u32) -> u64 {
        let nesting = nesting + 1;
        if let (Kind::Function, Object::Array(functions)) = (kind, object) {
            return self.of_array(functions, kind, xref, nesting);
        }
        if kind == Kind::Space {
            return match object {
                Object::Array(space) => self.space(space, xref, nesting),
                _ => 0,
            };
        }
        let Some((dict, stream)) = dict_or_stream(object) else { return 0 };
        if stream.is_some_and(|stream| !is_bounded(stream, MAX_STREAM_BYTES)) {
            return u64::MAX;
        }
        let sum = |parts: [u64; 2]| parts[0].saturating_add(parts[1]);
        match kind {
            Kind::Function => match dict.get::<Array<'_>>(keys::FUNCTIONS) {
                Some(functions) => self.of_array(&functions, kind, xref, nesting).saturating_add(1),
                None => 1,
            },
            Kind::Shading => sum([
                self.of_key(dict, keys::FUNCTION, Kind::Function, xref, nesting),
                self.of_key(dict, keys::COLORSPACE, Kind::Space, xref, nesting),
            ]),
            Kind::Pattern => self.of_key(dict, keys::SHADING, Kind::Shading, xref, nesting),
            Kind::State => {
                let functions =
                    [keys::TR, keys::TR2].map(|key| self.of_key(dict, key, Kind::Function, xref, nesting));
                let font = dict.get::<Array<'_>>(keys::FONT).and_then(|font| font.raw_iter().next());
                let font = font.map_or(0, |font| self.entry(font, Kind::Font, xref, nesting));
                let mask = dict.get::<Dict<'_>>(keys::SMASK);
                let mask = mask.map_or(0, |mask| self.mask(&mask, xref, nesting));
                sum([sum(functions), sum([font, mask])])
            }
            Kind::Font => font(dict),
            Kind::Space | Kind::Image => 0,
        }
    }

    fn mask(&mut self, mask: &Dict<'_>, xref: &XRef, nesting: u32) -> u64 {
        let transfer = self.of_key(mask, keys::TR, Kind::Function, xref, nesting);
        let Some(group) = mask.get::<Stream<'_>>(keys::G) else { return transfer };
        if !is_bounded(&group, MAX_STREAM_BYTES) {
            return u64::MAX;
        }
        let attributes = group.dict().get::<Dict<'_>>(keys::GROUP).unwrap_or_default();
        transfer.saturating_add(self.of_key(&attributes, keys::CS, Kind::Space, xref, nesting))
    }

    fn space(&mut self, space: &Array<'_>, xref: &XRef, nesting: u32) -> u64 {
        let mut entries = space.raw_iter();
        let family = space.flex_iter().next::<Name<'_>>();
        let mut next = |at: usize| entries.nth(at);
        let parts = match family.as_deref() {
            Some(b"Separation" | b"DeviceN") => {
                let base = next(2).map_or(0, |base| self.entry(base, Kind::Space, xref, nesting));
                let tint = next(0).map_or(0, |tint| self.entry(tint, Kind::Function, xref, nesting));
                base.saturating_add(tint)
            }
            Some(b"Indexed" | b"I" | b"Pattern") => {
                next(1).map_or(0, |base| self.entry(base, Kind::Space, xref, nesting))
            }
            Some(b"ICCBased") => {
                let mut profile = space.flex_iter();
                let _family = profile.next::<Name<'_>>();
                match profile.next::<Stream<'_>>() {
                    Some(profile) if !is_bounded(&profile, MAX_STREAM_BYTES) => u64::MAX,
                    Some(profile) => self.of_key(profile.dict(), keys::ALTERNATE, Kind::Space, xref, nesting),
                    None => 0,
                }
            }
            _ => 0,
        };
        parts.saturating_add(1)
    }
}

/// Parts of a font: its widths, unless one of its streams is too large.
fn font(dict: &Dict<'_>) -> u64 {
    let below =
        dict.get::<Array<'_>>(keys::DESCENDANT_FONTS).and_then(|fonts| fonts.iter::<Dict<'_>>().next());
    let inner = below.as_ref().unwrap_or(dict);
    for font in [dict, inner] {
        let described = font.get::<Dict<'_>>(keys::FONT_DESC).unwrap_or_default();
        let files = [keys::FONT_FILE, keys::FONT_FILE2, keys::FONT_FILE3].map(|key| described.get(key));
        let maps = [keys::TO_UNICODE, keys::ENCODING, keys::CID_TO_GID_MAP].map(|key| font.get(key));
        let mut streams = files.into_iter().chain(maps).flatten();
        if streams.any(|stream: Stream<'_>| !is_bounded(&stream, MAX_STREAM_BYTES)) {
            return u64::MAX;
        }
    }
    let widths = inner.get::<Array<'_>>(keys::W).map_or(0, |widths| ranges(&widths, 1));
    let heights = inner.get::<Array<'_>>(keys::W2).map_or(0, |widths| ranges(&widths, 3));
    widths.saturating_add(heights) / WIDTHS_OF_PART
}

/// Codes of a table of widths, in which a range has so many `values`.
fn ranges(widths: &Array<'_>, values: usize) -> u64 {
    let mut entries = widths.flex_iter();
    let mut sum: u64 = 0;
    loop {
        if let Some((_, listed)) = entries.next::<(u32, Array<'_>)>() {
            // A number has two bytes at least.
            sum = sum.saturating_add(listed.data().len() as u64 / 2);
        } else if let Some((first, last)) = entries.next::<(u32, u32)>() {
            sum = sum.saturating_add(u64::from(last.saturating_sub(first)) + 1);
            for _ in 0..values {
                if entries.next::<f32>().is_none() {
                    return sum;
                }
            }
        } else {
            return sum;
        }
    }
}
