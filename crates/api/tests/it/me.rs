//! `GET /me`.

use peeker_domain::Preset;
use peeker_testkit::{TestApp, apply, on_both_engines};
use serde_json::json;

#[apply(on_both_engines!)]
async fn tells_the_key_and_its_partner(app: &TestApp) {
    let partner = json!({ "id": app.partner.id.as_str(), "name": "Acme Resellers" });
    for (client, environment) in [(app.client(), "test"), (app.live_client(), "live")] {
        let me = client.get("/me").await.expect(200);
        assert_eq!(
            me,
            json!({ "data": {
            "api_key": { "environment": environment, "permission_preset": "full" },
            "partner": partner,
        } })
        );
    }
}

#[apply(on_both_engines!)]
async fn tells_the_preset_of_the_key(app: &TestApp) {
    for (preset, word) in [
        (Preset::Full, "full"),
        (Preset::Limited, "limited"),
        (Preset::Read, "read"),
    ] {
        let client = app.client_with(&app.key(preset, 600).await);
        assert_eq!(
            client.get("/me").await.data(200)["api_key"]["permission_preset"],
            word
        );
    }
}

#[apply(on_both_engines!)]
async fn takes_no_parameter(app: &TestApp) {
    let error = app
        .client()
        .get("/me?verbose=1")
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "verbose");
}
