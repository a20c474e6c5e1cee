//! Connections: clients, name resolution, the guard of addresses, and detection of a lost network.

pub(super) mod address_guard;
pub(super) mod clients;
pub(super) mod dns_cache;
pub(super) mod idle_hosts;
pub(super) mod lenient;
pub(super) mod network_watch;
pub(super) mod resolver;
pub(super) mod response_head;
