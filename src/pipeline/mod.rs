//! Runs the stages and tells what happens, natively and in a worker alike.

pub mod event;
