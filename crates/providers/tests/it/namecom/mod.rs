//! name.com.

mod account;
mod answers;
mod domains;
mod purchases;
mod renewals;

use peeker_domain::Cents;
use peeker_domain::vendor::Vendor;
use peeker_fakes::Vendor as Fake;
use peeker_providers::namecom::NameCom;
use peeker_providers::{Bought, Registrar};

use crate::world::{World, domain, text};

pub const PRICE: Cents = Cents(1_099);
pub const RENEWAL: Cents = Cents(1_299);
pub const CREATE: &str = "POST /core/v1/domains";
pub const RENEW: &str = "POST /core/v1/domains/{}:renew";
pub const DELEGATE: &str = "POST /core/v1/domains/{}:setNameservers";

/// The user name of an account of the fake, and an adapter for it.
pub fn adapter(world: &World, index: usize, settings: &[(&str, &str)]) -> (String, NameCom) {
    let all = world.fakes.credentials(Fake::NameCom);
    let (user, token) = (text(&all[index], "username"), text(&all[index], "token"));
    let id = format!("pacc_{index}");
    let account = world.account(Vendor::NameCom, &id, format!("{user}:{token}"), settings);
    let adapter = NameCom::new(account, &world.memory.services()).unwrap();
    (user.to_owned(), adapter)
}

pub fn first(world: &World) -> NameCom {
    adapter(world, 0, &[]).1
}

pub fn change_account(world: &World, user: &str, change: &serde_json::Value) {
    let changed = world.fakes.change(Fake::NameCom, "accounts", user, change);
    changed.unwrap();
}

/// Buys a domain with the first account.
pub async fn buy(world: &World, name: &str) -> Bought {
    let namecom = first(world);
    let bought = namecom
        .register(world.call("k"), &domain(name), PRICE)
        .await;
    bought.unwrap()
}
