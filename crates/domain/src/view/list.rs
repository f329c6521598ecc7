//! The envelopes around one object and around a page of them (contract §1).

use serde::Serialize;
use utoipa::ToSchema;

/// One object.
#[derive(Debug, Serialize, ToSchema)]
pub struct Single<T> {
    /// The object.
    pub data: T,
}

/// A page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Where to go from here.
    pub links: Links,
    /// About the page.
    pub meta: Meta,
}

/// Links of a page; filters and page size are in them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Links {
    /// The first page.
    pub first: String,
    /// The next page; `null` on the last one.
    #[schema(required = true)]
    pub next: Option<String>,
}

/// About a page.
#[derive(Debug, Serialize, ToSchema)]
pub struct Meta {
    /// The address of the list, without parameters.
    pub path: String,
    /// How many rows were asked for.
    pub per_page: u32,
    /// How many rows there are on this page.
    pub returned: usize,
}
