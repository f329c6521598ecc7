//! Pages of lists: `from`, `to`, `totalCount`, and where the next page is.

use serde_json::{Map, Value, json};

use super::error::{invalid, refuse};
use crate::call::{Answer, Call, Outcome};
use crate::strict::Query;

/// Which page was asked for; both count from 1.
#[derive(Clone, Copy)]
pub(crate) struct Page {
    page: usize,
    size: usize,
}

impl Page {
    pub fn of(query: &Query<'_>, size: usize) -> Result<Self, Answer> {
        let asked = |name| query.parse::<usize>(name).map_err(|why| refuse(&why));
        let page = Self {
            page: asked("page")?.unwrap_or(1),
            size: asked("perPage")?.unwrap_or(size),
        };
        if page.page == 0 || page.size == 0 {
            return Err(invalid("page and perPage count from 1"));
        }
        Ok(page)
    }

    /// The page of `all` under `name`. The description has `nextPage` and `lastPage` only where more follows.
    pub fn answer(self, call: &Call, name: &str, all: &[Value]) -> Outcome {
        let skipped = (self.page - 1).saturating_mul(self.size).min(all.len());
        let shown = &all[skipped..(skipped.saturating_add(self.size)).min(all.len())];
        let last = all.len().div_ceil(self.size).max(1);
        let mut body = Map::new();
        body.insert(name.to_owned(), shown.into());
        let from = if shown.is_empty() { 0 } else { skipped + 1 };
        body.insert("from".to_owned(), json!(from));
        body.insert("to".to_owned(), json!(skipped + shown.len()));
        body.insert("totalCount".to_owned(), json!(all.len()));
        let mut links = Vec::new();
        let mut link = |page: usize, rel: &str| {
            links.push(format!("<{}?page={page}>; rel=\"{rel}\"", call.path));
        };
        if self.page < last {
            body.insert("nextPage".to_owned(), json!(self.page + 1));
            body.insert("lastPage".to_owned(), json!(last));
            link(self.page + 1, "next");
            link(last, "last");
        }
        if self.page > 1 {
            link(self.page - 1, "prev");
        }
        let answer = Answer::json(200, &body);
        Ok(if links.is_empty() {
            answer
        } else {
            answer.with("link", links.join(", "))
        })
    }
}
