//! Messages between page and worker: an array of one JSON text and the byte buffers, which are transferred.
//! A buffer may also be a file, which only the worker can read at once ([`FileReaderSync`]).

use crate::protocol::Envelope;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, FileReaderSync};

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

#[cfg(feature = "worker")]
/// What was posted.
pub(crate) fn decode<T: DeserializeOwned>(data: &JsValue) -> Result<Envelope<T>, EnvelopeError> {
    let (message, array) = decode_message(data)?;
    Ok(Envelope { message, buffers: buffers(array)? })
}

/// The message alone, and what was posted, with the buffers still in it.
pub(crate) fn decode_message<T: DeserializeOwned>(data: &JsValue) -> Result<(T, &Array), EnvelopeError> {
    let array: &Array = data.dyn_ref().ok_or(EnvelopeError::Form)?;
    let text = array.get(0).as_string().ok_or(EnvelopeError::Form)?;
    Ok((serde_json::from_str(&text)?, array))
}

/// The buffers of what was posted.
pub(crate) fn buffers(array: &Array) -> Result<Vec<Vec<u8>>, EnvelopeError> {
    let mut buffers = Vec::new();
    for item in array.iter().skip(1) {
        let buffer: ArrayBuffer = match item.dyn_into::<Blob>() {
            // A file of the person's that has gone or changed since it was chosen leaves its buffer out.
            Ok(file) => match FileReaderSync::new().and_then(|reader| reader.read_as_array_buffer(&file)) {
                Ok(buffer) => buffer.unchecked_into(),
                Err(_) => continue,
            },
            Err(item) => item.dyn_into().map_err(|_| EnvelopeError::Form)?,
        };
        buffers.push(Uint8Array::new(&buffer).to_vec());
    }
    Ok(buffers)
}
