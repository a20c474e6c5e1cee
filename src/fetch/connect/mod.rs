//! Connections: clients, name resolution, the guard of addresses, and the watch over the network.

pub(super) mod address_guard;
pub(super) mod clients;
pub(super) mod dns_cache;
pub(super) mod network_watch;
pub(super) mod resolver;
