//! The worker that reads documents and looks after the stored models.

fn main() {
    recto::worker::start();
}
