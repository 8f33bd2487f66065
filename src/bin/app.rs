//! The page.

fn main() {
    recto::ui::mount();
}
