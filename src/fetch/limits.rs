//! Limits and time-outs of fetching.

use std::time::Duration;

use crate::config;
use crate::model::{Limits, NetworkSpec};

/// Limits and time-outs of fetching.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchLimits {
    /// Concurrent requests.
    pub connections: usize,
    /// Concurrent requests at one host.
    pub per_host: usize,
    /// Idle connections that may be kept at all hosts together; each takes a file descriptor.
    pub idle_connections: usize,
    /// Bytes of memory that bodies which broke off may take together while their links wait for a retry.
    pub kept_bytes: u64,
    /// Temporary files that these bodies may have open; each takes a file descriptor.
    pub kept_files: usize,
    /// Bytes above which a body is refused; `None` for no limit.
    pub max_body_bytes: Option<u64>,
    /// Bytes up to which a body without such a limit may expand from any compressed size.
    pub unchecked_unpacked_bytes: u64,
    /// Largest body in bytes that stays in memory; larger ones go to a temporary file.
    pub max_body_in_memory_bytes: u64,
    /// Time limit for connecting.
    pub connect_timeout: Duration,
    /// Time without a byte after which an attempt fails.
    pub read_timeout: Duration,
    /// Time limit for one request.
    pub total_timeout: Duration,
    /// Time limit for one link: its requests and the pauses between them; `None` for no limit.
    pub item_timeout: Option<Duration>,
    /// Shortest time without a byte after which a request gives way to links that were never tried.
    pub give_way_after: Duration,
    /// Most redirects to follow.
    pub max_redirects: u32,
    /// Most attempts, including the first.
    pub max_attempts: u32,
    /// Longest wait before the second attempt; doubles each time, with full jitter.
    pub backoff_base: Duration,
    /// Longest wait before any attempt.
    pub backoff_max: Duration,
    /// Longest Retry-After that is honoured; a longer one fails the item.
    pub max_retry_after: Duration,
    /// Time after an item's first attempt in which it may be tried again.
    pub max_retry_time: Duration,
    /// Bytes per second below which a transfer counts as stalled; 0 for no limit.
    pub low_speed_bytes_per_s: u64,
    /// Time over which a transfer's speed is averaged.
    pub low_speed_time: Duration,
    /// Time for which a host may leave every request unanswered before its links fail.
    pub host_silence: Duration,
    /// Most requests started per second at one host.
    pub requests_per_s: Option<f64>,
    /// Most bytes received per second in all.
    pub bytes_per_s: Option<u64>,
    /// Time for which every host must fail before the network counts as lost.
    pub network_gone: Duration,
    /// Whether to use the proxies of the system or the environment.
    pub system_proxy: bool,
    /// Whether to skip content marked `noai` or `noimageai`.
    pub skips_noai: bool,
}

impl Default for FetchLimits {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            connections: limits.connections,
            per_host: limits.per_host,
            idle_connections: config::IDLE_CONNECTIONS,
            kept_bytes: config::MAX_BODY_IN_MEMORY_BYTES.saturating_mul(limits.connections as u64),
            kept_files: config::KEPT_FILES,
            max_body_bytes: None,
            unchecked_unpacked_bytes: config::UNCHECKED_UNPACKED_BYTES,
            max_body_in_memory_bytes: config::MAX_BODY_IN_MEMORY_BYTES,
            connect_timeout: Duration::from_secs(config::CONNECT_TIMEOUT_S),
            read_timeout: Duration::from_secs(config::READ_TIMEOUT_S),
            total_timeout: Duration::from_secs(config::TOTAL_TIMEOUT_S),
            item_timeout: None,
            give_way_after: Duration::from_millis(config::GIVE_WAY_AFTER_MS),
            max_redirects: config::MAX_REDIRECTS,
            max_attempts: config::RETRIES + 1,
            backoff_base: Duration::from_millis(config::BACKOFF_BASE_MS),
            backoff_max: Duration::from_millis(config::BACKOFF_MAX_MS),
            max_retry_after: Duration::from_secs(config::MAX_RETRY_AFTER_S),
            max_retry_time: Duration::from_secs(config::MAX_RETRY_TIME_S),
            low_speed_bytes_per_s: config::LOW_SPEED_BYTES_PER_S,
            low_speed_time: Duration::from_secs(config::LOW_SPEED_S),
            host_silence: Duration::from_secs(config::HOST_SILENCE_S),
            requests_per_s: None,
            bytes_per_s: None,
            network_gone: Duration::from_secs(config::NETWORK_GONE_S),
            system_proxy: true,
            skips_noai: false,
        }
    }
}

impl FetchLimits {
    /// The limits with the network settings applied.
    pub(super) fn with_network(mut self, network: &NetworkSpec) -> Self {
        self.skips_noai |= network.obey_noai;
        self.requests_per_s = network.requests_per_s.or(self.requests_per_s);
        self.bytes_per_s = network.bytes_per_s.or(self.bytes_per_s);
        self.read_timeout = network.timeout_s.map_or(self.read_timeout, Duration::from_secs);
        self.connect_timeout = network.connect_timeout_s.map_or(self.connect_timeout, Duration::from_secs);
        self.max_attempts = network.retries.map_or(self.max_attempts, |retries| retries.saturating_add(1));
        self
    }
}

impl From<&Limits> for FetchLimits {
    /// A job's limits; the others have their defaults.
    fn from(limits: &Limits) -> Self {
        let network_gone = limits.network_gone_s.unwrap_or(config::NETWORK_GONE_S);
        let item_timeout = Duration::from_secs(limits.item_timeout_s.unwrap_or(config::ITEM_TIMEOUT_S));
        Self {
            connections: limits.connections,
            per_host: limits.per_host,
            network_gone: Duration::from_secs(network_gone),
            max_body_bytes: limits.max_bytes,
            item_timeout: Some(item_timeout),
            // A large file may take as long as its item.
            total_timeout: item_timeout,
            ..Self::default()
        }
    }
}
