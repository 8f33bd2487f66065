//! How much work a page is, before it is begun: streams that draw streams (forms, appearances of annotations, tiling
//! patterns, glyphs of Type 3 fonts, soft masks) can multiply a small file into more drawing than a lifetime has time
//! for, and an interpretation once begun cannot be stopped.
//!
//! Reading a page goes through its forms and annotations alone, painting it through all of them. Either begins with its
//! resources (functions of functions, colour spaces of colour spaces), and with streams that unpack to anything.

mod inflate;
mod painting;
mod reading;
mod resources;
#[cfg(test)]
mod tests;

pub(super) use inflate::is_bounded_image;
pub(super) use painting::{image_size, masks};

use hayro::hayro_syntax::object::dict::keys;
use hayro::hayro_syntax::object::{Array, Dict, Name, Object, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::{Page, Resources};
use hayro::hayro_syntax::xref::XRef;
use inflate::{MAX_STREAM_BYTES, are_bounded, is_bounded};
use reading::Externals;
use resources::{KnownParts, MAX_PARTS};
use std::collections::{HashMap, HashSet};

/// Bytes of content that may be interpreted for one page, streams counted each time they are drawn: some ten
/// seconds. The fullest pages of real files have a few megabytes.
pub(super) const MAX_CONTENT_BYTES: u64 = 500 << 20;
/// hayro draws forms in forms to this depth, and patterns and glyphs in each other to any; no real file comes near it.
const MAX_DEPTH: u32 = 50;
/// Levels of the graph that are counted: a pattern has two.
const MAX_LEVELS: u32 = 2 * MAX_DEPTH + 4;
/// Different streams that are looked at for one page; a page with more is too complex.
const MAX_STREAMS: usize = 100_000;
/// Bytes that a call costs, whatever the stream's length.
const CALL_BYTES: u64 = 100;
/// Annotations with these flags are not drawn: hidden, no view.
const UNSEEN: u32 = 1 << 1 | 1 << 5;

/// What is done with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Reading,
    Painting,
}

/// What doing it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Work {
    /// Bytes of content that are interpreted.
    pub(super) bytes: u64,
    /// Soft masks that are kept, each of the size of the raster.
    pub(super) masks: u64,
    /// Width and height of the largest image, in pixels.
    pub(super) largest: (u32, u32),
}

impl Work {
    const TOO_MUCH: Self = Self { bytes: u64::MAX, masks: u64::MAX, largest: (0, 0) };

    fn plus(self, other: Self, times: u64) -> Self {
        let sum = |one: u64, more: u64| one.saturating_add(more.saturating_mul(times));
        Self {
            bytes: sum(self.bytes, other.bytes),
            masks: sum(self.masks, other.masks),
            largest: larger(self.largest, other.largest),
        }
    }
}

fn larger(one: (u32, u32), other: (u32, u32)) -> (u32, u32) {
    let pixels = |(width, height)| u64::from(width) * u64::from(height);
    if pixels(other) > pixels(one) { other } else { one }
}

/// Whose resources a stream draws with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Owner {
    /// A page's, from 1.
    Page(u32),
    /// Its own, or those of the stream or font that draws it.
    Object(ObjectIdentifier),
    /// Those of a font that is no object of its own; these are numbered.
    Direct(u32),
}

/// Where a stream is drawn.
#[derive(Clone, Copy)]
struct Place<'r, 'a> {
    resources: &'r Resources<'a>,
    owner: Owner,
    xref: &'r XRef,
    depth: u32,
}

/// A stream with its resources.
type Key = (ObjectIdentifier, Owner);

/// What a stream draws.
#[derive(Debug, Default)]
struct Node {
    bytes: u64,
    /// Soft masks that are set, each for another place.
    masks: u64,
    /// Width and height of its largest image, in pixels.
    largest: (u32, u32),
    /// Streams that it draws, and how often.
    calls: HashMap<Key, u64>,
    /// Streams that it draws (first) while it paints with others (second): these are drawn with whatever the first
    /// paint without a colour or font of their own.
    calls_under: HashMap<(Key, Key), u64>,
    /// Forms that it draws (first) with a font of glyphs that are streams (second): what text the first show without a
    /// font of their own.
    shows_under: HashMap<(Key, Key), u64>,
    /// Paths and runs of text that it paints with the colour of who draws it.
    inherited: u64,
    /// Characters that it shows in the font of who draws it.
    inherited_text: u64,
    /// Streams that it draws before it sets a colour and font of its own.
    inherited_calls: HashMap<Key, u64>,
}

/// The streams met so far in a document, as one purpose goes through them.
#[derive(Debug)]
pub(super) struct Costs {
    purpose: Purpose,
    nodes: HashMap<Key, Node>,
    /// Streams were not looked at, because there are too many of them, or too deep in each other.
    overflowed: bool,
    /// Bytes looked at for this page.
    scanned: u64,
    /// Streams that are being looked at.
    open: HashSet<Key>,
    direct: u32,
    known_parts: KnownParts,
    externals: Externals,
    /// The page asked for last.
    last: Option<(u32, Work)>,
}

/// What is known of streams at some depth.
#[derive(Default)]
struct Known {
    work: HashMap<(Key, u32), Work>,
    inherited: HashMap<(Key, u32), (u64, u64)>,
}

impl Costs {
    pub(super) fn new(purpose: Purpose) -> Self {
        Self {
            purpose,
            nodes: HashMap::new(),
            overflowed: false,
            scanned: 0,
            open: HashSet::new(),
            direct: 0,
            known_parts: KnownParts::new(),
            externals: Externals::new(),
            last: None,
        }
    }

    /// What a page takes, `number` from 1.
    pub(super) fn of_page(&mut self, page: &Page<'_>, number: u32) -> Work {
        match self.last {
            Some((last, work)) if last == number => work,
            _ => {
                let work = self.look_at(page, number);
                self.last = Some((number, work));
                work
            }
        }
    }

    fn look_at(&mut self, page: &Page<'_>, number: u32) -> Work {
        if self.nodes.len() > MAX_STREAMS / 2 {
            // Those of other pages.
            self.nodes.clear();
        }
        self.overflowed = false;
        self.scanned = 0;
        self.open.clear();
        let xref = page.xref();
        let place = Place { resources: page.resources(), owner: Owner::Page(number), xref, depth: 0 };
        let contents = page.raw().get::<Array<'_>>(keys::CONTENTS);
        let bounded = match (page.raw().get::<Stream<'_>>(keys::CONTENTS), &contents) {
            (Some(stream), _) => is_bounded(&stream, MAX_STREAM_BYTES),
            (None, Some(streams)) => are_bounded(streams, MAX_STREAM_BYTES),
            (None, None) => true,
        };
        if !bounded || self.parts(place.resources, xref) > MAX_PARTS {
            return Work::TOO_MUCH;
        }
        let mut root = match page.page_stream() {
            Some(content) => self.scan(content, place),
            None => Node::default(),
        };
        if let Some(annotations) = page.raw().get::<Array<'_>>(keys::ANNOTS) {
            for annotation in annotations.iter::<Dict<'_>>() {
                if let Some(appearance) = appearance(&annotation) {
                    let key = self.take_in(&appearance, place);
                    *root.calls.entry(key).or_insert(0) += 1;
                }
            }
        }
        if self.overflowed {
            return Work::TOO_MUCH;
        }
        self.work_of(&root, MAX_LEVELS, &mut Known::default())
    }

    fn scan(&mut self, content: &[u8], place: Place<'_, '_>) -> Node {
        match self.purpose {
            Purpose::Reading => self.scan_forms(content, place),
            Purpose::Painting => self.scan_all(content, place),
        }
    }

    /// Looks at a form that is drawn at `place`, unless that is done.
    fn take_in(&mut self, stream: &Stream<'_>, place: Place<'_, '_>) -> Key {
        self.take_in_own(stream, place, true)
    }

    /// The same with a glyph, which may be drawn in another without limit.
    fn take_in_unlimited(&mut self, stream: &Stream<'_>, place: Place<'_, '_>) -> Key {
        self.take_in_own(stream, place, false)
    }

    fn take_in_own(&mut self, stream: &Stream<'_>, place: Place<'_, '_>, limited: bool) -> Key {
        // Read anew: what a stream refers to is not found while that is on the way to it.
        let anew = place.xref.get::<Stream<'_>>(stream.obj_id());
        let own = anew.as_ref().unwrap_or(stream).dict().get::<Dict<'_>>(keys::RESOURCES).map(Resources::new);
        match &own {
            Some(own) => {
                let owner = Owner::Object(stream.obj_id());
                self.take_in_with(stream, Place { resources: own, owner, ..place }, limited)
            }
            None => self.take_in_with(stream, place, limited),
        }
    }

    /// The same with the resources of `place`. `limited` says that hayro draws such streams in each other to some depth
    /// only.
    fn take_in_with(&mut self, stream: &Stream<'_>, place: Place<'_, '_>, limited: bool) -> Key {
        let place = Place { depth: place.depth + 1, ..place };
        let key = (stream.obj_id(), place.owner);
        if self.nodes.contains_key(&key) {
            // One that draws itself without end.
            self.overflowed |= !limited && self.open.contains(&key);
            return key;
        }
        if place.depth >= MAX_DEPTH || self.nodes.len() >= MAX_STREAMS || self.scanned > MAX_CONTENT_BYTES {
            self.overflowed = true;
            return key;
        }
        // Known from here on, so that a stream that draws itself is not taken in again and again.
        self.nodes.insert(key, Node::default());
        let has_own = place.owner == Owner::Object(key.0);
        let too_much = !is_bounded(stream, MAX_STREAM_BYTES)
            || (has_own && self.parts(place.resources, place.xref) > MAX_PARTS);
        if too_much {
            self.nodes.insert(key, Node { bytes: u64::MAX, ..Node::default() });
        } else if let Ok(content) = stream.decoded_data() {
            self.scanned = self.scanned.saturating_add(content.len() as u64);
            self.open.insert(key);
            let node = self.scan(&content, place);
            self.open.remove(&key);
            self.nodes.insert(key, node);
        }
        key
    }

    /// An owner that is no object.
    fn next_direct(&mut self) -> Owner {
        self.direct = self.direct.wrapping_add(1);
        Owner::Direct(self.direct)
    }

    /// Takes in what is no stream by itself.
    fn insert_direct(&mut self, id: ObjectIdentifier, node: Node) -> Key {
        let key = (id, self.next_direct());
        self.nodes.insert(key, node);
        key
    }

    fn cost(&self, key: Key, depth: u32, known: &mut Known) -> Work {
        let Some(node) = self.nodes.get(&key).filter(|_| depth > 0) else { return Work::default() };
        if let Some(work) = known.work.get(&(key, depth)) {
            return *work;
        }
        let work = self.work_of(node, depth, known);
        known.work.insert((key, depth), work);
        work
    }

    fn work_of(&self, node: &Node, depth: u32, known: &mut Known) -> Work {
        let depth = depth.saturating_sub(1);
        let own =
            Work { bytes: node.bytes.saturating_add(CALL_BYTES), masks: node.masks, largest: node.largest };
        let calls =
            node.calls.iter().fold(own, |sum, (key, times)| sum.plus(self.cost(*key, depth, known), *times));
        let under = node.calls_under.iter().fold(calls, |sum, ((drawn, paint), times)| {
            let times = times.saturating_mul(self.inherited(*drawn, depth, known).0);
            sum.plus(self.cost(*paint, depth, known), times)
        });
        node.shows_under.iter().fold(under, |sum, ((drawn, glyph), times)| {
            let times = times.saturating_mul(self.inherited(*drawn, depth, known).1);
            sum.plus(self.cost(*glyph, depth, known), times)
        })
    }

    /// Paths and runs, and characters, that a stream and those that it draws paint with the colour and show in the font of
    /// who draws it.
    fn inherited(&self, key: Key, depth: u32, known: &mut Known) -> (u64, u64) {
        let Some(node) = self.nodes.get(&key).filter(|_| depth > 0) else { return (0, 0) };
        if let Some(count) = known.inherited.get(&(key, depth)) {
            return *count;
        }
        let own = (node.inherited, node.inherited_text);
        let count = node.inherited_calls.iter().fold(own, |(paths, text), (key, times)| {
            let more = self.inherited(*key, depth - 1, known);
            let sum = |one: u64, more: u64| one.saturating_add(more.saturating_mul(*times));
            (sum(paths, more.0), sum(text, more.1))
        });
        known.inherited.insert((key, depth), count);
        count
    }
}

/// What an annotation looks like, if it is drawn.
fn appearance<'a>(annotation: &Dict<'a>) -> Option<Stream<'a>> {
    if annotation.get::<u32>(keys::F).unwrap_or(0) & UNSEEN != 0 {
        return None;
    }
    match annotation.get::<Dict<'_>>(keys::AP)?.get::<Object<'_>>(keys::N)? {
        Object::Stream(stream) => Some(stream),
        Object::Dict(states) => annotation
            .get::<Name<'_>>(keys::AS)
            .and_then(|state| states.get::<Stream<'_>>(state))
            .or_else(|| states.get::<Stream<'_>>(b"Off")),
        _ => None,
    }
}

fn is_form(stream: &Stream<'_>) -> bool {
    stream.dict().get::<Name<'_>>(keys::SUBTYPE).is_some_and(|kind| &*kind == b"Form")
}
