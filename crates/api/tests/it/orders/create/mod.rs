//! `POST /orders`: what is accepted, and every way to be refused (contract §4).

mod accepted;
mod body;
mod domain_names;
mod forwarding;
mod refused;
mod sequence;

use peeker_domain::Environment;
use peeker_testkit::TestApp;
use serde_json::Value;

/// Sends an order that must be refused with this status and code, and checks that it left nothing behind. Gives back
/// the error object.
async fn refused(app: &TestApp, order: Value, status: u16, code: &str) -> Value {
    let before = app.row_counts(Environment::Test).await;
    let error = app
        .client()
        .post("/orders", order)
        .await
        .error(status, code);
    assert_eq!(
        app.row_counts(Environment::Test).await,
        before,
        "{code} wrote something"
    );
    error
}

/// As [`refused`], with `invalid_request` about exactly one field.
async fn invalid(app: &TestApp, order: Value, field: &str) {
    let error = refused(app, order, 400, "invalid_request").await;
    assert_eq!(error["field"], field, "{error}");
    assert_eq!(
        error.get("details"),
        None,
        "more than {field} is wrong: {error}"
    );
}

/// A valid order of one Google domain.
fn order() -> Value {
    peeker_testkit::custom_order(&["acme-mail.com".to_owned()])
}
