//! What the decision about an order goes by (contract §4): the facts that the account knows, and beside them what
//! providers answer. Nothing here decides or writes.

use std::collections::HashMap;

use peeker_domain::fingerprint::{self, Input};
use peeker_domain::id::OrderId;
use peeker_domain::order::{
    self, Customer, OrderBasis, OrderCase, OrderFacts, OrderRequest, OrderTerms, RegistrarOffer,
    RouteRefusal, Sizing, already_in_active_order,
};
use peeker_domain::plan::Capacity;
use peeker_domain::vendor::Slot;
use peeker_domain::wallet::Wallet;
use peeker_domain::{DomainName, EmailAddress, Error, MailProvider, Result, Timestamp};
use peeker_providers::{Call, RouteError, Verdict};
use peeker_store::domains;
use peeker_store::orders::facts::{self, Wanted};

use crate::availability::{self, Known, Old};
use crate::failure::internal;
use crate::provider_errors::no_answer;
use crate::{Actor, App};

/// An order request and who makes it.
#[derive(Clone, Copy)]
pub(super) struct Order<'a> {
    pub app: &'a App,
    pub actor: &'a Actor,
    pub request: &'a OrderRequest,
    terms: OrderTerms,
}

/// All that the account knows of an order.
pub(super) struct Findings {
    pub facts: OrderFacts,
    pub basis: OrderBasis,
}

impl Findings {
    pub fn case<'a>(&'a self, order: &'a Order<'_>) -> OrderCase<'a> {
        OrderCase {
            request: order.request,
            facts: &self.facts,
            basis: &self.basis,
            terms: &order.terms,
        }
    }
}

impl<'a> Order<'a> {
    pub fn new(app: &'a App, actor: &'a Actor, request: &'a OrderRequest) -> Self {
        let settings = app.settings();
        let terms = OrderTerms {
            prices: settings.prices,
            microsoft_inboxes_per_license: settings.microsoft_inboxes_per_license,
        };
        Self {
            app,
            actor,
            request,
            terms,
        }
    }

    /// Reads all facts in one go, and with them the original if this is a repetition of an order whose fingerprint is
    /// given. Errors: `not_found` on `bundle_id` or `user`.
    pub async fn find_out(self, fingerprint: Option<&str>) -> Result<(Findings, Option<OrderId>)> {
        let wanted = Wanted {
            account: &self.actor.account,
            request: self.request,
            fingerprint,
            recommended_split: self.app.settings().recommended_split,
            system: self.app.now(),
        };
        let read = facts::read(&self.app.environment(self.actor.environment).db, wanted).await;
        let (mut facts, original) = read.map_err(internal("read what an order goes by"))?;
        let basis = order::basis(self.request, &facts, &self.terms)?;
        let environment = self.actor.environment;
        if self.app.simulates_empty_wallet(environment, &basis.email) {
            facts.wallet = Wallet::EMPTY;
        }
        Ok((Findings { facts, basis }, original))
    }

    /// The fingerprint of an order of which the body says everything; `None` when it names a bundle, or a customer whose
    /// address has to be looked up.
    pub fn fingerprint_of_body(self) -> Option<String> {
        match (&self.request.customer, &self.request.sizing) {
            (Customer::Email(email), Sizing::Custom { google, microsoft }) => {
                Some(self.fingerprint(email, &Capacity::custom(*google, *microsoft)))
            }
            _ => None,
        }
    }

    /// What makes a repetition of this order the same order.
    pub fn fingerprint(self, email: &EmailAddress, capacity: &Capacity) -> String {
        let density = |provider| {
            capacity
                .provider(provider)
                .map(|plan| plan.inboxes_per_domain)
        };
        let input = Input {
            customer_email: email,
            client_id: self.request.sequencer.client_id.as_ref(),
            login_email: &self.request.sequencer.login_email,
            sizing: &self.request.sizing,
            google_inboxes_per_domain: density(MailProvider::Google),
            microsoft_inboxes_per_domain: density(MailProvider::Microsoft),
            domains: &self.request.domains,
            personas: &self.request.personas,
            prices: &self.terms.prices,
        };
        fingerprint::fingerprint(&self.app.0.fingerprint_key, &input)
    }

    /// The order that a fingerprint stands for.
    pub async fn original(self, fingerprint: &str, now: Timestamp) -> Result<Option<OrderId>> {
        let db = &self.app.environment(self.actor.environment).db;
        facts::original(db, &self.actor.account, fingerprint, now)
            .await
            .map_err(internal("look for the original order"))
    }

    /// The refusal of an order some of whose names another order took while it was decided.
    pub async fn overlap(self, names: Vec<String>) -> Result<Error> {
        let db = &self.app.environment(self.actor.environment).db;
        let now = self.actor.now(self.app).await?;
        let names: Vec<DomainName> = names.into_iter().map(DomainName::from_stored).collect();
        let wanted: Vec<&DomainName> = names.iter().collect();
        let known = domains::known(db, &self.actor.account, &wanted, now)
            .await
            .map_err(internal("find domains"))?;
        let holder = |name: &DomainName| known.get(name.as_str())?.holder();
        let held: Vec<_> = names.iter().map(|name| (name, holder(name))).collect();
        Ok(already_in_active_order(&held))
    }

    /// Whether all that would set this order up is there. Errors: 503 that names what is missing.
    pub async fn require_providers(self, found: &Findings) -> Result<()> {
        let capacity = &found.basis.capacity;
        let mut needs = vec![Slot::Dns];
        if !found.facts.to_be_bought(self.request).is_empty() {
            needs.push(Slot::Registrar);
        }
        for &provider in MailProvider::ALL {
            if capacity
                .provider(provider)
                .is_some_and(|plan| plan.domains > 0)
            {
                needs.push(provider.into());
            }
        }
        self.app.require(self.actor.environment, &needs).await
    }

    /// Asks the sequencer whether it knows the route. Errors: 503 when it does not answer.
    pub async fn route(self, now: Timestamp) -> Result<Result<(), RouteRefusal>> {
        let providers = self.app.providers(self.actor.environment);
        let call = Call {
            account: &self.actor.account,
            idempotency_key: "route",
            now,
        };
        let client = self.request.sequencer.client_id.as_ref();
        match providers.sequencer.check_route(call, client).await {
            Ok(()) => Ok(Ok(())),
            Err(RouteError::ClientNotFound) => Ok(Err(RouteRefusal::ClientNotFound)),
            Err(RouteError::ConnectionRequired) => Ok(Err(RouteRefusal::ConnectionRequired)),
            Err(RouteError::Provider(error)) => Err(no_answer("Smartlead", error)),
        }
    }

    /// Asks the registrar, cache first, about the names that the account does not own. Errors: 503 when it does not
    /// answer.
    pub async fn offers(self, facts: &OrderFacts) -> Result<HashMap<DomainName, RegistrarOffer>> {
        let names = facts.to_be_bought(self.request);
        let (account, environment) = (&self.actor.account, self.actor.environment);
        let answers = availability::look_up(
            self.app,
            account,
            environment,
            &names,
            Old::AskAgain,
            facts.now,
        )
        .await?;
        let offers = answers.into_iter().map(offer);
        Ok(names.into_iter().zip(offers).collect())
    }
}

fn offer(answer: Known) -> RegistrarOffer {
    let reason = match answer {
        Known::Fresh(Verdict::Available {
            price,
            renewal_price,
            usable_for,
        }) => {
            return RegistrarOffer::Buyable {
                price,
                renewal_price,
                usable_for,
            };
        }
        Known::Fresh(Verdict::Taken) => "unavailable",
        Known::Fresh(Verdict::Premium) => "premium",
        Known::Fresh(Verdict::Unknown) => "unknown",
        Known::Fresh(Verdict::Errored) | Known::Stale => "provider_error",
    };
    RegistrarOffer::NotToBeHad(reason)
}
