//! What holds at every moment of a story: orders, places, domains, inboxes, swaps, actions and jobs say the same.

use std::collections::{BTreeMap, BTreeSet};

use peeker_store::entity::{
    accounts, domains, inboxes, jobs, order_domains, orders, pending_actions, swaps,
};
use peeker_testkit::TestApp;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::books::assert_balanced;

/// Everything that the story has come to.
pub struct World {
    pub orders: Vec<orders::Model>,
    pub places: Vec<order_domains::Model>,
    pub swaps: Vec<swaps::Model>,
    pub domains: Vec<domains::Model>,
    inboxes: Vec<inboxes::Model>,
    pub actions: Vec<pending_actions::Model>,
    pub jobs: Vec<jobs::Model>,
    account: accounts::Model,
    /// The system's time, which jobs go by.
    pub system: i64,
}

/// Whether a place is over.
pub fn is_over(place: &order_domains::Model) -> bool {
    ["left", "released"].contains(&&*place.state)
}

/// Whether the order shows a place, or would if it were not cancelled.
pub fn has_joined(place: &order_domains::Model) -> bool {
    place.swap_in_id.is_none() || ["active", "released"].contains(&&*place.state)
}

pub fn is_active(order: &orders::Model) -> bool {
    order.status != "failed" && order.status != "cancelled"
}

pub fn is_open(swap: &swaps::Model) -> bool {
    swap.status != "completed" && swap.status != "failed"
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap()
}

impl World {
    pub async fn read(app: &TestApp) -> Self {
        let db = &app.app.store().sandbox.db.pools.reader;
        let id = app.partner.id.to_string();
        Self {
            orders: orders::Entity::find().all(db).await.unwrap(),
            places: order_domains::Entity::find().all(db).await.unwrap(),
            swaps: swaps::Entity::find().all(db).await.unwrap(),
            domains: domains::Entity::find().all(db).await.unwrap(),
            inboxes: inboxes::Entity::find().all(db).await.unwrap(),
            actions: pending_actions::Entity::find().all(db).await.unwrap(),
            jobs: jobs::Entity::find().all(db).await.unwrap(),
            account: accounts::Entity::find_by_id(id)
                .one(db)
                .await
                .unwrap()
                .unwrap(),
            system: app.now().as_millis(),
        }
    }

    /// The account's time.
    pub fn now(&self) -> i64 {
        self.system + self.account.clock_offset_ms
    }

    pub fn order(&self, id: &str) -> &orders::Model {
        self.orders.iter().find(|order| order.id == id).unwrap()
    }

    fn places_of<'w>(&'w self, order: &'w str) -> impl Iterator<Item = &'w order_domains::Model> {
        self.places
            .iter()
            .filter(move |place| place.order_id == order)
    }

    /// The place of a domain on an order that is not over.
    pub fn place<'w>(&'w self, order: &'w str, domain: &str) -> Option<&'w order_domains::Model> {
        let mut found = self
            .places_of(order)
            .filter(|place| place.domain_id == domain && !is_over(place));
        let place = found.next();
        assert!(found.next().is_none(), "{domain} is twice on {order}");
        place
    }

    pub fn job(&self, kind: &str, subject: &str) -> Option<&jobs::Model> {
        self.jobs
            .iter()
            .find(|job| job.kind == kind && job.subject == subject)
    }

    /// What holds whatever is still to be done.
    pub async fn check(&self, app: &TestApp) {
        assert_balanced(app).await;
        for order in &self.orders {
            self.check_counts(app, order).await;
            self.check_status(order);
        }
        self.check_domains();
        self.check_inboxes();
        self.check_actions();
        for swap in &self.swaps {
            if swap.kind == "user_names" {
                self.check_renaming(swap);
            } else {
                self.check_swap(swap);
            }
        }
        self.check_timers();
    }

    /// An order counts and costs what it shows.
    async fn check_counts(&self, app: &TestApp, order: &orders::Model) {
        let shown: Vec<_> = self
            .places_of(&order.id)
            .filter(|place| place.state != "left" && has_joined(place))
            .collect();
        let live: Vec<_> = shown
            .iter()
            .filter(|place| place.state == "active")
            .collect();
        let google: i32 = shown
            .iter()
            .filter(|place| place.provider == "google")
            .map(|place| place.inboxes)
            .sum();
        let microsoft = number(
            shown
                .iter()
                .filter(|place| place.provider == "microsoft")
                .count(),
        );
        let registrations: i64 = shown
            .iter()
            .filter(|place| place.source == "registered")
            .map(|place| place.price_cents)
            .sum();
        let total = registrations
            + i64::from(google) * order.google_license_cents
            + i64::from(microsoft) * order.microsoft_license_cents;
        assert_eq!(
            (
                order.domain_count,
                order.inbox_count,
                order.google_licenses,
                order.microsoft_licenses,
                order.total_cents
            ),
            (
                number(shown.len()),
                shown.iter().map(|place| place.inboxes).sum(),
                google,
                microsoft,
                total
            ),
            "{} counts something else than {shown:?}",
            order.id
        );
        assert_eq!(
            (order.domains_active, order.inboxes_active),
            (
                number(live.len()),
                live.iter().map(|place| place.inboxes).sum()
            ),
            "{} has live: {live:?}",
            order.id
        );
        let view = app
            .client()
            .get(&format!("/orders/{}", order.id))
            .await
            .data(200);
        let sum: i64 = view["costs"]["line_items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["amount_cents"].as_i64().unwrap())
            .sum();
        assert_eq!(
            (&view["costs"]["total_cents"], sum),
            (&json!(total), total),
            "{view}"
        );
        let names: BTreeSet<&str> = ["registered", "imported"]
            .into_iter()
            .flat_map(|source| view["domains"][source].as_array().unwrap())
            .filter_map(Value::as_str)
            .collect();
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
        assert_eq!(
            (
                &view["progress"],
                &view["inbox_count"],
                &view["domain_count"]
            ),
            (
                &progress,
                &progress["inboxes_total"],
                &progress["domains_total"]
            )
        );
        if is_active(order) {
            let leaving = !view["cancelling_domains"].as_array().unwrap().is_empty();
            assert_eq!(
                (leaving, leaving),
                (
                    view["cancels_at"].is_string(),
                    view["cancellation_scheduled_at"].is_string()
                ),
                "{view}"
            );
        }
    }

    /// The status says how far the order's domains are.
    fn check_status(&self, order: &orders::Model) {
        let open: Vec<_> = self
            .places_of(&order.id)
            .filter(|place| !is_over(place))
            .collect();
        let any = |state: &str| open.iter().any(|place| place.state == state);
        let is_right = match &*order.status {
            "completed" => {
                open.iter()
                    .filter(|place| has_joined(place))
                    .all(|place| place.state == "active")
                    && !any("action_required")
            }
            "in_progress" => any("pending") && !any("action_required"),
            "action_required" => any("action_required"),
            "cancel_scheduled" => open.iter().all(|place| place.leaves_at.is_some()),
            "cancelled" => open.is_empty(),
            _ => order.status == "failed",
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

    /// A domain is on at most one order, which has it, and reads what its place says.
    fn check_domains(&self) {
        let mut holders: BTreeMap<&str, &order_domains::Model> = BTreeMap::new();
        for place in self.places.iter().filter(|place| !is_over(place)) {
            let other = holders.insert(&place.domain_id, place);
            assert!(other.is_none(), "{} is on two orders", place.name);
        }
        for domain in &self.domains {
            let Some(place) = holders.get(&*domain.id) else {
                assert_eq!(
                    domain.order_id, None,
                    "{} is on an order that does not have it",
                    domain.name
                );
                let expected: &[&str] = match (&*domain.category, domain.delegated) {
                    ("inventory", true) => &["available"],
                    ("inventory", false) => &["action_required"],
                    _ => &["failed"],
                };
                assert!(expected.contains(&&*domain.status), "{domain:?}");
                continue;
            };
            assert_eq!(
                domain.order_id.as_ref(),
                Some(&place.order_id),
                "{}",
                domain.name
            );
            let status = match &*place.state {
                "pending" => "in_progress",
                state => state,
            };
            assert_eq!(
                (&*domain.status, &*domain.category),
                (status, "connected"),
                "{place:?}"
            );
            assert_eq!(
                domain.forwarding_url, place.forwarding_url,
                "{}",
                domain.name
            );
            assert_eq!(
                domain.provider.as_ref(),
                Some(&place.provider),
                "{}",
                domain.name
            );
        }
    }

    /// The live inboxes are those of live domains, and the account's count of them is right.
    fn check_inboxes(&self) {
        let mut live: BTreeMap<(&str, &str), i32> = BTreeMap::new();
        for inbox in self.inboxes.iter().filter(|inbox| inbox.status == "active") {
            *live.entry((&inbox.order_id, &inbox.domain_id)).or_default() += 1;
        }
        let active = || self.places.iter().filter(|place| place.state == "active");
        let expected: BTreeMap<_, _> = active()
            .map(|place| ((&*place.order_id, &*place.domain_id), place.inboxes))
            .collect();
        assert_eq!(live, expected, "live inboxes by order and domain");
        let microsoft: i32 = active()
            .filter(|place| place.provider == "microsoft")
            .map(|place| place.inboxes)
            .sum();
        assert_eq!(
            self.account.microsoft_inboxes_active,
            i64::from(microsoft),
            "Microsoft inboxes of the account"
        );
    }
}
