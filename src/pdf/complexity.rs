//! How much work a page is, before it is begun: forms that draw forms can multiply a small file into more
//! drawing than a lifetime has time for, and an interpretation once begun cannot be stopped.

use hayro::hayro_syntax::object::dict::keys;
use hayro::hayro_syntax::object::{Dict, Name, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::{Page, Resources};
use std::collections::HashMap;

/// Bytes of content that may be interpreted for one page, forms counted each time they are drawn: some ten
/// seconds. The fullest pages of real files have a few megabytes.
pub(super) const MAX_CONTENT_BYTES: u64 = 500 << 20;
/// hayro draws forms in forms to this depth.
const MAX_DEPTH: u32 = 50;
/// Different forms that are looked at for one document; pages with others beyond are believed.
const MAX_FORMS: usize = 20_000;

/// Length and calls of the forms met so far in a document.
#[derive(Default)]
pub(super) struct FormCosts {
    forms: HashMap<ObjectIdentifier, Form>,
}

struct Form {
    bytes: u64,
    calls: Vec<(ObjectIdentifier, u64)>,
}

impl FormCosts {
    /// Bytes of content that drawing the page interprets.
    pub(super) fn of_page(&mut self, page: &Page<'_>) -> u64 {
        let Some(content) = page.page_stream() else { return 0 };
        let calls = self.calls(content, page.resources(), 0);
        let mut known = HashMap::new();
        let forms =
            calls.iter().map(|(id, times)| times.saturating_mul(self.cost(*id, MAX_DEPTH, &mut known)));
        forms.fold(content.len() as u64, u64::saturating_add)
    }

    /// The forms that `content` draws, with how often; they are taken in as they are met.
    fn calls(
        &mut self,
        content: &[u8],
        resources: &Resources<'_>,
        depth: u32,
    ) -> Vec<(ObjectIdentifier, u64)> {
        let mut times: Vec<(&[u8], u64)> = Vec::new();
        if !resources.x_objects.is_empty() {
            let mut index = HashMap::new();
            for name in drawn_names(content) {
                let slot = *index.entry(name).or_insert(times.len());
                match times.get_mut(slot) {
                    Some((_, count)) => *count += 1,
                    None => times.push((name, 1)),
                }
            }
        }
        let mut calls = Vec::new();
        for (name, count) in times {
            let Some(name) = Name::new(name) else { continue };
            let Some(stream) = resources.get_x_object(&name) else { continue };
            if stream.dict().get::<Name<'_>>(keys::SUBTYPE).is_some_and(|kind| &*kind == b"Form") {
                let id = stream.obj_id();
                self.take_in(id, &stream, resources, depth);
                calls.push((id, count));
            }
        }
        calls
    }

    fn take_in(&mut self, id: ObjectIdentifier, form: &Stream<'_>, parent: &Resources<'_>, depth: u32) {
        if depth >= MAX_DEPTH || self.forms.contains_key(&id) || self.forms.len() >= MAX_FORMS {
            return;
        }
        // Known from here on, so that a form that draws itself is not taken in again and again.
        self.forms.insert(id, Form { bytes: 0, calls: Vec::new() });
        let Ok(content) = form.decoded_data() else { return };
        let own = form.dict().get::<Dict<'_>>(keys::RESOURCES).map(Resources::new);
        let calls = self.calls(&content, own.as_ref().unwrap_or(parent), depth + 1);
        self.forms.insert(id, Form { bytes: content.len() as u64, calls });
    }

    fn cost(
        &self,
        id: ObjectIdentifier,
        depth: u32,
        known: &mut HashMap<(ObjectIdentifier, u32), u64>,
    ) -> u64 {
        let Some(form) = self.forms.get(&id) else { return 0 };
        if depth == 0 {
            return 0;
        }
        if let Some(cost) = known.get(&(id, depth)) {
            return *cost;
        }
        // Each call costs something, whatever the form's length.
        let calls = form
            .calls
            .iter()
            .map(|(called, times)| times.saturating_mul(self.cost(*called, depth - 1, known)));
        let cost = calls.fold(form.bytes.saturating_add(100), u64::saturating_add);
        known.insert((id, depth), cost);
        cost
    }
}

/// The names before each `Do` in a content stream. Text that looks like it counts too; it seldom names a
/// form.
fn drawn_names(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_space = |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii_whitespace() || *byte == 0);
    content.windows(2).enumerate().filter_map(move |(at, window)| {
        if window != b"Do" || content.get(at + 2).is_some_and(u8::is_ascii_alphanumeric) {
            return None;
        }
        let before = content.get(..at)?;
        let end = before.iter().rposition(|byte| !is_space(Some(byte)))? + 1;
        // Names are at most 127 bytes long.
        let start = before.get(end.saturating_sub(128)..end)?.iter().rposition(|byte| *byte == b'/')?;
        let name = before.get(end.saturating_sub(128) + start + 1..end)?;
        (!name.is_empty() && !name.iter().any(|byte| is_space(Some(byte)))).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdf::fixture::Fixture;
    use crate::pdf::{PageError, PageReader};

    #[test]
    fn names_before_do_are_found() {
        let names: Vec<&[u8]> = drawn_names(b"/A Do q /Long#20one\nDo Q /Done 1 /B  Do").collect();
        assert_eq!(names, [&b"A"[..], b"Long#20one", b"B"]);
    }

    #[test]
    fn forms_that_multiply_are_refused_and_those_that_do_not_are_drawn() {
        for (calls, refused) in [(1, false), (10, true)] {
            let mut fixture = Fixture::page("", "/Resources << /XObject << /X 5 0 R >> >>", "/X Do");
            for level in 0..12 {
                let dict = format!(
                    "/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /XObject << /X {} 0 R >> >>",
                    6 + level
                );
                fixture.stream(&dict, "/X Do ".repeat(calls).as_bytes());
            }
            fixture.stream("/Type /XObject /Subtype /Form /BBox [0 0 600 800]", b"10 10 50 50 re f");
            let content = PageReader::new(&fixture.open()).content(1);
            if refused {
                assert_eq!(content, Err(PageError::TooComplex));
            } else {
                assert_eq!(content.unwrap().paths.len(), 1);
            }
        }
    }
}
