//! The one HTTP client. Redirects and decoding are left to us: a client's own would take away the checks and lengths.

use std::sync::Arc;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Client, ClientBuilder, redirect, retry};

use super::limits::FetchLimits;
use super::resolver::SystemResolver;
use super::timing::{TimedConnector, TimedResolver};
use crate::error::JobError;

/// How we introduce ourselves.
const USER_AGENT: &str = concat!("Pixloom/", env!("CARGO_PKG_VERSION"));

/// A client that trusts what the system trusts.
pub(super) fn build(limits: &FetchLimits) -> Result<Client, JobError> {
    // Fails when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match builder(limits).build() {
        Ok(client) => Ok(client),
        // A machine without any root certificate can still fetch what is not encrypted.
        Err(error) => {
            tracing::warn!(%error, "the system's root certificates can't be used");
            without_roots(limits)
        }
    }
}

/// A client that trusts nobody: good for http alone.
fn without_roots(limits: &FetchLimits) -> Result<Client, JobError> {
    let client = builder(limits).tls_certs_only([]).build();
    client.map_err(|error| JobError::Machine(format!("The HTTP client can't be set up: {error}.")))
}

fn builder(limits: &FetchLimits) -> ClientBuilder {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .default_headers(headers)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .connect_timeout(limits.connect_timeout)
        .read_timeout(limits.read_timeout)
        .pool_max_idle_per_host(limits.per_host.max(1))
        .dns_resolver(Arc::new(TimedResolver(SystemResolver)))
        .connector_layer(TimedConnector);
    if limits.system_proxy { builder } else { builder.no_proxy() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_can_be_had_without_any_root_certificate() {
        let limits = FetchLimits::default();
        assert!(build(&limits).is_ok() && without_roots(&limits).is_ok());
    }
}
