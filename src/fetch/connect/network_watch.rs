//! Detects a lost network: hosts answered before, and now every host fails at connection level for a while. Items then
//! wait instead of failing, and one probe at a time requests hosts that answered before. A host that never answered
//! while others do is just that item's failure.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::clients::Clients;
use crate::fetch::limits::FetchLimits;
use crate::fetch::{fault, retry};

/// Recently seen hosts that are probed.
const HOSTS_ASKED: usize = 8;
/// Longest wait between two probes: fetching should resume soon after the network returns.
const PROBED_EVERY: Duration = Duration::from_secs(5);

/// How long a probe waits for a file descriptor before it tries again.
const PROBE_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// What is known about the network.
pub(crate) struct Network {
    state: Mutex<State>,
    /// Notified when an answer ended a doubt, and when a probe failed.
    changed: Notify,
    /// Held by the task that probes; the others wait for its result.
    prober: tokio::sync::Mutex<()>,
    limits: FetchLimits,
}

#[derive(Default)]
struct State {
    /// Hosts that answered, the latest first.
    answered: VecDeque<String>,
    last_answer: Option<Instant>,
    /// Since when no host has answered and some have failed.
    failing_since: Option<Instant>,
    gone_since: Option<Instant>,
    failed_probes: u32,
}

/// The cause of a failed connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The network works: the failure is the item's own.
    ItemsOwn,
    /// The network was lost and is back: the item should be tried again.
    NetworkReturned,
}

enum Reachability {
    NoHostEverAnswered,
    Answers,
    InDoubt { probes_failed: bool },
}

impl Network {
    /// A network about which nothing is known yet.
    pub(crate) fn new(limits: FetchLimits) -> Self {
        Self { state: Mutex::default(), changed: Notify::new(), prober: tokio::sync::Mutex::new(()), limits }
    }

    /// Since when it has been lost.
    pub(crate) fn gone_since(&self) -> Option<Instant> {
        self.state().gone_since
    }

    /// A host answered, with any status.
    pub(crate) fn answered(&self, origin: &str) {
        let mut state = self.state();
        state.last_answer = Some(Instant::now());
        match state.answered.iter().position(|known| known == origin) {
            Some(0) => {}
            Some(index) => state.answered.swap(0, index),
            None => {
                state.answered.truncate(HOSTS_ASKED - 1);
                state.answered.push_front(origin.to_owned());
            }
        }
        if state.failing_since.take().is_some() {
            state.failed_probes = 0;
            if state.gone_since.take().is_some() {
                tracing::info!("the network is back");
            }
            self.changed.notify_waiters();
        }
    }

    /// A request that began then reached no server.
    pub(crate) fn failed(&self, began: Instant) {
        let mut state = self.state();
        if state.last_answer.is_some_and(|answer| answer < began) {
            state.failing_since.get_or_insert(began);
        }
    }

    /// Waits while the network is lost.
    pub(crate) async fn wait_while_gone(&self, clients: &Clients) {
        loop {
            let changed = self.changed.notified();
            if self.gone_since().is_none() {
                return;
            }
            self.learn(changed, clients).await;
        }
    }

    /// Finds out why a request that began then reached no server. Waits while the network is lost.
    pub(crate) async fn judge(&self, began: Instant, clients: &Clients) -> Verdict {
        let mut was_away = false;
        loop {
            let changed = self.changed.notified();
            match self.reachability(began) {
                Reachability::Answers if was_away => return Verdict::NetworkReturned,
                Reachability::Answers | Reachability::NoHostEverAnswered => return Verdict::ItemsOwn,
                Reachability::InDoubt { probes_failed } => was_away |= probes_failed,
            }
            self.learn(changed, clients).await;
        }
    }

    fn reachability(&self, began: Instant) -> Reachability {
        let state = self.state();
        match state.last_answer {
            None => Reachability::NoHostEverAnswered,
            Some(answer) if answer >= began => Reachability::Answers,
            Some(_) => Reachability::InDoubt { probes_failed: state.failed_probes > 0 },
        }
    }

    /// Waits until something is learned, by another task's probe or an own one.
    async fn learn(&self, changed: impl Future<Output = ()>, clients: &Clients) {
        tokio::select! {
            () = changed => {}
            _guard = self.prober.lock() => self.probe(clients).await,
        }
    }

    /// Probes one host that answered before, after a wait that grows with each failure.
    async fn probe(&self, clients: &Clients) {
        let mut answered_elsewhere = pin!(self.changed.notified());
        let Some((origin, failed_probes, due)) = self.next_probe() else { return };
        if failed_probes > 0 {
            let wait = retry::backoff_ceiling(failed_probes, &self.limits).min(PROBED_EVERY);
            let mut until = Instant::now() + wait;
            if self.gone_since().is_none() {
                until = until.min(due);
            }
            tokio::select! {
                () = tokio::time::sleep_until(until.into()) => {}
                () = &mut answered_elsewhere => return,
            }
        }
        let Some(client) = clients.for_probe(&origin) else { return };
        let mut tries = 0;
        let was_reached = loop {
            tries += 1;
            let mut request = pin!(client.head(&origin).timeout(self.limits.connect_timeout).send());
            let response = loop {
                tokio::select! {
                    response = &mut request => break response,
                    () = &mut answered_elsewhere => return,
                    () = tokio::time::sleep_until(due.into()), if self.gone_since().is_none() => self.declare_gone(),
                }
            };
            match response {
                Ok(_) => break true,
                // Nothing was sent.
                Err(error) if fault::lacks_descriptor(&error) => {
                    tries -= 1;
                    tokio::time::sleep(PROBE_AGAIN_AFTER).await;
                }
                Err(error) if error.is_connect() || error.is_timeout() => break false,
                // A host that closes the connection is there; but this may be an old connection that turns out to be
                // broken.
                Err(_) if tries > 1 => break true,
                Err(_) => {}
            }
        };
        if was_reached {
            self.answered(&origin);
            return;
        }
        if Instant::now() >= due {
            self.declare_gone();
        }
        self.state().failed_probes += 1;
        self.changed.notify_waiters();
    }

    /// The next host to probe, how many probes failed, and when the network counts as lost. `None` if there is no
    /// doubt.
    fn next_probe(&self) -> Option<(String, u32, Instant)> {
        let state = self.state();
        let index = state.failed_probes as usize % state.answered.len().max(1);
        let origin = state.answered.get(index)?.clone();
        Some((origin, state.failed_probes, state.failing_since? + self.limits.network_gone))
    }

    fn declare_gone(&self) {
        let mut state = self.state();
        if state.failing_since.is_some() && state.gone_since.is_none() {
            state.gone_since = Some(Instant::now());
            tracing::warn!("the network is lost");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::network_watch::*;

    #[test]
    fn a_failure_before_any_answer_or_alongside_one_raises_no_doubt() {
        let network = Network::new(FetchLimits::default());
        let began = Instant::now();
        network.failed(began);
        assert!(matches!(network.reachability(began), Reachability::NoHostEverAnswered));
        network.answered("http://a");
        network.failed(began);
        assert!(matches!(network.reachability(began), Reachability::Answers));
        assert!(network.next_probe().is_none());
    }

    #[test]
    fn a_failure_after_the_last_answer_raises_a_doubt_that_the_next_answer_ends() {
        let network = Network::new(FetchLimits::default());
        network.answered("http://a");
        network.answered("http://b");
        let began = Instant::now() + Duration::from_nanos(1);
        network.failed(began);
        assert!(matches!(network.reachability(began), Reachability::InDoubt { probes_failed: false }));
        assert_eq!(network.next_probe().map(|(origin, failed, _)| (origin, failed)), Some(("http://b".into(), 0)));
        network.declare_gone();
        assert!(network.gone_since().is_some());
        std::thread::sleep(Duration::from_millis(1));
        network.answered("http://a");
        assert!(network.gone_since().is_none() && network.next_probe().is_none());
        assert!(matches!(network.reachability(began), Reachability::Answers));
    }

    #[test]
    fn only_a_few_hosts_are_remembered() {
        let network = Network::new(FetchLimits::default());
        for host in 0..100 {
            network.answered(&format!("http://{host}"));
        }
        let state = network.state();
        assert_eq!(
            (state.answered.len(), state.answered.front().map(String::as_str)),
            (HOSTS_ASKED, Some("http://99"))
        );
    }
}
