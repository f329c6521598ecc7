//! `GET /me`.

use peeker_domain::view;

use crate::Actor;

/// The key that asks and its partner.
pub fn get(actor: &Actor) -> view::Me {
    view::Me {
        api_key: view::ApiKey {
            environment: actor.environment,
            permission_preset: actor.preset,
        },
        partner: view::Partner {
            id: actor.account.to_string(),
            name: actor.partner_name.clone(),
        },
    }
}
