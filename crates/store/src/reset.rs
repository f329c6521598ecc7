//! Emptying an account's sandbox (contract §7).

use peeker_domain::id::AccountId;
use peeker_domain::{ClockOffset, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::entity as rows;
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::idempotency::{self, Answer};
use crate::unit_of_work::UnitOfWork;

/// The idempotency key that a reset was asked for with.
#[derive(Debug)]
pub struct ResetKey<'a> {
    /// The key, which is claimed.
    pub key: &'a str,
    /// What its repeats are answered.
    pub answer: Answer,
    /// Until when, on the system's clock.
    pub expires_at: Timestamp,
}

/// Removes every row of an account. What is being worked on finds its lease gone and changes nothing any more. Event
/// numbers go on where they were, so that no receiver sees a number twice. Idempotency keys of requests that run stay
/// claimed. That of the reset is answered in the same transaction, or its repeat, even after a crash, would remove what came
/// between. Errors: where accounts cannot be emptied.
pub async fn empty(
    db: &EnvironmentDb,
    account: &AccountId,
    asked_with: Option<ResetKey<'_>>,
) -> Result<()> {
    if !db.rules.resettable {
        return Err(StoreError::Corrupt(
            "only a sandbox can be emptied".to_owned(),
        ));
    }
    let mut work = UnitOfWork::begin(db, [account]).await?;
    macro_rules! clear {
        ($($table:ident),+) => {$(
            rows::$table::Entity::delete_many()
                .filter(rows::$table::Column::AccountId.eq(account.as_str()))
                .exec(work.tx())
                .await?;
        )+};
    }
    // Orders before what they refer to.
    clear!(
        jobs,
        deliveries,
        delivery_attempts,
        endpoint_health,
        replays,
        event_replays,
        events,
        ledger_entries,
        pending_action_domains,
        pending_actions,
        swaps,
        order_history,
        inboxes,
        order_domains,
        order_fingerprints,
        orders,
        forwarding_domains,
        forwardings,
        import_domains,
        import_fingerprints,
        imports,
        imported_names,
        domains,
        bundles,
        users,
        simulated_records,
        domain_providers,
        mailboxes,
        operator_tasks,
        vendor_payments
    );
    forget_answers(&work, account).await?;
    if let Some(own) = asked_with {
        idempotency::keep(work.tx(), account, own.key, own.answer, own.expires_at).await?;
    }
    work.start_anew(account)?;
    // Nothing waits any more, and what watched the endpoint is gone with the jobs.
    work.set_paused(account, None)?;
    work.commit().await
}

/// Frees the keys that were answered. A claim lapses by the account's clock, which goes back to the system's.
async fn forget_answers(work: &UnitOfWork<'_>, account: &AccountId) -> Result<()> {
    use rows::idempotency_keys::{Column, Entity};
    Entity::delete_many()
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::Status.is_not_null())
        .exec(work.tx())
        .await?;
    let ClockOffset(ahead) = work.clock(account);
    if ahead != 0 {
        Entity::update_many()
            .col_expr(Column::ExpiresAt, Expr::col(Column::ExpiresAt).sub(ahead))
            .filter(Column::AccountId.eq(account.as_str()))
            .exec(work.tx())
            .await?;
    }
    Ok(())
}
