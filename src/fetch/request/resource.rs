//! Which resource a URL leads to, however often the URL is signed again.

use url::Url;

/// A URL without what changes whenever its signature is renewed: the resource that it leads to.
pub(crate) fn resource_of(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    // Only a URL that can't have them refuses.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let pairs = url.query().into_iter().flat_map(|query| query.split('&'));
    let lasting: Vec<&str> = pairs.filter(|pair| !is_of_signature(pair)).collect();
    let lasting = lasting.join("&");
    url.set_query(Some(lasting.as_str()).filter(|query| !query.is_empty()));
    url.into()
}

/// Whether a pair of a query belongs to a signature (Amazon, Google, Azure and CDNs) or says how long it holds.
fn is_of_signature(pair: &str) -> bool {
    const PARTS: [&str; 4] = ["signature", "credential", "token", "hmac"];
    const NAMES: [&str; 16] = [
        "sig",
        "policy",
        "jwt",
        "hdnea",
        "expires",
        "expire",
        "expiry",
        "exp",
        "se",
        "st",
        "ske",
        "skt",
        "x-amz-date",
        "x-amz-expires",
        "x-goog-date",
        "x-goog-expires",
    ];
    let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
    NAMES.contains(&name.as_str()) || PARTS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_is_signed_again_leads_to_the_same_resource_and_another_query_does_not() {
        let same = |a: &str, b: &str| resource_of(&Url::parse(a).unwrap()) == resource_of(&Url::parse(b).unwrap());
        for (one, other, is_same) in [
            ("https://h/a?X-Amz-Date=1&X-Amz-Signature=a&v=1", "https://h/a?X-Amz-Date=2&X-Amz-Signature=b&v=1", true),
            ("https://h/a?se=2026&sp=r&sig=a", "https://h/a?se=2027&sp=r&sig=b", true),
            ("https://h/a?token=a", "https://h/a", true),
            ("https://me:one@h/a#x", "https://h/a", true),
            ("https://h/a?key=1&sig=a", "https://h/a?key=2&sig=a", false),
            ("https://h/a?id=1", "https://h/a?id=2", false),
            ("https://h/a?sig=a", "https://h/b?sig=a", false),
            ("https://h/a?sig=a", "https://i/a?sig=a", false),
        ] {
            assert_eq!(same(one, other), is_same, "{one} {other}");
        }
    }
}
