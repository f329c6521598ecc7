//! Sub-accounts to which mailboxes belong.

use serde_json::{Value, json};

use super::error::{failed, invalid, query};
use super::fields::{Field, Fields, Kind, needed, optional};
use super::state::{Client, Edition};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::vendor::Vendor;

const FIELDS: [Field; 9] = [
    needed("name", Kind::Text),
    needed("email", Kind::Text),
    optional("password", Kind::Text),
    optional("permission", Kind::Texts),
    optional("logo", Kind::Text),
    optional("logo_url", Kind::Text),
    optional("is_credit_assigned", Kind::Truth),
    optional("email_credits", Kind::Number),
    optional("lead_credits", Kind::Number),
];

pub(crate) fn list(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let clients = world.smartlead.of(call)?.clients.iter();
    let shown: Vec<_> = clients
        .map(|(id, client)| {
            json!({
                "id": id,
                "name": client.name,
                "email": client.email,
                "logo": client.logo,
                "logo_url": client.logo_url,
                "created_at": client.created,
                "client_permision": { "permission": client.permission, "retricted_category": [] },
            })
        })
        .collect();
    Ok(Answer::json(200, &shown))
}

pub(crate) fn save(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let fields = Fields::read(call, &FIELDS)?;
    let email = fields.text("email").unwrap_or_default().to_lowercase();
    if !email.contains('@') {
        return Err(invalid("email must be a valid email"));
    }
    let created = world.clock.now().to_string();
    let id = world.smartlead.new_id();
    // Unique over all of Smartlead, not only within the account.
    let mut accounts = world.smartlead.accounts.values();
    if accounts.any(|account| account.clients.values().any(|client| client.email == email)) {
        let message = "Client with this email already exist";
        return Err(failed(400, &json!({ "ok": false, "message": message })));
    }
    let permission = serde_json::from_value(fields.value("permission"));
    let client = Client {
        name: fields.text("name").unwrap_or_default(),
        email: email.clone(),
        permission: permission.unwrap_or_default(),
        logo: fields.text("logo"),
        logo_url: fields.text("logo_url"),
        created,
    };
    let account = world.smartlead.of(call)?;
    let body = saved(account.edition, id, &client, &fields);
    account.clients.insert(id, client);
    world.counts.add(Vendor::Smartlead, "clients", &email, 1);
    Ok(Answer::json(200, &body))
}

fn saved(edition: Edition, id: u64, client: &Client, fields: &Fields) -> Value {
    match edition {
        Edition::Current => json!({
            "ok": true,
            "data": {
                "id": id,
                "name": client.name,
                "email": client.email,
                "created_at": client.created,
            },
        }),
        Edition::Older => json!({
            "ok": true,
            "clientId": id,
            "name": client.name,
            "email": client.email,
            "password": fields.text("password"),
        }),
    }
}
