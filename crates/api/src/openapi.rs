//! The `OpenAPI` document: its title and tags, and what is made of the operations' own descriptions, so that the clients that
//! generators write from it compile and have a type for everything. `shared` has what all operations share, `schemas` the form
//! of objects, `examples` and `refusals` a sample of every answer, `events` the webhooks.

mod events;
mod examples;
mod refusals;
mod schemas;
mod shared;

use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::server::ServerBuilder;
use utoipa::openapi::{OpenApi, RefOr};

use crate::error::ErrorEnvelope;

/// Where the API is on its server.
const ROOT: &str = "/partner/v1";

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
        (name = "Deliveries", description = "What is sent to your address when something happens."),
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

/// Adds what the operations do not say themselves, and gives it all the form that generators take. `origin` is where the
/// server is reached from outside, when it knows.
pub(crate) fn complete(mut document: OpenApi, origin: Option<&str>) -> OpenApi {
    let origin = origin.unwrap_or_default().trim_end_matches('/');
    let server = ServerBuilder::new()
        .url(format!("{origin}{ROOT}"))
        .description(Some("Sandbox and live, told apart by the key."));
    document.servers = Some(vec![server.build()]);
    let components = document.components.get_or_insert_default();
    events::add(components);
    schemas::shape(components);
    shared::add(components);
    refusals::add(components);
    for (path, item) in &mut document.paths.paths {
        schemas::refer_to_envelopes(item);
        for (operation, is_post) in operations(item) {
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                for content in body.content.values_mut() {
                    if let RefOr::T(content) = content {
                        schemas::plain_body(content);
                    }
                }
            }
            shared::complete(operation, is_post);
            refusals::complete(operation);
            examples::complete(operation, path, components);
        }
    }
    document.webhooks = Some(events::webhooks(components));
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&mut Operation, bool)> {
    let post = item.post.iter_mut().map(|operation| (operation, true));
    let others = [&mut item.get, &mut item.patch, &mut item.delete]
        .into_iter()
        .flatten();
    post.chain(others.map(|operation| (operation, false)))
}
