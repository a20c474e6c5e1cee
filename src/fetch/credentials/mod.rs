//! Credentials: where secrets are kept, and which host receives which header.

pub(super) mod cookies;
pub(super) mod digest;
pub(super) mod headers;
pub(super) mod netrc;
pub(super) mod secrets;
