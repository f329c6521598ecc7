//! Seats of the subscription, which every user takes one of: raised by the Reseller API where the account has that.

use peeker_domain::vendor::PaymentKind;
use peeker_domain::{Cents, DomainName};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Google;
use super::api::{Ask, Scope};
use super::refusal::Meaning;
use crate::vendor::{InvalidAccount, Settled, VendorAccount};
use crate::{Call, ProviderError};

/// When seats that were just raised can be used, in milliseconds.
const RAISED_RETRY_MS: i64 = 10_000;

/// Where seats are bought.
pub(super) struct Seats {
    customer: String,
    /// Of the subscription or of its SKU: the first changes when the subscription does.
    subscription: String,
    price: Cents,
}

impl Seats {
    /// As the account's settings say; `None` when it buys none.
    pub(super) fn of(account: &VendorAccount) -> Result<Option<Self>, InvalidAccount> {
        let price = match account.setting("seat_price_cents").map(str::parse::<u32>) {
            None => Cents::ZERO,
            Some(Ok(cents)) => Cents(cents.into()),
            Some(Err(_)) => {
                let problem = "must be a number of cents";
                return Err(InvalidAccount::new("seat_price_cents", problem));
            }
        };
        let missing =
            |key| InvalidAccount::new(key, "must be set, or neither of the two reseller settings");
        let (customer, subscription) = (
            account.setting("reseller_customer"),
            account.setting("reseller_subscription"),
        );
        match (customer, subscription) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(missing("reseller_subscription")),
            (None, Some(_)) => Err(missing("reseller_customer")),
            (Some(customer), Some(subscription)) => Ok(Some(Self {
                customer: customer.to_owned(),
                subscription: subscription.to_owned(),
                price,
            })),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    subscriptions: Vec<Subscription>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subscription {
    #[serde(rename = "subscriptionId")]
    id: String,
    #[serde(default)]
    sku_id: String,
    plan: Plan,
    seats: WireSeats,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Plan {
    plan_name: String,
}

#[derive(Deserialize)]
struct WireSeats {
    #[serde(rename = "numberOfSeats")]
    annual: Option<u32>,
    #[serde(rename = "maximumNumberOfSeats")]
    flexible: Option<u32>,
    #[serde(rename = "licensedNumberOfSeats")]
    taken: Option<u32>,
}

impl Subscription {
    /// The field that holds the number of seats under its plan: Google refuses the other. `None` for a plan whose seats
    /// cannot be raised.
    fn seats_field(&self) -> Option<&'static str> {
        match self.plan.plan_name.as_str() {
            "FLEXIBLE" | "TRIAL" => Some("maximumNumberOfSeats"),
            "ANNUAL" | "ANNUAL_MONTHLY_PAY" | "ANNUAL_YEARLY_PAY" => Some("numberOfSeats"),
            _ => None,
        }
    }

    /// Seats that there are.
    pub(super) fn seats(&self) -> u32 {
        let seats = match self.seats_field() {
            Some("maximumNumberOfSeats") => self.seats.flexible,
            _ => self.seats.annual,
        };
        seats.unwrap_or(0)
    }

    /// Seats that are taken. An answer that does not say comes from a subscription that is full: that is when it is asked.
    pub(super) fn taken(&self) -> u32 {
        self.seats.taken.unwrap_or(self.seats())
    }
}

impl Google {
    /// What follows when `missing` users have no seat: more are bought where that is set up, and the next run uses them.
    pub(super) async fn seats_needed(
        &self,
        call: Call<'_>,
        name: &DomainName,
        missing: usize,
    ) -> ProviderError {
        let Some(seats) = &self.seats else {
            let reason = format!(
                "no licence is left for {missing} inboxes of {name}; buy seats in the Admin console"
            );
            return self.api.http.used_up(reason).await;
        };
        if let Err(error) = self.raise_seats(call, name, seats, missing).await {
            return error;
        }
        let message = format!("the seats for {name} are bought and can be used in a moment");
        ProviderError::retry(Some(RAISED_RETRY_MS), message)
    }

    /// Raises the seats to what is taken and `missing`. A repeat finds them raised and buys none.
    async fn raise_seats(
        &self,
        call: Call<'_>,
        name: &DomainName,
        seats: &Seats,
        missing: usize,
    ) -> Result<(), ProviderError> {
        let subscription = self.subscription(seats).await?;
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        let wanted = subscription.taken().saturating_add(missing);
        if wanted <= subscription.seats() {
            return Ok(());
        }
        let Some(field) = subscription.seats_field() else {
            let reason = "seats of the subscription's plan cannot be raised; change the plan, or buy seats by hand";
            return Err(self.api.http.used_up(reason).await);
        };
        let amount = Cents(seats.price.0 * i64::from(wanted - subscription.seats()));
        let subject = format!("{name}: {wanted} seats");
        let (payments, account) = (&self.services.payments, &self.api.http.account().id);
        let payment = payments
            .intend(call, account, PaymentKind::Seats, &subject, amount)
            .await?;
        let path = [
            "customers",
            &seats.customer,
            "subscriptions",
            &subscription.id,
            "changeSeats",
        ];
        let mut body = json!({});
        body[field] = json!(wanted);
        let ask = self.reseller("raise the seats", Method::POST, &path, &[], Some(body));
        let reply = self.api.ask(ask).await?;
        let settled = match reply.meaning {
            Meaning::Done => Settled::Paid {
                amount,
                reference: None,
            },
            _ => Settled::NotPaid,
        };
        let refused = settled == Settled::NotPaid;
        payments.settle(call, &payment, settled).await?;
        if refused {
            let reason = format!(
                "Google refuses {wanted} seats for the subscription; raise them in the reseller's console"
            );
            return Err(self.api.http.used_up(reason).await);
        }
        Ok(())
    }

    async fn subscription(&self, seats: &Seats) -> Result<Subscription, ProviderError> {
        let page: Page = self
            .api
            .ask(self.subscriptions_request(seats))
            .await?
            .done()?;
        match page.of(seats) {
            Some(subscription) => Ok(subscription),
            None => Err(self.api.http.used_up(NO_SUBSCRIPTION).await),
        }
    }

    /// The seats taken and there, for the operator.
    pub(super) fn subscription_facts(seats: &Seats, page: &[u8]) -> Option<String> {
        let page: Page = serde_json::from_slice(page).ok()?;
        let subscription = page.of(seats)?;
        Some(format!(
            "{} of {} taken",
            subscription.taken(),
            subscription.seats()
        ))
    }

    pub(super) fn subscriptions_request(&self, seats: &Seats) -> Ask {
        let query = [
            ("customerId", seats.customer.as_str()),
            ("maxResults", "100"),
        ];
        self.reseller(
            "look at the subscription",
            Method::GET,
            &["subscriptions"],
            &query,
            None,
        )
    }

    fn reseller(
        &self,
        operation: &'static str,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<Value>,
    ) -> Ask {
        let path = [&["apps", "reseller", "v1"], path].concat();
        let reseller = &self.api.reseller;
        let url = if query.is_empty() {
            reseller.at(&path)
        } else {
            reseller.query(&path, query)
        };
        Ask {
            operation,
            scope: Scope::Orders,
            method,
            url,
            body,
        }
    }
}

pub(super) const NO_SUBSCRIPTION: &str = "the reseller's customer has no subscription with the id or SKU of the setting reseller_subscription";

impl Page {
    fn of(self, seats: &Seats) -> Option<Subscription> {
        let wanted = seats.subscription.as_str();
        let is_it = |one: &Subscription| one.id == wanted || one.sku_id == wanted;
        self.subscriptions.into_iter().find(is_it)
    }
}
