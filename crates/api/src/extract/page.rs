//! The query of a list: its filters, the page size and the page token.

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::header::HOST;
use axum::http::request::Parts;
use peeker_app::App;
use peeker_app::paging::PageRequest;
use peeker_domain::Error;

use super::query::{ListQuery, Parameters};
use crate::access;
use crate::error::ApiError;
use crate::paging::{PageFrame, TokenScope};

/// Page size when none is given (contract §1).
const DEFAULT_PER_PAGE: u32 = 25;
/// Largest page (contract §1).
const MAX_PER_PAGE: u32 = 100;

/// Longest `Host`: a name, a colon and a port.
const MAX_HOST_LENGTH: usize = peeker_domain::name::MAX_LENGTH + 6;

/// Which part of a list is asked for, and what its links are made of.
#[derive(Debug)]
pub struct List<F: ListQuery> {
    /// Which rows.
    pub filter: F::Input,
    /// Which part of them.
    pub page: PageRequest,
    /// What is written around the rows.
    pub frame: PageFrame,
}

impl<F: ListQuery> FromRequestParts<App> for List<F> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let actor = access::actor(parts)?;
        let mut parameters = Parameters::of(&parts.uri)?;
        let filter = F::read(&mut parameters);
        let per_page = parameters
            .optional("per_page", per_page)
            .unwrap_or(DEFAULT_PER_PAGE);
        let token = parameters.optional("page_token", |text| Ok(text.to_owned()));
        let filters = parameters.finish()?;

        // The path without its prefix: a token got through the alias goes on through the main path.
        let scope = TokenScope::new(*app.page_token_key(), &actor, parts.uri.path(), &filters);
        let after = token.map(|token| scope.open(&token)).transpose()?;
        let frame = PageFrame::new(&address(app, parts)?, per_page, &filters, scope);
        Ok(Self {
            filter,
            page: PageRequest { after, per_page },
            frame,
        })
    }
}

fn per_page(text: &str) -> Result<u32, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=MAX_PER_PAGE).contains(number));
    number.ok_or_else(|| format!("must be between 1 and {MAX_PER_PAGE}"))
}

/// The address that was asked for, without its query. Forwarding headers are not believed: anybody can send them.
/// Errors: `invalid_request` on `Host` when it is longer than any.
fn address(app: &App, parts: &Parts) -> peeker_domain::Result<String> {
    let uri = parts
        .extensions
        .get::<OriginalUri>()
        .map_or(&parts.uri, |original| &original.0);
    let path = uri.path();
    if let Some(origin) = app.public_url() {
        return Ok(format!("{}{path}", origin.trim_end_matches('/')));
    }
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host
        .or_else(|| uri.authority().map(axum::http::uri::Authority::as_str))
        .unwrap_or("localhost");
    if host.len() > MAX_HOST_LENGTH {
        return Err(Error::invalid("Host", "Host must be a name with a port"));
    }
    // Only HTTP/2 and proxies name a scheme in the request itself.
    let scheme = uri.scheme_str().unwrap_or("http");
    Ok(format!("{scheme}://{host}{path}"))
}
