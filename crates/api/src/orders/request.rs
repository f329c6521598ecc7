//! The body of `POST /orders` and `POST /orders/quote` (contract §4).

use peeker_domain::forwarding::invalid_target;
use peeker_domain::order::{
    Customer, MAX_DOMAINS, MAX_PERSONAS, OrderRequest, Persona, RequestedDomain, Sequencer, Sizing,
};
use peeker_domain::{EmailAddress, WebUrl};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::sizing::{self, Bundle, Licenses};
use crate::extract::presence::{absent_is_null, required, together};
use crate::extract::rule::{Components, Rule, list_of, object, or_empty, or_null, refer_to};
use crate::extract::values::{
    client_id, domain_name, email, forwarding_target, password, person_name, string_schema, web_url,
};
use crate::extract::{Fields, Item, Refused, RequestBody, object};
use crate::users::SequencerName;

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

impl RequestBody for CreateOrder {
    type Input = OrderRequest;

    fn read(fields: &mut Fields<'_>) -> Result<OrderRequest, Refused> {
        if sizing::is_by_bundle(fields)? {
            BundleOrder::read(fields)
        } else {
            CustomOrder::read(fields)
        }
    }
}

object! {
    /// An order sized by a saved bundle.
    #[example = example_bundle_order()]
    pub BundleOrder -> OrderRequest {
        /// The `usr_` id of a customer, or an address: the customer with it, or a new one.
        #[example = "client@example.com"]
        user: required(CustomerName),
        /// The bundle.
        #[example = "bun_01KJZ4V1B6E8N2Q4R6S8T0V2W4"]
        bundle_id: required(Bundle),
        /// Where the inboxes are handed to.
        sequencer: required(object::<OrderSequencer>()),
        /// As many as the bundle's `required_domains.total`.
        domains: required(domains()),
        /// Whose names the inboxes bear, in turn.
        personas: required(personas()),
        /// Where the web addresses of the domains redirect to; `null` for nowhere.
        #[example = "https://www.example.com"]
        forwarding_url: absent_is_null(or_null(forwarding_target())),
    }
    => |fields| Ok(OrderRequest {
        customer: user?,
        sizing: Sizing::Bundle(bundle_id?),
        sequencer: sequencer?,
        domains: forwarded(fields, domains?, forwarding_url?.as_ref())?,
        personas: personas?,
    }), reading user, bundle_id, sequencer, forwarding_url, domains, personas
}

object! {
    /// An order sized by license counts: of Google, of Microsoft, or of both.
    #[example = example_custom_order()]
    pub CustomOrder -> OrderRequest {
        /// The `usr_` id of a customer, or an address: the customer with it, or a new one.
        #[example = "client@example.com"]
        user: required(CustomerName),
        /// Where the inboxes are handed to.
        sequencer: required(object::<OrderSequencer>()),
        sizing: together::<Licenses>(),
        /// As many as `microsoft_licenses` plus `google_licenses` divided by `google_inboxes_per_domain`, rounded up.
        domains: required(domains()),
        /// Whose names the inboxes bear, in turn.
        personas: required(personas()),
        /// Where the web addresses of the domains redirect to; `null` for nowhere.
        #[example = "https://www.example.com"]
        forwarding_url: absent_is_null(or_null(forwarding_target())),
    }
    => |fields| Ok(OrderRequest {
        customer: user?,
        sizing: sizing?,
        sequencer: sequencer?,
        domains: forwarded(fields, domains?, forwarding_url?.as_ref())?,
        personas: personas?,
    }), reading user, sizing, sequencer, forwarding_url, domains, personas
}

object! {
    /// The sequencer, and the log-in that hands the inboxes to it. The password is sealed at rest, wiped after the
    /// hand-over and never shown again.
    pub OrderSequencer -> Sequencer {
        /// The sequencer; only `smartlead`.
        provider: required(SequencerName),
        /// The sequencer's client: a number or a text; `null` or `""` for the default route.
        client_id: required(client_id()),
        /// The address of the log-in.
        #[example = "smartlead-login@example.com"]
        login_email: required(email()),
        /// The password of the log-in.
        #[example = "secret-password"]
        login_password: required(password(MAX_PASSWORD_LENGTH)),
    }
    => |_| {
        provider?;
        Ok(Sequencer { client_id: client_id?, login_email: login_email?, login_password: login_password? })
    }
}

object! {
    /// A person whose name inboxes bear.
    pub OrderPersona -> Persona {
        /// Given name.
        #[example = "Sam"]
        first_name: required(person_name()),
        /// Family name.
        #[example = "Lee"]
        last_name: required(person_name()),
        /// A picture that anybody can load; `null` or `""` for none.
        #[example = "https://www.example.com/sam.jpg"]
        profile_picture_url: required(or_empty(web_url())),
    }
    => |_| Ok(Persona {
        first_name: first_name?,
        last_name: last_name?,
        profile_picture_url: profile_picture_url?.map(|url| url.to_string()),
    })
}

/// Whose names inboxes bear.
pub(crate) fn personas() -> impl Rule<Value = Vec<Persona>> {
    list_of(1..=MAX_PERSONAS, object::<OrderPersona>())
}

/// Whom an order is for; a malformed id is one that nobody has.
struct CustomerName;

impl Rule for CustomerName {
    type Value = Customer;

    fn read(&self, item: &Item<'_>) -> Result<Customer, Refused> {
        let text = item.text(|text| Ok(text.trim().to_owned()))?;
        if text.starts_with("usr_") {
            let id = text.parse().map(Customer::Id);
            return id.map_err(|_| item.refuse_unknown("user"));
        }
        let address = EmailAddress::parse(&text).map(Customer::Email);
        address.map_err(|_| item.refuse("must be a usr_… id or an e-mail address"))
    }

    fn schema(&self, _: &mut Components) -> RefOr<Schema> {
        string_schema()
    }
}

/// The domains of an order; no name twice, however spelled.
fn domains() -> impl Rule<Value = Vec<RequestedDomain>> {
    list_of(1..=MAX_DOMAINS, OrderDomainForm).each_once("domain", |domain| domain.name.to_string())
}

/// Gives the order's forwarding target to each domain without one of its own.
fn forwarded(
    fields: &Fields<'_>,
    mut domains: Vec<RequestedDomain>,
    target: Option<&WebUrl>,
) -> Result<Vec<RequestedDomain>, Refused> {
    let Some(target) = target else {
        return Ok(domains);
    };
    for domain in domains
        .iter_mut()
        .filter(|domain| domain.forwarding_url.is_none())
    {
        if invalid_target(&domain.name, target).is_some() {
            let name = &domain.name;
            let what =
                format!("forwards {name} to itself; give {name} a forwarding_url of its own");
            return Err(fields.refuse("forwarding_url", &what));
        }
        domain.forwarding_url = Some(target.clone());
    }
    Ok(domains)
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

object! {
    /// A domain with a forwarding target of its own.
    pub ForwardedDomain -> RequestedDomain {
        /// The name of a root domain.
        #[example = "shop-acme.com"]
        name as "domain": required(domain_name()),
        /// Where its web address redirects to; `null` for the order's `forwarding_url`.
        #[example = "https://shop.example.com"]
        forwarding_url: absent_is_null(or_null(forwarding_target())),
    }
    => |fields| {
        let (name, forwarding_url) = (name?, forwarding_url?);
        let invalid = forwarding_url.as_ref().and_then(|url| invalid_target(&name, url));
        if invalid.is_some() {
            let what = format!("forwards {name} to itself");
            return Err(fields.refuse("forwarding_url", &what));
        }
        Ok(RequestedDomain { name, forwarding_url })
    }
}

/// Either form of an [`OrderDomain`].
struct OrderDomainForm;

impl Rule for OrderDomainForm {
    type Value = RequestedDomain;

    fn read(&self, item: &Item<'_>) -> Result<RequestedDomain, Refused> {
        if item.is_object() {
            return item.object(ForwardedDomain::read);
        }
        if !item.is_text() {
            let what = "must be a domain name, or an object with a domain and a forwarding_url";
            return Err(item.refuse(what));
        }
        Ok(RequestedDomain {
            name: domain_name().read(item)?,
            forwarding_url: None,
        })
    }

    fn schema(&self, components: &mut Components) -> RefOr<Schema> {
        refer_to::<OrderDomain>(components)
    }
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
