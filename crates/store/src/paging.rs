//! Keyset paging: a page starts after the last row of the page before it (contract §1). Ids sort by creation time,
//! so `id < last seen`, newest first, finds each row exactly once whatever is inserted or deleted meanwhile.

/// Which part of a list to read.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// The id of the last row already seen.
    pub after: Option<String>,
    /// How many rows, 1 to 100.
    pub per_page: u32,
}

impl PageRequest {
    /// One row more than asked for tells whether there is a next page.
    pub(crate) fn fetch(&self) -> u64 {
        u64::from(self.per_page) + 1
    }
}

/// Part of a list, newest first.
#[derive(Debug, Clone)]
pub struct Slice<T> {
    pub rows: Vec<T>,
    /// The `after` of the next page; `None` on the last one.
    pub next: Option<String>,
}

impl<T> Slice<T> {
    pub fn empty() -> Self {
        Self {
            rows: Vec::new(),
            next: None,
        }
    }

    /// Cuts the surplus row off and remembers where the next page starts.
    pub(crate) fn new(page: &PageRequest, mut rows: Vec<T>, id: impl Fn(&T) -> &str) -> Self {
        let wanted = usize::try_from(page.per_page).unwrap_or(usize::MAX);
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let next = if more {
            rows.last().map(|row| id(row).to_owned())
        } else {
            None
        };
        Self { rows, next }
    }

    /// The same part with each row turned into something else.
    pub(crate) fn map<U>(self, turn: impl FnMut(T) -> U) -> Slice<U> {
        Slice {
            rows: self.rows.into_iter().map(turn).collect(),
            next: self.next,
        }
    }

    /// The same part with each row turned into something else, or the first error of that.
    pub(crate) fn try_map<U, E>(self, turn: impl FnMut(T) -> Result<U, E>) -> Result<Slice<U>, E> {
        let rows = self.rows.into_iter().map(turn).collect::<Result<_, E>>()?;
        Ok(Slice {
            rows,
            next: self.next,
        })
    }
}

/// Adds order, start and size of a page to a query of an entity with an `id` column.
macro_rules! page {
    ($query:expr, $id:expr, $page:expr) => {{
        use sea_orm::{ColumnTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
        let query = $query.order_by_desc($id).limit($page.fetch());
        match &$page.after {
            Some(after) => query.filter($id.lt(after.as_str())),
            None => query,
        }
    }};
}
pub(crate) use page;
