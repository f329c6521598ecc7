//! What is kept of vendors: whose a domain is, what was paid, whose turn it is.

use peeker_domain::id::{AccountId, ProviderAccountId};
use peeker_domain::vendor::{AccountState, Bucket, PaymentKind, PaymentState, Slot, Turn, Vendor};
use peeker_domain::{Cents, Timestamp};
use peeker_store::pacing::{self, Rate};
use peeker_store::provider_accounts::{self, ProviderAccount};
use peeker_store::vendor_payments::{self, Intent};
use peeker_store::{EnvironmentDb, domain_providers};
use peeker_testkit::{EPOCH, TestApp, apply, names, on_both_engines, stock};

const NAME: &str = "acme.com";

fn live(app: &TestApp) -> &EnvironmentDb {
    &app.app.store().live.db
}

fn partner(number: u8) -> AccountId {
    AccountId::from_stored(format!("org_{number}"))
}

async fn account(app: &TestApp, label: &str) -> ProviderAccountId {
    let account = ProviderAccount {
        id: ProviderAccountId::new(EPOCH),
        vendor: Vendor::Cloudflare,
        label: label.to_owned(),
        partner: None,
        base_url: None,
        settings: "{}".to_owned(),
        sealed_credentials: "sealed".to_owned(),
        capacity: None,
        state: AccountState::Active,
        reason: None,
        created_at: EPOCH,
        updated_at: EPOCH,
        rest: None,
    };
    let control = &app.app.store().control;
    assert!(provider_accounts::insert(control, &account).await.unwrap());
    assert!(!provider_accounts::insert(control, &account).await.unwrap());
    account.id
}

#[apply(on_both_engines!)]
async fn a_domain_is_one_partners_at_a_time(app: &TestApp) {
    let (one, other) = (ProviderAccountId::new(EPOCH), ProviderAccountId::new(EPOCH));
    let assign = async |partner: AccountId, to: &ProviderAccountId| {
        domain_providers::assign(live(app), &partner, NAME, Slot::Registrar, to, EPOCH)
            .await
            .unwrap()
    };
    assert_eq!(assign(partner(1), &one).await.as_ref(), Some(&one));
    assert_eq!(assign(partner(1), &other).await.as_ref(), Some(&one));
    assert_eq!(assign(partner(2), &other).await, None);
    domain_providers::release(live(app), &partner(1), NAME, Slot::Registrar)
        .await
        .unwrap();
    assert_eq!(assign(partner(2), &other).await.as_ref(), Some(&other));
    let counts = domain_providers::count_unscoped(live(app)).await.unwrap();
    assert_eq!(counts.get(&other), Some(&1));
}

/// A name whose registration came to its end may be anybody's.
#[apply(on_both_engines!)]
async fn a_lapsed_domain_may_go_to_another_partner(app: &TestApp) {
    use peeker_store::entity::domains::{Column, Entity};
    use sea_orm::sea_query::Expr;
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    let name = names("lapsed", 1).remove(0);
    let db = &app.app.store().sandbox.db;
    let first = app.partner.id.clone();
    let (one, other) = (ProviderAccountId::new(EPOCH), ProviderAccountId::new(EPOCH));
    let assign = async |partner: &AccountId, to: &ProviderAccountId| {
        domain_providers::assign(db, partner, &name, Slot::Registrar, to, EPOCH)
            .await
            .unwrap()
    };
    stock(app, std::slice::from_ref(&name)).await;
    assert_eq!(assign(&first, &one).await.as_ref(), Some(&one));
    assert_eq!(assign(&partner(2), &other).await, None, "it is held");
    Entity::update_many()
        .col_expr(Column::Owned, Expr::value(false))
        .filter(Column::Name.eq(&name))
        .exec(&db.pools.writer)
        .await
        .unwrap();
    assert_eq!(assign(&partner(2), &other).await.as_ref(), Some(&other));
    assert_eq!(assign(&first, &one).await, None);
}

#[apply(on_both_engines!)]
async fn a_purchase_is_one_payment_however_often_it_is_tried(app: &TestApp) {
    let (account, provider) = (partner(1), ProviderAccountId::new(EPOCH));
    let intend = async |purchase: &str| {
        let intent = Intent {
            account: &account,
            provider_account: &provider,
            kind: PaymentKind::Registration,
            subject: NAME,
            purchase,
            expected: Cents(1_099),
        };
        vendor_payments::intend(live(app), intent, EPOCH)
            .await
            .unwrap()
    };
    let settle = async |payment, paid| {
        vendor_payments::settle(live(app), &account, payment, paid, EPOCH)
            .await
            .unwrap();
    };
    let (first, is_new) = intend("ord_1").await;
    assert!(is_new);
    let (again, is_new) = intend("ord_1").await;
    assert_eq!((&again.id, is_new), (&first.id, false));
    settle(&first.id, Some((Cents(1_200), Some("o-1".to_owned())))).await;
    settle(&first.id, None).await;
    let (paid, _) = intend("ord_1").await;
    assert_eq!((&paid.id, paid.state), (&first.id, PaymentState::Paid));
    let (second, is_new) = intend("ord_2").await;
    assert!(is_new, "another purchase of the same name");
    settle(&second.id, None).await;
    // It turns out that it was paid after all.
    settle(&second.id, Some((Cents(1_099), None))).await;
    let (from, to) = (EPOCH, EPOCH.plus_seconds(1));
    let bill = vendor_payments::bill_unscoped(live(app), from, to)
        .await
        .unwrap();
    assert_eq!(bill.len(), 1, "{bill:?}");
    assert_eq!((bill[0].payments, bill[0].cents), (2, 2_299));
}

#[apply(on_both_engines!)]
async fn a_rate_is_shared_and_who_waits_is_told_a_time_of_his_own(app: &TestApp) {
    let control = &app.app.store().control;
    let account = account(app, "cf-1").await;
    let rates = [Rate {
        bucket: Bucket::Zone,
        position: 0,
        most: 4,
        window_ms: 60_000,
    }];
    let book = async |calls, at: Timestamp| {
        pacing::book(control, &account, &rates, calls, 0, at)
            .await
            .unwrap()
    };
    assert_eq!(
        book(10, EPOCH).await,
        (2, Turn::Now),
        "half may come at once"
    );
    assert_eq!(book(1, EPOCH).await, (0, Turn::After(30_000)));
    assert_eq!(book(1, EPOCH).await, (0, Turn::After(60_000)));
    assert_eq!(book(1, EPOCH.plus_seconds(30)).await, (1, Turn::Now));
}

#[apply(on_both_engines!)]
async fn places_are_counted_and_come_free_by_their_time(app: &TestApp) {
    let control = &app.app.store().control;
    let account = account(app, "m-1").await;
    let until = EPOCH.plus_seconds(60);
    let take = async |now: Timestamp| {
        pacing::take_permit(control, &account, Bucket::Picture, 2, until, now)
            .await
            .unwrap()
    };
    assert_eq!([take(EPOCH).await, take(EPOCH).await], [Some(0), Some(1)]);
    assert_eq!(take(EPOCH).await, None);
    pacing::give_back(control, &account, Bucket::Picture, 0, until)
        .await
        .unwrap();
    assert_eq!(take(EPOCH).await, Some(0));
    assert_eq!(take(until).await, Some(0), "whoever held it was killed");
}

#[apply(on_both_engines!)]
async fn an_account_that_only_fails_rests_and_recovers(app: &TestApp) {
    let control = &app.app.store().control;
    let account = account(app, "cf-1").await;
    let fail = async |at: Timestamp| {
        provider_accounts::failed(control, &account, "down", at)
            .await
            .unwrap()
    };
    for _ in 0..9 {
        assert_eq!(fail(EPOCH).await.1, None);
    }
    assert_eq!(fail(EPOCH).await.1, Some(30_000));
    assert_eq!(
        fail(EPOCH).await.1,
        None,
        "it was under way when the rest began"
    );
    assert_eq!(fail(EPOCH.plus_seconds(31)).await.1, Some(60_000));
    provider_accounts::recovered(control, &account)
        .await
        .unwrap();
    let listed = provider_accounts::list_unscoped(control).await.unwrap();
    assert_eq!(listed[0].rest, None);
}
