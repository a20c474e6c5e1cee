//! Text from outside: its encoding, the names in links, and texts with fields.

pub mod fields;
pub mod link_name;
pub mod text_encoding;
