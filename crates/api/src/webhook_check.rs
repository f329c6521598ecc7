//! `POST /webhooks/verify`: why does my receiver refuse this delivery? Only with a test key.

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_app::webhook_check::{self as use_case, Delivery};
use peeker_domain::excerpt::{QUOTED, excerpt};
use peeker_domain::view::{SignatureCheck, Single, any_object_schema};
use serde_json::Value;

use crate::access::{Access, Read};
use crate::error::ApiError;
use crate::extract::presence::{optional, required};
use crate::extract::values::{json, secret, string};
use crate::extract::{Body, NoQuery, object};

/// Most headers that are looked at.
const MAX_HEADERS: usize = 100;

object! {
    /// A delivery as your receiver has it.
    pub VerifyWebhook -> Delivery {
        /// Its headers, at most 100. Names in any letter case; a value may be a list with one text in it.
        headers: required(json(header_list, || any_object_schema(""))),
        /// Its body, exactly as it came.
        body: required(string()),
        /// The secret that your receiver checks with, to see whether it is the right one. It is neither stored nor logged.
        secret: optional(secret()),
    }
}

fn header_list(value: &Value) -> Result<Vec<(String, String)>, String> {
    let object = value
        .as_object()
        .ok_or("must be an object of names and values")?;
    if object.len() > MAX_HEADERS {
        return Err(format!("must not have more than {MAX_HEADERS} entries"));
    }
    object
        .iter()
        .map(|(name, value)| {
            let text = match value {
                Value::Array(values) if values.len() == 1 => values[0].as_str(),
                value => value.as_str(),
            };
            let text = text.ok_or_else(|| {
                let name = excerpt(name, QUOTED);
                format!("has a value of {name:?} that is not a text")
            })?;
            Ok((name.trim().to_owned(), text.to_owned()))
        })
        .collect()
}

/// Find out why a webhook is not accepted
///
/// Says whether a delivery is right by the sandbox secrets of your account, and if not, which part is wrong: a missing
/// header, an old timestamp, a body that was written anew, another secret, hex in place of base64. It never gives out a
/// secret or a signature. Only with a test key; changes nothing.
#[utoipa::path(
    post, path = "/webhooks/verify", operation_id = "verifyWebhook", tag = "Sandbox",
    request_body(content = VerifyWebhook, examples(("delivery" = (summary = "One header family", value = json!({
        "headers": {
            "Peeker-Event-Id": "evt_01KJZ4V1B6E8N2Q4R6S8T0V2W4",
            "Peeker-Timestamp": "1778241600",
            "Peeker-Signature": "v1=14cf952639cad313a9c2a9384f56869f0bc719bc711e1dbfd78d72829829b503"
        },
        "body": "{\"id\":\"evt_01KJZ4V1B6E8N2Q4R6S8T0V2W4\",\"type\":\"order.completed\"}"
    }))))),
    responses(
        (status = 200, description = "What was found.", body = Single<SignatureCheck>),
        (status = 404, description = "`not_found`: the key is a live one."),
    )
)]
pub async fn check(
    State(app): State<App>,
    access: Access<Read>,
    _: NoQuery,
    Body(delivery): Body<VerifyWebhook>,
) -> Result<Json<Single<SignatureCheck>>, ApiError> {
    let data = use_case::check(&app, &access.actor, &delivery).await?;
    Ok(Json(Single { data }))
}
