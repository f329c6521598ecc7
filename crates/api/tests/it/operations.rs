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
    /// What an operation that needs parameters is sent with.
    query: &'static str,
    body: Option<fn() -> Value>,
}

const fn read(id: &'static str, path: &'static str) -> Operation {
    Operation {
        id,
        method: Method::GET,
        path,
        needs: Needs::Read,
        success: 200,
        query: "",
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
        query: "",
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
        query: "",
        body,
    }
}

/// The operation that leaves nothing of what the others did.
pub(crate) const RESET: &str = "resetSandbox";

/// All operations, in an order in which each can succeed: what removes a record comes last.
pub(crate) const ALL: &[Operation] = &[
    read("getMe", "/me"),
    read("listUsers", "/users"),
    read("getUser", "/users/{id}"),
    read("listBundles", "/bundles"),
    read("getBundle", "/bundles/{id}"),
    read("listDomains", "/domains"),
    read("getDomain", "/domains/{id}"),
    read("getDomainImport", "/domains/import/{id}"),
    read("getDomainImportJob", "/domains/import/jobs/{id}"),
    Operation {
        id: "findDomainImports",
        method: Method::GET,
        path: "/domains/import",
        needs: Needs::Read,
        success: 200,
        query: "?domains=imported-kept.com",
        body: None,
    },
    read("getDomainForwarding", "/domains/forwarding/{id}"),
    read("listOrders", "/orders"),
    read("listPendingActions", "/orders/pending"),
    read("getOrder", "/orders/{id}"),
    read("listOrderInboxes", "/orders/{id}/inboxes"),
    read("listEvents", "/events"),
    read("getEvent", "/events/{id}"),
    read("listEventDeliveries", "/events/{id}/deliveries"),
    read("getEventReplay", "/events/replay/{id}"),
    Operation {
        id: "streamEvents",
        method: Method::GET,
        path: "/events/stream",
        needs: Needs::Read,
        success: 200,
        query: "?after_sequence=0&follow=false",
        body: None,
    },
    post(
        "verifyWebhook",
        "/webhooks/verify",
        Needs::Read,
        200,
        || json!({ "headers": { "webhook-id": "evt_1" }, "body": "{}" }),
    ),
    read("listOrderHistory", "/orders/{id}/history"),
    read("getWallet", "/wallet"),
    read("listWalletTransactions", "/wallet/transactions"),
    read("listSwaps", "/swaps"),
    read("getSwap", "/swaps/{id}"),
    read("getSandboxClock", "/sandbox/clock"),
    read("getWebhookEndpoint", "/webhooks/endpoint"),
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
    post(
        "importDomains",
        "/domains/import",
        Needs::Write,
        200,
        || json!({ "domains": ["imported.com"] }),
    ),
    post(
        "importDomainsLater",
        "/domains/import/jobs",
        Needs::Write,
        202,
        || json!({ "domains": ["imported-later.com"] }),
    ),
    post(
        "forwardDomains",
        "/domains/forwarding",
        Needs::Write,
        202,
        forwarding,
    ),
    write("replayEvent", Method::POST, "/events/{id}/replay", None),
    post("replayEvents", "/events/replay", Needs::Write, 202, replay),
    post("createSwap", "/swaps", Needs::Write, 201, swap),
    post(
        "renameInboxes",
        "/swaps/user_names",
        Needs::Write,
        201,
        renaming,
    ),
    write(
        "resolveSandboxAction",
        Method::POST,
        "/sandbox/actions/{id}/resolve",
        None,
    ),
    post(
        "advanceSandboxClock",
        "/sandbox/clock/advance",
        Needs::Write,
        200,
        || json!({ "seconds": 60 }),
    ),
    write(
        "cancelOrder",
        Method::POST,
        "/orders/{id}/cancel",
        Some(|| json!({ "scope": "order" })),
    ),
    write("cancelSwap", Method::POST, "/swaps/{id}/cancel", None),
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
    write(RESET, Method::POST, "/sandbox/reset", None),
];

fn user() -> Value {
    json!({ "email": "another@example.com", "sequencer": { "provider": "smartlead", "client_id": 7 } })
}

fn bundle() -> Value {
    json!({ "name": "Growth 25k", "monthly_sending_volume": 25_000 })
}

fn forwarding() -> Value {
    json!({ "domains": ["imported-kept.com"], "forwarding_url": "https://www.example.com" })
}

fn order() -> Value {
    custom_order(&names("ordered", 2))
}

/// A window without events, whose job is done when it is accepted.
fn replay() -> Value {
    json!({ "since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z" })
}

/// Stand in bodies for the ids of the records' domains: the one that waits for a replacement, and the one that is live.
const WAITING_DOMAIN: &str = "{waiting_domain}";
const LIVE_DOMAIN: &str = "{live_domain}";

fn swap() -> Value {
    json!({ "type": "standard", "domain_id": WAITING_DOMAIN, "replacement_domain": "replacement.com" })
}

fn renaming() -> Value {
    json!({
        "domain_id": LIVE_DOMAIN,
        "personas": [{ "first_name": "Ada", "last_name": "Byron", "profile_picture_url": null }],
    })
}

/// The address of the customer among the records.
pub(crate) const CUSTOMER: &str = "kept@example.com";

/// One record of each noun that has an address of its own.
pub(crate) struct Records {
    pub(crate) user: String,
    pub(crate) bundle: String,
    pub(crate) domain: String,
    pub(crate) import: String,
    pub(crate) forwarding: String,
    pub(crate) order: String,
    pub(crate) action: String,
    pub(crate) event: String,
    pub(crate) replay: String,
    pub(crate) live_domain: String,
    pub(crate) swap: String,
}

impl Records {
    /// Makes them in the sandbox of the app's partner.
    pub(crate) async fn make(app: &TestApp) -> Self {
        // An import is looked at once more after a day; these tests end before.
        app.may_leave_jobs();
        let client = app.client();
        let bundle = client.post("/bundles", bundle()).await.data(201);
        let domains = ["kept-01.com".to_owned(), "replace-kept.com".to_owned()];
        let order = with(custom_order(&domains), "/user", json!(CUSTOMER));
        let placed = client.post("/orders", order).await.data(200);
        let imported = json!({ "domains": ["imported-kept.com"] });
        let import = client.post("/domains/import", imported).await.data(200);
        let forwarded = client.post("/domains/forwarding", forwarding()).await;
        app.run_until_idle().await;
        let actions = client.get("/orders/pending").await.data(200);
        let events = client.get("/events").await.data(200);
        let replay = client.post("/events/replay", replay()).await.data(202);
        let live = client.get("/domains?status=active").await.data(200);
        let body = with(renaming(), "/domain_id", live[0]["id"].clone());
        client.post("/swaps/user_names", body).await.expect(201);
        app.run_until_idle().await;
        let waiting = json!({
            "type": "standard", "domain_id": live[0]["id"], "replacement_domain": "notimported-kept.com",
        });
        client.post("/swaps", waiting).await.expect(201);
        app.run_until_idle().await;
        // Made once more, the records find the one that waits already.
        let waiting = client.get("/swaps?status=action_required").await.data(200);
        Self {
            live_domain: id_of(&live[0]["id"]),
            swap: id_of(&waiting[0]["id"]),
            user: id_of(&placed["user_id"]),
            bundle: id_of(&bundle["id"]),
            domain: id_of(&actions[0]["domain_id"]),
            import: id_of(&import["id"]),
            forwarding: id_of(&forwarded.data(202)["id"]),
            order: id_of(&placed["id"]),
            action: id_of(&actions[0]["id"]),
            event: id_of(&events[0]["id"]),
            replay: id_of(&replay["id"]),
        }
    }

    /// The record that an operation with an id in its path is about.
    pub(crate) fn id_for(&self, operation: &Operation) -> &str {
        match operation.path.split("/{id}").next() {
            Some("/users") => &self.user,
            Some("/bundles") => &self.bundle,
            Some("/domains") => &self.domain,
            Some("/domains/import" | "/domains/import/jobs") => &self.import,
            Some("/domains/forwarding") => &self.forwarding,
            Some("/orders") => &self.order,
            Some("/swaps") => &self.swap,
            Some("/sandbox/actions") => &self.action,
            Some("/events") => &self.event,
            Some("/events/replay") => &self.replay,
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

    /// Its path for one of the records, with the parameters that it needs.
    pub(crate) fn path_for(&self, records: &Records) -> String {
        let path = if self.has_id() {
            self.path_with(records.id_for(self))
        } else {
            self.path.to_owned()
        };
        path + self.query
    }

    /// Its path with this id.
    pub(crate) fn path_with(&self, id: &str) -> String {
        self.path.replace("{id}", id)
    }

    /// Whether it is sent with a body.
    pub(crate) fn has_body(&self) -> bool {
        self.body.is_some()
    }

    /// The body that succeeds, as text, naming the records where it names any.
    pub(crate) fn body(&self, records: &Records) -> String {
        let body = self.body.map(|body| body().to_string()).unwrap_or_default();
        body.replace(WAITING_DOMAIN, &records.domain)
            .replace(LIVE_DOMAIN, &records.live_domain)
    }

    /// Sends the request that succeeds, to `path`.
    pub(crate) async fn send(&self, client: &Client, path: &str, records: &Records) -> Response {
        self.send_body(client, path, self.body(records)).await
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
