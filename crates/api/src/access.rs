//! Who may call what: an endpoint asks for `Access<Read>`, `Access<Write>` or `Access<Quote>` as its first argument, so
//! a key that is too weak is refused before the body is looked at (contract §1).

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::Extensions;
use axum::http::request::Parts;
use peeker_app::{Actor, Meter};
use peeker_domain::{Code, Error, Preset};

use crate::error::ApiError;

/// A right that an endpoint asks for.
pub trait Permission: Send + Sync + 'static {
    /// Whether keys of this preset have it.
    fn granted_to(preset: Preset) -> bool;
}

/// To see records.
#[derive(Debug)]
pub struct Read;

/// To change records.
#[derive(Debug)]
pub struct Write;

/// To ask what something would cost, which looks like a write but changes nothing.
#[derive(Debug)]
pub struct Quote;

impl Permission for Read {
    fn granted_to(_: Preset) -> bool {
        true
    }
}

impl Permission for Write {
    fn granted_to(preset: Preset) -> bool {
        preset == Preset::Full
    }
}

impl Permission for Quote {
    fn granted_to(preset: Preset) -> bool {
        matches!(preset, Preset::Full | Preset::Limited)
    }
}

/// The key behind the request, known to have the right `P`.
#[derive(Debug)]
pub struct Access<P> {
    /// The key.
    pub actor: Actor,
    right: PhantomData<P>,
}

impl<S: Sync, P: Permission> FromRequestParts<S> for Access<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let actor = actor(parts)?;
        if P::granted_to(actor.preset) {
            return Ok(Self {
                actor,
                right: PhantomData,
            });
        }
        let message = format!("A key with the preset {} may not do this", actor.preset);
        Err(Error::new(Code::Forbidden, message).into())
    }
}

/// The key that the authentication middleware put beside the request.
pub(crate) fn actor(parts: &Parts) -> Result<Actor, ApiError> {
    let missing = || {
        Error::internal("a route that asks for a key is not behind the authentication middleware")
    };
    Ok(parts
        .extensions
        .get::<Actor>()
        .cloned()
        .ok_or_else(missing)?)
}

/// The meter that the authentication middleware put beside the request.
pub(crate) fn meter(extensions: &Extensions) -> Result<Meter, ApiError> {
    let missing =
        || Error::internal("a route that costs tokens is not behind the authentication middleware");
    Ok(extensions.get::<Meter>().cloned().ok_or_else(missing)?)
}

/// What the request costs, for an endpoint that finds it out by itself.
#[derive(Debug)]
pub struct Metered(pub Meter);

impl<S: Sync> FromRequestParts<S> for Metered {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        meter(&parts.extensions).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_have_the_rights_of_the_contract() {
        let rights = |preset| {
            (
                Read::granted_to(preset),
                Quote::granted_to(preset),
                Write::granted_to(preset),
            )
        };
        assert_eq!(rights(Preset::Full), (true, true, true));
        assert_eq!(rights(Preset::Limited), (true, true, false));
        assert_eq!(rights(Preset::Read), (true, false, false));
    }
}
