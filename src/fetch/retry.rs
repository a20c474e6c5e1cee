//! Whether to try again, and how long to wait first.

use std::time::{Duration, SystemTime};

use super::fault::Fault;
use super::limits::FetchLimits;
use crate::error::ErrorKind;

/// Attempts at a host whose name is not found: it seldom appears a second later.
const UNKNOWN_HOST_ATTEMPTS: u32 = 2;
/// Attempts after an invalid response: sometimes it was damaged in transit.
const BAD_RESPONSE_ATTEMPTS: u32 = 2;

/// Whether another attempt makes sense after `attempts` of them.
pub(super) fn is_worth_it(fault: &Fault, attempts: u32, limits: &FetchLimits) -> bool {
    let allowed = match fault.error.kind {
        ErrorKind::UnknownHost => limits.max_attempts.min(UNKNOWN_HOST_ATTEMPTS),
        ErrorKind::BadResponse => limits.max_attempts.min(BAD_RESPONSE_ATTEMPTS),
        // Only a person can fix these.
        ErrorKind::DiskFull | ErrorKind::ReadOnly | ErrorKind::DeviceFailed => return false,
        _ => limits.max_attempts,
    };
    attempts < allowed
        && !fault.is_unavailable
        && fault.error.is_retryable()
        && fault.retry_after.is_none_or(|wait| wait <= limits.max_retry_after)
}

/// The longest wait after this many failures: it doubles each time.
pub(super) fn backoff_ceiling(failures: u32, limits: &FetchLimits) -> Duration {
    let doublings = failures.saturating_sub(1).min(20);
    limits.backoff_base.saturating_mul(1 << doublings).min(limits.backoff_max)
}

/// A random wait up to the ceiling ("full jitter": M. Brooker, Exponential Backoff And Jitter, AWS 2015), so that items
/// which failed together are not retried together.
pub(super) fn backoff(failures: u32, limits: &FetchLimits) -> Duration {
    backoff_ceiling(failures, limits).mul_f64(rand::random::<f64>())
}

/// A Retry-After header: seconds, or a date (RFC 9110, 10.2.3).
pub(super) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ItemError;

    #[test]
    fn the_ceiling_doubles_up_to_its_limit_and_jitter_stays_below_it() {
        let limits = FetchLimits::default();
        let ceilings: Vec<_> = [1, 2, 3, 7, 1000].map(|n| backoff_ceiling(n, &limits).as_millis()).into();
        assert_eq!(ceilings, [500, 1000, 2000, 30_000, 30_000]);
        let waits: Vec<_> = (0..100).map(|_| backoff(2, &limits)).collect();
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(1)));
        assert!(waits.iter().any(|wait| *wait != waits[0]));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after(" 120 ", now), Some(Duration::from_mins(2)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:57 GMT", now), Some(Duration::from_secs(20)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:07 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-1", now), None);
    }

    #[test]
    fn the_cause_decides_whether_to_retry() {
        let limits = FetchLimits::default();
        let worth = |kind, attempts| is_worth_it(&Fault::new(ItemError::nameless(kind)), attempts, &limits);
        assert!(worth(ErrorKind::Timeout, 3) && !worth(ErrorKind::Timeout, 4));
        assert!(worth(ErrorKind::UnknownHost, 1) && !worth(ErrorKind::UnknownHost, 2));
        assert!(!worth(ErrorKind::DiskFull, 1) && !worth(ErrorKind::BodyTooLarge, 1) && !worth(ErrorKind::Tls, 1));
        let status = |status: u16, wait| {
            let error = ItemError::nameless(ErrorKind::HttpStatus).with("status", status);
            is_worth_it(&Fault { retry_after: wait, ..Fault::new(error) }, 1, &limits)
        };
        assert!(status(503, None) && !status(404, None) && status(429, Some(Duration::from_mins(5))));
        assert!(!status(429, Some(Duration::from_secs(301))));
    }
}
