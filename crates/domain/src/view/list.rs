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
    #[schema(
        format = "uri",
        example = "https://api.example.com/partner/v1/orders?per_page=25"
    )]
    pub first: String,
    /// The next page; `null` on the last one.
    #[schema(required = true, format = "uri")]
    pub next: Option<String>,
}

/// About a page.
#[derive(Debug, Serialize, ToSchema)]
pub struct Meta {
    /// The address of the list, without parameters.
    #[schema(format = "uri", example = "https://api.example.com/partner/v1/orders")]
    pub path: String,
    /// How many rows were asked for.
    #[schema(example = 25, minimum = 1, maximum = 100)]
    pub per_page: u32,
    /// How many rows there are on this page.
    #[schema(example = 1, maximum = 100)]
    pub returned: usize,
}
