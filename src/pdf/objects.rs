//! The bridge between the two readers: hayro finds and decrypts objects, also in damaged files, and `pdf`
//! gives them types.
//!
//! `pdf` reads whole files too, but it panics on some damaged ones, and a panic ends a wasm worker. Its types
//! ask a [`Resolve`] for objects, so here hayro answers: bounded in number, depth and nesting. A type that
//! refers to itself without end runs out of budget and fails as an error.

use hayro::hayro_syntax::object::{Array, Dict, MaybeRef, Object as HayroObject, ObjectIdentifier};
use hayro::hayro_syntax::xref::XRef;
use pdf::error::{PdfError, Result};
use pdf::object::{Object, ParseOptions, PlainRef, RcRef, Ref, Resolve};
use pdf::parser::ParseFlags;
use pdf::primitive::{Dictionary, Name, PdfString, Primitive};
use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

/// Values that may be read for one purpose (the outline, the labels, a page's links).
const BUDGET: u32 = 3_000_000;
/// Arrays in arrays and dictionaries in dictionaries that are followed.
const MAX_NESTING: u32 = 16;
/// Objects whose reading needs other objects at once.
const MAX_DEPTH: u32 = 16;

static TOLERANT: ParseOptions = ParseOptions::tolerant();

/// hayro's objects as `pdf`'s values.
pub(super) struct Objects<'a> {
    xref: &'a XRef,
    budget: Cell<u32>,
    depth: Cell<u32>,
}

impl<'a> Objects<'a> {
    pub(super) fn new(xref: &'a XRef) -> Self {
        Self { xref, budget: Cell::new(BUDGET), depth: Cell::new(0) }
    }

    /// The document catalog, empty if there is none.
    pub(super) fn catalog(&self) -> Dict<'a> {
        self.xref.get(self.xref.root_id()).unwrap_or_default()
    }

    /// A dictionary as a `pdf` value.
    pub(super) fn dictionary(&self, dict: &Dict<'a>) -> Dictionary {
        self.convert_dict(dict, MAX_NESTING).unwrap_or_default()
    }

    /// The value of `key`, references resolved.
    pub(super) fn value(&self, dict: &Dictionary, key: &str) -> Option<Primitive> {
        self.resolved(dict.get(key)?.clone())
    }

    /// What a reference leads to, or the value itself.
    pub(super) fn resolved(&self, value: Primitive) -> Option<Primitive> {
        match value {
            Primitive::Reference(reference) => self.resolve(reference).ok(),
            Primitive::Null => None,
            other => Some(other),
        }
    }

    /// A value read as one of `pdf`'s types.
    pub(super) fn typed<T: Object>(&self, value: Primitive) -> Option<T> {
        T::from_primitive(value, self).ok()
    }

    fn spend(&self) -> Option<()> {
        self.budget.set(self.budget.get().checked_sub(1)?);
        Some(())
    }

    fn convert(&self, object: HayroObject<'a>, nesting: u32) -> Option<Primitive> {
        self.spend()?;
        Some(match object {
            HayroObject::Null(_) => Primitive::Null,
            HayroObject::Boolean(value) => Primitive::Boolean(value),
            HayroObject::Number(number) => {
                let value = number.as_f64();
                #[allow(clippy::cast_possible_truncation, reason = "checked to be a whole number in range")]
                if value.fract() == 0.0 && value.abs() <= f64::from(i32::MAX) {
                    Primitive::Integer(value as i32)
                } else {
                    Primitive::Number(number.as_f32())
                }
            }
            HayroObject::String(string) => Primitive::String(PdfString::from(string.as_bytes())),
            HayroObject::Name(name) => Primitive::name(name.as_str()),
            HayroObject::Dict(dict) => Primitive::Dictionary(self.convert_dict(&dict, nesting)?),
            HayroObject::Array(array) => Primitive::Array(self.convert_array(&array, nesting)?),
            // The data of streams is hayro's business; what is structural is in their dictionaries.
            HayroObject::Stream(stream) => Primitive::Dictionary(self.convert_dict(stream.dict(), nesting)?),
        })
    }

    fn convert_entry(&self, entry: MaybeRef<HayroObject<'a>>, nesting: u32) -> Option<Primitive> {
        match entry {
            MaybeRef::Ref(reference) => Some(Primitive::Reference(plain(reference.into())?)),
            MaybeRef::NotRef(object) => self.convert(object, nesting.checked_sub(1)?),
        }
    }

    fn convert_dict(&self, dict: &Dict<'a>, nesting: u32) -> Option<Dictionary> {
        let mut converted = Dictionary::new();
        for (key, value) in dict.entries() {
            self.spend()?;
            if let Some(value) = self.convert_entry(value, nesting) {
                converted.insert(Name::from(key.as_str()), value);
            }
        }
        Some(converted)
    }

    fn convert_array(&self, array: &Array<'a>, nesting: u32) -> Option<Vec<Primitive>> {
        let mut converted = Vec::new();
        for value in array.raw_iter() {
            self.spend()?;
            converted.push(self.convert_entry(value, nesting).unwrap_or(Primitive::Null));
        }
        Some(converted)
    }
}

/// `pdf`'s name of an object.
pub(super) fn plain(id: ObjectIdentifier) -> Option<PlainRef> {
    Some(PlainRef { id: u64::from(id.obj_number), r#gen: u64::try_from(id.gen_number).ok()? })
}

fn identifier(reference: PlainRef) -> Option<ObjectIdentifier> {
    let (id, generation) = (u32::try_from(reference.id).ok()?, i32::try_from(reference.r#gen).ok()?);
    Some(ObjectIdentifier::new(id, generation))
}

impl Resolve for Objects<'_> {
    fn resolve_flags(&self, reference: PlainRef, _: ParseFlags, _: usize) -> Result<Primitive> {
        let mut reference = reference;
        // A reference may lead to another one; a few steps are plenty.
        for _ in 0..8 {
            let missing = || PdfError::NullRef { obj_nr: reference.id };
            let id = identifier(reference).ok_or_else(missing)?;
            let object = self.xref.get::<HayroObject<'_>>(id).ok_or_else(missing)?;
            match self.convert(object, MAX_NESTING).ok_or_else(missing)? {
                Primitive::Reference(next) => reference = next,
                value => return Ok(value),
            }
        }
        Err(PdfError::Reference)
    }

    fn get<T: Object + datasize::DataSize>(&self, reference: Ref<T>) -> Result<RcRef<T>> {
        let depth = self.depth.get();
        if depth >= MAX_DEPTH {
            return Err(PdfError::MaxDepth);
        }
        self.depth.set(depth + 1);
        let read = self.resolve(reference.get_inner()).and_then(|value| T::from_primitive(value, self));
        self.depth.set(depth);
        Ok(RcRef::new(reference.get_inner(), Arc::new(read?)))
    }

    fn options(&self) -> &ParseOptions {
        &TOLERANT
    }

    fn stream_data(&self, _: PlainRef, _: Range<usize>) -> Result<Arc<[u8]>> {
        Err(PdfError::Reference)
    }

    fn get_data_or_decode(
        &self,
        _: PlainRef,
        _: Range<usize>,
        _: &[pdf::enc::StreamFilter],
    ) -> Result<Arc<[u8]>> {
        Err(PdfError::Reference)
    }
}
