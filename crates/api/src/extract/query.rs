//! Query parameters: every one is known, given once and well-formed, or the request is refused (contract §1).

use std::collections::HashSet;

use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;
use peeker_domain::{Code, Error};

use super::problems::Problems;
use crate::error::ApiError;

/// A type that documents the parameters of a query and knows how to read them.
pub trait ListQuery {
    /// What the use-case takes.
    type Input;

    /// Reads them; what is wrong with them is noted in `parameters`.
    fn read(parameters: &mut Parameters) -> Self::Input;
}

/// A list without filters.
impl ListQuery for () {
    type Input = ();

    fn read(_: &mut Parameters) {}
}

/// The query parameters of a request, being read.
#[derive(Debug)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
    filters: Vec<(&'static str, String)>,
    problems: Problems,
}

impl Parameters {
    /// Takes a query apart.
    pub(crate) fn of(uri: &Uri) -> peeker_domain::Result<Self> {
        let axum::extract::Query(pairs) = axum::extract::Query::try_from_uri(uri)
            .map_err(|_| Error::new(Code::InvalidRequest, "The query is not well-formed"))?;
        Ok(Self {
            pairs,
            known: Vec::new(),
            filters: Vec::new(),
            problems: Problems::default(),
        })
    }

    /// A parameter that may be left out; `None` also when it was refused, which is noted.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(name);
        let mut given = self.pairs.iter().filter(|(key, _)| key == name);
        let (_, text) = given.next()?;
        let outcome = if given.next().is_some() {
            Err("must be given once only".to_owned())
        } else {
            parse(text)
        };
        outcome
            .map_err(|what| self.problems.invalid(name, &what))
            .ok()
    }

    /// As `optional`, for a parameter that narrows the list: it is echoed in links and binds page tokens.
    pub fn filter<T: ToString>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.optional(name, parse)?;
        self.filters.push((name, value.to_string()));
        Some(value)
    }

    /// As `filter`, with a value for when it is left out, which is echoed too.
    pub fn filter_or<T: ToString>(
        &mut self,
        name: &'static str,
        default: T,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        let value = self.optional(name, parse).unwrap_or(default);
        self.filters.push((name, value.to_string()));
        value
    }

    /// A parameter that must be there; `None` when it is not or was refused, which is noted.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        if !self.pairs.iter().any(|(key, _)| key == name) {
            self.problems.invalid(name, "is required");
        }
        self.optional(name, parse)
    }

    /// The filters in their normal form, once everything has been read. Errors: every problem at once.
    pub(crate) fn finish(self) -> peeker_domain::Result<Vec<(&'static str, String)>> {
        let mut noted = HashSet::new();
        for (name, _) in &self.pairs {
            if !self.known.contains(&name.as_str()) && noted.insert(name) {
                self.problems.invalid(name, "is not a known parameter");
            }
        }
        self.problems.into_error().map_or(Ok(self.filters), Err)
    }
}

/// The query parameters of an endpoint that is no list.
#[derive(Debug)]
pub struct Query<T: ListQuery>(pub T::Input);

impl<S: Sync, T: ListQuery> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut parameters = Parameters::of(&parts.uri)?;
        let read = T::read(&mut parameters);
        parameters.finish()?;
        Ok(Self(read))
    }
}

/// Refuses every query parameter: for endpoints that know none.
#[derive(Debug)]
pub struct NoQuery;

impl<S: Sync> FromRequestParts<S> for NoQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Parameters::of(&parts.uri)?.finish()?;
        Ok(Self)
    }
}

#[cfg(test)]
mod tests {
    use peeker_domain::OrderStatus;

    use super::super::parameter::{email_text, filter, one_of};
    use super::*;

    fn read(query: &str) -> peeker_domain::Result<Vec<(&'static str, String)>> {
        let uri = format!("/orders?{query}").parse().unwrap();
        let mut parameters = Parameters::of(&uri)?;
        filter(email_text()).read("user_email", &mut parameters);
        filter(one_of(OrderStatus::ALL)).read("status", &mut parameters);
        parameters.finish()
    }

    #[test]
    fn filters_come_out_in_their_normal_form() {
        let filters = read("status=failed&user_email=A%2Bb%40X.com").unwrap();
        assert_eq!(
            filters,
            [
                ("user_email", "a+b@x.com".to_owned()),
                ("status", "failed".to_owned())
            ]
        );
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn each_wrong_parameter_is_named() {
        for (query, field) in [
            ("staus=failed", "staus"),
            ("status=lost", "status"),
            ("status=", "status"),
            ("status=failed&status=failed", "status"),
            ("staus=failed&staus=lost", "staus"),
            ("user_email=nobody", "user_email"),
        ] {
            let error = read(query).unwrap_err();
            assert_eq!(
                (error.code, error.field.as_deref()),
                (Code::InvalidRequest, Some(field)),
                "{query}"
            );
            assert!(error.details.is_empty(), "{query}");
        }
        assert_eq!(
            read("a=1&status=x").unwrap_err().details["violations"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
    }
}
