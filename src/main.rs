//! Parses arguments, chooses a face, returns its exit code; nothing else.

fn main() {}
