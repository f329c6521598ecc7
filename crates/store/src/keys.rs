//! Conditions on the keys of many rows, of many accounts.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, Value};

/// The rows with any of these keys, each an account and what tells the account's own rows apart; none when there are none.
///
/// Account by account, as each account numbers its own rows: every account with every id would look up, and lock, rows
/// that nobody asked for.
pub(crate) fn any_of<C, A, V>(
    account: C,
    id: C,
    keys: impl IntoIterator<Item = (A, V)>,
) -> Condition
where
    C: ColumnTrait,
    A: Into<Value> + Ord,
    V: Into<Value> + Ord,
{
    let mut by_account: BTreeMap<A, BTreeSet<V>> = BTreeMap::new();
    for (account, id) in keys {
        by_account.entry(account).or_default().insert(id);
    }
    if by_account.is_empty() {
        return Condition::all().add(Expr::value(false));
    }
    let of_account = |(key, ids)| {
        Condition::all()
            .add(account.eq(key))
            .add(id.is_in::<V, _>(ids))
    };
    let groups = by_account.into_iter().map(of_account);
    groups.fold(Condition::any(), Condition::add)
}
