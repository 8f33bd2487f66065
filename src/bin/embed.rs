//! The reader that other pages embed. What it can do is exported to JavaScript by [`recto::embed`].

fn main() {
    recto::embed::start();
}
