//! Warm-up settings and statistics.

use peeker_fakes::Vendor;
use serde_json::{Value, json};

use super::{added, change, get, google_mailbox, post};
use crate::client::start;

#[tokio::test]
async fn settings_are_kept_within_their_bounds() {
    let fakes = start().await;
    let id = added(&fakes, google_mailbox(&fakes, "jane").await).await;
    let path = format!("/email-accounts/{id}/warmup");
    let body = json!({ "warmup_enabled": true, "total_warmup_per_day": 35, "daily_rampup": 5, "reply_rate_percentage": 40 });
    let (status, answer) = post(&fakes, &path, body).await;
    assert_eq!((status, &answer["ok"]), (200, &json!(true)));
    let (_, answer) = get(&fakes, &format!("/email-accounts/{id}/")).await;
    assert_eq!(answer["warmup_details"]["warmup_max_count"], 35);
    assert_eq!(answer["warmup_details"]["reply_rate"], 40);
    for (body, error) in [
        (json!({}), "warmup_enabled is required"),
        (
            json!({ "warmup_enabled": true, "total_warmup_per_day": 51 }),
            "total_warmup_per_day must be less than or equal to 50",
        ),
        (
            json!({ "warmup_enabled": true, "daily_rampup": 2 }),
            "daily_rampup must be greater than or equal to 5",
        ),
        (
            json!({ "warmup_enabled": true, "reply_rate_percentage": 19 }),
            "reply_rate_percentage must be greater than or equal to 20",
        ),
        (
            json!({ "warmup_enabled": true, "per_day": 2 }),
            "\"per_day\" is not allowed",
        ),
    ] {
        assert_eq!(
            post(&fakes, &path, body).await,
            (422, json!({ "error": error }))
        );
    }
    change(&fakes, &json!({ "edition": "older" }));
    let small = json!({ "warmup_enabled": true, "daily_rampup": 2 });
    assert_eq!(post(&fakes, &path, small).await.0, 200);
}

#[tokio::test]
async fn statistics_grow_day_by_day_for_a_week() {
    let fakes = start().await;
    let id = added(&fakes, google_mailbox(&fakes, "jane").await).await;
    let path = format!("/email-accounts/{id}/warmup-stats");
    let (_, answer) = get(&fakes, &path).await;
    assert_eq!(answer["daily_stats"], json!([]));
    assert_eq!(answer["reputation_score"], 100);
    fakes.advance_seconds(3 * 24 * 3600);
    let (_, answer) = get(&fakes, &path).await;
    let sent = |answer: &Value| -> Vec<u64> {
        let days = answer["daily_stats"].as_array().unwrap().iter();
        days.map(|day| day["sent"].as_u64().unwrap()).collect()
    };
    assert_eq!(sent(&answer), [5, 10, 15]);
    assert_eq!(answer["total_sent"], 30);
    fakes.advance_seconds(20 * 24 * 3600);
    assert_eq!(sent(&get(&fakes, &path).await.1), [20; 7]);
}

#[tokio::test]
async fn health_can_be_spoilt_from_outside() {
    let fakes = start().await;
    let id = added(&fakes, google_mailbox(&fakes, "jane").await).await;
    fakes.advance_seconds(24 * 3600);
    let health = json!({ "reputation": 60, "spam": 2, "blocked_reason": "too many bounces" });
    fakes
        .change(Vendor::Smartlead, "mailboxes", &id.to_string(), &health)
        .unwrap();
    let (_, answer) = get(&fakes, &format!("/email-accounts/{id}/warmup-stats")).await;
    assert_eq!(
        (&answer["reputation_score"], &answer["spam_count"]),
        (&json!(60), &json!(2))
    );
    let (_, answer) = get(&fakes, "/email-accounts/?isWarmupBlocked=true").await;
    assert_eq!(answer[0]["warmup_details"]["warmup_reputation"], "60%");
    assert_eq!(
        answer[0]["warmup_details"]["blocked_reason"],
        "too many bounces"
    );
}

#[tokio::test]
async fn without_a_warm_up_there_is_nothing_to_tell() {
    let fakes = start().await;
    let mut body = google_mailbox(&fakes, "jane").await;
    body["warmup_enabled"] = json!(false);
    let id = added(&fakes, body).await;
    fakes.advance_seconds(3 * 24 * 3600);
    let (_, answer) = get(&fakes, &format!("/email-accounts/{id}/")).await;
    assert_eq!(answer["warmup_details"], Value::Null);
    let (_, answer) = get(&fakes, &format!("/email-accounts/{id}/warmup-stats")).await;
    assert_eq!(answer["total_sent"], 0);
}
