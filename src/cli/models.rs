//! Models from a folder: `DIR/ID/` with a `.gguf` file, `config.json` and `tokenizer.json`, as the browser
//! stores them.

use super::output::FileError;
use crate::caption::{Captioner, load_blip};
use crate::models::{LoadError, TextModel, load_text};
use crate::ocr::Reader;
use crate::registry::{FileRole, ModelKind, Registry, RegistryError};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// The registry that the page reads too.
const REGISTRY: &str = include_str!("../../public/models.json");

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum ModelFolderError {
    #[error("{0}")]
    File(#[from] FileError),
    #[error("{0}")]
    Registry(#[from] RegistryError),
    #[error("{}: no .gguf file in this folder", .0.display())]
    NoWeights(PathBuf),
    #[error("{}: {cause}", path.display())]
    Load { path: PathBuf, cause: LoadError },
}

/// A model's registry id, and the model.
type Loaded<M> = (String, Box<M>);

/// The text model `id`, or the best of the registry's that is in `folder`.
pub(super) fn text_model(
    folder: &Path,
    id: Option<&str>,
) -> Result<Option<Loaded<dyn TextModel + Send>>, ModelFolderError> {
    let Some((id, files)) = find(folder, ModelKind::Text, id)? else { return Ok(None) };
    let model = load_text(files.weights, &files.config, &files.tokenizer);
    let model = model.map_err(|cause| ModelFolderError::Load { path: folder.join(&id), cause })?;
    Ok(Some((id, Box::new(model))))
}

/// The caption model `id`, or the best of the registry's that is in `folder`.
pub(super) fn captioner(
    folder: &Path,
    id: Option<&str>,
) -> Result<Option<Loaded<dyn Captioner + Send>>, ModelFolderError> {
    let Some((id, files)) = find(folder, ModelKind::Caption, id)? else { return Ok(None) };
    let model = load_blip(files.weights, &files.config, &files.tokenizer);
    let model = model.map_err(|cause| ModelFolderError::Load { path: folder.join(&id), cause })?;
    Ok(Some((id, Box::new(model))))
}

struct Files {
    weights: BufReader<File>,
    config: Vec<u8>,
    tokenizer: Vec<u8>,
}

fn find(
    folder: &Path,
    kind: ModelKind,
    id: Option<&str>,
) -> Result<Option<(String, Files)>, ModelFolderError> {
    let id = match id {
        Some(id) => id.to_owned(),
        None => {
            let registry = Registry::parse(REGISTRY)?;
            let known = registry.models.iter().filter(|model| model.kind == kind);
            match known.map(|model| &model.id).find(|id| folder.join(id).is_dir()) {
                Some(id) => id.clone(),
                None => return Ok(None),
            }
        }
    };
    let own = folder.join(&id);
    let read = |role: FileRole| {
        let path = own.join(role.stored_name());
        std::fs::read(&path).map_err(FileError::at(&path))
    };
    let path = weights(&own)?;
    let weights = BufReader::new(File::open(&path).map_err(FileError::at(&path))?);
    Ok(Some((id, Files { weights, config: read(FileRole::Config)?, tokenizer: read(FileRole::Tokenizer)? })))
}

/// The `.gguf` file of a model's folder; of several the first by name.
fn weights(folder: &Path) -> Result<PathBuf, ModelFolderError> {
    let entries = std::fs::read_dir(folder).map_err(FileError::at(folder))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf")));
    files.sort();
    files.into_iter().next().ok_or_else(|| ModelFolderError::NoWeights(folder.to_owned()))
}

/// What reads pages from their pixels, from `folder` or from where the program is kept.
pub(super) fn page_reader(folder: Option<&Path>) -> Result<Reader, String> {
    let folder = match folder {
        Some(folder) => folder.to_owned(),
        None => ocr_folder().ok_or("the OCR models are not there (--ocr-models says where they are)")?,
    };
    let file = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let reader = Reader::load(&file("ppocrv6_det.onnx")?, &file("ppocrv6_rec.onnx")?);
    reader.map_err(|error| error.to_string())
}

/// The nearest folder of OCR models above the program.
fn ocr_folder() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let folders = program.ancestors().skip(1);
    let places = folders.flat_map(|folder| [folder.join("models/ocr"), folder.join("public/models/ocr")]);
    places.into_iter().find(|place| place.is_dir())
}
