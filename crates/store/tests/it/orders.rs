//! Planned orders and what became of them, for the tests of this crate.

use peeker_app::App;
use peeker_domain::id::{AccountId, DomainId, OrderId, UserId};
use peeker_domain::order::{ClientId, Persona};
use peeker_domain::order::{NewOrder, NewOrderDomain, Personas};
use peeker_domain::price::PriceBook;
use peeker_domain::view::Source;
use peeker_domain::{
    Cents, DomainName, EmailAddress, Environment, MailProvider, PersonName, Timestamp,
};
use peeker_store::entity::orders;
use peeker_store::orders::accept::{Accept, Accepted};
use peeker_store::{Batch, EnvironmentDb, UnitOfWork};
use peeker_testkit::EPOCH;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use tokio::task::JoinHandle;

/// A day after which a fingerprint has lapsed.
pub const DAY: i64 = 24 * 60 * 60;

/// An order of two Google inboxes on each of these names. Its fingerprint is made of the names.
pub fn planned(account: &AccountId, names: &[&str]) -> NewOrder {
    let domain = |name: &&str| NewOrderDomain {
        new_id: DomainId::new(EPOCH),
        name: DomainName::parse(name).unwrap(),
        source: Source::Registered,
        google_only: false,
        provider: MailProvider::Google,
        inboxes: 2,
        price: Cents(3_300),
        renewal_price: Cents(3_300),
        forwarding_url: None,
    };
    NewOrder {
        account: account.clone(),
        id: OrderId::new(EPOCH),
        email: EmailAddress::parse("client@example.com").unwrap(),
        new_user_id: UserId::new(EPOCH),
        bundle_id: None,
        domains: names.iter().map(domain).collect(),
        personas: Personas(vec![Persona {
            first_name: PersonName::parse("Sam").unwrap(),
            last_name: PersonName::parse("Lee").unwrap(),
            profile_picture_url: None,
        }]),
        client_id: ClientId::from_text("7"),
        login_email: EmailAddress::parse("login@example.com").unwrap(),
        sealed_password: "sealed".to_owned(),
        google_licenses: 2 * u32::try_from(names.len()).unwrap(),
        microsoft_licenses: 0,
        prices: PriceBook::default(),
        fingerprint: names.join("+"),
        fingerprint_expires_at: EPOCH.plus_seconds(DAY),
        renews_at: EPOCH.plus_months(1),
        created_at: EPOCH,
    }
}

/// The same order made at another time.
pub fn made_at(order: NewOrder, now: Timestamp) -> NewOrder {
    NewOrder {
        created_at: now,
        fingerprint_expires_at: now.plus_seconds(DAY),
        ..order
    }
}

/// Writes orders as one batch.
pub async fn accept_batch(
    db: &EnvironmentDb,
    items: &[&NewOrder],
) -> peeker_store::Result<Vec<Accepted>> {
    let mut work = UnitOfWork::begin(db, items.iter().map(|item| &item.account)).await?;
    let accepted = Accept::write(&mut work, items).await?;
    work.commit().await?;
    Ok(accepted)
}

/// The ids of an account's orders, oldest first.
pub async fn stored(db: &EnvironmentDb, account: &AccountId) -> Vec<String> {
    let rows = orders::Entity::find()
        .filter(orders::Column::AccountId.eq(account.as_str()))
        .all(&db.pools.reader)
        .await
        .unwrap();
    let mut ids: Vec<String> = rows.into_iter().map(|row| row.id.into()).collect();
    ids.sort();
    ids
}

/// Hands an order in, from a task of its own.
pub fn hand_in(
    app: &App,
    environment: Environment,
    order: NewOrder,
) -> JoinHandle<peeker_store::Result<Accepted>> {
    let app = app.clone();
    tokio::spawn(async move {
        let lane = &app.store().environment(environment).accept;
        lane.submit(order).await
    })
}

/// Keeps the lane of `plug`'s account from writing until the work is committed: `plug` hangs in it alone, and what is
/// handed in meanwhile becomes one batch.
pub async fn block(app: &App, environment: Environment, plug: NewOrder) -> UnitOfWork<'_> {
    let db = &app.store().environment(environment).db;
    let work = UnitOfWork::begin(db, [&plug.account]).await.unwrap();
    drop(hand_in(app, environment, plug));
    settle().await;
    work
}

/// Lets every task of the test run until it waits for the outside.
pub async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Hands orders of one account in so that they are written as one batch. `plug` is another order of the account.
pub async fn submit_as_one_batch(
    app: &App,
    environment: Environment,
    plug: NewOrder,
    items: Vec<NewOrder>,
) -> Vec<peeker_store::Result<Accepted>> {
    let work = block(app, environment, plug).await;
    let tasks: Vec<_> = items
        .into_iter()
        .map(|item| hand_in(app, environment, item))
        .collect();
    settle().await;
    work.commit().await.unwrap();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}
