//! The form for limits and time-outs: each setting as a number in the unit that the user sees.

use crate::config;
use crate::model::{Lang, Limits, NetworkSpec};

const MB: f64 = 1_048_576.0;

/// A setting that is edited as a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitField {
    /// Images processed at once; empty is automatic.
    Workers,
    /// Memory in MB; empty is automatic.
    Memory,
    /// Links fetched at once.
    Connections,
    /// Links fetched at once per host.
    PerHost,
    /// Largest file to fetch in MB; empty is no limit.
    MaxBytes,
    /// Seconds to wait for a lost network.
    NetworkWait,
    /// Seconds without a byte.
    Timeout,
    /// Seconds for connecting.
    ConnectTimeout,
    /// Further attempts.
    Retries,
}

impl LimitField {
    /// Limits of this computer.
    pub(crate) const MACHINE: [Self; 2] = [Self::Workers, Self::Memory];
    /// Limits of links.
    pub(crate) const LINKS: [Self; 7] = [
        Self::Connections,
        Self::PerHost,
        Self::MaxBytes,
        Self::NetworkWait,
        Self::Timeout,
        Self::ConnectTimeout,
        Self::Retries,
    ];

    /// Its label.
    pub(crate) fn label(self, lang: Lang) -> &'static str {
        lang.word(match self {
            Self::Workers => "workers",
            Self::Memory => "memory_budget",
            Self::Connections => "connections",
            Self::PerHost => "per_host",
            Self::MaxBytes => "max_bytes",
            Self::NetworkWait => "network_wait",
            Self::Timeout => "timeout",
            Self::ConnectTimeout => "connect_timeout",
            Self::Retries => "retries",
        })
    }

    /// Smallest and largest number, and the step of the arrow keys.
    pub(crate) const fn range(self) -> (f64, f64, f64) {
        match self {
            Self::Workers => (1.0, 256.0, 1.0),
            Self::Memory => (64.0, 1_048_576.0, 128.0),
            Self::Connections => (1.0, 4096.0, 8.0),
            Self::PerHost => (1.0, 1024.0, 1.0),
            Self::MaxBytes => (1.0, 1_048_576.0, 100.0),
            Self::NetworkWait => (0.0, 86_400.0, 30.0),
            Self::Timeout | Self::ConnectTimeout => (1.0, 3600.0, 5.0),
            Self::Retries => (0.0, 100.0, 1.0),
        }
    }

    /// The unit after the number.
    pub(crate) fn suffix(self, lang: Lang) -> &'static str {
        match self {
            Self::Memory | Self::MaxBytes => " MB",
            Self::NetworkWait | Self::Timeout | Self::ConnectTimeout => lang.word("seconds_unit"),
            Self::Workers | Self::Connections | Self::PerHost | Self::Retries => "",
        }
    }

    /// What an empty field shows; `None` if the setting always has a number.
    pub(crate) fn empty(self, lang: Lang) -> Option<String> {
        match self {
            Self::Workers | Self::Memory => Some(lang.word("automatic").to_owned()),
            Self::MaxBytes => Some(lang.word("no_limit").to_owned()),
            Self::Timeout => Some(format!("{}{}", config::READ_TIMEOUT_S, self.suffix(lang))),
            Self::ConnectTimeout => Some(format!("{}{}", config::CONNECT_TIMEOUT_S, self.suffix(lang))),
            Self::Retries => Some(config::RETRIES.to_string()),
            Self::Connections | Self::PerHost | Self::NetworkWait => None,
        }
    }

    /// The number, if it is set.
    pub(crate) fn get(self, limits: &Limits, network: &NetworkSpec) -> Option<f64> {
        let seconds = |seconds: Option<u64>| seconds.map(|seconds| seconds as f64);
        match self {
            Self::Workers => limits.workers.map(|workers| workers as f64),
            Self::Memory => limits.memory_bytes.map(|memory| memory as f64 / MB),
            Self::Connections => Some(limits.connections as f64),
            Self::PerHost => Some(limits.per_host as f64),
            Self::MaxBytes => limits.max_bytes.map(|most| most as f64 / MB),
            Self::NetworkWait => Some(limits.network_wait_s as f64),
            Self::Timeout => seconds(network.timeout_s),
            Self::ConnectTimeout => seconds(network.connect_timeout_s),
            Self::Retries => network.retries.map(f64::from),
        }
    }

    /// Sets or clears the number. A setting that always has one keeps it.
    pub(crate) fn set(self, number: Option<f64>, limits: &mut Limits, network: &mut NetworkSpec) {
        let whole = number.map(|number| number as u64);
        match self {
            Self::Workers => limits.workers = whole.map(|workers| workers as usize),
            Self::Memory => limits.memory_bytes = whole.map(|memory| memory << 20),
            Self::Connections => limits.connections = whole.map_or(limits.connections, |links| links as usize),
            Self::PerHost => limits.per_host = whole.map_or(limits.per_host, |links| links as usize),
            Self::MaxBytes => limits.max_bytes = whole.map(|most| most << 20),
            Self::NetworkWait => limits.network_wait_s = whole.unwrap_or(limits.network_wait_s),
            Self::Timeout => network.timeout_s = whole,
            Self::ConnectTimeout => network.connect_timeout_s = whole,
            Self::Retries => network.retries = whole.map(|retries| u32::try_from(retries).unwrap_or(u32::MAX)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_returns_the_number_that_was_set_and_can_be_cleared_or_not() {
        for field in LimitField::MACHINE.into_iter().chain(LimitField::LINKS) {
            let (mut limits, mut network) = (Limits::default(), NetworkSpec::default());
            let before = field.get(&limits, &network);
            field.set(Some(128.0), &mut limits, &mut network);
            assert_eq!(field.get(&limits, &network), Some(128.0), "{field:?}");
            field.set(None, &mut limits, &mut network);
            let kept = if before.is_some() { Some(128.0) } else { None };
            assert_eq!(field.get(&limits, &network), kept, "{field:?}");
            assert_eq!(field.empty(Lang::English).is_none(), before.is_some(), "{field:?}");
        }
    }
}
