//! What this browser can do, in words, and what to do about each lack.

use super::variant::Abilities;
use super::wording::file_size;

/// What decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Browser {
    /// Of the program that runs models.
    pub abilities: Abilities,
    /// What the device says it has, in bytes; browsers tell of at most 8 GiB, some of nothing.
    pub memory: Option<u64>,
    /// The page can store files.
    pub storage: bool,
    /// Bytes that this site may use; 0 if unknown.
    pub quota: u64,
    /// The app can work without a network.
    pub offline: bool,
    /// There is WebGPU.
    pub webgpu: bool,
}

/// One thing that a browser can do or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ability {
    /// What it is.
    pub name: &'static str,
    /// It is there.
    pub there: bool,
    /// What that means, or what to do.
    pub text: String,
}

/// A device with less memory than this, in bytes, had better take small models.
const AMPLE_MEMORY: u64 = 4 << 30;

impl Browser {
    /// Everything that matters, the most important first.
    #[must_use]
    pub fn in_words(&self) -> Vec<Ability> {
        let Abilities { isolated, relaxed, processors, .. } = self.abilities;
        let ability = |name, there, text: String| Ability { name, there, text };
        let threads = match (isolated, processors > 1) {
            (true, true) => format!("models may use several of {processors} processors"),
            (_, false) => {
                "the browser tells of one processor, so models run on one thread; some browsers hide the others \
                 in private windows"
                    .to_owned()
            }
            (false, true) => {
                "the page is not isolated, so models run on one thread. Reload it once; if that does not help, its \
                 host must send two headers (see the README), or it must be opened by itself and not in a frame"
                    .to_owned()
            }
        };
        let memory = match self.memory {
            Some(bytes) if bytes >= AMPLE_MEMORY => {
                format!("{} or more: enough for any model", file_size(bytes))
            }
            Some(bytes) => {
                format!("{}: take the small models, and close other tabs for them", file_size(bytes))
            }
            None => "the browser does not tell; if models fail to load, take smaller ones".to_owned(),
        };
        let storage = match (self.storage, self.quota) {
            (true, 0) => "documents and models can be kept".to_owned(),
            (true, quota) => format!("documents and models can be kept, {} in all", file_size(quota)),
            (false, _) => {
                "nothing can be kept here, as in some private windows: results are lost with the page, and there are \
                 no models. Open Recto in an ordinary window"
                    .to_owned()
            }
        };
        vec![
            ability("Threads", isolated && processors > 1, threads),
            ability(
                "Relaxed SIMD",
                relaxed,
                if relaxed {
                    "models compute at full speed".to_owned()
                } else {
                    "models take up to half as long again; a current Chrome, Edge or Firefox has it"
                        .to_owned()
                },
            ),
            ability("Storage", self.storage, storage),
            ability("Memory", self.memory.is_none_or(|bytes| bytes >= AMPLE_MEMORY), memory),
            ability(
                "Offline",
                self.offline,
                if self.offline {
                    "after one visit Recto works without a network".to_owned()
                } else {
                    "Recto needs its host each time: there are no service workers here, as in some private windows"
                        .to_owned()
                },
            ),
            ability(
                "WebGPU",
                self.webgpu,
                if self.webgpu { "there, and not needed" } else { "not there, and not needed" }.to_owned()
                    + ": models run on the processor",
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lack_comes_with_advice() {
        let poor = Browser::default().in_words();
        assert!(poor.iter().filter(|ability| ability.name != "Memory").all(|ability| !ability.there));
        for (name, advice) in [
            ("Threads", "one thread"),
            ("Relaxed SIMD", "Chrome"),
            ("Storage", "ordinary window"),
            ("Memory", "smaller"),
        ] {
            let found = poor.iter().find(|ability| ability.name == name).unwrap();
            assert!(found.text.contains(advice), "{found:?}");
        }
        let abilities = Abilities { isolated: true, relaxed: true, processors: 8, built: Vec::new() };
        let rich = Browser {
            abilities: abilities.clone(),
            memory: Some(8 << 30),
            storage: true,
            quota: 60_000_000_000,
            offline: true,
            webgpu: true,
        };
        assert!(rich.in_words().iter().all(|ability| ability.there));
        let framed = Browser { abilities: Abilities { isolated: false, ..abilities }, ..rich };
        assert!(framed.in_words()[0].text.contains("frame"));
    }
}
