//! Accepting a domain swap: the facts that `peeker_domain::order::accept_swap` decides on, read and answered in one
//! transaction under the account's lock.

use peeker_domain::id::DomainId;
use peeker_domain::order::{
    Domain, Order, OrderDomain, SwapFacts, SwapRefusal, SwapRequest, accept_swap, premium_since,
};
use peeker_domain::wallet::Wallet;
use peeker_domain::{SwapType, Timestamp, view};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

use crate::aggregate::read::open_of_domains;
use crate::aggregate::write::{add_swaps, add_to_order};
use crate::aggregate::{effects, read};
use crate::entity::domains;
use crate::entity::swaps::{Column, Entity, Model};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::unit_of_work::UnitOfWork;

/// Premium swaps that count, [`SwapType::Premium`] and not `SwapStatus::Failed`, spelled out so that the planner can choose
/// their index.
const PREMIUM: &str = "type = 'premium' AND status <> 'failed'";

/// Accepts a swap, with its replacement on the order, its money, its events and its work. With `simulate_empty_wallet` the
/// wallet is found empty, whatever it holds. A refusal has changed nothing.
pub async fn accept(
    db: &EnvironmentDb,
    request: &SwapRequest,
    simulate_empty_wallet: bool,
) -> Result<Result<view::Swap, SwapRefusal>> {
    let mut work = UnitOfWork::begin(db, [&request.account]).await?;
    let facts = facts(&mut work, request, simulate_empty_wallet).await?;
    let acceptance = match accept_swap(request, &facts)? {
        Ok(acceptance) => acceptance,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Some((domain, part)) = acceptance.incoming {
        add_to_order(&work, domain, part).await?;
    }
    add_swaps(&work, vec![acceptance.swap]).await?;
    effects::carry_out(&mut work, &request.account, acceptance.effects, request.now).await?;
    work.commit().await?;
    Ok(Ok(acceptance.shown))
}

async fn facts(
    work: &mut UnitOfWork<'_>,
    request: &SwapRequest,
    simulate_empty_wallet: bool,
) -> Result<SwapFacts> {
    let account = &request.account;
    let (domain, replacement) = both_domains(work, request).await?;
    let on = match domain.as_ref().and_then(|domain| domain.order_id.as_ref()) {
        Some(order) => read::active_part(work, account, order, &request.domain).await?,
        None => None,
    };
    let open = open_of_domains(work, account, [&request.domain]).await?;
    let in_flight = open
        .iter()
        .any(|swap| swap.domain_id == request.domain && swap.kind != SwapType::UserNames);
    let premium = premium_swaps(work, request).await?;
    Ok(SwapFacts {
        last_position: last_position(work, on.as_ref()).await?,
        domain,
        on,
        in_flight,
        last_premium: last_premium(&premium, &request.domain),
        premium_inboxes: premium.iter().map(|swap| i64::from(swap.inboxes)).sum(),
        microsoft_inboxes: work.account(account)?.microsoft_inboxes_active,
        replacement,
        wallet: if simulate_empty_wallet {
            Wallet::EMPTY
        } else {
            work.wallet(account)?
        },
    })
}

/// The domain that is to go and what the account knows of the one that is to come, in one query.
async fn both_domains(
    work: &UnitOfWork<'_>,
    request: &SwapRequest,
) -> Result<(Option<Domain>, Option<Domain>)> {
    let either = Condition::any()
        .add(domains::Column::Id.eq(&request.domain))
        .add(domains::Column::Name.eq(request.replacement.as_str()));
    let rows = domains::Entity::find()
        .filter(domains::Column::AccountId.eq(&request.account))
        .filter(either)
        .all(work.tx())
        .await?;
    let (mut old, mut new) = (None, None);
    for row in rows {
        let domain = Domain::try_from(row)?;
        if domain.name == request.replacement.as_str() {
            new = Some(domain.clone());
        }
        if domain.id == request.domain {
            old = Some(domain);
        }
    }
    Ok((old, new))
}

async fn last_position(work: &UnitOfWork<'_>, on: Option<&(Order, OrderDomain)>) -> Result<u32> {
    let last = match on {
        Some((order, _)) => read::last_position(work, &order.account_id, &order.id).await?,
        None => None,
    };
    Ok(last.unwrap_or_default())
}

/// The premium swaps of the account that count towards its quota; none for a standard swap, which has none.
async fn premium_swaps(work: &UnitOfWork<'_>, request: &SwapRequest) -> Result<Vec<Model>> {
    if request.kind != SwapType::Premium {
        return Ok(Vec::new());
    }
    Ok(Entity::find()
        .filter(Column::AccountId.eq(&request.account))
        .filter(Expr::cust(PREMIUM))
        .filter(Column::CreatedAt.gt(premium_since(request.now)))
        .all(work.tx())
        .await?)
}

/// When a domain was last premium-swapped, as the old or the new one.
fn last_premium(premium: &[Model], domain: &DomainId) -> Option<Timestamp> {
    let of_domain = premium.iter().filter(|swap| {
        swap.domain_id == *domain || swap.replacement_domain_id.as_ref() == Some(domain)
    });
    of_domain.map(|swap| swap.created_at).max()
}
