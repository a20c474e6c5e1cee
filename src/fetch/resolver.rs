//! Host names -> addresses, with an error that can be told from every other. The place where addresses that must not be
//! reached are to be taken out.

use std::io;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The system's resolver.
pub(super) struct SystemResolver;

/// A host's name was not found.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NameNotFound(io::Error);

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(NameNotFound)?;
            let addresses: Addrs = Box::new(found.collect::<Vec<_>>().into_iter());
            Ok(addresses)
        })
    }
}
