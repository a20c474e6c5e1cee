//! Resolves host names to addresses that may be reached, with distinguishable errors.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address_guard::{self, Reach};
use crate::model::Message;
use crate::store::descriptors;

/// Names whose first reach is remembered; any further names can't be private.
const NAMES_KEPT: usize = 1 << 20;

/// The system's resolver.
pub(crate) struct SystemResolver;

/// A host's name was not found.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NameNotFound(pub(crate) io::Error);

/// A host's name resolves only to addresses that must not be reached.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(Message);

impl Refused {
    pub(crate) fn message(&self) -> Message {
        self.0.clone()
    }
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(|error| NameNotFound(descriptors::or_exhausted(error)))?;
            let addresses: Addrs = Box::new(found.collect::<Vec<_>>().into_iter());
            Ok(addresses)
        })
    }
}

/// The reach of each name when it was first resolved: a name that was public is never accepted as private later in the
/// same job (DNS rebinding).
#[derive(Default)]
pub(crate) struct FirstReach {
    by_name: Mutex<HashMap<u64, Reach>>,
    hasher: RandomState,
}

impl FirstReach {
    /// The first reach of a name, which is `now` if it was never resolved.
    fn of(&self, name: &str, now: Reach) -> Reach {
        let key = self.hasher.hash_one(name.trim_end_matches('.').to_ascii_lowercase());
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if by_name.len() >= NAMES_KEPT && !by_name.contains_key(&key) {
            return Reach::Public;
        }
        *by_name.entry(key).or_insert(now)
    }
}

/// A resolver that removes every address which must not be reached.
pub(crate) struct Guarded {
    pub(crate) inner: Arc<dyn Resolve>,
    pub(crate) first: Arc<FirstReach>,
    /// Whether names that were private from the start may be reached: the user named them.
    pub(crate) for_users_own: bool,
    /// Names of proxies, in lower case: the user or the system chose them.
    pub(crate) proxies: Arc<HashSet<String>>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let text = name.as_str().to_owned();
        let (first, for_users_own) = (Arc::clone(&self.first), self.for_users_own);
        let is_proxy = self.proxies.contains(&text.to_ascii_lowercase());
        // RFC 6761, 6.3: these names are this machine, whatever a name server says.
        let found = if is_localhost(&text) { None } else { Some(self.inner.resolve(name)) };
        Box::pin(async move {
            let found: Vec<SocketAddr> = match found {
                Some(found) => found.await?.collect(),
                None => vec![(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()],
            };
            let kept = if is_proxy { found } else { keep(&text, found, &first, for_users_own)? };
            let addresses: Addrs = Box::new(kept.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether a name is `localhost` or below it, with or without a dot at its end.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// The addresses of a name that may be reached.
fn keep(
    name: &str,
    found: Vec<SocketAddr>,
    first: &FirstReach,
    for_users_own: bool,
) -> Result<Vec<SocketAddr>, Refused> {
    let reaches = |address: &SocketAddr| address_guard::reach(address.ip());
    let nearest = found.iter().map(reaches).filter(|reach| *reach < Reach::Forbidden).min();
    let Some(now) = nearest.filter(|_| address_guard::reach_of_name(name).is_none()) else {
        let led_to = found.first().map(|address| Message::new("name_forbidden").with("address", address.ip()));
        return Err(Refused(led_to.unwrap_or(Message::new("name_no_address"))));
    };
    let most = if for_users_own { first.of(name, now) } else { first.of(name, now).min(Reach::Public) };
    let kept: Vec<SocketAddr> = found.iter().copied().filter(|address| reaches(address) <= most).collect();
    match (kept.is_empty(), found.first()) {
        (true, Some(address)) => Err(Refused(Message::new("name_private").with("address", address.ip()))),
        _ => Ok(kept),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::resolver::*;

    fn tried(first: &FirstReach, own: bool, addresses: &str) -> Option<String> {
        let found = addresses.split_whitespace().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect();
        let kept = keep("h.example", found, first, own).ok()?;
        Some(kept.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn names_from_fetched_lists_and_redirects_only_keep_public_addresses() {
        for (found, kept) in [
            ("8.8.8.8 10.0.0.1 169.254.169.254 ::1", Some("8.8.8.8")),
            ("127.0.0.2", None),
            ("fd00:ec2::254", None),
            ("::ffff:10.0.0.1 64:ff9b::7f00:1", None),
            ("", None),
        ] {
            assert_eq!(tried(&FirstReach::default(), false, found).as_deref(), kept, "{found}");
        }
    }

    #[test]
    fn names_below_localhost_are_this_machine() {
        for name in ["localhost", "localhost.", "LOCALHOST", "shop.localhost", "a.b.localhost."] {
            assert!(is_localhost(name), "{name}");
        }
        assert!(!is_localhost("localhost.example") && !is_localhost("notlocalhost") && !is_localhost(""));
    }

    #[test]
    fn a_name_that_the_user_gave_may_be_private_from_the_start_but_not_become_private() {
        let first = FirstReach::default();
        assert_eq!(tried(&first, true, "192.168.1.5 169.254.169.254").as_deref(), Some("192.168.1.5"));
        assert_eq!(tried(&first, true, "192.168.1.6").as_deref(), Some("192.168.1.6"));
        assert_eq!(tried(&first, false, "192.168.1.6"), None);
        let first = FirstReach::default();
        assert_eq!(tried(&first, true, "8.8.8.8 127.0.0.1").as_deref(), Some("8.8.8.8"));
        assert_eq!(tried(&first, true, "127.0.0.1"), None);
        assert_eq!(tried(&first, true, "9.9.9.9").as_deref(), Some("9.9.9.9"));
        let first = FirstReach::default();
        assert_eq!(tried(&first, true, "169.254.169.254"), None);
        assert_eq!(tried(&first, true, "10.0.0.1").as_deref(), Some("10.0.0.1"));
    }
}
