//! Ending a swap before anything has come of it: withdrawn by the partner, or waited for too long (contract §5).

use super::Swap;
use crate::PersonName;
use crate::order::progress::let_go;
use crate::order::{Cause, Domain, Effect, Inbox, Order, OrderDomain, Persona, Personas};
use crate::status::{IllegalTransition, SwapReason, SwapStatus, SwapType};
use crate::time::Timestamp;

/// All that ending a swap goes by.
#[derive(Debug)]
pub struct WithdrawFacts {
    pub swap: Swap,
    pub order: Order,
    /// What it is about on the order; `None` where there is nothing yet.
    pub about: Option<Withdrawn>,
}

/// What a swap that may be withdrawn is about on its order.
#[derive(Debug)]
pub enum Withdrawn {
    /// The replacement.
    Replacement {
        part: OrderDomain,
        domain: Box<Domain>,
        /// Whether its job has begun, so that it may be bought by now.
        begun: bool,
    },
    /// The domain whose inboxes are renamed.
    Renaming {
        part: OrderDomain,
        /// Its live inboxes, oldest first.
        inboxes: Vec<Inbox>,
        /// Its other renamings that are not over.
        others: Vec<Swap>,
    },
}

/// A swap that has ended, with the rows that change, as they are to be written.
#[derive(Debug)]
pub struct Withdrawal {
    pub swap: Swap,
    pub order: Order,
    pub part: Option<OrderDomain>,
    pub domain: Option<Domain>,
    pub effects: Vec<Effect>,
}

/// Ends a swap that waits, or whose replacement is neither bought nor set up. `None` when it is too late for that.
pub fn withdraw(
    facts: WithdrawFacts,
    reason: SwapReason,
    now: Timestamp,
) -> Result<Option<Withdrawal>, IllegalTransition> {
    let WithdrawFacts {
        mut swap,
        mut order,
        about,
    } = facts;
    if !may_end(&swap, about.as_ref()) {
        return Ok(None);
    }
    let mut effects = swap.fail(reason)?;
    let (part, domain) = match about {
        None => (None, None),
        Some(Withdrawn::Replacement {
            mut part,
            mut domain,
            begun,
        }) => {
            let how = (begun, false);
            effects.extend(let_go(&mut order, &mut part, &mut domain, how, now)?);
            (Some(part), Some(*domain))
        }
        Some(Withdrawn::Renaming {
            mut part,
            inboxes,
            others,
        }) => {
            if part.is_live() {
                effects.extend(stop_renaming(&swap, &order, &mut part, &inboxes, &others));
            }
            (Some(part), None)
        }
    };
    Ok(Some(Withdrawal {
        swap,
        order,
        part,
        domain,
        effects,
    }))
}

fn may_end(swap: &Swap, about: Option<&Withdrawn>) -> bool {
    match swap.status {
        SwapStatus::Created | SwapStatus::ActionRequired => true,
        SwapStatus::InProgress => match about {
            Some(Withdrawn::Replacement { part, .. }) => part.is_at_first_step(),
            _ => false,
        },
        SwapStatus::Completed | SwapStatus::Failed => false,
    }
}

/// The inboxes keep the names that they have: when no renaming is left, these are the domain's. Nobody waits for a picture
/// then that only this renaming was to show.
fn stop_renaming(
    swap: &Swap,
    order: &Order,
    part: &mut OrderDomain,
    inboxes: &[Inbox],
    others: &[Swap],
) -> Option<Effect> {
    if others.is_empty() && !inboxes.is_empty() {
        part.personas = Some(borne_by(inboxes, part, order));
    }
    let same =
        |other: &Swap| other.status == SwapStatus::ActionRequired && other.persona == swap.persona;
    let waited = swap.kind == SwapType::UserNames && !others.iter().any(same);
    let persona = swap.persona.clone().filter(|_| waited)?;
    Some(Effect::ReleaseActions {
        order: order.id.clone(),
        domains: [part.domain_id.clone()].into(),
        cause: Cause::Picture(persona),
    })
}

/// The personas that inboxes bear the names of, each once, with the pictures that are known of them.
fn borne_by(inboxes: &[Inbox], part: &OrderDomain, order: &Order) -> Personas {
    let known = part.personas.iter().chain([&order.personas]);
    let known: Vec<&Persona> = known.flat_map(|personas| &personas.0).collect();
    let mut borne: Vec<Persona> = Vec::new();
    for inbox in inboxes {
        let is_of = |persona: &&&Persona| {
            persona.first_name.as_str() == inbox.first_name
                && persona.last_name.as_str() == inbox.last_name
        };
        let persona = known.iter().find(is_of).map(|persona| (*persona).clone());
        let persona = persona.unwrap_or_else(|| Persona {
            first_name: PersonName::from_stored(inbox.first_name.clone()),
            last_name: PersonName::from_stored(inbox.last_name.clone()),
            profile_picture_url: None,
        });
        if !borne.contains(&persona) {
            borne.push(persona);
        }
    }
    Personas(borne)
}
