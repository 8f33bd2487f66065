//! What reading a page goes through: its forms. Most pages have none, and are not taken apart for them.

use super::resources::MAX_PARTS;
use super::{Costs, Key, Node, Place, is_form};
use hayro::hayro_syntax::content::TypedIter;
use hayro::hayro_syntax::content::ops::TypedInstruction;
use std::collections::HashMap;

impl Costs {
    pub(super) fn scan_forms(&mut self, content: &[u8], place: Place<'_, '_>) -> Node {
        let mut node = Node { bytes: content.len() as u64, ..Node::default() };
        let mut forms: HashMap<Vec<u8>, Key> = HashMap::new();
        for name in place.resources.x_objects.keys() {
            let Some(stream) = place.resources.get_x_object(&name) else { continue };
            if is_form(&stream) {
                forms.insert(name.to_vec(), self.take_in(&stream, place));
            } else if self.image_parts(stream.dict(), place.xref) > MAX_PARTS {
                node.bytes = u64::MAX;
            }
        }
        if forms.is_empty() {
            return node;
        }
        let mut commands = TypedIter::new(content);
        while let Some(command) = commands.next() {
            if let TypedInstruction::XObject(name) = command
                && let Some(form) = forms.get(&**name.0)
            {
                *node.calls.entry(*form).or_insert(0) += 1;
            }
        }
        node
    }
}
