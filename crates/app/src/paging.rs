//! Keyset paging: a page starts after the last row of the page before it (contract §1).

/// Which part of a list to read.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// The id of the last row already seen.
    pub after: Option<String>,
    /// How many rows, 1 to 100.
    pub per_page: u32,
}

/// Part of a list, newest first.
#[derive(Debug, Clone)]
pub struct Slice<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// The `after` of the next page; `None` on the last one.
    pub next: Option<String>,
}
