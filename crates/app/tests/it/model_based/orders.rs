//! An order at a moment of a story: it counts, costs and shows what its places say.

use std::collections::BTreeSet;

use peeker_domain::id::OrderId;
use peeker_domain::view::Source;
use peeker_domain::{Cents, MailProvider, OrderDomainState, OrderStatus, ProvisionStep};
use peeker_store::entity::{order_domains, orders};
use peeker_testkit::TestApp;
use serde_json::{Value, json};

use super::world::{World, has_joined, is_active, is_over};

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap()
}

impl World {
    /// The places that an order shows.
    fn shown<'w>(&'w self, order: &'w OrderId) -> Vec<&'w order_domains::Model> {
        let places = self.places_of(order);
        places
            .filter(|place| place.state != OrderDomainState::Left && has_joined(place))
            .collect()
    }

    /// The row has the sums of its places.
    pub fn check_counts(&self, order: &orders::Model) {
        let shown = self.shown(&order.id);
        let counted = |which: &dyn Fn(&order_domains::Model) -> bool| {
            let places: Vec<_> = shown.iter().filter(|place| which(place)).collect();
            let inboxes: i32 = places.iter().map(|place| place.inboxes).sum();
            (number(places.len()), inboxes)
        };
        let of_provider =
            |provider| counted(&|place| place.provider == provider && !self.is_uncharged(place));
        let (google, microsoft) = (
            of_provider(MailProvider::Google).1,
            of_provider(MailProvider::Microsoft).0,
        );
        let unbought =
            |place: &order_domains::Model| is_over(place) && place.step == ProvisionStep::Register;
        let registered = shown
            .iter()
            .filter(|place| place.source == Source::Registered && !unbought(place));
        let registrations: Cents = registered.map(|place| place.price_cents).sum();
        let total = registrations
            + order.google_license_cents * u32::try_from(google).unwrap()
            + order.microsoft_license_cents * u32::try_from(microsoft).unwrap();
        let licenses = (order.google_licenses, order.microsoft_licenses);
        assert_eq!(
            (licenses, order.total_cents),
            ((google, microsoft), total),
            "{order:?}: {shown:?}"
        );
        assert_eq!(
            (order.domain_count, order.inbox_count),
            counted(&|_| true),
            "{order:?}: {shown:?}"
        );
        let live = (order.domains_active, order.inboxes_active);
        assert_eq!(
            live,
            counted(&|place| place.state == OrderDomainState::Active),
            "{order:?}: {shown:?}"
        );
    }

    /// What partners see is what the row and its places say.
    pub async fn check_view(&self, app: &TestApp, order: &orders::Model) {
        let view = app
            .client()
            .get(&format!("/orders/{}", order.id))
            .await
            .data(200);
        let items = view["costs"]["line_items"].as_array().unwrap().iter();
        let sum: i64 = items
            .map(|item| item["amount_cents"].as_i64().unwrap())
            .sum();
        assert_eq!(
            (&view["costs"]["total_cents"], sum),
            (&json!(order.total_cents), order.total_cents.0),
            "{view}"
        );
        let lists =
            ["registered", "imported"].map(|source| view["domains"][source].as_array().unwrap());
        let names: BTreeSet<&str> = lists
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let shown = self.shown(&order.id);
        assert_eq!(
            names,
            shown.iter().map(|place| &*place.name).collect(),
            "{view}"
        );
        let progress = json!({
            "domains_total": order.domain_count,
            "domains_active": order.domains_active,
            "inboxes_total": order.inbox_count,
            "inboxes_active": order.inboxes_active,
        });
        assert_eq!(view["progress"], progress, "{view}");
        let counts = (&view["domain_count"], &view["inbox_count"]);
        assert_eq!(
            counts,
            (&progress["domains_total"], &progress["inboxes_total"]),
            "{view}"
        );
        if is_active(order) {
            let leaves = view["cancelling_domains"] != json!([]);
            let times = (
                view["cancels_at"].is_string(),
                view["cancellation_scheduled_at"].is_string(),
            );
            assert_eq!(times, (leaves, leaves), "{view}");
        }
    }

    /// The status says how far the order's domains are.
    pub fn check_status(&self, order: &orders::Model) {
        let open: Vec<_> = self
            .places_of(&order.id)
            .filter(|place| !is_over(place))
            .collect();
        let any = |state| open.iter().any(|place| place.state == state);
        let waits = open.iter().any(|place| self.waits(place));
        let is_right = match order.status {
            OrderStatus::Completed => {
                open.iter()
                    .filter(|place| has_joined(place))
                    .all(|place| place.state == OrderDomainState::Active)
                    && !waits
            }
            OrderStatus::InProgress => any(OrderDomainState::Pending) && !waits,
            OrderStatus::ActionRequired => waits,
            OrderStatus::CancelScheduled => open.iter().all(|place| place.leaves_at.is_some()),
            // What may just be bought leaves when its job has found out.
            OrderStatus::Cancelled => open.iter().all(|place| place.leaves_at.is_some()),
            OrderStatus::Failed => true,
        };
        assert!(is_right, "{} is {} with {open:?}", order.id, order.status);
        if is_active(order) {
            assert!(
                open.iter().any(|place| has_joined(place)),
                "{} is {} without a domain",
                order.id,
                order.status
            );
        }
    }
}
