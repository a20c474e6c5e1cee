//! What fetching may use, and how patient it is.

use std::time::Duration;

use crate::config;
use crate::model::Limits;

/// What fetching may use, and how patient it is.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchLimits {
    /// Requests in flight at once.
    pub connections: usize,
    /// Requests in flight at one host.
    pub per_host: usize,
    /// Bytes above which a body is refused.
    pub max_body_bytes: u64,
    /// Bytes of a body that stay in memory; a larger one goes to a temporary file.
    pub max_body_in_memory_bytes: u64,
    /// Time to reach a server.
    pub connect_timeout: Duration,
    /// Time without a single byte after which a transfer counts as stalled.
    pub read_timeout: Duration,
    /// Time for one request in all.
    pub total_timeout: Duration,
    /// Time for one link in all: its requests and the pauses between them; `None` for no limit.
    pub item_timeout: Option<Duration>,
    /// Time without a byte after which a request gives way to links that were never tried, at least.
    pub give_way_after: Duration,
    /// Redirects followed at most.
    pub max_redirects: u32,
    /// Attempts in all, the first one included.
    pub max_attempts: u32,
    /// Longest wait before the second attempt; doubles each time, with full jitter.
    pub backoff_base: Duration,
    /// Longest wait before any attempt.
    pub backoff_max: Duration,
    /// Longest Retry-After that is obeyed; a longer one fails the item.
    pub max_retry_after: Duration,
    /// Time after an item's first attempt in which another one may begin.
    pub max_retry_time: Duration,
    /// Bytes a second below which a transfer counts as stalled; 0 for none.
    pub low_speed_bytes_per_s: u64,
    /// Time over which a transfer's speed is looked at.
    pub low_speed_time: Duration,
    /// Time for which a host may leave request after request without an answer before it is given up.
    pub host_silence: Duration,
    /// Requests begun per second at one host, at most.
    pub requests_per_s: Option<f64>,
    /// Bytes received per second in all, at most.
    pub bytes_per_s: Option<u64>,
    /// Time for which every host must fail before the network counts as gone.
    pub network_gone: Duration,
    /// Whether the proxies that the system or the environment names are used.
    pub system_proxy: bool,
    /// Whether what its publisher marks `noai` or `noimageai` is left alone.
    pub obeys_noai: bool,
}

impl Default for FetchLimits {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            connections: limits.connections,
            per_host: limits.per_host,
            max_body_bytes: config::MAX_BODY_BYTES,
            max_body_in_memory_bytes: config::MAX_BODY_IN_MEMORY_BYTES,
            connect_timeout: Duration::from_secs(config::CONNECT_TIMEOUT_S),
            read_timeout: Duration::from_secs(config::READ_TIMEOUT_S),
            total_timeout: Duration::from_secs(config::TOTAL_TIMEOUT_S),
            item_timeout: None,
            give_way_after: Duration::from_millis(config::GIVE_WAY_AFTER_MS),
            max_redirects: config::MAX_REDIRECTS,
            max_attempts: config::MAX_ATTEMPTS,
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
            obeys_noai: false,
        }
    }
}

impl From<&Limits> for FetchLimits {
    /// A job's limits, and the defaults for the rest.
    fn from(limits: &Limits) -> Self {
        let network_gone = limits.network_gone_s.unwrap_or(config::NETWORK_GONE_S);
        Self {
            connections: limits.connections,
            per_host: limits.per_host,
            network_gone: Duration::from_secs(network_gone),
            item_timeout: Some(Duration::from_secs(limits.item_timeout_s.unwrap_or(config::ITEM_TIMEOUT_S))),
            ..Self::default()
        }
    }
}
