//! Which domains a cancellation names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Scope;
use crate::order::OrderDomain;
use crate::status::OrderDomainState;

/// An entry that is no domain of the order, or that names one again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misnamed {
    pub index: usize,
    /// The position of the entry that named the domain first.
    pub same_as: Option<usize>,
}

/// The positions that a scope names. Errors: every entry that is no domain of the order or names one again.
pub(super) fn named(
    domains: &[OrderDomain],
    scope: &Scope,
) -> Result<BTreeSet<u32>, Vec<Misnamed>> {
    let on_order = domains
        .iter()
        .filter(|domain| domain.state != OrderDomainState::Left);
    let Scope::Domains(named) = scope else {
        return Ok(on_order.map(|domain| domain.position).collect());
    };
    let joined = on_order.filter(|domain| domain.has_joined());
    let positions: HashMap<&str, u32> = joined
        .flat_map(|domain| {
            let position = domain.position;
            [
                (domain.domain_id.as_str(), position),
                (domain.name.as_str(), position),
            ]
        })
        .collect();
    let (mut found, mut misnamed) = (BTreeMap::new(), Vec::new());
    for (index, wanted) in named.iter().enumerate() {
        let position = positions.get(wanted.as_str());
        let same_as = position.and_then(|position| found.get(position).copied());
        match position {
            Some(position) if same_as.is_none() => {
                found.insert(*position, index);
            }
            _ => misnamed.push(Misnamed { index, same_as }),
        }
    }
    if misnamed.is_empty() {
        Ok(found.into_keys().collect())
    } else {
        Err(misnamed)
    }
}
