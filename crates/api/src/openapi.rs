//! What all operations of the `OpenAPI` document share, written once: title, tags, key, paging parameters, headers and the
//! error answers that every operation can give.

mod schemas;

use utoipa::OpenApi as _;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Required};

use crate::error::ErrorEnvelope;

/// Answers that every operation can give, whatever it does.
const COMMON_ERRORS: [(&str, &str); 6] = [
    (
        "400",
        "`invalid_request`: an unknown or malformed parameter.",
    ),
    (
        "401",
        "`unauthorized`: the key is missing, malformed, unknown or revoked.",
    ),
    ("403", "`forbidden`: the key's preset does not allow this."),
    (
        "429",
        "`rate_limited`: the key has used up its requests of this minute.",
    ),
    ("500", "`internal_error`: our fault; retrying is safe."),
    (
        "503",
        "`internal_error`: a needed part is not available; try again later.",
    ),
];

/// What every answer to a valid key tells of its rolling minute.
const QUOTA_HEADERS: [(&str, &str); 3] = [
    ("RateLimit-Limit", "Requests per minute of this key."),
    ("RateLimit-Remaining", "Requests left now."),
    (
        "RateLimit-Reset",
        "Seconds until the oldest counted request no longer counts.",
    ),
];

/// Answers that every operation with a body can give.
const BODY_ERRORS: [(&str, &str); 2] = [
    ("413", "`invalid_request`: the body is larger than 1 MiB."),
    (
        "415",
        "`invalid_request`: the content type is not `application/json`.",
    ),
];

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Peeker Partner API",
        description = "Order e-mail infrastructure for your customers: domains, Google and Microsoft inboxes, and their \
            hand-over to a sequencer. One `POST /orders` sets everything up; signed webhooks tell how it goes.\n\n\
            Keys starting with `pk_test_` act in the sandbox, where nothing is bought or charged; keys starting with \
            `pk_live_` act for real. Every answer carries a `Peeker-Request-Id`; name it when you ask for help.\n\n\
            Every refusal has the same shape, with a `code` to branch on. Unknown fields and parameters are refused, so \
            that a misspelt one cannot be dropped silently.",
    ),
    servers((url = "/partner/v1", description = "Sandbox and live, told apart by the key.")),
    security(("BearerAuth" = [])),
    tags(
        (name = "Account", description = "The key and the partner behind it."),
        (name = "Users", description = "Your customers, whom orders and domains belong to."),
        (name = "Bundles", description = "Saved order templates, sized in e-mails a month."),
        (name = "Domains", description = "Domains of your account, and whether new ones can be had."),
        (name = "Orders", description = "Purchases of domains and inboxes for one customer."),
        (name = "Events", description = "What happened, as webhooks tell it: to read, to follow and to have sent again."),
        (name = "Swaps", description = "Replacing domains of active orders, renaming their inboxes."),
        (name = "Wallet", description = "What orders and renewals are paid from."),
        (name = "Webhooks", description = "Whether events reach you."),
        (name = "Sandbox", description = "What only a test key can do."),
    ),
    components(schemas(ErrorEnvelope)),
)]
struct Document;

/// The document before any operation is in it.
pub(crate) fn base() -> OpenApi {
    let mut document = Document::openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    document.info.license = None;
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.description = Some("Your API key: `Authorization: Bearer pk_test_…`".to_owned());
    document
        .components
        .get_or_insert_default()
        .add_security_scheme("BearerAuth", SecurityScheme::Http(bearer));
    document
}

/// Adds to every operation what it does not say itself because all of them share it.
pub(crate) fn complete(mut document: OpenApi) -> OpenApi {
    if let Some(components) = &mut document.components {
        schemas::refer_to_contents(components);
    }
    for item in document.paths.paths.values_mut() {
        for (operation, is_post) in operations(item) {
            add_parameters(operation, is_post);
            add_errors(operation);
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response {
                    add_headers(status, response);
                }
            }
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&mut Operation, bool)> {
    let post = item.post.iter_mut().map(|operation| (operation, true));
    let others = [&mut item.get, &mut item.patch, &mut item.delete]
        .into_iter()
        .flatten();
    post.chain(others.map(|operation| (operation, false)))
}

fn add_parameters(operation: &mut Operation, is_post: bool) {
    let is_list = operation
        .operation_id
        .as_deref()
        .is_some_and(|id| id.starts_with("list"));
    let parameters = operation.parameters.get_or_insert_default();
    for parameter in parameters.iter_mut() {
        if let RefOr::T(parameter) = parameter {
            schemas::describe_id(parameter);
        }
    }
    if is_list {
        parameters.extend(paging_parameters().map(Into::into));
    }
    if is_post {
        parameters.push(idempotency_parameter().into());
    }
}

fn paging_parameters() -> [Parameter; 2] {
    let per_page = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(100))
        .default(Some(25.into()));
    let text = ObjectBuilder::new().schema_type(Type::String);
    [
        query("per_page", "Rows on a page.", per_page.build()),
        query(
            "page_token",
            "From `links.next`; good for the same list and filters only.",
            text.build(),
        ),
    ]
}

fn query(name: &str, description: &str, schema: Object) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn idempotency_parameter() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "For 24 hours the same key and body give the answer again that the first request was carried out with. A \
             refused request, or one that changes nothing, runs again. Visible ASCII characters.",
        ))
        .schema(Some(schema))
        .build()
}

fn add_errors(operation: &mut Operation) {
    let has_body = operation.request_body.is_some();
    let body_errors = BODY_ERRORS.iter().filter(|_| has_body);
    let responses = &mut operation.responses.responses;
    for (status, description) in COMMON_ERRORS.iter().chain(body_errors) {
        let response = || {
            ResponseBuilder::new()
                .description(*description)
                .build()
                .into()
        };
        responses
            .entry((*status).to_owned())
            .or_insert_with(response);
    }
    for (status, response) in responses.iter_mut() {
        if let (true, RefOr::T(response)) = (status.starts_with(['4', '5']), response) {
            describe_error(status, response);
        }
    }
}

fn describe_error(status: &str, response: &mut Response) {
    let envelope = Content::new(Some(Ref::from_schema_name("ErrorEnvelope")));
    response
        .content
        .insert("application/json".to_owned(), envelope.into());
    if status == "429" {
        response.headers.insert(
            "Retry-After".to_owned(),
            whole_number("Seconds until a request is let through again.").into(),
        );
    }
}

fn add_headers(status: &str, response: &mut Response) {
    response
        .headers
        .insert("Peeker-Request-Id".to_owned(), request_id_header().into());
    // Without a valid key there is nothing to count.
    let quota = QUOTA_HEADERS.iter().filter(|_| status != "401");
    for (name, description) in quota {
        response
            .headers
            .insert((*name).to_owned(), whole_number(description).into());
    }
}

fn whole_number(description: &str) -> Header {
    let schema = ObjectBuilder::new().schema_type(Type::Integer);
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some(description))
        .build()
}

fn request_id_header() -> Header {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^req_"));
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some("The id of this request."))
        .build()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    fn document() -> Value {
        serde_json::to_value(crate::openapi()).unwrap()
    }

    #[test]
    fn every_operation_is_whole() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        let mut ids = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            assert!(!path.starts_with("/partner"), "{path}");
            for (method, operation) in item.as_object().unwrap() {
                let named = format!("{method} {path}");
                ids.push(operation["operationId"].as_str().unwrap().to_owned());
                for part in ["summary", "description", "tags"] {
                    assert!(!operation[part].is_null(), "{named} has no {part}");
                }
                for (status, response) in operation["responses"].as_object().unwrap() {
                    assert!(
                        response["headers"]["Peeker-Request-Id"].is_object(),
                        "{named} {status}"
                    );
                    let media = if named == "get /events/stream" && status == "200" {
                        "text/event-stream"
                    } else {
                        "application/json"
                    };
                    assert!(
                        response["content"][media]["schema"].is_object(),
                        "{named} {status}"
                    );
                }
            }
        }
        insta::assert_snapshot!(ids.join(" "), @"listBundles createBundle deleteBundle getBundle updateBundle listDomains checkDomainAvailability forwardDomains getDomainForwarding findDomainImports importDomains importDomainsLater getDomainImportJob getDomainImport getDomain listEvents replayEvents getEventReplay streamEvents getEvent listEventDeliveries replayEvent getMe listOrders createOrder listPendingActions quoteOrder getOrder cancelOrder listOrderHistory listOrderInboxes resolveSandboxAction getSandboxClock advanceSandboxClock resetSandbox listSwaps createSwap renameInboxes getSwap cancelSwap listUsers createUser deleteUser getUser updateUser getWallet listWalletTransactions getWebhookEndpoint verifyWebhook");
    }

    #[test]
    fn the_two_forms_of_an_order_exclude_each_other() {
        let schemas = document()["components"]["schemas"].clone();
        assert_eq!(schemas["CreateOrder"]["oneOf"].as_array().unwrap().len(), 2);
        for form in ["BundleOrder", "CustomOrder"] {
            assert_eq!(schemas[form]["additionalProperties"], false, "{form}");
        }
        assert!(schemas["CustomOrder"]["properties"]["bundle_id"].is_null());
        let required = schemas["BundleOrder"]["required"].as_array().unwrap();
        assert!(required.contains(&"bundle_id".into()));
    }

    #[test]
    fn an_object_is_one_schema_wherever_it_comes_from() {
        let schemas = document()["components"]["schemas"].clone();
        for (name, schema) in schemas.as_object().unwrap() {
            if name.starts_with("Single_") || name.starts_with("Page_") {
                let data = &schema["properties"]["data"];
                let held = if data["type"] == "array" {
                    &data["items"]
                } else {
                    data
                };
                assert!(held["$ref"].is_string(), "{name}");
            }
        }
    }

    #[test]
    fn every_id_parameter_says_what_it_looks_like() {
        for (path, item) in document()["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                for parameter in operation["parameters"].as_array().unwrap() {
                    let name = parameter["name"].as_str().unwrap();
                    if name == "id" || name.ends_with("_id") {
                        let schema = &parameter["schema"];
                        assert!(schema["pattern"].is_string(), "{path} {name}");
                        assert!(schema["examples"][0].is_string(), "{path} {name}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn check(value: &Value, document: &Value) {
            match value {
                Value::Object(object) => {
                    if let Some(target) = object.get("$ref").and_then(Value::as_str) {
                        let pointer = target.strip_prefix('#').unwrap();
                        assert!(document.pointer(pointer).is_some(), "{target}");
                    }
                    object.values().for_each(|value| check(value, document));
                }
                Value::Array(entries) => entries.iter().for_each(|value| check(value, document)),
                _ => {}
            }
        }
        let document = document();
        check(&document, &document);
    }
}
