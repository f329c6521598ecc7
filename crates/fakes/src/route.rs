//! Routes as text, `METHOD /path/{}`, because vendors put verbs behind colons and dots into segments.

use std::future::Future;
use std::pin::Pin;

use http::Method;
use percent_encoding::percent_decode_str;

use crate::call::{Call, Outcome};
use crate::{Shared, World};

pub(crate) type Waiting = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// How a route is carried out.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    /// Holds the world from the first to the last line, so it is all or nothing.
    AtOnce(fn(&mut World, &Call) -> Outcome),
    /// Waits for something, such as a DNS look-up; takes the world for moments.
    Waits(fn(Shared, Call) -> Waiting),
}

/// One pattern and what it does.
///
/// `{}` stands for a segment, or with text around it for the rest of one: `{}:renew`, `{}.jpg`. It never takes in a bare `:`.
pub(crate) struct Route {
    pub pattern: &'static str,
    pub handler: Handler,
}

impl Route {
    pub const fn at_once(pattern: &'static str, handler: fn(&mut World, &Call) -> Outcome) -> Self {
        Self {
            pattern,
            handler: Handler::AtOnce(handler),
        }
    }

    pub const fn waits(pattern: &'static str, handler: fn(Shared, Call) -> Waiting) -> Self {
        Self {
            pattern,
            handler: Handler::Waits(handler),
        }
    }

    fn method(&self) -> &str {
        self.pattern
            .split_once(' ')
            .map_or("", |(method, _)| method)
    }

    fn params(&self, path: &str) -> Option<Vec<String>> {
        let (_, pattern) = self.pattern.split_once(' ')?;
        let (mut found, mut asked) = (Vec::new(), path.split('/'));
        for part in pattern.split('/') {
            let segment = asked.next()?;
            match part.split_once("{}") {
                None if part == segment => {}
                None => return None,
                Some((before, after)) => {
                    let inner = segment.strip_prefix(before)?.strip_suffix(after)?;
                    if inner.is_empty() || inner.contains(':') {
                        return None;
                    }
                    found.push(percent_decode_str(inner).decode_utf8().ok()?.into_owned());
                }
            }
        }
        asked.next().is_none().then_some(found)
    }
}

/// Which route a request fits.
pub(crate) enum Fit {
    Route(&'static Route, Vec<String>),
    /// The path is known, but not with this method; the methods it has.
    Method(Vec<&'static str>),
    Nothing,
}

pub(crate) fn fit(routes: &'static [Route], method: &Method, path: &str) -> Fit {
    let mut methods = Vec::new();
    for route in routes {
        let Some(params) = route.params(path) else {
            continue;
        };
        if route.method() == method.as_str() {
            return Fit::Route(route, params);
        }
        methods.push(route.method());
    }
    if methods.is_empty() {
        Fit::Nothing
    } else {
        Fit::Method(methods)
    }
}
