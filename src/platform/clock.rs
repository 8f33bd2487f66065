//! Time: a clock, pauses, and giving way to other events.

use super::{call, property};
use futures::channel::oneshot;
use js_sys::Array;
use std::cell::RefCell;
use std::collections::VecDeque;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageChannel, MessagePort};

/// Milliseconds since the page or worker began; never goes backwards.
#[must_use]
pub fn now() -> f64 {
    property(&js_sys::global(), "performance")
        .and_then(|performance| call(&performance, "now", &Array::new()).ok())
        .and_then(|now| now.as_f64())
        .unwrap_or_else(js_sys::Date::now)
}

/// A random number from 0 to 1, for spreading retries.
#[must_use]
pub fn jitter() -> f64 {
    js_sys::Math::random()
}

/// A call to come, called off when this is dropped.
#[derive(Debug)]
pub struct Timer {
    id: JsValue,
    _closure: Closure<dyn FnMut()>,
}

impl Timer {
    /// Calls `then` after `millis` milliseconds.
    #[must_use]
    pub fn after(millis: f64, then: impl FnOnce() + 'static) -> Self {
        let closure = Closure::once(then);
        let arguments = Array::of2(closure.as_ref(), &JsValue::from_f64(millis));
        let id = call(&js_sys::global(), "setTimeout", &arguments).unwrap_or(JsValue::NULL);
        Self { id, _closure: closure }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // A timer that has fired is not known any more, and clearing it does nothing.
        let _ = call(&js_sys::global(), "clearTimeout", &Array::of1(&self.id));
    }
}

/// Waits for `millis` milliseconds; 0 or more.
pub async fn sleep(millis: f64) {
    let (done, wait) = oneshot::channel();
    let _timer = Timer::after(millis.max(0.0), move || {
        let _ = done.send(());
    });
    let _ = wait.await;
}

/// Lets other events be handled first. Through a message channel, because nested timers are held back
/// by 4 ms in every browser.
pub async fn give_way() {
    let (done, wait) = oneshot::channel();
    let posted = TURNSTILE.with(|turnstile| turnstile.borrow_mut().pass(done));
    if posted.is_err() {
        sleep(0.0).await;
    } else {
        let _ = wait.await;
    }
}

thread_local! {
    static TURNSTILE: RefCell<Turnstile> = RefCell::new(Turnstile::default());
}

/// The message channel behind [`give_way`].
#[derive(Default)]
struct Turnstile {
    channel: Option<(MessagePort, Closure<dyn FnMut()>)>,
    waiting: VecDeque<oneshot::Sender<()>>,
}

impl Turnstile {
    /// Sends oneself a message; `waiter` is told when it arrives.
    fn pass(&mut self, waiter: oneshot::Sender<()>) -> Result<(), JsValue> {
        if self.channel.is_none() {
            let channel = MessageChannel::new()?;
            let arrived = Closure::<dyn FnMut()>::new(|| {
                let waiter = TURNSTILE.with(|turnstile| turnstile.borrow_mut().waiting.pop_front());
                if let Some(waiter) = waiter {
                    let _ = waiter.send(());
                }
            });
            channel.port1().set_onmessage(Some(arrived.as_ref().unchecked_ref()));
            self.channel = Some((channel.port2(), arrived));
        }
        if let Some((port, _)) = &self.channel {
            port.post_message(&JsValue::NULL)?;
            self.waiting.push_back(waiter);
        }
        Ok(())
    }
}
