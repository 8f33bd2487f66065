//! The worker programs of the site, and what this browser can run.

use super::{address, property};
use crate::session::{Abilities, Choice, Variant};
use js_sys::{Uint8Array, WebAssembly};

/// A worker program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// Reads documents and looks after the stored models.
    Reader,
    /// Runs models.
    Models(Choice),
    /// Reads the text of scans.
    Scans(Variant),
}

impl Program {
    /// Name of its files, without what follows it.
    #[must_use]
    pub fn stem(&self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Scans(variant) => variant.scans_stem(),
            Self::Models(choice) => choice.variant.stem(),
        }
    }

    /// Threads that it starts, itself counted.
    #[must_use]
    pub fn threads(&self) -> u32 {
        match self {
            Self::Reader | Self::Scans(_) => 1,
            Self::Models(choice) => choice.threads,
        }
    }
}

/// A module with the one relaxed instruction that the kernels use:
/// `(module (func (result v128) i32.const 0 i8x16.splat ... i32x4.relaxed_dot_i8x16_i7x16_add_s))`.
const RELAXED: [u8; 40] = [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0,
    253, 15, 65, 0, 253, 15, 253, 147, 2, 11,
];

/// Whether the page can store files, work without a network, and use WebGPU.
#[must_use]
pub fn offers() -> (bool, bool, bool) {
    let navigator = property(&js_sys::global(), "navigator");
    let has = |name| navigator.as_ref().is_some_and(|navigator| property(navigator, name).is_some());
    let storage = navigator.as_ref().and_then(|navigator| property(navigator, "storage"));
    let files = storage.is_some_and(|storage| property(&storage, "getDirectory").is_some());
    let files = files && !super::storage::is_refused();
    (files, has("serviceWorker"), has("gpu"))
}

/// What the device says it has, in bytes; browsers tell at most 8 GiB, and some tell nothing.
#[must_use]
pub fn device_memory() -> Option<u64> {
    let told = property(&property(&js_sys::global(), "navigator")?, "deviceMemory")?.as_f64()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0.25 to 8 by the standard")]
    let bytes = (told.clamp(0.0, 1024.0) * f64::from(1 << 30)) as u64;
    (bytes > 0).then_some(bytes)
}

/// What browser, server and site offer the program that runs models.
#[must_use]
pub fn abilities() -> Abilities {
    let global = js_sys::global();
    let relaxed = WebAssembly::validate(&Uint8Array::from(RELAXED.as_slice())).unwrap_or(false);
    let isolated = property(&global, "crossOriginIsolated").is_some_and(|value| value.is_truthy());
    let processors = property(&global, "navigator")
        .and_then(|navigator| property(&navigator, "hardwareConcurrency"))
        .and_then(|count| count.as_f64());
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small whole number")]
    let processors = processors.map_or(1, |count| count as u32);
    Abilities { isolated, relaxed, processors, built: address::programs() }
}
