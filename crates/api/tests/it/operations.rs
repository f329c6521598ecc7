//! Every operation of the API with a request that succeeds: what the tests that hold for all of them go through.
//!
//! The table is held against the `OpenAPI` document, so a new operation without an entry fails the tests.

use std::collections::BTreeSet;

use axum::http::Method;
use peeker_testkit::{Client, Response, TestApp, custom_order, names, with};
use serde_json::{Value, json};

/// What a key has to be allowed for an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// To see: every preset.
    Read,
    /// To ask for a price: `full` and `limited`.
    Quote,
    /// To change: `full`.
    Write,
}

/// An operation and a request that succeeds.
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) needs: Needs,
    pub(crate) success: u16,
    body: Option<fn() -> Value>,
}

const fn read(id: &'static str, path: &'static str) -> Operation {
    Operation {
        id,
        method: Method::GET,
        path,
        needs: Needs::Read,
        success: 200,
        body: None,
    }
}

const fn post(
    id: &'static str,
    path: &'static str,
    needs: Needs,
    success: u16,
    body: fn() -> Value,
) -> Operation {
    Operation {
        id,
        method: Method::POST,
        path,
        needs,
        success,
        body: Some(body),
    }
}

const fn write(
    id: &'static str,
    method: Method,
    path: &'static str,
    body: Option<fn() -> Value>,
) -> Operation {
    Operation {
        id,
        method,
        path,
        needs: Needs::Write,
        success: 200,
        body,
    }
}

/// All operations, in an order in which each can succeed: what removes a record comes last.
pub(crate) const ALL: &[Operation] = &[
    read("getMe", "/me"),
    read("listUsers", "/users"),
    read("getUser", "/users/{id}"),
    read("listBundles", "/bundles"),
    read("getBundle", "/bundles/{id}"),
    read("listDomains", "/domains"),
    read("getDomain", "/domains/{id}"),
    read("listOrders", "/orders"),
    read("getOrder", "/orders/{id}"),
    read("listOrderInboxes", "/orders/{id}/inboxes"),
    post(
        "checkDomainAvailability",
        "/domains/availability",
        Needs::Quote,
        200,
        || json!({ "domains": ["free-name.com"] }),
    ),
    post("quoteOrder", "/orders/quote", Needs::Quote, 200, order),
    post("createUser", "/users", Needs::Write, 201, user),
    post("createBundle", "/bundles", Needs::Write, 201, bundle),
    post("createOrder", "/orders", Needs::Write, 200, order),
    write(
        "updateUser",
        Method::PATCH,
        "/users/{id}",
        Some(|| json!({ "first_name": "Samantha" })),
    ),
    write(
        "updateBundle",
        Method::PATCH,
        "/bundles/{id}",
        Some(|| json!({ "name": "Renamed" })),
    ),
    write("deleteUser", Method::DELETE, "/users/{id}", None),
    write("deleteBundle", Method::DELETE, "/bundles/{id}", None),
];

fn user() -> Value {
    json!({ "email": "another@example.com", "sequencer": { "provider": "smartlead", "client_id": 7 } })
}

fn bundle() -> Value {
    json!({ "name": "Growth 25k", "monthly_sending_volume": 25_000 })
}

fn order() -> Value {
    custom_order(&names("ordered", 2))
}

/// The address of the customer among the records.
pub(crate) const CUSTOMER: &str = "kept@example.com";

/// One record of each noun that has an address of its own.
pub(crate) struct Records {
    pub(crate) user: String,
    pub(crate) bundle: String,
    pub(crate) domain: String,
    pub(crate) order: String,
}

impl Records {
    /// Makes them in the sandbox of the app's partner.
    pub(crate) async fn make(app: &TestApp) -> Self {
        let client = app.client();
        let bundle = client.post("/bundles", bundle()).await.data(201);
        let order = with(custom_order(&names("kept", 1)), "/user", json!(CUSTOMER));
        let placed = client.post("/orders", order).await.data(200);
        app.run_until_idle().await;
        let domains = client.get("/domains").await.data(200);
        Self {
            user: id_of(&placed["user_id"]),
            bundle: id_of(&bundle["id"]),
            domain: id_of(&domains[0]["id"]),
            order: id_of(&placed["id"]),
        }
    }

    /// The record that an operation with an id in its path is about.
    pub(crate) fn id_for(&self, operation: &Operation) -> &str {
        match operation.path.split('/').nth(1) {
            Some("users") => &self.user,
            Some("bundles") => &self.bundle,
            Some("domains") => &self.domain,
            Some("orders") => &self.order,
            noun => panic!("no record is made for {noun:?}; add one"),
        }
    }
}

pub(crate) fn id_of(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Operation {
    /// Whether its path names a record.
    pub(crate) fn has_id(&self) -> bool {
        self.path.contains("{id}")
    }

    /// Its path for one of the records.
    pub(crate) fn path_for(&self, records: &Records) -> String {
        if self.has_id() {
            self.path_with(records.id_for(self))
        } else {
            self.path.to_owned()
        }
    }

    /// Its path with this id.
    pub(crate) fn path_with(&self, id: &str) -> String {
        self.path.replace("{id}", id)
    }

    /// The body that succeeds, as text.
    pub(crate) fn body(&self) -> String {
        self.body.map(|body| body().to_string()).unwrap_or_default()
    }

    /// Sends the request that succeeds, to `path`.
    pub(crate) async fn send(&self, client: &Client, path: &str) -> Response {
        self.send_body(client, path, self.body()).await
    }

    /// Sends any body as JSON, to `path`.
    pub(crate) async fn send_body(&self, client: &Client, path: &str, body: String) -> Response {
        let request = client
            .request(self.method.clone(), path)
            .header("content-type", "application/json");
        client.send(request.body(body.into()).unwrap()).await
    }
}

/// The operations of the document as (method, path, id).
fn documented() -> BTreeSet<(String, String, String)> {
    let document = serde_json::to_value(peeker_api::openapi()).unwrap();
    let mut found = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            found.insert((method.to_uppercase(), path.clone(), id));
        }
    }
    found
}

#[test]
fn every_operation_of_the_document_is_in_the_table() {
    let listed: BTreeSet<_> = ALL
        .iter()
        .map(|operation| {
            (
                operation.method.to_string(),
                operation.path.to_owned(),
                operation.id.to_owned(),
            )
        })
        .collect();
    assert_eq!(
        listed,
        documented(),
        "the table and the OpenAPI document differ; add the operation to tests/it/operations.rs"
    );
}
