//! The body of `POST /orders` and `POST /orders/quote` (contract §4).

use std::collections::HashMap;

use peeker_domain::order::{
    self, ClientId, Customer, MAX_DOMAINS, MAX_PERSONAS, RequestedDomain, Sequencer,
};
use peeker_domain::view::client_id_schema;
use peeker_domain::{DomainName, EmailAddress, WebUrl};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::sizing;
use crate::extract::values::{
    client_id, display_name, email, password, string, web_url, web_url_or_none,
};
use crate::extract::{Fields, Item, Refused, RequestBody};
use crate::users::{read_provider, sequencer_schema};

/// Longest sequencer password.
const MAX_PASSWORD_LENGTH: usize = 1000;

/// An order, in exactly one of two forms.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
pub enum CreateOrder {
    /// Sized by a bundle.
    Bundle(BundleOrder),
    /// Sized by license counts.
    Custom(CustomOrder),
}

/// An order sized by a saved bundle.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = example_bundle_order)]
pub struct BundleOrder {
    /// The `usr_` id of a customer, or an address: the customer with it, or a new one.
    #[schema(example = "client@example.com")]
    pub user: String,
    /// The bundle.
    #[schema(example = "bun_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub bundle_id: String,
    /// Where the inboxes are handed to.
    pub sequencer: OrderSequencer,
    /// As many as the bundle's `required_domains.total`.
    #[schema(min_items = 1, max_items = 12_000)]
    pub domains: Vec<OrderDomain>,
    /// Whose names the inboxes bear, in turn.
    #[schema(min_items = 1, max_items = 10)]
    pub personas: Vec<OrderPersona>,
    /// Where the web addresses of the domains redirect to; `null` for nowhere.
    #[schema(example = "https://www.example.com", max_length = 2048)]
    pub forwarding_url: Option<String>,
}

/// An order sized by license counts: of Google, of Microsoft, or of both.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = example_custom_order)]
pub struct CustomOrder {
    /// The `usr_` id of a customer, or an address: the customer with it, or a new one.
    #[schema(example = "client@example.com")]
    pub user: String,
    /// Where the inboxes are handed to.
    pub sequencer: OrderSequencer,
    /// Google licenses, one inbox each; needs `google_inboxes_per_domain`.
    #[schema(nullable = false, example = 20, minimum = 1, maximum = 10_000)]
    pub google_licenses: Option<u32>,
    /// Inboxes on each Google domain: 2 or 3.
    #[schema(nullable = false, example = 2, minimum = 2, maximum = 3)]
    pub google_inboxes_per_domain: Option<u32>,
    /// Microsoft licenses, one domain each; needs `microsoft_inboxes_per_domain`.
    #[schema(nullable = false, example = 2, minimum = 1, maximum = 10_000)]
    pub microsoft_licenses: Option<u32>,
    /// Inboxes on each Microsoft domain: 25, 50, 75 or 99.
    #[schema(schema_with = sizing::microsoft_density_schema)]
    pub microsoft_inboxes_per_domain: Option<u32>,
    /// As many as `microsoft_licenses` plus `google_licenses` divided by `google_inboxes_per_domain`, rounded up.
    #[schema(min_items = 1, max_items = 12_000)]
    pub domains: Vec<OrderDomain>,
    /// Whose names the inboxes bear, in turn.
    #[schema(min_items = 1, max_items = 10)]
    pub personas: Vec<OrderPersona>,
    /// Where the web addresses of the domains redirect to; `null` for nowhere.
    #[schema(example = "https://www.example.com", max_length = 2048)]
    pub forwarding_url: Option<String>,
}

/// The sequencer, and the log-in that hands the inboxes to it. The password is sealed at rest, wiped after the
/// hand-over and never shown again.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderSequencer {
    /// The sequencer; only `smartlead`.
    #[schema(schema_with = sequencer_schema)]
    pub provider: String,
    /// The sequencer's client: a number or a text; `null` or `""` for the default route.
    #[schema(schema_with = client_id_schema, required = true)]
    pub client_id: Value,
    /// The address of the log-in.
    #[schema(example = "smartlead-login@example.com", format = Email)]
    pub login_email: String,
    /// The password of the log-in.
    #[schema(example = "secret-password", format = Password, min_length = 1, max_length = 1000)]
    pub login_password: String,
}

/// A name, or a name with a forwarding target of its own.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
pub enum OrderDomain {
    /// The name of a root domain.
    #[schema(example = "acme-mail.com")]
    Name(String),
    /// A name that redirects elsewhere than the rest of the order.
    WithForwarding(ForwardedDomain),
}

/// A domain with a forwarding target of its own.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForwardedDomain {
    /// The name of a root domain.
    #[schema(example = "shop-acme.com")]
    pub domain: String,
    /// Where its web address redirects to; `null` for the order's `forwarding_url`.
    #[schema(example = "https://shop.example.com", max_length = 2048)]
    pub forwarding_url: Option<String>,
}

/// A person whose name inboxes bear.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderPersona {
    /// Given name.
    #[schema(example = "Sam", min_length = 1, max_length = 100)]
    pub first_name: String,
    /// Family name.
    #[schema(example = "Lee", min_length = 1, max_length = 100)]
    pub last_name: String,
    /// A picture that anybody can load; `null` or `""` for none.
    #[schema(
        required = true,
        example = "https://www.example.com/sam.jpg",
        max_length = 2048
    )]
    pub profile_picture_url: Option<String>,
}

impl RequestBody for CreateOrder {
    type Input = order::OrderRequest;

    fn read(fields: &mut Fields<'_>) -> Result<order::OrderRequest, Refused> {
        let customer = read_customer(fields);
        let sizing = sizing::read(fields);
        let sequencer = fields.object("sequencer", OrderSequencer::read);
        let forwarding = fields.optional_or_null("forwarding_url", web_url);
        let domains = read_domains(fields, forwarding.as_ref().ok().and_then(Option::as_ref));
        let personas = fields.array("personas", 1..=MAX_PERSONAS, |_, item| {
            item.object(OrderPersona::read)
        });
        forwarding?;
        Ok(order::OrderRequest {
            customer: customer?,
            sizing: sizing?,
            sequencer: sequencer?,
            domains: domains?,
            personas: personas?,
        })
    }
}

/// Reads whom the order is for; a malformed id is one that nobody has.
fn read_customer(fields: &mut Fields<'_>) -> Result<Customer, Refused> {
    let text = fields.required("user", |value| {
        string(value).map(|text| text.trim().to_owned())
    })?;
    if text.starts_with("usr_") {
        return text
            .parse()
            .map(Customer::Id)
            .map_err(|_| fields.refuse_unknown("user", "user"));
    }
    let address = EmailAddress::parse(&text);
    address
        .map(Customer::Email)
        .map_err(|_| fields.refuse("user", "must be a usr_… id or an e-mail address"))
}

impl OrderSequencer {
    fn read(fields: &mut Fields<'_>) -> Result<Sequencer, Refused> {
        let provider = read_provider(fields);
        let client: Result<Option<Option<ClientId>>, Refused> =
            fields.required_or_null("client_id", client_id);
        let login_email = fields.required("login_email", email);
        let login_password = fields.required("login_password", password(MAX_PASSWORD_LENGTH));
        provider?;
        Ok(Sequencer {
            client_id: client?.flatten(),
            login_email: login_email?,
            login_password: login_password?,
        })
    }
}

impl OrderPersona {
    pub(crate) fn read(fields: &mut Fields<'_>) -> Result<order::Persona, Refused> {
        let first_name = fields.required("first_name", display_name);
        let last_name = fields.required("last_name", display_name);
        let picture = fields.required_or_null("profile_picture_url", web_url_or_none);
        Ok(order::Persona {
            first_name: first_name?,
            last_name: last_name?,
            profile_picture_url: picture?.flatten().map(|url| url.to_string()),
        })
    }
}

/// Reads the domains; each without a target of its own gets the order's. No name may come twice, however spelled.
fn read_domains(
    fields: &mut Fields<'_>,
    default: Option<&WebUrl>,
) -> Result<Vec<RequestedDomain>, Refused> {
    let mut seen = HashMap::new();
    fields.array("domains", 1..=MAX_DOMAINS, |index, item| {
        let mut domain = read_domain(item)?;
        let first = *seen.entry(domain.name.clone()).or_insert(index);
        if first != index {
            return Err(item.refuse(&format!("is the same domain as domains[{first}]")));
        }
        domain.forwarding_url = domain.forwarding_url.or_else(|| default.cloned());
        Ok(domain)
    })
}

fn read_domain(item: &Item<'_>) -> Result<RequestedDomain, Refused> {
    if item.is_object() {
        return item.object(|fields| {
            let name = fields.required("domain", domain_name);
            let forwarding_url = fields.optional_or_null("forwarding_url", web_url);
            Ok(RequestedDomain {
                name: name?,
                forwarding_url: forwarding_url?,
            })
        });
    }
    let name = item.value(|value| match value {
        Value::String(_) => domain_name(value),
        _ => {
            Err("must be a domain name, or an object with a domain and a forwarding_url".to_owned())
        }
    })?;
    Ok(RequestedDomain {
        name,
        forwarding_url: None,
    })
}

/// A registrable name (contract §1).
pub(crate) fn domain_name(value: &Value) -> Result<DomainName, String> {
    DomainName::parse(string(value)?).map_err(|error| error.to_string())
}

/// The example of a bundle order in the documentation.
pub(super) fn example_bundle_order() -> Value {
    json!({
        "user": "client@example.com",
        "bundle_id": "bun_01KJZ4V1B6E8N2Q4R6S8T0V2W4",
        "sequencer": example_sequencer(),
        "domains": [
            "acme-mail.com", "acme-team.com", {"domain": "shop-acme.com", "forwarding_url": "https://shop.example.com"}
        ],
        "personas": [{"first_name": "Sam", "last_name": "Lee", "profile_picture_url": null}],
        "forwarding_url": "https://www.example.com"
    })
}

/// The example of a custom order in the documentation: 3 Google domains and 1 Microsoft domain.
pub(super) fn example_custom_order() -> Value {
    json!({
        "user": "client@example.com",
        "sequencer": example_sequencer(),
        "google_licenses": 6,
        "google_inboxes_per_domain": 2,
        "microsoft_licenses": 1,
        "microsoft_inboxes_per_domain": 50,
        "domains": ["acme-mail.com", "acme-team.com", "acme-sales.com", "acme-office.com"],
        "personas": [
            {"first_name": "Sam", "last_name": "Lee", "profile_picture_url": "https://www.example.com/sam.jpg"},
            {"first_name": "Ana", "last_name": "Diaz", "profile_picture_url": ""}
        ]
    })
}

fn example_sequencer() -> Value {
    json!({
        "provider": "smartlead",
        "client_id": 366_903,
        "login_email": "smartlead-login@example.com",
        "login_password": "secret-password"
    })
}

#[cfg(test)]
mod tests;
