//! Encoders of formats whose decoders are other libraries', and what several encoders share.
//!
//! Rows come in from top to bottom; a file's bytes go out. Nothing here reads a file.

#[cfg(test)]
mod tests;
