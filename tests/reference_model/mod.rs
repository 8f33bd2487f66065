//! The tiny models of `tests/models`: their weights are made from the names of their tensors, exactly as
//! `tests/models/make_reference.py` makes them.

#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use serde::Deserialize;
use std::io::Write;
use std::path::{Path, PathBuf};

/// One line of `tensors.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) mean: f64,
    pub(crate) deviation: f64,
}

/// The folder of the model called `name`.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models").join(name)
}

/// The numbers of tensor `name`: nearly normal, the sums of four 16-bit pieces of `SplitMix64` (Steele, Lea and
/// Flood 2014) seeded by the FNV-1a hash of the name.
pub(crate) fn make_tensor(name: &str, count: usize, mean: f64, deviation: f64) -> Vec<f32> {
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let scale = (deviation * 3f64.sqrt() / 65_536.0) as f32;
    let mean = mean as f32;
    (1..=count as u64)
        .map(|index| {
            let mut z = seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            let sum: u64 = (0..4).map(|piece| (z >> (16 * piece)) & 0xffff).sum();
            (sum as i64 - 131_070) as f32 * scale + mean
        })
        .collect()
}

/// The model called `name` as a `.safetensors` file.
pub(crate) fn safetensors(name: &str) -> Vec<u8> {
    let list = std::fs::read(folder(name).join("tensors.json")).unwrap();
    let entries: Vec<Entry> = serde_json::from_slice(&list).unwrap();
    safetensors_of(&entries)
}

/// A `.safetensors` file of these tensors.
pub(crate) fn safetensors_of(entries: &[Entry]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for entry in entries {
        let start = data.len();
        let count = entry.shape.iter().product();
        for value in make_tensor(&entry.name, count, entry.mean, entry.deviation) {
            data.extend_from_slice(&value.to_le_bytes());
        }
        let info =
            serde_json::json!({ "dtype": "F32", "shape": entry.shape, "data_offsets": [start, data.len()] });
        header.insert(entry.name.clone(), info);
    }
    let header = serde_json::to_vec(&header).unwrap();
    let mut file = Vec::with_capacity(8 + header.len() + data.len());
    file.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
    file.write_all(&header).unwrap();
    file.write_all(&data).unwrap();
    file
}
