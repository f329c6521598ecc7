//! Addresses of a vendor's API: the account's base, a path whose parts cannot break out of it, a query.

use url::{Url, form_urlencoded};

use crate::vendor::{InvalidAccount, VendorAccount};

/// Where one of a vendor's hosts is for an account.
pub(crate) struct Endpoint(Url);

impl Endpoint {
    /// `host` itself, such as `https://admin.googleapis.com`, or what the account has instead.
    pub(crate) fn of(account: &VendorAccount, host: &str) -> Result<Self, InvalidAccount> {
        let url = Url::parse(&account.origin(host)).ok();
        let url = url.filter(|url| !url.cannot_be_a_base());
        let invalid = || InvalidAccount::new("base_url", "is no address of a server");
        url.map(Self).ok_or_else(invalid)
    }

    /// The address of `path`, whose parts are encoded each.
    pub(crate) fn at(&self, path: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// [`Self::at`], with a query.
    pub(crate) fn query(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.at(path);
        url.query_pairs_mut().extend_pairs(query);
        url
    }

    /// Whether `url` is at this server.
    pub(crate) fn serves(&self, url: &Url) -> bool {
        self.0.origin() == url.origin()
    }
}

/// The media type of [`form`].
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// The body of a form.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base: &str) -> Endpoint {
        Endpoint(Url::parse(base).unwrap())
    }

    #[test]
    fn no_part_of_a_path_breaks_out_of_it() {
        for (base, expected) in [
            (
                "https://api.example",
                "https://api.example/users/a%2F..%3Fb@c.com",
            ),
            (
                "http://127.0.0.1:81/fake",
                "http://127.0.0.1:81/fake/users/a%2F..%3Fb@c.com",
            ),
        ] {
            assert_eq!(
                endpoint(base).at(&["users", "a/..?b@c.com"]).as_str(),
                expected
            );
        }
        let url = endpoint("https://api.example").query(&["users"], &[("q", "a&b=c")]);
        assert_eq!(url.as_str(), "https://api.example/users?q=a%26b%3Dc");
    }

    #[test]
    fn another_port_is_another_server() {
        let here = endpoint("http://127.0.0.1:81");
        assert!(here.serves(&Url::parse("http://127.0.0.1:81/v1.0/users?$skiptoken=x").unwrap()));
        for elsewhere in [
            "http://127.0.0.1:82/",
            "https://127.0.0.1:81/",
            "http://evil.example/",
        ] {
            assert!(!here.serves(&Url::parse(elsewhere).unwrap()), "{elsewhere}");
        }
    }
}
