//! What has to be found out before an order can be placed or quoted, in the contract's order of checks (§4): bundle
//! and user → dedupe → count → sequencer → overlap → provider fit → registrar → wallet. Nothing here writes.

use std::collections::HashMap;

use peeker_domain::fingerprint::{self, Input};
use peeker_domain::order::{Customer, OrderRequest, Sizing};
use peeker_domain::plan::{Candidate, Capacity};
use peeker_domain::view::Source;
use peeker_domain::wallet::InsufficientFunds;
use peeker_domain::{
    BundleStatus, Cents, Code, DomainName, EmailAddress, Error, MailProvider, Result, Timestamp,
    UserStatus,
};
use peeker_providers::{Call, RouteError, Verdict};
use peeker_store::domains::{self, KnownDomain};
use peeker_store::{bundles, imports, users};
use serde_json::json;

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
    /// When it came in, on the account's clock.
    pub now: Timestamp,
}

/// A domain of the order as the account or the registrar knows it.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    pub source: Source,
    pub usable_for: Vec<MailProvider>,
    /// First and further years; `None` when it cannot be bought.
    pub prices: Option<(Cents, Cents)>,
    /// Why it cannot be bought, in the words of `domains_not_submittable`.
    pub refusal: Option<&'static str>,
}

impl Order<'_> {
    /// The address of the customer, who need not exist yet. Errors: `not_found` or `invalid_request` on `user`.
    pub async fn customer(self) -> Result<EmailAddress> {
        let db = &self.app.environment(self.actor.environment).db;
        let account = &self.actor.account;
        let (found, email) = match &self.request.customer {
            Customer::Id(id) => {
                let user = users::find(db, account, id)
                    .await
                    .map_err(internal("find a user"))?;
                let user = user.ok_or_else(|| Error::not_found("user").with_field("user"))?;
                let email = EmailAddress::from_stored(user.email.clone());
                (Some(user), email)
            }
            Customer::Email(email) => (
                users::find_by_email(db, account, email)
                    .await
                    .map_err(internal("find a user"))?,
                email.clone(),
            ),
        };
        if found.is_some_and(|user| user.status == UserStatus::Deleted) {
            return Err(Error::invalid(
                "user",
                "This user is deleted; restore the user in the portal or use another",
            ));
        }
        Ok(email)
    }

    /// How many licenses and domains the order is about. Errors: `not_found` or `invalid_request` on `bundle_id`.
    pub async fn capacity(self) -> Result<Capacity> {
        let id = match &self.request.sizing {
            Sizing::Custom { google, microsoft } => {
                return Ok(Capacity::custom(*google, *microsoft));
            }
            Sizing::Bundle(id) => id,
        };
        let db = &self.app.environment(self.actor.environment).db;
        let bundle = bundles::find(db, &self.actor.account, id)
            .await
            .map_err(internal("find a bundle"))?;
        let bundle = bundle.ok_or_else(|| Error::not_found("bundle").with_field("bundle_id"))?;
        if bundle.status() == BundleStatus::Archived {
            return Err(Error::invalid(
                "bundle_id",
                "This bundle is archived and cannot be ordered any more",
            ));
        }
        let settings = self.app.settings();
        let volume = bundle
            .volume(settings.recommended_split)
            .map_err(internal("read a bundle"))?;
        Ok(Capacity::bundle(
            &volume,
            settings.microsoft_inboxes_per_license,
        ))
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
            prices: &self.app.settings().prices,
        };
        fingerprint::fingerprint(&self.app.0.fingerprint_key, &input)
    }

    /// Whether the sequencer knows the route. Errors: `smartlead_client_not_found`, `smartlead_connection_required`.
    pub async fn sequencer(self) -> Result<()> {
        let providers = self.app.providers(self.actor.environment)?;
        let call = Call {
            account: &self.actor.account,
            idempotency_key: "route",
            now: self.now,
        };
        let refused = match providers
            .sequencer
            .check_route(call, self.request.sequencer.client_id.as_ref())
            .await
        {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        Err(match refused {
            RouteError::ClientNotFound => Error::new(
                Code::SmartleadClientNotFound,
                "Smartlead does not know this client_id",
            )
            .with_field("sequencer.client_id"),
            RouteError::ConnectionRequired => Error::new(
                Code::SmartleadConnectionRequired,
                "The account has no working Smartlead connection; connect Smartlead first",
            ),
            RouteError::Provider(error) => no_answer("Smartlead", error),
        })
    }

    /// What the account knows of the order's domains.
    pub async fn known(self) -> Result<HashMap<String, KnownDomain>> {
        let db = &self.app.environment(self.actor.environment).db;
        let names: Vec<&DomainName> = self
            .request
            .domains
            .iter()
            .map(|domain| &domain.name)
            .collect();
        domains::known(db, &self.actor.account, &names, self.now)
            .await
            .map_err(internal("find domains"))
    }

    /// Errors: `domain_already_in_active_order` with all the names that are.
    pub fn overlap(self, known: &HashMap<String, KnownDomain>) -> Result<()> {
        let names = self
            .request
            .domains
            .iter()
            .map(|domain| domain.name.as_str());
        let taken: Vec<&str> = names
            .filter(|name| known.get(*name).is_some_and(|known| known.on_order))
            .collect();
        if taken.is_empty() {
            Ok(())
        } else {
            Err(already_in_active_order(&taken))
        }
    }

    /// Errors: `domain_not_imported` with all the names whose import has begun and is not finished.
    pub async fn imported(self) -> Result<()> {
        let db = &self.app.environment(self.actor.environment).db;
        let names: Vec<&DomainName> = self
            .request
            .domains
            .iter()
            .map(|domain| &domain.name)
            .collect();
        let open = imports::unfinished(db, &self.actor.account, &names).await;
        let open = open.map_err(internal("find open imports"))?;
        if open.is_empty() {
            return Ok(());
        }
        let message =
            "Some domains are still being imported; wait for domain_import.completed and try again";
        Err(Error::new(Code::DomainNotImported, message)
            .with_field("domains")
            .with_detail("domains", open.into_iter().collect::<Vec<_>>()))
    }

    /// What each domain costs and can host, in submitted order. Candidates of which nothing is known yet count as
    /// usable for both, which is what shows a misfit of the inventory before the registrar is asked.
    pub fn inventory_offers(self, known: &HashMap<String, KnownDomain>) -> Vec<Offer> {
        let offer = |domain: &peeker_domain::order::RequestedDomain| match known
            .get(domain.name.as_str())
        {
            Some(known) if known.owned => Offer {
                source: Source::Imported,
                usable_for: known.usable_for.clone(),
                prices: Some((Cents::ZERO, Cents::ZERO)),
                refusal: None,
            },
            _ => Offer {
                source: Source::Registered,
                usable_for: MailProvider::ALL.to_vec(),
                prices: None,
                refusal: None,
            },
        };
        self.request.domains.iter().map(offer).collect()
    }

    /// Completes the offers with the registrar's answers, cache first.
    pub async fn registrar_offers(self, offers: &mut [Offer]) -> Result<()> {
        let domains = self.request.domains.iter().map(|domain| &domain.name);
        let candidates: Vec<DomainName> = domains
            .zip(offers.iter())
            .filter(|(_, offer)| offer.source == Source::Registered)
            .map(|(name, _)| name.clone())
            .collect();
        let (account, environment) = (&self.actor.account, self.actor.environment);
        let answers = availability::look_up(
            self.app,
            account,
            environment,
            &candidates,
            Old::AskAgain,
            self.now,
        )
        .await?;
        let open = offers
            .iter_mut()
            .filter(|offer| offer.source == Source::Registered);
        for (offer, answer) in open.zip(answers) {
            match answer {
                Known::Fresh(Verdict::Available {
                    price,
                    renewal_price,
                    usable_for,
                }) => {
                    offer.prices = Some((price, renewal_price));
                    offer.usable_for = usable_for;
                }
                Known::Fresh(Verdict::Taken) => offer.refusal = Some("unavailable"),
                Known::Fresh(Verdict::Premium) => offer.refusal = Some("premium"),
                Known::Fresh(Verdict::Unknown) => offer.refusal = Some("unknown"),
                Known::Fresh(Verdict::Errored) | Known::Stale => {
                    offer.refusal = Some("provider_error");
                }
            }
        }
        Ok(())
    }

    /// Errors: `domains_not_submittable` with every name that cannot be bought and why.
    pub fn submittable(self, offers: &[Offer]) -> Result<()> {
        let refused: Vec<_> = self
            .request
            .domains
            .iter()
            .zip(offers)
            .filter_map(|(domain, offer)| {
                Some(json!({ "domain": domain.name.as_str(), "reason": offer.refusal? }))
            })
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            Code::DomainsNotSubmittable,
            "Some domains cannot be registered; replace them and try again",
        )
        .with_field("domains")
        .with_detail("required_replacements", refused.len())
        .with_detail("domains_not_submittable", refused))
    }

    /// The offers as the plan wants them.
    pub fn candidates<'o>(self, offers: &'o [Offer]) -> Vec<Candidate<'o>>
    where
        Self: 'o,
    {
        let domains = self.request.domains.iter().zip(offers);
        domains
            .map(|(domain, offer)| Candidate {
                name: &domain.name,
                usable_for: &offer.usable_for,
            })
            .collect()
    }

    /// What the wallet is to be found to hold for this customer; `None` for what it does hold.
    pub fn simulated_balance(self, email: &EmailAddress) -> Option<Cents> {
        let empty = self
            .app
            .simulates_empty_wallet(self.actor.environment, email);
        empty.then_some(Cents::ZERO)
    }
}

/// `domain_already_in_active_order` for these names.
pub(super) fn already_in_active_order<S: AsRef<str>>(names: &[S]) -> Error {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let message =
        "Some domains are on another active order; cancel that order or use other domains";
    Error::new(Code::DomainAlreadyInActiveOrder, message).with_detail("domains", names)
}

/// `insufficient_funds` for these amounts.
pub(crate) fn insufficient_funds(missing: InsufficientFunds) -> Error {
    let InsufficientFunds { required, balance } = missing;
    Error::new(
        Code::InsufficientFunds,
        "The wallet does not hold enough for this order; top it up and try again",
    )
    .with_detail("required_cents", required.0)
    .with_detail("balance_cents", balance.0)
    .with_detail("missing_cents", (required - balance).0)
}
