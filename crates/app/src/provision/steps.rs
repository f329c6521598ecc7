//! The steps of setting a domain up, in the contract's order (§4): register → zone → nameservers → mail records → mail
//! domain → inboxes → forwarding → sequencer.

use std::collections::BTreeSet;

use peeker_domain::id::{ActionId, InboxId};
use peeker_domain::inbox_names::{InboxName, inbox_names};
use peeker_domain::order::{Blocker, Change, NewInbox, Next};
use peeker_domain::order::{ClientId, Persona};
use peeker_domain::view::{FailureReason, Source};
use peeker_domain::{
    ActionReason, DomainName, EmailAddress, Error, MailProvider, OrderDomainState, ProvisionStep,
    WebUrl,
};
use peeker_providers::sequencer::HandOver;
use peeker_providers::{Call, InboxSpec, Providers, Purpose, dns};
use peeker_store::forwardings::{Unforwarded, record_unforwarded};
use peeker_store::swaps;
use secrecy::SecretString;

use super::{Failure, ProvisionRun};
use crate::forwarding;
use crate::secrets::SealContext;

/// The longest that providers remember one of our keys is hours; the workflow's own records carry further.
pub(super) struct Target<'a> {
    pub providers: &'a Providers,
    pub name: DomainName,
    pub provider: MailProvider,
    key: String,
}

impl ProvisionRun<'_> {
    /// What the providers are asked about.
    pub(super) fn target(&self) -> Target<'_> {
        let part = &self.assignment.part;
        Target {
            providers: self.app.providers(self.environment),
            name: DomainName::from_stored(part.name.clone()),
            provider: part.provider,
            key: format!("{}/{}", part.order_id, self.job.domain),
        }
    }

    pub(super) fn call<'c>(&'c self, target: &'c Target<'_>) -> Call<'c> {
        Call {
            account: &self.job.account,
            idempotency_key: &target.key,
            now: self.now(),
        }
    }

    /// Sets the domain up from the last recorded step on.
    pub(super) async fn set_up(&self) -> Result<Next, Failure> {
        let (target, names) = (self.target(), self.names());
        let mut step = self.assignment.part.step;
        let mut next = self.begin_swaps().await?;
        while next == Next::Continue {
            if step > self.reached() {
                self.reach(step);
            }
            (step, next) = match step {
                ProvisionStep::Register => (ProvisionStep::Zone, self.register(&target).await?),
                ProvisionStep::Zone | ProvisionStep::Mail | ProvisionStep::Verify => {
                    (ProvisionStep::Inboxes, self.prepare(&target, &names).await?)
                }
                ProvisionStep::Inboxes | ProvisionStep::HandOver => {
                    return self.connect(&target, &names).await;
                }
            };
        }
        Ok(next)
    }

    /// Tells that work on what the domain is set up for has begun: the swap that brings it in, or the new names of its
    /// inboxes.
    async fn begin_swaps(&self) -> Result<Next, Failure> {
        if self.assignment.part.is_replacement() {
            return Ok(self.record(Change::SwapBegun).await?);
        }
        if self.assignment.part.personas.is_some() {
            let db = &self.app.environment(self.environment).db;
            swaps::start_renames(db, self.job, self.now()).await?;
        }
        Ok(Next::Continue)
    }

    /// Buys the domain, unless it is owned. The price that the order was accepted at goes along, so a changed price is
    /// refused, not paid.
    async fn register(&self, target: &Target<'_>) -> Result<Next, Failure> {
        if !self.is_to_be_bought() {
            return Ok(Next::Continue);
        }
        let price = self.assignment.part.price_cents;
        let registrar = &target.providers.registrar;
        let bought = registrar.register(self.call(target), &target.name, price);
        let until = Some(bought.await?.registration.expires_at);
        Ok(self.record(Change::Registered { until }).await?)
    }

    fn is_to_be_bought(&self) -> bool {
        self.assignment.part.source == Source::Registered
    }

    /// Everything up to the inboxes, which get their names. What an earlier try did is not done again.
    async fn prepare(&self, target: &Target<'_>, names: &[InboxName]) -> Result<Next, Failure> {
        if self.reached() < ProvisionStep::Mail {
            let blockers: Vec<_> = self.delegate(target).await?.into_iter().collect();
            if !blockers.is_empty() {
                return Ok(self.record(Change::Blocked(blockers)).await?);
            }
            self.reach(ProvisionStep::Mail);
        }
        self.prepare_mail(target).await?;
        let blockers = self.picture_blockers(target, names).await?;
        if !blockers.is_empty() {
            return Ok(self.record(Change::Blocked(blockers)).await?);
        }
        self.name_inboxes(target, names).await
    }

    /// Makes the zone and has the domain point to it. Gives back what the customer has to do for that.
    async fn delegate(&self, target: &Target<'_>) -> Result<Option<Blocker>, Failure> {
        let Providers {
            registrar,
            dns,
            probes,
            ..
        } = target.providers;
        let (name, call) = (&target.name, self.call(target));
        let servers = dns.ensure_zone(call, name).await?.nameservers;
        // A domain that an earlier order bought is ours to delegate too: that order may have failed before it was.
        let domain = &self.assignment.domain;
        if self.is_to_be_bought() || domain.registered_until.is_some() {
            registrar.set_nameservers(call, name, &servers).await?;
            return Ok(None);
        }
        if domain.delegated || probes.delegated(call, name, &servers).await? {
            return Ok(None);
        }
        let servers = servers.join(" and ");
        Ok(Some(Blocker {
            id: ActionId::new(self.now()),
            reason: ActionReason::UpdateNameservers,
            message: format!("Set the nameservers of {name} to {servers}"),
            persona: None,
        }))
    }

    /// Google shows a persona's picture to recipients, so one that nobody can load has to be mended first.
    async fn picture_blockers(
        &self,
        target: &Target<'_>,
        names: &[InboxName],
    ) -> Result<Vec<Blocker>, Failure> {
        let mut blockers = Vec::new();
        if target.provider != MailProvider::Google {
            return Ok(blockers);
        }
        let probes = &target.providers.probes;
        let personas = self.personas();
        let used: BTreeSet<usize> = names.iter().map(|name| name.persona).collect();
        for persona in used.into_iter().filter_map(|index| personas.get(index)) {
            let Some(url) = &persona.profile_picture_url else {
                continue;
            };
            let url = WebUrl::parse(url).map_err(Error::internal)?;
            if !probes.picture_reachable(self.call(target), &url).await? {
                blockers.push(Blocker {
                    id: ActionId::new(self.now()),
                    reason: ActionReason::ProfilePictureNotAccessible,
                    message: picture_message(persona, &url),
                    persona: Some(persona.clone()),
                });
            }
        }
        Ok(blockers)
    }

    /// Has the mail provider take the domain, and everything published that it wants to see.
    async fn prepare_mail(&self, target: &Target<'_>) -> Result<(), Failure> {
        let Providers { dns, mail, .. } = target.providers;
        let (name, provider, call) = (&target.name, target.provider, self.call(target));
        let mut published = None;
        if self.reached() < ProvisionStep::Verify {
            let purpose = if self.assignment.part.is_replacement() {
                Purpose::Swap
            } else {
                Purpose::Order
            };
            let prepared = mail.prepare_domain(call, provider, name, purpose).await?;
            let records = dns::mail_records(name, prepared.records);
            dns.put_records(call, name, &records).await?;
            published = Some(records);
            self.reach(ProvisionStep::Verify);
        }
        let verified = mail.verify_domain(call, provider, name).await?;
        let all = dns::mail_records(name, verified.records);
        if published.as_ref() != Some(&all) {
            dns.put_records(call, name, &all).await?;
        }
        Ok(mail.activate_domain(call, provider, name).await?)
    }

    /// Lays the inboxes down before they are made, so that whatever is made can be found and removed again.
    async fn name_inboxes(
        &self,
        target: &Target<'_>,
        names: &[InboxName],
    ) -> Result<Next, Failure> {
        let now = self.now();
        let inboxes = names.iter().map(|name| NewInbox {
            id: InboxId::new(now),
            email: address(name, &target.name),
            first_name: name.first_name.clone(),
            last_name: name.last_name.clone(),
        });
        let change = Change::InboxesNamed {
            inboxes: inboxes.collect(),
            personas: self.assignment.part.personas.clone(),
        };
        Ok(self.record(change).await?)
    }

    /// Makes the inboxes and has everything use them.
    async fn connect(&self, target: &Target<'_>, names: &[InboxName]) -> Result<Next, Failure> {
        let personas = self.personas();
        let addresses: Vec<String> = names
            .iter()
            .map(|name| address(name, &target.name))
            .collect();
        let picture_url = |name: &InboxName| {
            let persona = personas.get(name.persona);
            persona.and_then(|persona| persona.profile_picture_url.as_deref())
        };
        let inboxes: Vec<InboxSpec<'_>> = names
            .iter()
            .zip(&addresses)
            .map(|(name, address)| InboxSpec {
                address,
                first_name: &name.first_name,
                last_name: &name.last_name,
                picture_url: picture_url(name),
            })
            .collect();
        if self.reached() < ProvisionStep::HandOver {
            let (mail, call) = (&target.providers.mail, self.call(target));
            mail.ensure_inboxes(call, target.provider, &target.name, &inboxes)
                .await?;
            self.reach(ProvisionStep::HandOver);
        }
        let redirect = self.forward(target).await?;
        self.hand_over(target, &inboxes).await?;
        Ok(self.record(Change::Connected { redirect }).await?)
    }

    /// Has the domain redirect to its target, if it has one that can be used. Gives back where it redirects to now.
    async fn forward(&self, target: &Target<'_>) -> Result<Option<String>, Failure> {
        let (dns, call) = (&target.providers.dns, self.call(target));
        let part = &self.assignment.part;
        if let Some(text) = &part.forwarding_url {
            let url = WebUrl::parse(text).map_err(Error::internal)?;
            let problem = forwarding::problem(target.providers, call, &target.name, &url).await?;
            let Some(reason) = problem else {
                dns.set_redirect(call, &target.name, &url).await?;
                return Ok(Some(text.clone()));
            };
            self.go_without_redirect(text, reason).await?;
        }
        // A domain from the inventory may still redirect to where it did before this order.
        if part.source == Source::Imported {
            dns.clear_redirect(call, &target.name).await?;
        }
        Ok(None)
    }

    /// A target that cannot be used holds nothing up: the inboxes do not need it, and a forwarding job can set another.
    async fn go_without_redirect(&self, url: &str, reason: FailureReason) -> Result<(), Failure> {
        let db = &self.app.environment(self.environment).db;
        let unforwarded = Unforwarded {
            job: self.job,
            url,
            reason,
        };
        record_unforwarded(db, unforwarded, self.now()).await?;
        Ok(())
    }

    pub(super) async fn hand_over(
        &self,
        target: &Target<'_>,
        inboxes: &[InboxSpec<'_>],
    ) -> Result<(), Failure> {
        let order = &self.assignment.order;
        let password = self.login_password()?;
        let client_id = order.client_id.as_deref().and_then(ClientId::from_text);
        let hand_over = HandOver {
            domain: &target.name,
            client_id: client_id.as_ref(),
            login_email: &EmailAddress::from_stored(order.login_email.clone()),
            login_password: password.as_ref(),
            provider: target.provider,
            inboxes,
        };
        let sequencer = &target.providers.sequencer;
        sequencer.hand_over(self.call(target), &hand_over).await?;
        Ok(())
    }

    /// The sequencer log-in's password. It is wiped when the order is complete; the client is connected by then, so what
    /// is handed over later needs none.
    fn login_password(&self) -> Result<Option<SecretString>, Error> {
        let Some(sealed) = self.assignment.order.sealed_password.as_deref() else {
            return if self.assignment.part.is_replacement()
                || self.assignment.part.state == OrderDomainState::Active
            {
                Ok(None)
            } else {
                Err(Error::internal(
                    "the sequencer password was wiped too early",
                ))
            };
        };
        let context = SealContext {
            owner: self.job.account.as_str(),
            table: "orders",
            column: "sealed_password",
        };
        self.app.0.sealer.open(context, sealed).map(Some)
    }

    fn personas(&self) -> Vec<Persona> {
        self.assignment.part.personas_on(&self.assignment.order)
    }

    /// The inboxes of the domain: a function of the order alone, so every try names the same ones.
    fn names(&self) -> Vec<InboxName> {
        inbox_names(&self.personas(), self.assignment.part.inboxes)
    }
}

/// What to do about a persona's picture.
pub(super) fn picture_message(persona: &Persona, url: &WebUrl) -> String {
    let Persona {
        first_name,
        last_name,
        ..
    } = persona;
    format!(
        "The picture of {first_name} {last_name} cannot be loaded from {url}; publish it there or rename with another"
    )
}

fn address(name: &InboxName, domain: &DomainName) -> String {
    format!("{}@{domain}", name.local_part)
}
