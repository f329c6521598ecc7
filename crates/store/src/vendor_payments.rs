//! What vendors are paid: an intent before the call that pays, and how it ended.

use peeker_domain::id::{AccountId, PaymentId, ProviderAccountId};
use peeker_domain::vendor::{PaymentKind, PaymentState};
use peeker_domain::{Cents, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, FromQueryResult, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, Statement,
};

pub use crate::entity::vendor_payments::Model as Payment;
use crate::entity::vendor_payments::{ActiveModel, Column, Entity};
use crate::environment::EnvironmentDb;
use crate::error::Result;

/// What is about to be paid.
#[derive(Debug, Clone, Copy)]
pub struct Intent<'a> {
    pub account: &'a AccountId,
    pub provider_account: &'a ProviderAccountId,
    pub kind: PaymentKind,
    pub subject: &'a str,
    /// The same on every try of one purchase, and no other's.
    pub purchase: &'a str,
    pub expected: Cents,
}

/// Stores an intent. Gives back the payment of the purchase as it was before, if there is one: it may be in doubt, or paid;
/// else the new one.
pub async fn intend(
    db: &EnvironmentDb,
    intent: Intent<'_>,
    now: Timestamp,
) -> Result<(Payment, bool)> {
    let row = Payment {
        account_id: intent.account.clone(),
        id: PaymentId::new(now),
        provider_account_id: intent.provider_account.clone(),
        kind: intent.kind,
        subject: intent.subject.to_owned(),
        purchase: intent.purchase.to_owned(),
        expected_cents: intent.expected,
        state: PaymentState::Intended,
        paid_cents: None,
        reference: None,
        created_at: now,
        tried_at: now,
        settled_at: None,
    };
    Entity::insert(row.clone().into_active_model().reset_all())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(&db.pools.writer)
        .await?;
    let found = Entity::find()
        .filter(Column::AccountId.eq(intent.account))
        .filter(Column::Kind.eq(intent.kind))
        .filter(Column::Subject.eq(intent.subject))
        .filter(Column::Purchase.eq(intent.purchase))
        .filter(Column::State.ne(PaymentState::NotPaid))
        .one(&db.pools.writer)
        .await?;
    let found = found.unwrap_or_else(|| row.clone());
    let is_new = found.id == row.id;
    Ok((found, is_new))
}

/// The call that pays is about to be made again.
pub async fn tried(
    db: &EnvironmentDb,
    account: &AccountId,
    payment: &PaymentId,
    now: Timestamp,
) -> Result<()> {
    let change = ActiveModel {
        tried_at: Set(now),
        ..Default::default()
    };
    Entity::update_many()
        .set(change)
        .filter(Column::AccountId.eq(account))
        .filter(Column::Id.eq(payment))
        .exec(&db.pools.writer)
        .await?;
    Ok(())
}

/// The payment for a thing whose end is not known.
pub async fn open_payment(
    db: &EnvironmentDb,
    account: &AccountId,
    kind: PaymentKind,
    subject: &str,
) -> Result<Option<Payment>> {
    Ok(Entity::find()
        .filter(Column::AccountId.eq(account))
        .filter(Column::Kind.eq(kind))
        .filter(Column::Subject.eq(subject))
        .filter(Column::State.eq(PaymentState::Intended))
        .one(&db.pools.writer)
        .await?)
}

/// How a payment ended. What is paid stays paid; what was taken for not paid may turn out to be.
pub async fn settle(
    db: &EnvironmentDb,
    account: &AccountId,
    payment: &PaymentId,
    paid: Option<(Cents, Option<String>)>,
    now: Timestamp,
) -> Result<()> {
    let mut change = ActiveModel {
        state: Set(PaymentState::NotPaid),
        settled_at: Set(Some(now)),
        ..Default::default()
    };
    let mut before = vec![PaymentState::Intended];
    if let Some((amount, reference)) = paid {
        change.state = Set(PaymentState::Paid);
        change.paid_cents = Set(Some(amount));
        change.reference = Set(reference);
        before.push(PaymentState::NotPaid);
    }
    Entity::update_many()
        .set(change)
        .filter(Column::AccountId.eq(account))
        .filter(Column::Id.eq(payment))
        .filter(Column::State.is_in(before))
        .exec(&db.pools.writer)
        .await?;
    Ok(())
}

/// Payments of a kind whose end is not known and which were last tried before a time; oldest first, at most `most`.
pub async fn in_doubt_unscoped(
    db: &EnvironmentDb,
    kind: PaymentKind,
    before: Timestamp,
    most: u64,
) -> Result<Vec<Payment>> {
    Ok(Entity::find()
        .filter(Column::State.eq(PaymentState::Intended))
        .filter(Column::Kind.eq(kind))
        .filter(Column::TriedAt.lt(before))
        .order_by_asc(Column::TriedAt)
        .limit(most)
        .all(&db.pools.reader)
        .await?)
}

/// A line of the bill.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct BillLine {
    pub provider_account_id: ProviderAccountId,
    pub kind: PaymentKind,
    pub state: PaymentState,
    pub payments: i64,
    /// What was paid, or is expected to be while that is not known.
    pub cents: i64,
}

const BILL: &str = "
SELECT provider_account_id, kind, state, COUNT(*) AS payments,
    CAST(COALESCE(SUM(COALESCE(paid_cents, expected_cents)), 0) AS BIGINT) AS cents
FROM vendor_payments WHERE created_at >= $1 AND created_at < $2 AND state <> 'not_paid'
GROUP BY provider_account_id, kind, state ORDER BY 1, 2, 3";

/// What vendors were paid in a time, by account and by what was bought.
pub async fn bill_unscoped(
    db: &EnvironmentDb,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<BillLine>> {
    use sea_orm::ConnectionTrait;
    let reader = db.pools.reader.unhurried();
    let values = [from.into(), to.into()];
    let statement = Statement::from_sql_and_values(reader.get_database_backend(), BILL, values);
    Ok(BillLine::find_by_statement(statement).all(&reader).await?)
}

/// What the books say of a time, to be held against the bill.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromQueryResult)]
pub struct Books {
    /// What partners paid, refunds taken off, in cents.
    pub sales_cents: i64,
}

/// What partners paid in a time, by the ledger.
pub async fn books_unscoped(db: &EnvironmentDb, from: Timestamp, to: Timestamp) -> Result<Books> {
    use sea_orm::ConnectionTrait;
    const SALES: &str = "
SELECT CAST(COALESCE(SUM(amount_cents), 0) AS BIGINT) AS sales_cents FROM ledger_entries
WHERE ledger_account = 'sales' AND created_at >= $1 AND created_at < $2";
    let reader = db.pools.reader.unhurried();
    let values = [from.into(), to.into()];
    let statement = Statement::from_sql_and_values(reader.get_database_backend(), SALES, values);
    let books = Books::find_by_statement(statement).one(&reader).await?;
    Ok(books.unwrap_or_default())
}

/// A domain that was set up as bought, of which the bill knows nothing.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Unbilled {
    pub account_id: AccountId,
    pub name: String,
}

/// Domains of orders that were bought, by the orders' own rows, and that no payment stands for; at most `most`.
pub async fn unbilled_unscoped(db: &EnvironmentDb, most: u64) -> Result<Vec<Unbilled>> {
    use sea_orm::ConnectionTrait;
    const UNBILLED: &str = "
SELECT account_id, name FROM order_domains
WHERE source = 'registered' AND step <> 'register' AND NOT EXISTS (
    SELECT 1 FROM vendor_payments
    WHERE vendor_payments.account_id = order_domains.account_id AND vendor_payments.kind = 'registration'
        AND vendor_payments.subject = order_domains.name AND vendor_payments.state <> 'not_paid'
) ORDER BY 1, 2 LIMIT $1";
    let reader = db.pools.reader.unhurried();
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let statement =
        Statement::from_sql_and_values(reader.get_database_backend(), UNBILLED, [most.into()]);
    Ok(Unbilled::find_by_statement(statement).all(&reader).await?)
}
