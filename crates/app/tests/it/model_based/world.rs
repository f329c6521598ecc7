//! What holds at every moment of a story: orders, places, domains, inboxes, swaps, actions and jobs say the same.

use std::collections::{BTreeMap, BTreeSet};

use peeker_domain::id::{ActionId, DomainId, OrderId};
use peeker_domain::{
    ActionStatus, DomainCategory, DomainStatus, EventType, InboxStatus, JobKind, MailProvider,
    OrderDomainState, OrderStatus, SwapStatus, SwapType, Timestamp,
};
use peeker_store::entity::{
    accounts, domains, inboxes, jobs, order_domains, orders, pending_action_domains,
    pending_actions, swaps,
};
use peeker_testkit::TestApp;
use sea_orm::EntityTrait;
use serde_json::Value;

use crate::books::assert_balanced;

/// Everything that the story has come to.
pub struct World {
    pub orders: Vec<orders::Model>,
    pub places: Vec<order_domains::Model>,
    pub swaps: Vec<swaps::Model>,
    pub domains: Vec<domains::Model>,
    inboxes: Vec<inboxes::Model>,
    pub actions: Vec<pending_actions::Model>,
    /// Which domains each action is about.
    about: BTreeSet<(ActionId, DomainId)>,
    /// Which domains were live on which orders.
    connected: BTreeSet<(String, String)>,
    pub jobs: Vec<jobs::Model>,
    account: accounts::Model,
    /// The system's time, which jobs go by.
    pub system: Timestamp,
}

/// Whether a place is over.
pub fn is_over(place: &order_domains::Model) -> bool {
    place.state.is_over()
}

/// Whether the order shows a place, or would if it were not cancelled.
pub fn has_joined(place: &order_domains::Model) -> bool {
    place.swap_in_id.is_none()
        || [OrderDomainState::Active, OrderDomainState::Released].contains(&place.state)
}

pub fn is_active(order: &orders::Model) -> bool {
    order.status != OrderStatus::Failed && order.status != OrderStatus::Cancelled
}

pub fn is_open(swap: &swaps::Model) -> bool {
    swap.status != SwapStatus::Completed && swap.status != SwapStatus::Failed
}

async fn connected(app: &TestApp) -> BTreeSet<(String, String)> {
    let events = app.events().await.into_iter();
    let connected = events.filter(|event| event.kind == EventType::DomainConnected);
    let of = |body: &str| {
        let body: Value = serde_json::from_str(body).unwrap();
        let text = |field: &str| body["data"][field].as_str().unwrap().to_owned();
        (text("order_id"), text("id"))
    };
    connected.map(|event| of(&event.body)).collect()
}

impl World {
    pub async fn read(app: &TestApp) -> Self {
        let db = &app.app.store().sandbox.db.pools.reader;
        let id = app.partner.id.clone();
        Self {
            orders: orders::Entity::find().all(db).await.unwrap(),
            places: order_domains::Entity::find().all(db).await.unwrap(),
            swaps: swaps::Entity::find().all(db).await.unwrap(),
            domains: domains::Entity::find().all(db).await.unwrap(),
            inboxes: inboxes::Entity::find().all(db).await.unwrap(),
            actions: pending_actions::Entity::find().all(db).await.unwrap(),
            about: pending_action_domains::Entity::find()
                .all(db)
                .await
                .unwrap()
                .into_iter()
                .map(|row| (row.action_id, row.domain_id))
                .collect(),
            connected: connected(app).await,
            jobs: jobs::Entity::find().all(db).await.unwrap(),
            account: accounts::Entity::find_by_id(id)
                .one(db)
                .await
                .unwrap()
                .unwrap(),
            system: app.now(),
        }
    }

    /// The domains that an action is about.
    pub fn domains_of<'w>(&'w self, action: &'w ActionId) -> impl Iterator<Item = &'w DomainId> {
        let of_action = self.about.iter().filter(move |(id, _)| id == action);
        of_action.map(|(_, domain)| domain)
    }

    pub fn is_about(&self, action: &pending_actions::Model, domain: &DomainId) -> bool {
        self.about.contains(&(action.id.clone(), domain.clone()))
    }

    /// Whether the licenses of a place that is over were refunded: it was never live, or its order failed.
    pub fn is_uncharged(&self, place: &order_domains::Model) -> bool {
        let failed = self.order(&place.order_id).status == OrderStatus::Failed;
        is_over(place) && (failed || !self.was_live(place))
    }

    pub fn was_live(&self, place: &order_domains::Model) -> bool {
        let key = (place.order_id.to_string(), place.domain_id.to_string());
        self.connected.contains(&key)
    }

    pub fn now(&self) -> Timestamp {
        self.account.clock_offset_ms.account_time(self.system)
    }

    pub fn order(&self, id: &OrderId) -> &orders::Model {
        self.orders.iter().find(|order| order.id == *id).unwrap()
    }

    pub fn places_of<'w>(
        &'w self,
        order: &'w OrderId,
    ) -> impl Iterator<Item = &'w order_domains::Model> {
        self.places
            .iter()
            .filter(move |place| place.order_id == *order)
    }

    /// The place of a domain on an order that is not over.
    pub fn place<'w>(
        &'w self,
        order: &'w OrderId,
        domain: &DomainId,
    ) -> Option<&'w order_domains::Model> {
        let mut found = self
            .places_of(order)
            .filter(|place| place.domain_id == *domain && !is_over(place));
        let place = found.next();
        assert!(found.next().is_none(), "{domain} is twice on {order}");
        place
    }

    pub fn job(&self, kind: JobKind, subject: &str) -> Option<&jobs::Model> {
        self.jobs
            .iter()
            .find(|job| job.kind == kind && job.subject == subject)
    }

    /// What holds whatever is still to be done.
    pub async fn check(&self, app: &TestApp) {
        assert_balanced(app).await;
        for order in &self.orders {
            self.check_counts(order);
            self.check_status(order);
            self.check_view(app, order).await;
        }
        self.check_domains();
        self.check_inboxes();
        self.check_actions();
        for swap in &self.swaps {
            if swap.kind == SwapType::UserNames {
                self.check_renaming(swap);
            } else {
                self.check_swap(swap);
            }
        }
        self.check_timers();
    }

    /// A domain is on at most one order, which has it, and reads what its place says.
    fn check_domains(&self) {
        let mut holders: BTreeMap<&DomainId, &order_domains::Model> = BTreeMap::new();
        for place in self.places.iter().filter(|place| !is_over(place)) {
            let other = holders.insert(&place.domain_id, place);
            assert!(other.is_none(), "{} is on two orders", place.name);
        }
        for domain in &self.domains {
            let Some(place) = holders.get(&domain.id) else {
                assert_eq!(
                    domain.order_id, None,
                    "{} is on an order that does not have it",
                    domain.name
                );
                let expected = match (domain.category, domain.delegated) {
                    (DomainCategory::Inventory, true) => DomainStatus::Available,
                    (DomainCategory::Inventory, false) => DomainStatus::ActionRequired,
                    _ => DomainStatus::Failed,
                };
                assert_eq!(domain.status, expected, "{domain:?}");
                continue;
            };
            assert_eq!(
                domain.order_id.as_ref(),
                Some(&place.order_id),
                "{}",
                domain.name
            );
            let status = match place.state {
                OrderDomainState::Pending => DomainStatus::InProgress,
                OrderDomainState::Active if self.waits(place) => DomainStatus::ActionRequired,
                OrderDomainState::Active => DomainStatus::Active,
                OrderDomainState::ActionRequired => DomainStatus::ActionRequired,
                OrderDomainState::Released | OrderDomainState::Left => {
                    unreachable!("{place:?} is over")
                }
            };
            assert_eq!(
                (domain.status, domain.category),
                (status, DomainCategory::Connected),
                "{place:?}"
            );
            assert_eq!(
                domain.forwarding_url, place.forwarding_url,
                "{}",
                domain.name
            );
            assert_eq!(domain.provider, Some(place.provider), "{}", domain.name);
        }
    }

    /// Whether something is asked for about a place.
    pub fn waits(&self, place: &order_domains::Model) -> bool {
        self.actions.iter().any(|action| {
            action.status == ActionStatus::Open
                && action.order_id == place.order_id
                && self.is_about(action, &place.domain_id)
        })
    }

    /// The live inboxes are those of live domains, and the account's count of them is right.
    fn check_inboxes(&self) {
        let mut live: BTreeMap<(&OrderId, &DomainId), i32> = BTreeMap::new();
        for inbox in self
            .inboxes
            .iter()
            .filter(|inbox| inbox.status == InboxStatus::Active)
        {
            *live.entry((&inbox.order_id, &inbox.domain_id)).or_default() += 1;
        }
        let active = || {
            self.places
                .iter()
                .filter(|place| place.state == OrderDomainState::Active)
        };
        let expected: BTreeMap<_, _> = active()
            .map(|place| ((&place.order_id, &place.domain_id), place.inboxes))
            .collect();
        assert_eq!(live, expected, "live inboxes by order and domain");
        let microsoft: i32 = active()
            .filter(|place| place.provider == MailProvider::Microsoft)
            .map(|place| place.inboxes)
            .sum();
        assert_eq!(
            self.account.microsoft_inboxes_active,
            i64::from(microsoft),
            "Microsoft inboxes of the account"
        );
    }
}
