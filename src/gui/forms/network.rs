//! The form for network settings: checks what the user enters.

use crate::model::{AccessKind, Lang, NetworkFile, NetworkSpec, ProxyChoice, network};

/// The choices for the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyWay {
    /// The system's proxy.
    System,
    /// No proxy.
    None,
    /// A proxy with its address.
    Address,
}

/// The state of the network section while the settings are open.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NetworkForm {
    /// Whether the user chose to enter a proxy's address, which may still be missing.
    proxy_by_address: bool,
    /// The file that was last to be chosen with the desktop's dialog.
    pub(crate) asked: Option<NetworkFile>,
}

impl NetworkForm {
    /// The current choice of a proxy.
    pub(crate) fn proxy_way(self, network: &NetworkSpec) -> ProxyWay {
        match &network.proxy {
            _ if self.proxy_by_address => ProxyWay::Address,
            ProxyChoice::System => ProxyWay::System,
            ProxyChoice::None => ProxyWay::None,
            ProxyChoice::Url(_) => ProxyWay::Address,
        }
    }

    /// Chooses a proxy. Until an address is entered, the setting stays as it is.
    pub(crate) fn choose_proxy(&mut self, way: ProxyWay, network: &mut NetworkSpec) {
        self.proxy_by_address = way == ProxyWay::Address;
        match way {
            ProxyWay::System => network.proxy = ProxyChoice::System,
            ProxyWay::None => network.proxy = ProxyChoice::None,
            ProxyWay::Address => {}
        }
    }
}

/// Reads a rate limit in requests per second; empty is no limit.
pub(crate) fn read_requests(lang: Lang, text: &str) -> Result<Option<f64>, &'static str> {
    or_empty(text, |text| network::parse_requests_per_s(text).map_err(|_| lang.word("wrong_requests")))
}

/// Reads a rate limit in bytes per second; empty is no limit.
pub(crate) fn read_bytes(lang: Lang, text: &str) -> Result<Option<u64>, &'static str> {
    or_empty(text, |text| network::parse_bytes_per_s(text).map_err(|_| lang.word("wrong_bytes")))
}

/// Reads the name of a host whose certificates are not to be checked; empty is none.
pub(crate) fn read_host(lang: Lang, text: &str) -> Result<Option<String>, &'static str> {
    or_empty(text, |text| network::parse_host(text).map_err(|_| lang.word("wrong_host")))
}

/// Reads the value of a header; empty is the default.
pub(crate) fn read_header(lang: Lang, text: &str) -> Result<Option<String>, &'static str> {
    or_empty(text, |text| network::parse_header_value(text).map_err(|_| lang.word("wrong_header_value")))
}

fn or_empty<T>(text: &str, read: impl Fn(&str) -> Result<T, &'static str>) -> Result<Option<T>, &'static str> {
    match text.trim() {
        "" => Ok(None),
        text => read(text).map(Some),
    }
}

/// Reads a proxy's address.
pub(crate) fn read_proxy(lang: Lang, text: &str) -> Result<ProxyChoice, &'static str> {
    let proxy = text.parse::<ProxyChoice>().ok().filter(|proxy| matches!(proxy, ProxyChoice::Url(_)));
    proxy.ok_or(lang.word("wrong_proxy"))
}

/// The note below the address of a proxy.
pub(crate) fn proxy_note(lang: Lang, network: &NetworkSpec, is_wrong: bool) -> Option<&'static str> {
    if !matches!(network.proxy, ProxyChoice::Url(_)) {
        return Some(lang.proxy_unset(&network.proxy));
    }
    let has_secret = network.access.iter().any(|entry| entry.kind == AccessKind::Proxy);
    (has_secret && !is_wrong).then(|| lang.word("proxy_secret"))
}

/// Adds a host whose certificates are not checked, once.
pub(crate) fn add_insecure_host(network: &mut NetworkSpec, host: String) {
    if !network.insecure_hosts.contains(&host) {
        network.insecure_hosts.push(host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_stays_as_it_is_until_an_address_is_entered() {
        let (mut form, mut network) = (NetworkForm::default(), NetworkSpec::default());
        form.choose_proxy(ProxyWay::None, &mut network);
        form.choose_proxy(ProxyWay::Address, &mut network);
        assert_eq!((form.proxy_way(&network), &network.proxy), (ProxyWay::Address, &ProxyChoice::None));
        form.choose_proxy(ProxyWay::System, &mut network);
        assert_eq!((form.proxy_way(&network), &network.proxy), (ProxyWay::System, &ProxyChoice::System));
    }

    #[test]
    fn an_empty_field_is_no_limit_and_a_wrong_one_is_explained() {
        let lang = Lang::English;
        assert_eq!((read_requests(lang, " "), read_requests(lang, "0.5")), (Ok(None), Ok(Some(0.5))));
        assert_eq!(read_bytes(lang, "2MB"), Ok(Some(2_000_000)));
        assert_eq!(read_host(lang, "NAS.local"), Ok(Some("nas.local".to_owned())));
        assert!(read_requests(lang, "many").is_err() && read_host(lang, "https://nas.local").is_err());
        assert!(read_proxy(lang, "none").is_err() && read_proxy(lang, "http://proxy:3128").is_ok());
    }
}
