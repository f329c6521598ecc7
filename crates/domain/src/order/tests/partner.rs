//! What a partner asks for: every decision with the facts that stand.

use super::builders::*;
use super::world::World;
use crate::id::{DomainId, SwapId};
use crate::name::DomainName;
use crate::order::{
    CancelFacts, Domain, Import, OrderDomain, Removal, Scope, Swap, SwapFacts, SwapOffer,
    SwapRefusal, SwapRequest, WithdrawFacts, Withdrawn, accept_swap, cancel, imported,
    premium_since, withdraw,
};
use crate::status::{DomainCategory, DomainStatus, SwapReason, SwapStatus, SwapType};

impl World {
    pub fn cancel(&mut self, scope: &Scope) {
        let is_open = |swap: &&Swap| swap.status.is_open() && swap.kind != SwapType::UserNames;
        let facts = CancelFacts {
            order: self.order.clone(),
            parts: self.parts.clone(),
            domains: self.domains.values().cloned().collect(),
            swaps: self.swaps.values().filter(is_open).cloned().collect(),
            begun: self.begun.clone(),
        };
        let Ok(cancellation) = cancel(facts, scope, self.now).unwrap() else {
            return;
        };
        self.order = cancellation.order;
        self.write(cancellation.parts);
        for domain in cancellation.domains {
            self.domains.insert(domain.id.clone(), domain);
        }
        self.carry_out(cancellation.effects);
    }

    /// Cancels a swap.
    pub fn withdraw(&mut self, id: &SwapId) {
        let swap = self.swaps[id].clone();
        let new = swap.replacement_domain_id.clone();
        let at = new.as_ref().and_then(|new| self.position(new));
        let about = at.map(|at| {
            let part = self.parts[at].clone();
            Withdrawn::Replacement {
                domain: Box::new(self.domains[&part.domain_id].clone()),
                begun: self.begun.contains(&part.domain_id),
                part,
            }
        });
        let facts = WithdrawFacts {
            swap,
            order: self.order.clone(),
            about,
        };
        let Some(ended) = withdraw(facts, SwapReason::Cancelled, self.now).unwrap() else {
            return;
        };
        self.swaps.insert(id.clone(), ended.swap);
        self.order = ended.order;
        self.write(ended.part.into_iter().collect());
        if let Some(domain) = ended.domain {
            self.domains.insert(domain.id.clone(), domain);
        }
        self.carry_out(ended.effects);
    }

    pub fn remove(&mut self, removal: Removal) {
        self.order = removal.order;
        self.write(removal.parts);
        self.carry_out(removal.effects);
    }

    pub fn write(&mut self, rows: Vec<OrderDomain>) {
        for row in rows {
            let at = row.position as usize;
            self.parts[at] = row;
        }
    }

    /// Asks for a swap of a domain to `name`.com.
    pub fn swap(
        &mut self,
        old: &DomainId,
        kind: SwapType,
        name: &str,
        offer: SwapOffer,
    ) -> Result<(), SwapRefusal> {
        let request = SwapRequest {
            account: account(),
            id: swap_id(&format!("{:03}", self.swaps.len())),
            kind,
            domain: old.clone(),
            replacement: DomainName::parse(&format!("{name}.com")).unwrap(),
            new_domain_id: domain_id(name),
            offer,
            premium_percent: 100,
            now: self.now,
        };
        let facts = self.swap_facts(&request);
        let accepted = accept_swap(&request, &facts).unwrap()?;
        if let Some((domain, part)) = accepted.incoming {
            self.add(domain, part);
        }
        self.swaps.insert(accepted.swap.id.clone(), accepted.swap);
        self.carry_out(accepted.effects);
        Ok(())
    }

    fn swap_facts(&self, request: &SwapRequest) -> SwapFacts {
        let domain = self.domains.get(&request.domain).cloned();
        let is_active = self.order.status.is_active();
        let position = self.position(&request.domain).filter(|_| is_active);
        let is_premium = |swap: &&Swap| {
            let lately = swap.created_at > premium_since(self.now);
            lately && swap.kind == SwapType::Premium && swap.status != SwapStatus::Failed
        };
        let premium = || self.swaps.values().filter(is_premium);
        let concerns = |swap: &&Swap| {
            let new = swap.replacement_domain_id.as_ref();
            swap.domain_id == request.domain || new == Some(&request.domain)
        };
        let is_same = |swap: &Swap| swap.domain_id == request.domain && swap.status.is_open();
        let name = request.replacement.as_str();
        SwapFacts {
            domain,
            on: position.map(|at| (self.order.clone(), self.parts[at].clone())),
            last_position: self.last_position(),
            in_flight: self.swaps.values().any(is_same),
            last_premium: premium().filter(concerns).map(|swap| swap.created_at).max(),
            premium_inboxes: premium().map(|swap| i64::from(swap.inboxes)).sum(),
            microsoft_inboxes: self.microsoft_inboxes,
            replacement: self.domains.values().find(|row| row.name == name).cloned(),
            wallet: self.wallet,
        }
    }

    fn last_position(&self) -> u32 {
        self.parts.iter().map(|row| row.position).max().unwrap()
    }

    fn add(&mut self, domain: Domain, part: OrderDomain) {
        self.domains.insert(domain.id.clone(), domain);
        self.parts.push(part);
    }

    /// The customer has delegated the replacement that a swap waits for.
    pub fn import(&mut self, id: &SwapId) {
        let mut swap = self.swaps[id].clone();
        let name = swap.replacement_domain.clone().unwrap();
        let known = self.domains.values().find(|row| row.name == name).cloned();
        let mut domain = known.unwrap_or_else(|| idle(name.trim_end_matches(".com")));
        (domain.owned, domain.delegated) = (true, true);
        if domain.order_id.is_none() {
            domain.category = DomainCategory::Inventory;
            domain.turn(DomainStatus::Available).unwrap();
        }
        self.domains.insert(domain.id.clone(), domain.clone());
        let is_active = self.order.status.is_active();
        let at = self.position(&swap.domain_id).filter(|_| is_active);
        let on = at.map(|at| (&self.order, &self.parts[at], self.last_position()));
        let effects = match imported(&mut swap, &domain, on, self.now).unwrap() {
            Import::Added(added, effects) => {
                self.add(added.0, added.1);
                effects
            }
            Import::Failed(effects) => effects,
        };
        self.swaps.insert(id.clone(), swap);
        self.carry_out(effects);
    }
}
