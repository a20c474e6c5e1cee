//! Text from outside: its encoding, and the names in links.

pub mod link_name;
pub mod text_encoding;
