//! Messages between page and worker: an array of one JSON text and the byte buffers, which are transferred.
//! A file may come along, which the worker reads in parts.

use crate::protocol::Envelope;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Blob;

/// A message that is none of ours.
#[derive(Debug, Error)]
pub(crate) enum EnvelopeError {
    /// Not an array that starts with a text.
    #[error("a message without a text came in")]
    Form,
    /// The text does not say what this build expects.
    #[error("a message could not be read: {0}")]
    Json(#[from] serde_json::Error),
}

/// The array to post, and the list of what it transfers.
pub(crate) type Posting = (Array, Array);

/// `envelope` in the form in which it is posted.
pub(crate) fn encode<T: Serialize>(envelope: &Envelope<T>) -> Result<Posting, EnvelopeError> {
    let message = Array::of1(&JsValue::from_str(&serde_json::to_string(&envelope.message)?));
    let transfer = Array::new();
    for bytes in &envelope.buffers {
        let buffer = Uint8Array::from(bytes.as_slice()).buffer();
        message.push(&buffer);
        transfer.push(&buffer);
    }
    Ok((message, transfer))
}

/// What was posted, and the file that came along.
#[cfg(feature = "worker")]
pub(crate) fn decode<T: DeserializeOwned>(
    data: &JsValue,
) -> Result<(Envelope<T>, Option<Blob>), EnvelopeError> {
    let (message, array) = decode_message(data)?;
    let file = array.iter().skip(1).find_map(|item| item.dyn_into::<Blob>().ok());
    Ok((Envelope { message, buffers: buffers(array)? }, file))
}

/// The message alone, and what was posted, with the buffers still in it.
pub(crate) fn decode_message<T: DeserializeOwned>(data: &JsValue) -> Result<(T, &Array), EnvelopeError> {
    let array: &Array = data.dyn_ref().ok_or(EnvelopeError::Form)?;
    let text = array.get(0).as_string().ok_or(EnvelopeError::Form)?;
    Ok((serde_json::from_str(&text)?, array))
}

/// The buffers of what was posted.
pub(crate) fn buffers(array: &Array) -> Result<Vec<Vec<u8>>, EnvelopeError> {
    let posted = array.iter().skip(1).filter(|item| !item.is_instance_of::<Blob>());
    posted
        .map(|item| {
            let buffer: ArrayBuffer = item.dyn_into().map_err(|_| EnvelopeError::Form)?;
            Ok(Uint8Array::new(&buffer).to_vec())
        })
        .collect()
}
