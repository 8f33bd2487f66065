//! The native command line: a thin edge over the library.
