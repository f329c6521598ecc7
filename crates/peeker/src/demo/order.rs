//! What a partner's program sends: a bundle, an availability check, the order.

use serde_json::{Value, json};

use super::client::{AvailabilityList, Bundle, Client, Receipt};
use super::show::Show;
use crate::failure::{Failure, Result};

/// The names that are ordered; as many as the bundle needs.
pub const DOMAINS: [&str; 14] = [
    "northwind-mail.com",
    "northwind-reach.com",
    "northwind-growth.com",
    "northwind-team.com",
    "northwind-direct.com",
    "getnorthwind.com",
    "trynorthwind.com",
    "gonorthwind.com",
    "meetnorthwind.com",
    "hellonorthwind.com",
    "northwindhq.com",
    "northwindhub.com",
    "northwindmail.co",
    "northwindsales.io",
];
/// A name that the simulated registrar says somebody else has.
const TAKEN: &str = "taken-northwind.com";
const CUSTOMER: &str = "dana@northwind.example";

/// Makes a bundle of 25,000 e-mails a month.
pub async fn create_bundle(client: &Client, show: &Show) -> Result<Bundle> {
    let body = json!({
        "name": "Growth 25k",
        "monthly_sending_volume": 25_000,
        "google_percent": 50,
        "microsoft_percent": 50,
        "google_inboxes_per_domain": 3,
    });
    let bundle: Bundle = client.post("/bundles", &body).await?.data;
    show.bundle(&bundle)?;
    if bundle.required_domains.total as usize == DOMAINS.len() {
        Ok(bundle)
    } else {
        let needs = bundle.required_domains.total;
        Err(Failure::new(
            "demo",
            format!(
                "The bundle needs {needs} domains, and the demo has {}",
                DOMAINS.len()
            ),
        ))
    }
}

/// Asks which names can be bought, one that cannot among them.
pub async fn check_availability(client: &Client, show: &Show) -> Result<()> {
    let names: Vec<&str> = DOMAINS.into_iter().chain([TAKEN]).collect();
    let answer = client
        .post::<AvailabilityList>("/domains/availability", &json!({ "domains": names }))
        .await?;
    show.availability(&answer.data.domains, answer.took)
}

/// Places the order, and sends it once more as a program does that did not get the answer.
pub async fn place(client: &Client, bundle: &Bundle, show: &Show) -> Result<Receipt> {
    let body = order(&bundle.id);
    let first = client.post::<Receipt>("/orders", &body).await?;
    let again = client.post::<Receipt>("/orders", &body).await?;
    if first.data.id != again.data.id {
        return Err(Failure::new(
            "demo",
            "The same order, sent twice, was accepted twice",
        ));
    }
    show.placed(CUSTOMER, &first, &again)?;
    Ok(first.data)
}

fn order(bundle_id: &str) -> Value {
    let persona = |first: &str, last: &str| json!({ "first_name": first, "last_name": last, "profile_picture_url": null });
    json!({
        "user": CUSTOMER,
        "bundle_id": bundle_id,
        "sequencer": {
            "provider": "smartlead",
            "client_id": 366_903,
            "login_email": "sequencer@northwind.example",
            "login_password": "correct horse battery staple",
        },
        "domains": DOMAINS,
        "personas": [persona("Dana", "Whitfield"), persona("Marek", "Nowák"), persona("Aiko", "Tanaka")],
        "forwarding_url": "https://northwind.example/",
    })
}
