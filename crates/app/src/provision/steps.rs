//! The steps of setting a domain up, in the contract's order (§4): register → zone → nameservers → mail records → mail
//! domain → inboxes → forwarding → sequencer.

use std::collections::BTreeSet;
use std::future::Future;

use peeker_domain::id::InboxId;
use peeker_domain::inbox_names::{InboxName, inbox_names};
use peeker_domain::order::{ClientId, Persona, personas_of_place};
use peeker_domain::view::Source;
use peeker_domain::{
    ActionReason, Cents, DomainName, EmailAddress, Environment, Error, MailProvider, WebUrl,
};
use peeker_providers::sequencer::HandOver;
use peeker_providers::{Call, InboxSpec, ProviderError, Providers, Scope, dns};
use peeker_store::orders::progress::{Blocker, Change, NewInbox};
use peeker_store::swaps;
use secrecy::SecretString;

use super::{CALL_TIMEOUT, Interrupted, Work};
use crate::secrets::Place;

/// The points that a job can start again from; what lies between two of them is done again. Stored: renaming one
/// needs a migration.
pub(super) const REGISTER: &str = "register";
const ZONE: &str = "zone";
const INBOXES: &str = "inboxes";

/// Names of which the sandbox cannot be set up as replacements.
const MAGIC_SWAP_FAILS: &str = "swapfail-";

/// The longest that providers remember one of our keys is hours; the workflow's own records carry further.
pub(super) struct Target<'a> {
    pub providers: &'a Providers,
    pub name: DomainName,
    pub provider: MailProvider,
    key: String,
}

/// One provider call, cut off after [`CALL_TIMEOUT`]. It may have worked: the next try finds out.
pub(crate) async fn within<T>(
    call: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    match tokio::time::timeout(CALL_TIMEOUT, call).await {
        Ok(answer) => answer,
        Err(_) => Err(ProviderError::retry(
            None,
            "the provider did not answer in time",
        )),
    }
}

impl Work<'_> {
    /// What the providers are asked about.
    pub(super) fn target(&self) -> Result<Target<'_>, Error> {
        let place = &self.assignment.place;
        Ok(Target {
            providers: self.app.providers(self.environment)?,
            name: DomainName::from_stored(place.name.clone()),
            provider: place.provider.parse().map_err(Error::internal)?,
            key: format!("{}/{}", self.job.order, self.job.domain),
        })
    }

    pub(super) fn call<'c>(&'c self, target: &'c Target<'_>) -> Call<'c> {
        Call {
            account: &self.job.account,
            idempotency_key: &target.key,
            now: self.now(),
        }
    }

    /// Sets the domain up from the last recorded step on.
    pub(super) async fn set_up(&self) -> Result<(), Interrupted> {
        let target = self.target()?;
        self.begin_swaps().await?;
        let step = self.assignment.place.step.as_str();
        if step == REGISTER && self.assignment.place.source == Source::Registered.as_str() {
            self.register(&target).await?;
        }
        let names = self.names()?;
        if step != INBOXES {
            self.delegate(&target).await?;
            self.prepare_mail(&target).await?;
            self.check_pictures(&target, &names).await?;
            self.name_inboxes(&target, &names).await?;
        }
        let addresses = self.make_inboxes(&target, &names).await?;
        self.forward(&target).await?;
        self.hand_over(&target, &addresses).await?;
        self.record(Change::Connected {
            redirect: self.assignment.place.forwarding_url.clone(),
        })
        .await
    }

    /// Tells that work on what the domain is set up for has begun: the swap that brings it in, or the new names of its
    /// inboxes.
    async fn begin_swaps(&self) -> Result<(), Interrupted> {
        if self.assignment.comes_in() {
            self.record(Change::SwapBegun).await?;
        } else if self.assignment.place.personas.is_some() {
            let db = &self.app.environment(self.environment).db;
            swaps::start_renames(db, self.job, self.now()).await?;
        }
        Ok(())
    }

    /// Buys the domain. The price that the order was accepted at goes along, so a changed price is refused, not paid.
    async fn register(&self, target: &Target<'_>) -> Result<(), Interrupted> {
        let price = Cents(self.assignment.place.price_cents);
        let registration = within(target.providers.registrar.register(
            self.call(target),
            &target.name,
            price,
        ))
        .await?;
        self.record(Change::Registered {
            next_step: ZONE,
            until: Some(registration.expires_at),
        })
        .await
    }

    async fn delegate(&self, target: &Target<'_>) -> Result<(), Interrupted> {
        let Providers {
            registrar,
            dns,
            probes,
            ..
        } = target.providers;
        let zone = within(dns.ensure_zone(self.call(target), &target.name)).await?;
        // A domain that an earlier order bought is ours to delegate too: that order may have failed before it was.
        let bought_here = self.assignment.place.source == Source::Registered.as_str()
            || self.assignment.domain.registered_until.is_some();
        if bought_here {
            within(registrar.set_nameservers(self.call(target), &target.name, &zone.nameservers))
                .await?;
        } else if !self.assignment.domain.delegated
            && !within(probes.delegated(self.call(target), &target.name, &zone.nameservers)).await?
        {
            let servers = zone.nameservers.join(" and ");
            self.block(vec![Blocker {
                reason: ActionReason::UpdateNameservers,
                message: format!("Set the nameservers of {} to {servers}", target.name),
                persona: None,
            }])
            .await?;
        }
        Ok(())
    }

    /// Records what the domain waits for and ends this run.
    async fn block(&self, blockers: Vec<Blocker>) -> Result<(), Interrupted> {
        self.record(Change::Blocked(blockers)).await?;
        Err(Interrupted::Stopped)
    }

    /// Google shows a persona's picture to recipients, so one that nobody can load has to be mended first.
    async fn check_pictures(
        &self,
        target: &Target<'_>,
        names: &[InboxName],
    ) -> Result<(), Interrupted> {
        if target.provider != MailProvider::Google {
            return Ok(());
        }
        let personas = self.personas()?;
        let used: BTreeSet<usize> = names.iter().map(|name| name.persona).collect();
        let mut blockers = Vec::new();
        for persona in used.into_iter().filter_map(|index| personas.get(index)) {
            let Some(url) = &persona.profile_picture_url else {
                continue;
            };
            let url = WebUrl::parse(url).map_err(Error::internal)?;
            if !within(
                target
                    .providers
                    .probes
                    .picture_reachable(self.call(target), &url),
            )
            .await?
            {
                blockers.push(Blocker {
                    reason: ActionReason::ProfilePictureNotAccessible,
                    message: picture_message(persona, &url),
                    persona: Some(persona.into()),
                });
            }
        }
        if blockers.is_empty() {
            Ok(())
        } else {
            self.block(blockers).await
        }
    }

    async fn prepare_mail(&self, target: &Target<'_>) -> Result<(), Interrupted> {
        let Providers { dns, mail, .. } = target.providers;
        if self.is_magic_failure(&target.name) {
            let message = format!("the simulated mail provider does not take {}", target.name);
            return Err(ProviderError::permanent(Scope::Domain, message).into());
        }
        let prepared =
            within(mail.prepare_domain(self.call(target), target.provider, &target.name)).await?;
        let records = dns::mail_records(&target.name, prepared.records);
        within(dns.put_records(self.call(target), &target.name, &records)).await?;
        within(mail.verify_domain(self.call(target), target.provider, &target.name)).await?;
        Ok(())
    }

    /// In the sandbox a swap to such a name fails (contract §7). An order of it does not, so no port can tell.
    fn is_magic_failure(&self, name: &DomainName) -> bool {
        self.environment == Environment::Test
            && self.assignment.comes_in()
            && name.first_label().starts_with(MAGIC_SWAP_FAILS)
    }

    /// Lays the inboxes down before they are made, so that whatever is made can be found and removed again.
    async fn name_inboxes(
        &self,
        target: &Target<'_>,
        names: &[InboxName],
    ) -> Result<(), Interrupted> {
        let now = self.now();
        let inboxes = names.iter().map(|name| NewInbox {
            id: InboxId::new(now),
            email: address(name, &target.name),
            first_name: name.first_name.clone(),
            last_name: name.last_name.clone(),
        });
        self.record(Change::InboxesNamed {
            next_step: INBOXES,
            inboxes: inboxes.collect(),
            personas: self.assignment.place.personas.clone(),
        })
        .await
    }

    async fn make_inboxes(
        &self,
        target: &Target<'_>,
        names: &[InboxName],
    ) -> Result<Vec<String>, Interrupted> {
        let personas = self.personas()?;
        let addresses: Vec<String> = names
            .iter()
            .map(|name| address(name, &target.name))
            .collect();
        let specs: Vec<InboxSpec<'_>> = names
            .iter()
            .zip(&addresses)
            .map(|(name, address)| InboxSpec {
                address,
                first_name: &name.first_name,
                last_name: &name.last_name,
                picture_url: personas
                    .get(name.persona)
                    .and_then(|persona| persona.profile_picture_url.as_deref()),
            })
            .collect();
        within(target.providers.mail.ensure_inboxes(
            self.call(target),
            target.provider,
            &target.name,
            &specs,
        ))
        .await?;
        Ok(addresses)
    }

    async fn forward(&self, target: &Target<'_>) -> Result<(), Interrupted> {
        let Some(url) = &self.assignment.place.forwarding_url else {
            return self.forward_no_longer(target).await;
        };
        let url = WebUrl::parse(url).map_err(Error::internal)?;
        within(
            target
                .providers
                .dns
                .set_redirect(self.call(target), &target.name, &url),
        )
        .await?;
        Ok(())
    }

    /// A domain from the inventory may still redirect to where it did before this order, which names no target.
    async fn forward_no_longer(&self, target: &Target<'_>) -> Result<(), Interrupted> {
        if self.assignment.place.source == Source::Imported.as_str() {
            let dns = &target.providers.dns;
            within(dns.clear_redirect(self.call(target), &target.name)).await?;
        }
        Ok(())
    }

    pub(super) async fn hand_over(
        &self,
        target: &Target<'_>,
        addresses: &[String],
    ) -> Result<(), Interrupted> {
        let order = &self.assignment.order;
        let password = self.login_password()?;
        let client_id = order.client_id.as_deref().and_then(ClientId::from_text);
        let hand_over = HandOver {
            domain: &target.name,
            client_id: client_id.as_ref(),
            login_email: &EmailAddress::from_stored(order.login_email.clone()),
            login_password: password.as_ref(),
            provider: target.provider,
            addresses,
        };
        within(
            target
                .providers
                .sequencer
                .hand_over(self.call(target), &hand_over),
        )
        .await?;
        Ok(())
    }

    /// The sequencer log-in's password. It is wiped when the order is complete; the client is connected by then, so what
    /// is handed over later needs none.
    fn login_password(&self) -> Result<Option<SecretString>, Error> {
        let Some(sealed) = self.assignment.order.sealed_password.as_deref() else {
            return if self.assignment.comes_in() || self.assignment.is_live() {
                Ok(None)
            } else {
                Err(Error::internal(
                    "the sequencer password was wiped too early",
                ))
            };
        };
        let place = Place {
            account: &self.job.account,
            table: "orders",
            column: "sealed_password",
        };
        self.app.0.sealer.open(place, sealed).map(Some)
    }

    fn personas(&self) -> Result<Vec<Persona>, Error> {
        let place = &self.assignment.place;
        if let Some(personas) = &place.personas {
            return serde_json::from_str(personas).map_err(Error::internal);
        }
        let personas =
            serde_json::from_str(&self.assignment.order.personas).map_err(Error::internal)?;
        let position = u32::try_from(place.position).map_err(Error::internal)?;
        let inboxes = u32::try_from(place.inboxes).map_err(Error::internal)?;
        Ok(personas_of_place(personas, position, inboxes))
    }

    /// The inboxes of the domain: a function of the order alone, so every try names the same ones.
    fn names(&self) -> Result<Vec<InboxName>, Error> {
        let inboxes = u32::try_from(self.assignment.place.inboxes).map_err(Error::internal)?;
        Ok(inbox_names(&self.personas()?, inboxes))
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
