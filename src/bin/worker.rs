//! The worker.

fn main() {
    recto::worker::start();
}
