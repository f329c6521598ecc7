//! Licences: each inbox takes one, and the tenant has a number of them.

use peeker_domain::DomainName;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::Microsoft;
use super::graph::{Ask, Body, DELETED_USERS, DOMAINS, EXCHANGE, SUBSCRIPTIONS, USERS};
use super::refusal::Meaning;
use super::token::{self, Audience};
use super::users::not_shown;
use crate::ProviderError;

#[derive(Deserialize)]
struct Skus {
    value: Vec<WireSku>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSku {
    sku_id: String,
    sku_part_number: String,
    #[serde(default)]
    consumed_units: i64,
    #[serde(default)]
    prepaid_units: PrepaidUnits,
}

#[derive(Deserialize, Default)]
struct PrepaidUnits {
    #[serde(default)]
    enabled: i64,
}

/// The tenant's subscription to the licence that inboxes get.
pub(super) struct Sku {
    pub(super) name: String,
    taken: i64,
    there: i64,
}

impl Sku {
    pub(super) fn seats(&self) -> String {
        format!("{} of {} taken", self.taken, self.there)
    }
}

impl Microsoft {
    /// Gives a user the licence. One that has it already keeps it.
    pub(super) async fn give_licence(
        &self,
        name: &DomainName,
        id: &str,
    ) -> Result<(), ProviderError> {
        let body = json!({
            "addLicenses": [{"skuId": self.sku_id, "disabledPlans": []}],
            "removeLicenses": [],
        });
        let path = [id, "assignLicense"];
        let reply = self
            .user("assign a licence", Method::POST, &path, Some(body))
            .await?;
        match reply.meaning {
            Meaning::Done => Ok(()),
            Meaning::Absent => Err(not_shown(&format!("of the user {id} on {name}"))),
            Meaning::NoSeat => Err(self.no_seat(name).await?),
            _ => Err(reply.unexpected()),
        }
    }

    async fn no_seat(&self, name: &DomainName) -> Result<ProviderError, ProviderError> {
        let reason = match self.subscribed_sku().await? {
            Some(sku) => format!(
                "no licence {} is left for {name}: {}; buy more in the Microsoft 365 admin center",
                sku.name,
                sku.seats()
            ),
            None => format!(
                "the tenant has no subscription with the licence {}; buy it, or change the setting sku_id",
                self.sku_id
            ),
        };
        Ok(self.graph.http.used_up(reason).await)
    }

    pub(super) async fn subscribed_sku(&self) -> Result<Option<Sku>, ProviderError> {
        let ask = Ask {
            operation: "look at subscriptions",
            permission: SUBSCRIPTIONS,
            method: Method::GET,
            url: self.graph.at(&["subscribedSkus"]),
            body: Body::Nothing,
        };
        let Skus { value } = self.graph.ask(ask).await?.done()?;
        let own = |sku: &WireSku| sku.sku_id.eq_ignore_ascii_case(&self.sku_id);
        Ok(value.into_iter().find(own).map(|sku| Sku {
            name: sku.sku_part_number,
            taken: sku.consumed_units,
            there: sku.prepaid_units.enabled,
        }))
    }

    /// The permissions that the app's tokens lack, in Microsoft's words.
    pub(super) async fn missing_permissions(&self) -> Result<Vec<String>, ProviderError> {
        let graph = (
            Audience::Graph,
            &[DOMAINS, USERS, DELETED_USERS, SUBSCRIPTIONS][..],
        );
        let exchange = self
            .exchange
            .then_some((Audience::Exchange, &[EXCHANGE][..]));
        let mut missing = Vec::new();
        for (audience, needed) in std::iter::once(graph).chain(exchange) {
            // An earlier token may have been made before the operator gave a permission.
            self.graph.app.forget(audience);
            let (token, _) = self.graph.app.token(&self.graph.http, audience).await?;
            let Some(roles) = token::roles(&token) else {
                continue;
            };
            let lacking = needed
                .iter()
                .filter(|role| !roles.iter().any(|has| has == *role));
            missing.extend(lacking.map(|&role| role.to_owned()));
        }
        Ok(missing)
    }
}
