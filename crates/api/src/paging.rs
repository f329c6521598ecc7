//! Page tokens and the links around a page (contract §1).
//!
//! A token is base64url of an HMAC-SHA-256 followed by a small JSON object with the last row seen. What must stay true:
//! the signature covers account, environment, path and filters, so a token is good for one list of one key's account.

use axum::Json;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use peeker_app::Actor;
use peeker_app::paging::Slice;
use peeker_domain::view::{Links, Meta, Page};
use peeker_domain::{Error, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Bytes of an HMAC-SHA-256.
const MAC_LENGTH: usize = 32;
/// What a query value may hold as it is: the unreserved characters of RFC 3986 §2.3.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// What a token says. Only the server writes and reads it.
#[derive(Serialize, Deserialize)]
struct Payload {
    after: String,
}

/// The list that a token belongs to.
pub(crate) struct TokenScope {
    key: [u8; 32],
    bound_to: Vec<u8>,
}

impl std::fmt::Debug for TokenScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenScope")
    }
}

impl TokenScope {
    /// The list at `path` with these filters, as this key's account sees it.
    pub(crate) fn new(
        key: [u8; 32],
        actor: &Actor,
        path: &str,
        filters: &[(&'static str, String)],
    ) -> Self {
        let mut parts = vec![actor.account.as_str(), actor.environment.as_str(), path];
        parts.extend(
            filters
                .iter()
                .flat_map(|(name, value)| [*name, value.as_str()]),
        );
        // Each part with its length in front: no two lists of parts give the same bytes.
        let mut bound_to = Vec::new();
        for part in parts {
            bound_to.extend((part.len() as u64).to_be_bytes());
            bound_to.extend(part.as_bytes());
        }
        Self { key, bound_to }
    }

    fn mac(&self, payload: &[u8]) -> Hmac<Sha256> {
        // An HMAC fills a short key up with zeros to the block of its hash (RFC 2104 §2); done here, it cannot fail.
        let mut block = [0; 64];
        block[..self.key.len()].copy_from_slice(&self.key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(&(self.bound_to.len() as u64).to_be_bytes());
        mac.update(&self.bound_to);
        mac.update(payload);
        mac
    }

    /// The token of the page after the row `after`.
    fn seal(&self, after: String) -> Result<String> {
        let payload = serde_json::to_vec(&Payload { after }).map_err(Error::internal)?;
        let mut token = self.mac(&payload).finalize().into_bytes().to_vec();
        token.extend(payload);
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    /// The row that a token's page comes after. Errors: `invalid_request` on `page_token` when the token is not one of
    /// ours or belongs to another list.
    pub(crate) fn open(&self, token: &str) -> Result<String> {
        self.read(token).ok_or_else(|| {
            let message = "page_token does not belong to this list with these filters; start again from links.first";
            Error::invalid("page_token", message)
        })
    }

    fn read(&self, token: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (signature, payload) = bytes.split_at_checked(MAC_LENGTH)?;
        self.mac(payload).verify_slice(signature).ok()?;
        let payload: Payload = serde_json::from_slice(payload).ok()?;
        Some(payload.after)
    }
}

/// What is written around the rows of a page.
#[derive(Debug)]
pub struct PageFrame {
    path: String,
    first: String,
    per_page: u32,
    scope: TokenScope,
}

impl PageFrame {
    /// The frame of the list at `path`, a whole address; links carry the page size and the filters.
    pub(crate) fn new(
        path: &str,
        per_page: u32,
        filters: &[(&'static str, String)],
        scope: TokenScope,
    ) -> Self {
        use std::fmt::Write;
        let mut first = format!("{path}?per_page={per_page}");
        for (name, value) in filters {
            // Writing to a String cannot fail.
            let _ = write!(first, "&{name}={}", utf8_percent_encode(value, ESCAPED));
        }
        Self {
            path: path.to_owned(),
            first,
            per_page,
            scope,
        }
    }

    /// The page as the partner sees it.
    pub(crate) fn reply<T>(self, slice: Slice<T>) -> Result<Json<Page<T>>> {
        let token = slice.next.map(|after| self.scope.seal(after)).transpose()?;
        let next = token.map(|token| format!("{}&page_token={token}", self.first));
        let meta = Meta {
            path: self.path,
            per_page: self.per_page,
            returned: slice.rows.len(),
        };
        Ok(Json(Page {
            data: slice.rows,
            links: Links {
                first: self.first,
                next,
            },
            meta,
        }))
    }
}

#[cfg(test)]
mod tests {
    use peeker_domain::id::{AccountId, KeyId};
    use peeker_domain::{Code, Environment, Preset, Timestamp};

    use super::*;

    fn actor() -> Actor {
        let now = Timestamp::from_millis(0);
        Actor {
            account: AccountId::new(now),
            key: KeyId::new(now),
            environment: Environment::Test,
            preset: Preset::Full,
            requests_per_minute: 600,
            suspended: false,
        }
    }

    fn filters(status: &str) -> Vec<(&'static str, String)> {
        vec![("status", status.to_owned())]
    }

    #[test]
    fn a_token_opens_on_the_list_it_was_made_for() {
        let actor = actor();
        let token = TokenScope::new([7; 32], &actor, "/orders", &filters("failed"))
            .seal("ord_1".into())
            .unwrap();
        let same = TokenScope::new([7; 32], &actor, "/orders", &filters("failed"));
        assert_eq!(same.open(&token).unwrap(), "ord_1");
    }

    #[test]
    fn a_token_opens_nowhere_else() {
        let owner = actor();
        let token = TokenScope::new([7; 32], &owner, "/orders", &filters("failed"))
            .seal("ord_1".into())
            .unwrap();
        let live = Actor {
            environment: Environment::Live,
            ..owner.clone()
        };
        for other in [
            TokenScope::new([8; 32], &owner, "/orders", &filters("failed")),
            TokenScope::new([7; 32], &actor(), "/orders", &filters("failed")),
            TokenScope::new([7; 32], &live, "/orders", &filters("failed")),
            TokenScope::new([7; 32], &owner, "/users", &filters("failed")),
            TokenScope::new([7; 32], &owner, "/orders", &filters("completed")),
            TokenScope::new([7; 32], &owner, "/orders", &[]),
        ] {
            let error = other.open(&token).unwrap_err();
            assert_eq!(
                (error.code, error.field.as_deref()),
                (Code::InvalidRequest, Some("page_token"))
            );
        }
    }

    #[test]
    fn a_changed_token_is_refused_at_every_byte() {
        let scope = TokenScope::new([7; 32], &actor(), "/orders", &[]);
        let token = scope.seal("ord_1".into()).unwrap();
        for index in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            assert!(
                scope.open(&String::from_utf8(bytes).unwrap()).is_err(),
                "{index}"
            );
        }
        for bad in ["", "AAAA", "?", &token[..token.len() - 1]] {
            assert!(scope.open(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn links_carry_page_size_and_filters() {
        let filters = vec![("user_email", "a+b@x.com".to_owned())];
        let path = "https://api.example.com/api/partner/v1/orders";
        let frame = PageFrame::new(
            path,
            25,
            &filters,
            TokenScope::new([7; 32], &actor(), "/orders", &filters),
        );
        let Json(page) = frame
            .reply(Slice {
                rows: vec![1],
                next: Some("ord_1".into()),
            })
            .unwrap();
        let first = format!("{path}?per_page=25&user_email=a%2Bb%40x.com");
        assert_eq!(page.links.first, first);
        assert!(
            page.links
                .next
                .unwrap()
                .starts_with(&format!("{first}&page_token="))
        );
        assert_eq!((page.meta.path.as_str(), page.meta.returned), (path, 1));
    }
}
