//! What reading a page goes through: its forms. Most pages have none, and are not taken apart for them.

use super::resources::MAX_PARTS;
use super::{Costs, Node, Place, is_form};
use hayro::hayro_syntax::content::TypedIter;
use hayro::hayro_syntax::content::ops::TypedInstruction;
use hayro::hayro_syntax::object::{Name, ObjectIdentifier};
use std::collections::HashMap;

/// What an external object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum External {
    Form,
    /// An image, or nothing.
    Image,
    /// An image whose colour space cannot be read.
    TooMuch,
}

/// External objects met so far.
pub(super) type Externals = HashMap<ObjectIdentifier, External>;

impl Costs {
    pub(super) fn scan_forms(&mut self, content: &[u8], place: Place<'_, '_>) -> Node {
        let mut node = Node { bytes: content.len() as u64, ..Node::default() };
        // Many pages share one dictionary of thousands: what each is stays known.
        let mut names = place.resources.x_objects.keys();
        if names.all(|name| self.external(&name, place) == External::Image) {
            return node;
        }
        let mut commands = TypedIter::new(content);
        while let Some(command) = commands.next() {
            let TypedInstruction::XObject(name) = command else { continue };
            match self.external(name.0, place) {
                External::Image => {}
                External::TooMuch => node.bytes = u64::MAX,
                External::Form => {
                    if let Some(stream) = place.resources.get_x_object(name.0) {
                        let key = self.take_in(&stream, place);
                        *node.calls.entry(key).or_insert(0) += 1;
                    }
                }
            }
        }
        node
    }

    /// What the external object called `name` is.
    pub(super) fn external(&mut self, name: &Name<'_>, place: Place<'_, '_>) -> External {
        // Streams are objects of their own.
        let Some(id) = place.resources.x_objects.get_ref(name) else { return External::Image };
        if let Some(external) = self.externals.get(&id.into()) {
            return *external;
        }
        let external = match place.resources.get_x_object(name) {
            Some(stream) if is_form(&stream) => External::Form,
            Some(image) if self.image_parts(image.dict(), place.xref) > MAX_PARTS => External::TooMuch,
            Some(_) => External::Image,
            // It is on the way here, so it may be found elsewhere.
            None => return External::Image,
        };
        self.externals.insert(id.into(), external);
        external
    }
}
