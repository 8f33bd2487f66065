//! Trials of the models in this very browser: how fast they are, and whether they compute what they should.

use crate::models::benchmark::{self, BenchmarkModel};
use crate::models::gguf::ElementType;
use crate::models::parity::{self, Precision, ReferenceFiles};
use crate::platform::{clock, memory};
use crate::registry::{Measured, ModelKind};

/// Measures the model called `name`, with random weights as `Q4_K`.
pub(super) fn measure(name: &str) -> Result<Measured, String> {
    let model = BenchmarkModel::ALL.into_iter().find(|model| model.name() == name);
    let model = model.ok_or_else(|| format!("there is no model {name} to measure"))?;
    let mut measured =
        benchmark::run(model, ElementType::Q4K, &clock::now).map_err(|error| error.to_string())?;
    measured.memory = Some(memory::of_program());
    Ok(measured)
}

/// Compares the model of `files` with its reference in each precision: what fails, and the number of comparisons.
pub(super) fn compare(kind: ModelKind, files: &[Vec<u8>]) -> Result<(Vec<String>, u32), String> {
    let [config, checkpoint, cases, expected] = files else {
        return Err("a comparison needs four files".to_owned());
    };
    let files = ReferenceFiles { config, checkpoint, cases, expected };
    let (mut failed, mut all) = (Vec::new(), 0);
    for precision in Precision::ALL {
        let checks = match kind {
            ModelKind::Text => parity::check_t5(&files, precision),
            ModelKind::Caption => parity::check_blip(&files, precision),
            ModelKind::Scan => return Err("there is no reference for what reads scans".to_owned()),
        };
        for check in checks.map_err(|error| error.to_string())? {
            all += 1;
            if !check.holds() {
                let (case, what) = (check.case, check.what);
                let name = precision.name();
                failed.push(format!("{name} case {case}, {what}: {:e} of {:e}", check.error, check.bound));
            }
        }
    }
    Ok((failed, all))
}
