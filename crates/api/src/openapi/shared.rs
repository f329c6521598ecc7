//! What operations share, written once and referred to: paging and idempotency parameters, and the headers of answers.

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::Response;
use utoipa::openapi::schema::{Components, Object, ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Required};

use super::schemas::describe_id;

/// The header with a request's id.
const REQUEST_ID: &str = "Peeker-Request-Id";
/// The header that says when to come again.
const RETRY_AFTER: &str = "Retry-After";
/// What every answer to a valid key tells of its rolling minute.
const QUOTA: [(&str, &str); 3] = [
    ("RateLimit-Limit", "Requests per minute of this key."),
    ("RateLimit-Remaining", "Requests left now."),
    (
        "RateLimit-Reset",
        "Seconds until the oldest counted request no longer counts.",
    ),
];

/// Puts them into the components.
pub(super) fn add(components: &mut Components) {
    for parameter in [per_page(), page_token(), idempotency_key()] {
        let name = parameter.name.clone();
        components.parameters.insert(name, parameter.into());
    }
    let headers = &mut components.headers;
    headers.insert(REQUEST_ID.to_owned(), request_id().into());
    let retry_after = whole_number("Seconds until a request is let through again.");
    headers.insert(RETRY_AFTER.to_owned(), retry_after.into());
    for (name, description) in QUOTA {
        headers.insert(name.to_owned(), whole_number(description).into());
    }
}

/// Refers to those of an operation.
pub(super) fn complete(operation: &mut Operation, is_post: bool) {
    let is_list = operation
        .operation_id
        .as_deref()
        .is_some_and(|id| id.starts_with("list"));
    let parameters = operation.parameters.get_or_insert_default();
    for parameter in parameters.iter_mut() {
        if let RefOr::T(parameter) = parameter {
            describe_id(parameter);
        }
    }
    let paging = ["per_page", "page_token"].into_iter().filter(|_| is_list);
    let keyed = Some("Idempotency-Key").filter(|_| is_post);
    for name in paging.chain(keyed) {
        let parameter = Ref::new(format!("#/components/parameters/{name}"));
        parameters.push(RefOr::Ref(parameter));
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            add_headers(status, response);
        }
    }
}

/// Refers to the headers that an answer with this status has.
pub(super) fn add_headers(status: &str, response: &mut Response) {
    // Without a valid key there is nothing to count.
    let quota = QUOTA
        .iter()
        .map(|(name, _)| *name)
        .filter(|_| status != "401");
    let retry_after = Some(RETRY_AFTER).filter(|_| status == "429");
    for name in quota.chain(retry_after).chain([REQUEST_ID]) {
        let header = Ref::new(format!("#/components/headers/{name}"));
        response.headers.insert(name.to_owned(), RefOr::Ref(header));
    }
}

fn per_page() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(100));
    let description = "Rows on a page. Left out, `25`.";
    parameter("per_page", ParameterIn::Query, description, schema.build())
}

fn page_token() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    let description = "From `links.next`; good for the same list and filters only.";
    parameter(
        "page_token",
        ParameterIn::Query,
        description,
        schema.build(),
    )
}

fn idempotency_key() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[!-~]+$"))
        .min_length(Some(1))
        .max_length(Some(255));
    let description = "For 24 hours the same key and body give the answer again that the first request was carried out \
        with. A refused request, or one that changes nothing, runs again. Visible ASCII characters.";
    parameter(
        "Idempotency-Key",
        ParameterIn::Header,
        description,
        schema.build(),
    )
}

fn parameter(name: &str, place: ParameterIn, description: &str, schema: Object) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn whole_number(description: &str) -> Header {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0));
    header(description, schema.build())
}

fn request_id() -> Header {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^req_"));
    header("The id of this request.", schema.build())
}

fn header(description: &str, schema: Object) -> Header {
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some(description))
        .build()
}
