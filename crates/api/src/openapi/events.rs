//! The webhooks, one for each type of event, and events as they are read back: what an event's `data` is follows from its
//! `type`, and the document has a schema for each kind of it.

use peeker_domain::event::EventBody;
use peeker_domain::{EventType, OrderFailureReason, view};
use serde_json::{Value, json};
use utoipa::openapi::content::Content;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, PathItem, Paths};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{
    ArrayBuilder, Components, Discriminator, Object, ObjectBuilder, OneOfBuilder, Schema, Type,
};
use utoipa::openapi::{Ref, RefOr, Required};
use utoipa::{PartialSchema, ToSchema};

use super::examples::sample;
use super::schemas::SCHEMAS;

/// What goes for every webhook. The headers are the same for all: declared with each, they would be a tenth of the document.
const DESCRIPTION: &str = "Sent to your address, at least once and in any order, with the headers `Peeker-Event-Id`, \
    `Peeker-Timestamp`, `Peeker-Signature`, `webhook-id`, `webhook-timestamp` and `webhook-signature`.";

/// What the `data` of an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Payload {
    Order,
    Domain,
    Forwarding,
    Import,
    Swap,
    Wallet,
    /// These wait for somebody: the object, and the actions that are asked for.
    WaitingOrder,
    WaitingDomain,
    WaitingImport,
    WaitingSwap,
}

impl Payload {
    const ALL: [Self; 10] = [
        Self::Order,
        Self::Domain,
        Self::Forwarding,
        Self::Import,
        Self::Swap,
        Self::Wallet,
        Self::WaitingOrder,
        Self::WaitingDomain,
        Self::WaitingImport,
        Self::WaitingSwap,
    ];

    /// What its schemas are called after.
    const fn noun(self) -> &'static str {
        match self {
            Self::Order => "Order",
            Self::Domain => "Domain",
            Self::Forwarding => "Forwarding",
            Self::Import => "Import",
            Self::Swap => "Swap",
            Self::Wallet => "Wallet",
            Self::WaitingOrder => "WaitingOrder",
            Self::WaitingDomain => "WaitingDomain",
            Self::WaitingImport => "WaitingImport",
            Self::WaitingSwap => "WaitingSwap",
        }
    }

    /// The kind of the object that waits; `None` for one that does not.
    const fn waiting(self) -> Option<Self> {
        match self {
            Self::WaitingOrder => Some(Self::Order),
            Self::WaitingDomain => Some(Self::Domain),
            Self::WaitingImport => Some(Self::Import),
            Self::WaitingSwap => Some(Self::Swap),
            _ => None,
        }
    }

    /// The schema of the object.
    const fn schema(self) -> &'static str {
        match self {
            Self::Order => "OrderDetail",
            Self::Domain => "Domain",
            Self::Forwarding => "ForwardingJob",
            Self::Import => "ImportJob",
            Self::Swap => "Swap",
            Self::Wallet => "LowWallet",
            waiting => waiting.noun(),
        }
    }

    fn types(self) -> impl Iterator<Item = EventType> {
        let all = EventType::ALL.iter().copied();
        all.filter(move |kind| payload(*kind).0 == self)
    }

    fn event_type_schema(self) -> String {
        format!("{}EventType", self.noun())
    }

    fn event_schema(self) -> String {
        format!("{}Event", self.noun())
    }

    fn webhook_schema(self) -> String {
        format!("{}Webhook", self.noun())
    }
}

/// What the `data` of an event of this type is, and what its example has that is not in every object of that kind.
fn payload(kind: EventType) -> (Payload, Value) {
    match kind {
        EventType::OrderInProgress => (
            Payload::Order,
            json!({
                "status": "in_progress",
                "progress": {"domains_total": 1, "domains_active": 0, "inboxes_total": 2, "inboxes_active": 0}
            }),
        ),
        EventType::OrderCompleted
        | EventType::OrderDomainsCancelled
        | EventType::OrderRenewed
        | EventType::OrderRenewalFailed => (Payload::Order, json!({"status": "completed"})),
        EventType::OrderFailed => (
            Payload::Order,
            json!({
                "status": "failed", "renews_at": null,
                "failure": {"reason": "mail_refused", "message": OrderFailureReason::MailRefused.message()}
            }),
        ),
        EventType::OrderActionRequired => {
            (Payload::WaitingOrder, json!({"status": "action_required"}))
        }
        EventType::OrderDomainsCancelScheduled => (
            Payload::Order,
            json!({
                "cancellation_scheduled_at": "2026-05-20T09:30:00Z", "cancels_at": "2026-06-08T12:00:00Z",
                "cancelling_domains": [{"id": "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4", "domain": "acme-mail.com"}]
            }),
        ),
        EventType::WalletLow => (Payload::Wallet, json!({"required_cents": null})),
        EventType::OrderCancelScheduled => (
            Payload::Order,
            json!({
                "status": "cancel_scheduled", "renews_at": null,
                "cancellation_scheduled_at": "2026-05-20T09:30:00Z", "cancels_at": "2026-06-08T12:00:00Z",
                "cancelling_domains": [{"id": "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4", "domain": "acme-mail.com"}]
            }),
        ),
        EventType::OrderCancelled => (
            Payload::Order,
            json!({
                "status": "cancelled", "renews_at": null,
                "cancellation_scheduled_at": "2026-05-20T09:30:00Z", "cancels_at": "2026-06-08T12:00:00Z"
            }),
        ),
        EventType::DomainConnected => (Payload::Domain, json!({"status": "active"})),
        EventType::DomainActionRequired => {
            (Payload::WaitingDomain, json!({"status": "action_required"}))
        }
        EventType::DomainForwardingUpdated => (Payload::Forwarding, json!({})),
        EventType::DomainForwardingFailed => (
            Payload::Forwarding,
            json!({
                "status": "failed", "completed_count": 0, "completed": [], "failed_count": 1,
                "failed": [{"domain": "acme-mail.com", "reason": "target_unreachable"}]
            }),
        ),
        EventType::DomainImportCompleted => (Payload::Import, json!({})),
        EventType::DomainImportFailed => (
            Payload::Import,
            json!({
                "status": "failed", "completed_count": 0, "completed": [], "failed_count": 1, "nameserver_groups": [],
                "failed": [{"domain": "team-acme.com", "reason": "zone_rejected"}]
            }),
        ),
        EventType::DomainImportActionRequired => {
            (Payload::WaitingImport, json!({"status": "action_required"}))
        }
        EventType::SwapCreated => (Payload::Swap, json!({"status": "created"})),
        EventType::SwapInProgress => (Payload::Swap, json!({"status": "in_progress"})),
        EventType::SwapCompleted => (Payload::Swap, json!({"status": "completed"})),
        EventType::SwapFailed => (
            Payload::Swap,
            json!({"status": "failed", "reason": "replacement_not_registered"}),
        ),
        EventType::SwapActionRequired => (
            Payload::WaitingSwap,
            json!({"status": "action_required", "reason": "update_nameservers"}),
        ),
    }
}

/// Adds the schemas of events and of webhooks by kind of data to the components.
pub(super) fn add(components: &mut Components) {
    add_objects(components);
    for payload in Payload::ALL {
        let types = types_schema(payload);
        components
            .schemas
            .insert(payload.event_type_schema(), types.into());
    }
    if let Some(RefOr::T(Schema::Object(event))) = components.schemas.remove("Event") {
        for payload in Payload::ALL {
            let typed = typed(&event, payload);
            components
                .schemas
                .insert(payload.event_schema(), typed.into());
        }
        let either = one_of_kinds(event.description);
        components.schemas.insert("Event".to_owned(), either);
    }
    add_bodies(components);
}

/// Adds the schemas of objects that are in events alone.
fn add_objects(components: &mut Components) {
    let actions = |name: &str| RefOr::from(Ref::from_schema_name(name));
    for (name, schema) in [
        (view::LowWallet::name(), view::LowWallet::schema()),
        (view::OpenAction::name(), view::OpenAction::schema()),
    ] {
        components.schemas.insert(name.into_owned(), schema);
    }
    for payload in Payload::ALL {
        let Some(object) = payload.waiting() else {
            continue;
        };
        let Some(RefOr::T(Schema::Object(object))) = components.schemas.get(object.schema()) else {
            continue;
        };
        let mut waiting = object.clone();
        let list = ArrayBuilder::new()
            .items(actions("OpenAction"))
            .description(Some("The pending actions that the event tells of."));
        waiting
            .properties
            .insert("actions".to_owned(), list.build().into());
        waiting.required.push("actions".to_owned());
        waiting.example = None;
        components
            .schemas
            .insert(payload.noun().to_owned(), Schema::Object(waiting).into());
    }
}

/// A webhook for each type of event.
pub(super) fn webhooks(components: &Components) -> Paths {
    let mut webhooks = Paths::new();
    for kind in EventType::ALL {
        let item = PathItem::new(HttpMethod::Post, webhook(*kind, components));
        webhooks.paths.insert(kind.to_string(), item);
    }
    webhooks
}

/// The types of events about one kind of object.
fn types_schema(payload: Payload) -> Object {
    let words: Vec<Value> = payload.types().map(|kind| json!(kind)).collect();
    let noun = payload.noun().to_lowercase();
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(format!(
            "What happened to this kind of object: {noun}."
        )))
        .enum_values(Some(words))
        .build()
}

/// An event of whose data the kind is known.
fn typed(event: &Object, payload: Payload) -> Object {
    let mut typed = event.clone();
    for (field, target) in [
        ("type", payload.event_type_schema()),
        ("data", payload.schema().to_owned()),
    ] {
        let description = match event.properties.get(field) {
            Some(RefOr::T(Schema::Object(schema))) => schema.description.clone(),
            Some(RefOr::Ref(reference)) => Some(reference.description.clone()),
            _ => None,
        };
        let mut reference = Ref::from_schema_name(target);
        reference.description = description.unwrap_or_default();
        typed
            .properties
            .insert(field.to_owned(), RefOr::Ref(reference));
    }
    typed
}

/// An event of any kind; its `type` says which.
fn one_of_kinds(description: Option<String>) -> RefOr<Schema> {
    let mut mapping = Vec::new();
    let mut either = OneOfBuilder::new().description(description);
    for payload in Payload::ALL {
        either = either.item(Ref::from_schema_name(payload.event_schema()));
        let target = format!("{SCHEMAS}{}", payload.event_schema());
        mapping.extend(
            payload
                .types()
                .map(|kind| (kind.to_string(), target.clone())),
        );
    }
    either
        .discriminator(Some(Discriminator::with_mapping("type", mapping)))
        .into()
}

/// The bodies of webhooks, by kind of data.
fn add_bodies(components: &mut Components) {
    let mut parts = Vec::new();
    EventBody::schemas(&mut parts);
    for (name, part) in parts {
        components.schemas.entry(name).or_insert(part);
    }
    if let RefOr::T(Schema::Object(body)) = EventBody::schema() {
        for payload in Payload::ALL {
            let mut body = typed(&body, payload);
            body.description = Some("The body of a webhook.".to_owned());
            components
                .schemas
                .insert(payload.webhook_schema(), body.into());
        }
    }
}

fn webhook(kind: EventType, components: &Components) -> Operation {
    let (payload, own) = payload(kind);
    let schema = RefOr::Ref(Ref::from_schema_name(payload.webhook_schema()));
    let mut body = sample(&schema, components);
    body["type"] = json!(kind);
    if let (Some(data), Value::Object(own)) = (body["data"].as_object_mut(), own) {
        data.extend(own);
    }
    let example = ExampleBuilder::new().value(Some(body)).build();
    let mut content = Content::new(Some(schema));
    content.examples.insert("event".to_owned(), example.into());
    let request = RequestBodyBuilder::new()
        .content("application/json", content)
        .required(Some(Required::True))
        .build();
    let taken = ResponseBuilder::new()
        .description("Any 2xx says that the event was taken; every other answer has it sent again.")
        .build();
    OperationBuilder::new()
        .operation_id(Some(operation_id(kind)))
        .tag("Deliveries")
        .summary(Some(kind.summary()))
        .description(Some(DESCRIPTION))
        .request_body(Some(request))
        .response("200", taken)
        .build()
}

/// `order.in_progress` as `onOrderInProgress`.
fn operation_id(kind: EventType) -> String {
    let words = kind.as_str().split(['.', '_']);
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    words.fold("on".to_owned(), |id, word| id + &capital(word))
}
