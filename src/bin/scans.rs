//! The worker that reads the text of scans.

fn main() {
    recto::worker::start();
}
