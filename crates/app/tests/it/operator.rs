//! What an operator does about work that is stuck.

use peeker_app::{actions, stuck_jobs};
use peeker_domain::{Code, JobKind, JobState};
use peeker_store::entity::jobs;
use peeker_store::stuck_jobs::Retried;
use peeker_testkit::{Client, TestApp, apply, custom_order, names, on_both_engines};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;

/// Places an order. Gives back its id.
async fn order(client: &Client, domains: &[String]) -> String {
    let placed = client
        .post("/orders", custom_order(domains))
        .await
        .data(200);
    placed["id"].as_str().unwrap().to_owned()
}

async fn history(client: &Client, order: &str) -> Vec<String> {
    let page = client.get(&format!("/orders/{order}/history")).await;
    let page = page.expect(200);
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|row| row["type"].as_str().unwrap().to_owned())
        .collect()
}

/// As though the set-up had failed on our side until it was given up.
async fn give_up(app: &TestApp) {
    let row = jobs::ActiveModel {
        state: Set(JobState::Dead),
        attempts: Set(60),
        last_error: Set(Some("out of luck".to_owned())),
        ..Default::default()
    };
    jobs::Entity::update_many()
        .set(row)
        .filter(jobs::Column::Kind.eq(JobKind::Provision))
        .exec(&app.app.store().sandbox.db.pools.writer)
        .await
        .unwrap();
}

#[apply(on_both_engines!)]
async fn a_job_that_was_given_up_is_done_after_all(app: &TestApp) {
    let client = app.client();
    let order = order(&client, &names("stuck", 2)).await;
    give_up(app).await;
    app.run_until_idle().await;
    let dead = stuck_jobs::dead_unscoped(&app.app).await.unwrap();
    let why: Vec<_> = dead.iter().map(|one| one.job.error.as_deref()).collect();
    assert_eq!(why, [Some("out of luck"); 2]);

    let one = dead[0].job.subject.as_str();
    let retried = stuck_jobs::retry(&app.app, one, None).await.unwrap();
    let results: Vec<_> = retried.iter().map(|one| one.retried).collect();
    assert_eq!(results, [Retried::Now]);
    let retried = stuck_jobs::retry_dead(&app.app).await.unwrap();
    assert_eq!(retried.len(), 1, "the other one");
    app.run_until_idle().await;
    let path = format!("/orders/{order}");
    assert_eq!(client.get(&path).await.data(200)["status"], "completed");
    let told = history(&client, &order).await;
    let retries = told.iter().filter(|kind| *kind == "job.retried").count();
    assert_eq!(retries, 2, "{told:?}");
}

#[apply(on_both_engines!)]
async fn a_timer_is_not_brought_forward(app: &TestApp) {
    let client = app.client();
    let order = order(&client, &names("timer", 1)).await;
    app.run_until_idle().await;
    let before = history(&client, &order).await;
    let renew = Some(JobKind::Renew);
    let retried = stuck_jobs::retry(&app.app, &order, renew).await.unwrap();
    assert_eq!(retried[0].retried, Retried::Waits);
    assert_eq!(app.run_until_idle().await, 0);
    assert_eq!(history(&client, &order).await, before);
    let missing = stuck_jobs::retry(&app.app, "dom_none", None).await;
    assert_eq!(missing.unwrap_err().code, Code::NotFound);
}

async fn open_actions(client: &Client) -> Vec<Value> {
    let page = client.get("/orders/pending").await.expect(200);
    page["data"].as_array().unwrap().clone()
}

#[apply(on_both_engines!)]
async fn an_action_that_is_resolved_lets_the_order_go_on(app: &TestApp) {
    let client = app.client();
    let order = order(&client, &["replace-it.com".to_owned()]).await;
    app.run_until_idle().await;
    let open = open_actions(&client).await;
    let id = open[0]["id"].as_str().unwrap().parse().unwrap();
    let resolved = actions::resolve_by_operator(&app.app, &id).await.unwrap();
    assert!(resolved.was_open);
    assert_eq!(resolved.account, app.partner.id);
    let path = format!("/orders/{order}");
    assert_eq!(client.get(&path).await.data(200)["status"], "in_progress");
    let told = history(&client, &order).await;
    assert!(told.contains(&"action.resolved".to_owned()), "{told:?}");
    let again = actions::resolve_by_operator(&app.app, &id).await.unwrap();
    assert!(!again.was_open);
    assert_eq!(history(&client, &order).await, told);

    // The provider still says that the domain is to be replaced.
    app.run_until_idle().await;
    let next = open_actions(&client).await;
    assert_eq!(next.len(), 1);
    assert_ne!(next[0]["id"], open[0]["id"]);
    let unknown = "act_01M7YXRN1P00000000HYC7BHAY".parse().unwrap();
    let missing = actions::resolve_by_operator(&app.app, &unknown).await;
    assert_eq!(missing.unwrap_err().code, Code::NotFound);
}
