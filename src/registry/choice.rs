//! Which model to take.

use super::entry::{ModelEntry, ModelKind, Registry};

/// Part of a device's memory that a model may take: a browser gives one tab about half of it, and the
/// document and the program need room beside the model.
const MEMORY_SHARE: u64 = 4;

/// Bytes a model may take on a device with `device_memory` bytes.
#[must_use]
pub fn affordable_memory(device_memory: u64) -> u64 {
    device_memory / MEMORY_SHARE
}

impl Registry {
    /// The model called `id`.
    #[must_use]
    pub fn model(&self, id: &str) -> Option<&ModelEntry> {
        self.models.iter().find(|model| model.id == id)
    }

    /// Models of a kind in the order in which to try them: the preferred one first, whatever it needs (the
    /// person chose it), then those that fit into `memory` bytes and are served somewhere, from best to
    /// smallest. After a preferred model only smaller ones follow: if it failed, a larger one will too.
    #[must_use]
    pub fn candidates(&self, kind: ModelKind, preferred: Option<&str>, memory: u64) -> Vec<&ModelEntry> {
        let chosen =
            self.models.iter().find(|model| model.kind == kind && Some(model.id.as_str()) == preferred);
        let rest = self.models.iter().filter(|model| {
            model.kind == kind
                && model.unavailable.is_none()
                && model.memory <= memory
                && chosen.is_none_or(|chosen| model.memory < chosen.memory)
        });
        chosen.into_iter().chain(rest).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(kind: ModelKind, preferred: Option<&str>, memory: u64) -> Vec<String> {
        let registry = Registry::parse(include_str!("../../public/models.json")).unwrap();
        registry.candidates(kind, preferred, memory).iter().map(|model| model.id.clone()).collect()
    }

    #[test]
    fn best_that_fits_then_smaller() {
        assert_eq!(ids(ModelKind::Text, None, u64::MAX), ["flan-t5-base", "flan-t5-small", "t5-small"]);
        assert_eq!(ids(ModelKind::Text, None, 1), Vec::<String>::new());
        let small = ids(ModelKind::Text, None, 300 << 20);
        assert_eq!(small.first().map(String::as_str), Some("flan-t5-small"));
    }

    #[test]
    fn the_person_chooses_and_only_smaller_ones_follow() {
        let ids_of = |preferred| ids(ModelKind::Text, Some(preferred), u64::MAX);
        assert_eq!(ids_of("flan-t5-small"), ["flan-t5-small", "t5-small"]);
        assert_eq!(ids_of("flan-t5-large")[0], "flan-t5-large");
        assert_eq!(ids_of("no-such-model")[0], "flan-t5-base");
        // A caption model is no text model, even if it is asked for as one.
        assert_eq!(ids_of("blip-large-q4k")[0], "flan-t5-base");
    }
}
