//! Where a domain's web address may be forwarded to, as far as the texts tell: one rule for forwarding jobs, for orders,
//! and for the set-up of their domains. Whether anybody answers at the target is for a probe to see.

use crate::name::DomainName;
use crate::web_url::WebUrl;

/// Why a domain cannot be forwarded to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidTarget {
    /// The target is this machine or a private network, where no visitor gets.
    NotPublic,
    /// The target is the domain itself: its visitors would go round in a circle.
    Itself,
}

/// What is wrong with forwarding `name` to `target`; `None` when nothing is.
pub fn invalid_target(name: &DomainName, target: &WebUrl) -> Option<InvalidTarget> {
    let host = target.host();
    if target.is_private() {
        Some(InvalidTarget::NotPublic)
    } else if host == name.as_str() || host.strip_prefix("www.") == Some(name.as_str()) {
        // Whoever asks for `www.` is redirected as well.
        Some(InvalidTarget::Itself)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_public_and_another_domain() {
        let name = DomainName::parse("acme.com").unwrap();
        let mine = DomainName::parse("www.com").unwrap();
        for (target, invalid) in [
            ("https://other.com/", None),
            ("https://shop.acme.com/", None),
            ("https://acme.com.other.com/", None),
            ("https://notacme.com/acme.com", None),
            ("https://8.8.8.8/", None),
            ("https://acme.com/", Some(InvalidTarget::Itself)),
            ("http://ACME.com.:8080/x?y#z", Some(InvalidTarget::Itself)),
            ("https://www.acme.com/", Some(InvalidTarget::Itself)),
            ("https://www.www.acme.com/", None),
            ("http://localhost:3000", Some(InvalidTarget::NotPublic)),
            ("http://app.localhost./", Some(InvalidTarget::NotPublic)),
            ("http://127.1/", Some(InvalidTarget::NotPublic)),
            ("http://0x7f000001/", Some(InvalidTarget::NotPublic)),
            ("http://10.1.2.3/", Some(InvalidTarget::NotPublic)),
            ("http://169.254.169.254/", Some(InvalidTarget::NotPublic)),
            ("http://0.0.0.0/", Some(InvalidTarget::NotPublic)),
            ("http://[::1]/", Some(InvalidTarget::NotPublic)),
            ("http://[::ffff:10.0.0.1]/", Some(InvalidTarget::NotPublic)),
            ("http://[fd00::1]/", Some(InvalidTarget::NotPublic)),
        ] {
            let url = WebUrl::parse(target).unwrap();
            assert_eq!(invalid_target(&name, &url), invalid, "{target}");
        }
        let url = WebUrl::parse("https://www.com/").unwrap();
        assert_eq!(invalid_target(&mine, &url), Some(InvalidTarget::Itself));
    }
}
