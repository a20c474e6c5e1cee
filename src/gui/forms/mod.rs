//! Forms: the user's input so far, without the panels that draw it.

pub(crate) mod credentials;
