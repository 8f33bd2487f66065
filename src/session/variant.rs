//! The builds of the programs that compute most, and which of them this browser gets.

/// A build of a program. All write the same texts, some sooner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Several threads and relaxed SIMD.
    Threads,
    /// Relaxed SIMD.
    Relaxed,
    /// The SIMD that every browser has.
    Plain,
}

impl Variant {
    /// Name of the files of the program that runs models, without what follows it.
    #[must_use]
    pub fn stem(self) -> &'static str {
        match self {
            Self::Threads => "models-threads",
            Self::Relaxed => "models-relaxed",
            Self::Plain => "models",
        }
    }

    /// The same of the program that reads scans, which has one thread, but may run twice.
    #[must_use]
    pub fn scans_stem(self) -> &'static str {
        match self {
            Self::Threads | Self::Relaxed => "scans-relaxed",
            Self::Plain => "scans",
        }
    }
}

/// What decides: what browser and server offer, and what was built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// The page may share memory with its workers: its server sends the headers for that.
    pub isolated: bool,
    /// The browser takes relaxed SIMD.
    pub relaxed: bool,
    /// Processors that the browser tells of.
    pub processors: u32,
    /// Stems of the builds that are there besides the plain one.
    pub built: Vec<String>,
}

/// A variant, and why it is no better one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The variant.
    pub variant: Variant,
    /// Threads that it starts; 1 without threads.
    pub threads: u32,
    /// What keeps from more, in words for the person.
    pub missing: Option<&'static str>,
}

/// More threads than this wait for memory more than they compute.
const MAX_THREADS: u32 = 8;

impl Abilities {
    /// The quickest variant that runs here.
    #[must_use]
    pub fn choose(&self) -> Choice {
        let built = |variant: Variant| self.built.iter().any(|stem| stem == variant.stem());
        let threads = self.processors.clamp(1, MAX_THREADS);
        let (variant, missing) = if !self.relaxed {
            (Variant::Plain, Some("this browser has no relaxed SIMD"))
        } else if self.isolated && threads > 1 && built(Variant::Threads) {
            (Variant::Threads, None)
        } else {
            let missing = if threads == 1 {
                "this browser tells of one processor only"
            } else if !self.isolated {
                "the server of this page does not send the headers that threads need"
            } else {
                "this site was built without threads"
            };
            let variant = if built(Variant::Relaxed) { Variant::Relaxed } else { Variant::Plain };
            (variant, Some(missing))
        };
        Choice { variant, threads: if variant == Variant::Threads { threads } else { 1 }, missing }
    }
}

impl Abilities {
    /// The quickest build of the program that reads scans.
    #[must_use]
    pub fn choose_scans(&self) -> Variant {
        let relaxed = Variant::Relaxed;
        let built = self.built.iter().any(|stem| stem == relaxed.scans_stem());
        if self.relaxed && built { relaxed } else { Variant::Plain }
    }
}

impl Choice {
    /// What runs and why, in a sentence or two.
    #[must_use]
    pub fn in_words(&self) -> String {
        let what = match self.variant {
            Variant::Threads => format!("Models run on {} threads with relaxed SIMD.", self.threads),
            Variant::Relaxed => "Models run on one thread with relaxed SIMD.".to_owned(),
            Variant::Plain => "Models run on one thread with plain SIMD.".to_owned(),
        };
        match self.missing {
            Some(missing) => format!("{what} They would be quicker, but {missing}."),
            None => what,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Abilities {
        let built = vec!["models-threads".to_owned(), "models-relaxed".to_owned()];
        Abilities { isolated: true, relaxed: true, processors: 4, built }
    }

    #[test]
    fn the_quickest_that_runs_is_chosen() {
        let chosen = |abilities: Abilities| {
            let choice = abilities.choose();
            (choice.variant, choice.threads, choice.missing.is_some())
        };
        assert_eq!(chosen(all()), (Variant::Threads, 4, false));
        assert_eq!(chosen(Abilities { processors: 64, ..all() }), (Variant::Threads, 8, false));
        assert_eq!(chosen(Abilities { isolated: false, ..all() }), (Variant::Relaxed, 1, true));
        assert_eq!(chosen(Abilities { processors: 1, ..all() }), (Variant::Relaxed, 1, true));
        assert_eq!(chosen(Abilities { relaxed: false, ..all() }), (Variant::Plain, 1, true));
        assert_eq!(chosen(Abilities { built: Vec::new(), ..all() }), (Variant::Plain, 1, true));
        assert_eq!(all().choose_scans(), Variant::Plain, "it was not built");
        let built = vec!["scans-relaxed".to_owned()];
        assert_eq!(Abilities { built: built.clone(), ..all() }.choose_scans(), Variant::Relaxed);
        assert_eq!(Abilities { built, relaxed: false, ..all() }.choose_scans(), Variant::Plain);
    }

    #[test]
    fn the_person_is_told_why() {
        let words = Abilities { isolated: false, ..all() }.choose().in_words();
        assert!(words.contains("one thread with relaxed") && words.contains("headers"), "{words}");
    }
}
