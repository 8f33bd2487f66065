//! The worker that runs models.

fn main() {
    recto::worker::start();
}
