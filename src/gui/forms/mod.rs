//! Forms: what a person has typed so far, apart from the panels that draw it.

pub(crate) mod credentials;
