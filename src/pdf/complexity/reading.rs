//! What reading a page goes through: its forms. Names before `Do` are looked for without taking the content apart,
//! because every page is read.

use super::resources::MAX_PARTS;
use super::{Costs, Node, Place, is_form};
use hayro::hayro_syntax::object::Name;
use std::collections::HashMap;

impl Costs {
    pub(super) fn scan_forms(&mut self, content: &[u8], place: Place<'_, '_>) -> Node {
        let mut node = Node { bytes: content.len() as u64, ..Node::default() };
        if place.resources.x_objects.is_empty() {
            return node;
        }
        let mut times: HashMap<&[u8], u64> = HashMap::new();
        for name in drawn_names(content) {
            *times.entry(name).or_insert(0) += 1;
        }
        for (name, count) in times {
            let stream = Name::new(name).and_then(|name| place.resources.get_x_object(&name));
            let Some(stream) = stream else { continue };
            if is_form(&stream) {
                let key = self.take_in(&stream, place);
                *node.calls.entry(key).or_insert(0) += count;
            } else if self.image_parts(stream.dict(), place.xref) > MAX_PARTS {
                node.bytes = u64::MAX;
            }
        }
        node
    }
}

/// The names before each `Do` in a content stream. Text that looks like it counts too; it seldom names a
/// form.
pub(super) fn drawn_names(content: &[u8]) -> impl Iterator<Item = &[u8]> {
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
