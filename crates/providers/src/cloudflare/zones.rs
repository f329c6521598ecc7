//! Zones: how many the account takes, and the one of a domain.

use peeker_domain::DomainName;
use peeker_domain::vendor::Bucket;
use reqwest::Method;

use super::Cloudflare;
use super::api::Permission;
use super::refusal::{ROOM_MS, Refusal, no_zone, too_many_zones};
use super::wire::{AccountId, NewZone, Zone as WireZone};
use crate::{Call, ErrorClass, ProviderError, Zone};

/// Up to so many zones an account has without Cloudflare looking at how many are active.
const FREE_OF_PROOF: u64 = 50;
/// The fewest zones that one page of the list holds.
const SHORTEST_PAGE: u32 = 5;
/// A delegation takes some minutes to be seen, so a look before that would be wasted.
const DELEGATION_SEEN_MS: i64 = 5 * 60 * 1000;
const HASTEN_FOR_MS: i64 = 10 * 60 * 1000;
const HOUR_MS: i64 = 60 * 60 * 1000;

/// How many zones an account has, and takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZoneRoom {
    pub total: u64,
    /// Zones whose domains are not delegated to Cloudflare yet.
    pub pending: u64,
    pub active: u64,
    /// How many more can be made before some of those that are pending have become active.
    pub takes_more: u64,
}

impl ZoneRoom {
    /// Cloudflare makes no zone in an account that has more than 50 of them and more pending than active ones.
    fn new(total: u64, pending: u64, active: u64, capacity: Option<u64>) -> Self {
        let before_proof = (FREE_OF_PROOF + 1).saturating_sub(total);
        let until_blocked = (active + 1).saturating_sub(pending);
        let room = capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(total));
        Self {
            total,
            pending,
            active,
            takes_more: before_proof.max(until_blocked).min(room),
        }
    }
}

impl Cloudflare {
    /// How many zones the account has now and takes, as Cloudflare counts them.
    pub async fn zone_room(&self) -> Result<ZoneRoom, ProviderError> {
        let total = self.count(None).await?;
        let pending = self.count(Some("pending")).await?;
        let active = self.count(Some("active")).await?;
        Ok(ZoneRoom::new(total, pending, active, self.capacity))
    }

    async fn count(&self, status: Option<&str>) -> Result<u64, ProviderError> {
        let account = &self.account_id;
        let mut path = format!("zones?account.id={account}&per_page={SHORTEST_PAGE}");
        if let Some(status) = status {
            path.push_str("&status=");
            path.push_str(status);
        }
        let request = self.request(Method::GET, &path);
        let reply = self.send("count zones", request).await?;
        match reply.refusal() {
            None => Ok(reply.page::<WireZone>()?.1),
            Some(_) => Err(self.refused(&reply, Permission::Zone).await),
        }
    }

    pub(super) async fn room_for(&self, zones: usize) -> Result<(), ProviderError> {
        let room = self.zone_room().await?;
        if zones as u64 <= room.takes_more {
            return Ok(());
        }
        if self
            .capacity
            .is_some_and(|capacity| room.total + zones as u64 > capacity)
        {
            let class = ErrorClass::Quota {
                after_ms: Some(ROOM_MS),
            };
            let message = format!("the Cloudflare account is full with {} zones", room.total);
            return Err(ProviderError::new(class, message));
        }
        Err(too_many_zones())
    }

    /// The zone of a domain in this account.
    pub(super) async fn find_zone(
        &self,
        name: &DomainName,
    ) -> Result<Option<WireZone>, ProviderError> {
        let path = format!("zones?name={name}&account.id={}", self.account_id);
        let reply = self.send("find a zone", self.request(Method::GET, &path));
        let reply = reply.await?;
        if reply.refusal().is_some() {
            return Err(self.refused(&reply, Permission::Zone).await);
        }
        let (zones, _) = reply.page::<WireZone>()?;
        let is_it = |zone: &WireZone| zone.name.eq_ignore_ascii_case(name.as_str());
        Ok(zones.into_iter().find(is_it))
    }

    /// The zone of a domain that must have one by now.
    pub(super) async fn existing_zone(&self, name: &DomainName) -> Result<WireZone, ProviderError> {
        let zone = self.find_zone(name).await?;
        zone.ok_or_else(|| ProviderError::retry(None, format!("{name} has no zone at Cloudflare")))
    }

    pub(super) async fn make_zone(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Zone, ProviderError> {
        let zone = match self.find_zone(name).await? {
            Some(zone) => {
                self.hasten(call, &zone).await;
                zone
            }
            None => self.create_zone(name).await?,
        };
        match zone.name_servers {
            Some(nameservers) if !nameservers.is_empty() => Ok(Zone { nameservers }),
            _ => {
                let message = format!("Cloudflare has given {name} no nameservers yet");
                Err(ProviderError::retry(None, message))
            }
        }
    }

    async fn create_zone(&self, name: &DomainName) -> Result<WireZone, ProviderError> {
        let body = NewZone {
            account: AccountId {
                id: &self.account_id,
            },
            name: name.as_str(),
            kind: "full",
        };
        let request = self.request(Method::POST, "zones").json(&body);
        let buckets = [Bucket::Call, Bucket::Zone];
        let reply = self.send_in("make a zone", &buckets, request).await?;
        let Some(refusal) = reply.refusal() else {
            return reply.result();
        };
        // An earlier try may have made it, and its answer was lost.
        if refusal == Refusal::ZoneExists
            && let Some(zone) = self.find_zone(name).await?
        {
            return Ok(zone);
        }
        match no_zone(refusal, name) {
            Some(error) => Err(error),
            None => Err(self.refused(&reply, Permission::Zone).await),
        }
    }

    /// Asks Cloudflare to look at the delegation of a pending zone now. It does that once an hour and looks by itself, too:
    /// so it is asked in the first minutes of each hour of the zone's life, and a refusal is no failure.
    pub(super) async fn hasten(&self, call: Call<'_>, zone: &WireZone) {
        if let Some(made) = zone.created_on
            && is_time_to_look(call.now.millis_since(made))
        {
            self.look_now(zone).await;
        }
    }

    pub(super) async fn look_now(&self, zone: &WireZone) {
        if zone.status == "active" {
            return;
        }
        let path = format!("zones/{}/activation_check", zone.id);
        let request = self.request(Method::PUT, &path);
        // Whatever it says, the zone is what was asked for.
        let _ = self.send("ask for an activation check", request).await;
    }
}

fn is_time_to_look(age_ms: i64) -> bool {
    let in_hour = age_ms.rem_euclid(HOUR_MS) - DELEGATION_SEEN_MS;
    age_ms > 0 && (0..HASTEN_FOR_MS).contains(&in_hour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_takes_zones_until_more_than_50_wait() {
        for (total, pending, active, capacity, takes_more) in [
            (0, 0, 0, None, 51),
            (50, 50, 0, None, 1),
            (51, 51, 0, None, 0),
            (51, 26, 25, None, 0),
            (51, 25, 26, None, 2),
            (60, 30, 30, None, 1),
            (200, 0, 200, None, 201),
            (10, 10, 0, Some(12), 2),
            (12, 0, 12, Some(12), 0),
            (13, 0, 13, Some(12), 0),
            (51, 51, 0, Some(100), 0),
        ] {
            let room = ZoneRoom::new(total, pending, active, capacity);
            assert_eq!(
                room.takes_more, takes_more,
                "{total} {pending} {active} {capacity:?}"
            );
        }
    }

    #[test]
    fn cloudflare_is_asked_to_look_about_once_an_hour() {
        let asked: Vec<i64> = (0..180)
            .filter(|minute| is_time_to_look(minute * 60_000))
            .collect();
        assert_eq!(
            asked,
            [5..15, 65..75, 125..135]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
        );
        assert!(!is_time_to_look(-50 * 60_000));
    }
}
