//! Customers (contract §2).

use peeker_domain::id::{AccountId, UserId};
use peeker_domain::{Environment, Error, Result, view};
pub use peeker_store::users::{NewUser, UserFilter, UserPatch};
use peeker_store::{StoreError, users as rows};

use crate::failure::internal;
use crate::paging::{PageRequest, Slice};
use crate::{Actor, App};

/// Makes a customer. Errors: `invalid_request` on `email` with `details.user` when the address is in use.
pub async fn create(app: &App, actor: &Actor, new: NewUser) -> Result<view::User> {
    let db = &app.environment(actor.environment).db;
    let email = new.email.clone();
    let now = actor.now(app).await?;
    match rows::insert(db, &actor.account, UserId::new(now), new, now).await {
        Err(StoreError::Unique(_)) => Err(email_in_use(app, actor, &email).await?),
        other => other.map_err(internal("store a user")),
    }
}

/// The refusal of an address that another customer has, which it shows so that the caller can go on with it.
async fn email_in_use(
    app: &App,
    actor: &Actor,
    email: &peeker_domain::EmailAddress,
) -> Result<Error> {
    let db = &app.environment(actor.environment).db;
    let user = rows::find_by_email(db, &actor.account, email)
        .await
        .map_err(internal("find a user"))?;
    let error = Error::invalid(
        "email",
        "A user with this e-mail exists already; details.user shows it",
    );
    let user = user
        .map(serde_json::to_value)
        .transpose()
        .map_err(Error::internal)?;
    Ok(error.with_detail("user", user.unwrap_or_default()))
}

/// A page of customers.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: UserFilter,
    page: PageRequest,
) -> Result<Slice<view::User>> {
    let db = &app.environment(actor.environment).db;
    rows::list(db, &actor.account, &filter, &page)
        .await
        .map_err(internal("list users"))
}

/// One customer. Errors: `not_found`.
pub async fn get(app: &App, actor: &Actor, id: &str) -> Result<view::User> {
    let db = &app.environment(actor.environment).db;
    let user = rows::find(db, &actor.account, &parse(id)?)
        .await
        .map_err(internal("find a user"))?;
    user.ok_or_else(not_found)
}

/// Changes the fields that are given. Errors: `not_found`, `invalid_request` on `email`.
pub async fn update(app: &App, actor: &Actor, id: &str, patch: UserPatch) -> Result<view::User> {
    let db = &app.environment(actor.environment).db;
    let email = patch.email.clone();
    match (
        rows::update(db, &actor.account, &parse(id)?, patch).await,
        email,
    ) {
        (Err(StoreError::Unique(_)), Some(email)) => Err(email_in_use(app, actor, &email).await?),
        (other, _) => other
            .map_err(internal("change a user"))?
            .ok_or_else(not_found),
    }
}

/// Marks a customer as deleted; again is the same. Errors: `not_found`.
pub async fn delete(app: &App, actor: &Actor, id: &str) -> Result<view::User> {
    let db = &app.environment(actor.environment).db;
    let user = rows::mark_deleted(db, &actor.account, &parse(id)?)
        .await
        .map_err(internal("delete a user"))?;
    user.ok_or_else(not_found)
}

/// A customer that was restored, and whose it is.
#[derive(Debug)]
pub struct Restored {
    pub account: AccountId,
    pub environment: Environment,
    pub user: view::User,
}

/// Makes a deleted customer active again, for the operator; again is the same. Its address was kept for it all the time.
/// Errors: `not_found`.
pub async fn restore(app: &App, id: &UserId) -> Result<Restored> {
    for &environment in Environment::ALL {
        let restored = rows::restore_unscoped(&app.environment(environment).db, id).await;
        if let Some((account, user)) = restored.map_err(internal("restore a user"))? {
            tracing::info!(partner.id = %account, %environment, user.id = %id, "{id} is restored");
            return Ok(Restored {
                account,
                environment,
                user,
            });
        }
    }
    Err(not_found())
}

/// A malformed id names no record, so it is `not_found` (contract §1).
fn parse(id: &str) -> Result<UserId> {
    id.parse().map_err(|_| not_found())
}

fn not_found() -> Error {
    Error::not_found("user")
}
