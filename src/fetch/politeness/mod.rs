//! Rules of hosts for automatic clients: robots.txt and X-Robots-Tag.

pub(super) mod noai;
pub(super) mod robots_policy;
pub(super) mod robots_txt;
