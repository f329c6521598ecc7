//! Web addresses given by partners: forwarding targets, picture URLs, webhook endpoints (contract §1).

use std::fmt;
use std::net::IpAddr;

use url::Url;

pub const MAX_LENGTH: usize = 2048;

/// Why a text is not a URL we take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Longer than 2,048 characters.
    #[error("must not be longer than 2,048 characters")]
    TooLong,
    /// Not an absolute URL.
    #[error("must be an absolute URL such as https://example.com/")]
    Malformed,
    /// Neither http nor https.
    #[error("must start with http:// or https://")]
    Scheme,
    /// Holds a user name or a password.
    #[error("must not hold a user name or a password")]
    Credentials,
}

/// An absolute http(s) URL without credentials, in its normal form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebUrl(Url);

impl WebUrl {
    /// Parses and normalises (WHATWG URL): host lower-cased and IDNA-encoded, default port dropped.
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let text = text.trim();
        if text.chars().count() > MAX_LENGTH {
            return Err(InvalidUrl::TooLong);
        }
        let url = Url::parse(text).map_err(|_| InvalidUrl::Malformed)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidUrl::Scheme);
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(InvalidUrl::Malformed);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidUrl::Credentials);
        }
        Ok(Self(url))
    }

    /// The URL as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The host, without the root's dot at its end.
    pub fn host(&self) -> &str {
        let host = self.0.host_str().unwrap_or_default();
        host.strip_suffix('.').unwrap_or(host)
    }

    /// Whether the address names this machine or a private network, as far as its text tells.
    pub fn is_private(&self) -> bool {
        let host = self.host();
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        match literal.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
            Ok(IpAddr::V4(ip)) => {
                ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified()
            }
            Ok(IpAddr::V6(ip)) => {
                ip.is_loopback()
                    || ip.is_unique_local()
                    || ip.is_unicast_link_local()
                    || ip.is_unspecified()
            }
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        }
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_each_kind_of_bad_url() {
        for (text, why) in [
            ("", InvalidUrl::Malformed),
            ("shop.acme.com", InvalidUrl::Malformed),
            ("ftp://acme.com", InvalidUrl::Scheme),
            ("javascript:alert(1)", InvalidUrl::Scheme),
            ("https://user:pw@acme.com", InvalidUrl::Credentials),
        ] {
            assert_eq!(WebUrl::parse(text), Err(why), "{text}");
        }
        let long = format!("https://acme.com/{}", "a".repeat(2048));
        assert_eq!(WebUrl::parse(&long), Err(InvalidUrl::TooLong));
    }

    #[test]
    fn normalises_host_and_port() {
        assert_eq!(
            WebUrl::parse(" HTTPS://Acme.COM:443/a ").unwrap().as_str(),
            "https://acme.com/a"
        );
    }
}
