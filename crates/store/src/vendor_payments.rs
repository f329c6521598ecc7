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
    pub expected: Cents,
}

/// Stores an intent, unless the same is open. Gives back the payment, and whether it is new.
pub async fn intend(
    db: &EnvironmentDb,
    intent: Intent<'_>,
    now: Timestamp,
) -> Result<(PaymentId, bool)> {
    let id = PaymentId::new(now);
    let row = Payment {
        account_id: intent.account.clone(),
        id: id.clone(),
        provider_account_id: intent.provider_account.clone(),
        kind: intent.kind,
        subject: intent.subject.to_owned(),
        expected_cents: intent.expected,
        state: PaymentState::Intended,
        paid_cents: None,
        reference: None,
        created_at: now,
        settled_at: None,
    };
    let open = OnConflict::new().do_nothing().to_owned();
    Entity::insert(row.into_active_model().reset_all())
        .on_conflict(open)
        .exec_without_returning(&db.pools.writer)
        .await?;
    let found = open_payment(db, intent.account, intent.kind, intent.subject).await?;
    Ok(found.map_or((id.clone(), true), |found| {
        let is_new = found.id == id;
        (found.id, is_new)
    }))
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

/// How a payment ended. One that has ended stays as it is.
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
    if let Some((amount, reference)) = paid {
        change.state = Set(PaymentState::Paid);
        change.paid_cents = Set(Some(amount));
        change.reference = Set(reference);
    }
    Entity::update_many()
        .set(change)
        .filter(Column::AccountId.eq(account))
        .filter(Column::Id.eq(payment))
        .filter(Column::State.eq(PaymentState::Intended))
        .exec(&db.pools.writer)
        .await?;
    Ok(())
}

/// Payments whose end is not known, made before a time; oldest first, at most `most`.
pub async fn in_doubt_unscoped(
    db: &EnvironmentDb,
    before: Timestamp,
    most: u64,
) -> Result<Vec<Payment>> {
    Ok(Entity::find()
        .filter(Column::State.eq(PaymentState::Intended))
        .filter(Column::CreatedAt.lt(before))
        .order_by_asc(Column::CreatedAt)
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
