//! The workflows of the matrix. To add one: write a function that does what starts it, and name it in [`ALL`]. What is
//! to lie behind it when the killing begins is run to its end with [`Bench::settle`].

use futures::future::BoxFuture;
use peeker_domain::Tier;
use peeker_store::entity::partners;
use peeker_testkit::{TestApp, custom_order, microsoft_order, mixed_order, names, with};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use super::Bench;

const DAY: i64 = 24 * 60 * 60;

pub struct Workflow {
    pub name: &'static str,
    pub begin: for<'b> fn(&'b Bench<'_>) -> BoxFuture<'b, ()>,
}

macro_rules! workflows {
    ($($name:ident),+) => {
        &[$(Workflow {
            name: stringify!($name),
            begin: |bench| Box::pin($name(bench)),
        }),+]
    };
}

pub const ALL: &[Workflow] = workflows![
    provision,
    fail,
    import,
    forward,
    cancel,
    shrink,
    swap_standard,
    swap_premium,
    retire,
    user_names,
    renew,
    registration
];

impl Bench<'_> {
    async fn send(&self, path: &str, body: Value) -> Value {
        let answer = self.client.post(path, body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        answer.body["data"].clone()
    }

    /// Places an order. Gives back its path.
    async fn order(&self, body: Value) -> String {
        let placed = self.send("/orders", body).await;
        format!("/orders/{}", placed["id"].as_str().unwrap())
    }

    /// Runs everything up to here.
    async fn settle(&self) {
        self.app.run_until_idle().await;
    }

    /// Sends the account's clock on its way; the walk is part of the workflow.
    async fn days_pass(&self, days: i64) {
        let wish = json!({ "seconds": days * DAY });
        self.send("/sandbox/clock/advance", wish).await;
    }

    async fn swap(&self, kind: &str, old: &str, new: &str) {
        let old = self.domain_id(old).await;
        let body = json!({ "type": kind, "domain_id": old, "replacement_domain": new });
        self.send("/swaps", body).await;
    }

    async fn domain_id(&self, name: &str) -> Value {
        let page = self.client.get("/domains?per_page=100").await.data(200);
        let rows = page.as_array().unwrap();
        let found = rows.iter().find(|row| row["domain"] == name);
        found.unwrap()["id"].clone()
    }
}

/// Half of the Microsoft inboxes may be swapped, so that two domains are enough.
pub async fn let_half_be_swapped(app: &TestApp) {
    partners::Entity::update_many()
        .col_expr(
            partners::Column::Tier,
            Expr::value(Tier::VipPlus.to_string()),
        )
        .filter(partners::Column::Id.eq(app.partner.id.as_str()))
        .exec(&app.app.store().control.writer)
        .await
        .unwrap();
}

fn pair() -> Value {
    let body = mixed_order(
        (2, 2),
        (1, 25),
        &["google.com".into(), "microsoft.com".into()],
    );
    let forwarding = json!({ "domain": "google.com", "forwarding_url": "https://example.com/" });
    with(body, "/domains/0", forwarding)
}

async fn provision(bench: &Bench<'_>) {
    bench.order(pair()).await;
}

async fn fail(bench: &Bench<'_>) {
    // Alone: what becomes of another domain depends on which is first.
    bench.order(custom_order(&["fail-it.com".to_owned()])).await;
}

async fn import(bench: &Bench<'_>) {
    let domains = json!({ "domains": ["mine.com", "nspending-mine.com", "no name"] });
    bench.send("/domains/import/jobs", domains).await;
}

async fn forward(bench: &Bench<'_>) {
    bench.order(pair()).await;
    bench.settle().await;
    let domains = json!({ "domains": ["google.com", "microsoft.com", "nobody.com"], "forwarding_url": "https://example.org/" });
    bench.send("/domains/forwarding", domains).await;
}

async fn cancel(bench: &Bench<'_>) {
    let order = bench.order(pair()).await;
    bench.settle().await;
    bench.send(&format!("{order}/cancel"), json!({})).await;
    bench.days_pass(31).await;
}

async fn shrink(bench: &Bench<'_>) {
    let order = bench.order(pair()).await;
    bench.settle().await;
    let leaving = json!({ "domains": ["microsoft.com"] });
    bench.send(&format!("{order}/cancel"), leaving).await;
    bench.days_pass(31).await;
}

async fn swap_standard(bench: &Bench<'_>) {
    bench.order(pair()).await;
    bench.settle().await;
    bench.swap("standard", "google.com", "fresh.com").await;
}

async fn swap_premium(bench: &Bench<'_>) {
    bench
        .order(microsoft_order((2, 25), &names("old", 2)))
        .await;
    bench.settle().await;
    bench.swap("premium", "old-01.com", "fresh.com").await;
}

async fn retire(bench: &Bench<'_>) {
    swap_premium(bench).await;
    bench.settle().await;
    bench.days_pass(14).await;
}

async fn user_names(bench: &Bench<'_>) {
    bench.order(pair()).await;
    bench.settle().await;
    let ana = json!([{ "first_name": "Ana", "last_name": "Lima", "profile_picture_url": null }]);
    let body = json!({ "domain_id": bench.domain_id("google.com").await, "personas": ana });
    bench.send("/swaps/user_names", body).await;
}

async fn renew(bench: &Bench<'_>) {
    bench.order(pair()).await;
    bench.settle().await;
    bench.days_pass(62).await;
}

async fn registration(bench: &Bench<'_>) {
    bench.order(pair()).await;
    bench.days_pass(360).await;
    bench.settle().await;
    bench.days_pass(7).await;
}
