//! The error answers: those that every operation can give, shared by reference, and an example of each code.

use peeker_domain::{Code, Error, Violation};
use serde_json::json;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::Components;
use utoipa::openapi::{Content, Ref, RefOr};

use super::shared::add_headers;
use crate::error::{ErrorBody, ErrorEnvelope};

/// An answer that many operations give in the same words.
struct Shared {
    name: &'static str,
    status: &'static str,
    description: &'static str,
    /// The key of its example, when it is not that of its code.
    example: Option<&'static str>,
    given_by: GivenBy,
}

/// Which operations give a shared answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GivenBy {
    All,
    ThoseWithABody,
    ThoseThatSaySo,
}

const SHARED: [Shared; 9] = [
    shared(
        "InvalidRequest",
        "400",
        "`invalid_request`: an unknown or malformed parameter or field.",
    ),
    shared(
        "Unauthorized",
        "401",
        "`unauthorized`: the key is missing, malformed, unknown or revoked.",
    ),
    shared(
        "Forbidden",
        "403",
        "`forbidden`: the key's preset does not allow this.",
    ),
    Shared {
        given_by: GivenBy::ThoseThatSaySo,
        ..shared(
            "NotFound",
            "404",
            "`not_found`: no such record in this account and environment.",
        )
    },
    Shared {
        given_by: GivenBy::ThoseWithABody,
        example: Some(TOO_LARGE),
        ..shared(
            "TooLarge",
            "413",
            "`invalid_request`: the body is larger than 1 MiB.",
        )
    },
    Shared {
        given_by: GivenBy::ThoseWithABody,
        example: Some(NOT_JSON),
        ..shared(
            "NotJson",
            "415",
            "`invalid_request`: the content type is not `application/json`.",
        )
    },
    shared(
        "RateLimited",
        "429",
        "`rate_limited`: the key has used up its requests of this minute.",
    ),
    shared(
        "InternalError",
        "500",
        "`internal_error`: our fault; retrying is safe.",
    ),
    Shared {
        example: Some(UNAVAILABLE),
        ..shared(
            "Unavailable",
            "503",
            "`internal_error`: a needed part is not available; try again later.",
        )
    },
];

const TOO_LARGE: &str = "body_too_large";
const NOT_JSON: &str = "body_not_json";
const UNAVAILABLE: &str = "unavailable";

const fn shared(name: &'static str, status: &'static str, description: &'static str) -> Shared {
    Shared {
        name,
        status,
        description,
        example: None,
        given_by: GivenBy::All,
    }
}

/// Puts the shared answers and the examples into the components.
pub(super) fn add(components: &mut Components) {
    for answer in &SHARED {
        let mut response = ResponseBuilder::new()
            .description(answer.description)
            .build();
        add_headers(answer.status, &mut response);
        describe(&mut response, answer.example);
        components
            .responses
            .insert(answer.name.to_owned(), response.into());
    }
    for code in Code::ALL {
        let example = example(sample(code), &format!("`{}`", word(code)));
        components.examples.insert(word(code), example.into());
    }
    let protocol = |message: &str| Error::new(Code::InvalidRequest, message);
    for (name, summary, error) in [
        (
            TOO_LARGE,
            "A body that is too large",
            protocol("The body must not be larger than 1 MiB"),
        ),
        (
            NOT_JSON,
            "A body of another type",
            protocol("The content type must be application/json"),
        ),
        (
            UNAVAILABLE,
            "A part that is not there",
            Error::unavailable("The registrar does not answer"),
        ),
    ] {
        let example = example(error, summary);
        components.examples.insert(name.to_owned(), example.into());
    }
}

/// Adds to an operation the errors that it shares with others; its own get their envelope and their examples.
pub(super) fn complete(operation: &mut Operation) {
    let has_body = operation.request_body.is_some();
    let responses = &mut operation.responses.responses;
    for answer in &SHARED {
        let reference = || RefOr::Ref(Ref::from_response_name(answer.name));
        let given = answer.given_by == GivenBy::All
            || (has_body && answer.given_by == GivenBy::ThoseWithABody);
        match responses.get_mut(answer.status) {
            Some(own) if says_only_the_code(own) => *own = reference(),
            None if given => _ = responses.insert(answer.status.to_owned(), reference()),
            _ => {}
        }
    }
    for (status, response) in responses.iter_mut() {
        if let (true, RefOr::T(response)) = (status.starts_with(['4', '5']), response) {
            describe(response, None);
        }
    }
}

/// Whether the operation has nothing to add to the shared answer, as in "`not_found`.".
fn says_only_the_code(response: &RefOr<Response>) -> bool {
    let RefOr::T(response) = response else {
        return false;
    };
    let code = response.description.strip_prefix('`');
    code.and_then(|code| code.strip_suffix("`."))
        .is_some_and(|code| !code.contains('`'))
}

/// The envelope, and an example of each code that the description names.
fn describe(response: &mut Response, other_example: Option<&str>) {
    let mut envelope = Content::new(Some(Ref::from_schema_name("ErrorEnvelope")));
    let named = |code: &Code| response.description.contains(&format!("`{}`", word(*code)));
    let codes: Vec<String> = Code::ALL.into_iter().filter(named).map(word).collect();
    let examples = other_example.map_or(codes, |name| vec![name.to_owned()]);
    for name in examples {
        let reference = Ref::new(format!("#/components/examples/{name}"));
        envelope.examples.insert(name, RefOr::Ref(reference));
    }
    response
        .content
        .insert("application/json".to_owned(), envelope.into());
}

fn example(error: Error, summary: &str) -> Example {
    let envelope = ErrorEnvelope {
        error: ErrorBody::of(error),
    };
    ExampleBuilder::new()
        .summary(summary)
        .value(serde_json::to_value(envelope).ok())
        .build()
}

fn word(code: Code) -> String {
    let word = serde_json::to_value(code).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}

/// An error as the server would give it.
fn sample(code: Code) -> Error {
    let error = |message: &str| Error::new(code, message);
    let domains = |message: &str| error(message).with_field("domains");
    match code {
        Code::InvalidRequest => several(),
        Code::Unauthorized => error("Send your API key in the header: Authorization: Bearer pk_…"),
        Code::Forbidden => error("A key with the preset read may not do this"),
        Code::NotFound => Error::not_found("order"),
        Code::RateLimited => error("This key may send 600 requests per minute")
            .with_detail("retry_after_seconds", 17),
        Code::ProviderNotSupported => {
            error("sequencer.provider is not a supported sequencer; use smartlead")
                .with_field("sequencer.provider")
        }
        Code::SmartleadConnectionRequired => {
            error("The account has no working Smartlead connection; connect Smartlead first")
        }
        Code::SmartleadClientNotFound => {
            error("Smartlead does not know this client_id").with_field("sequencer.client_id")
        }
        Code::OrderShapeConflict => {
            error("bundle_id sizes the order already; leave out google_licenses")
        }
        Code::DomainCountMismatch => domains("The order needs 19 domains; 2 were sent")
            .with_detail("required_count", 19)
            .with_detail("submitted_count", 2)
            .with_detail("missing_count", 17),
        Code::DomainNotImported => domains("The import of team-acme.com is not finished")
            .with_detail("domains", json!(["team-acme.com"])),
        Code::DomainsNotSubmittable => domains("1 domain cannot be registered")
            .with_detail("required_replacements", 1)
            .with_detail(
                "domains_not_submittable",
                json!([{"domain": "acme.com", "reason": "unavailable"}]),
            ),
        Code::PremiumDomainNotSupported => {
            error("best-mail.com is a premium domain; use another replacement")
                .with_field("replacement_domain")
        }
        Code::DomainNotUsableForProvider => domains("acme-mail.com cannot host microsoft")
            .with_detail("domain", "acme-mail.com")
            .with_detail("provider", "microsoft")
            .with_detail("usable_for", json!(["google"])),
        Code::DomainAlreadyInActiveOrder => error("acme-mail.com is on another active order")
            .with_detail("domains", json!(["acme-mail.com"])),
        Code::InsufficientFunds => {
            error("The wallet does not hold enough for this order; top it up and try again")
                .with_detail("required_cents", 43_400)
                .with_detail("balance_cents", 10_000)
                .with_detail("missing_cents", 33_400)
        }
        Code::InternalError => Error::internal("an example"),
    }
}

/// Two wrong fields in one answer.
fn several() -> Error {
    let wrong = |field: &str, what: &str| Violation::new(field, format!("{field} {what}"));
    let violations = vec![
        wrong("personas[0].last_name", "is required"),
        wrong("colour", "is not a known field"),
    ];
    Error::from_violations(violations, 0)
        .unwrap_or_else(|| Error::invalid("colour", "colour is not a known field"))
}
