use std::collections::BTreeMap;

use peeker_domain::MailProvider;
use peeker_domain::id::ProviderAccountId;
use peeker_domain::vendor::Vendor;

use super::availability::in_order;
use super::purchase::purchase_key;
use super::*;
use crate::Verdict;

fn name(text: &str) -> DomainName {
    DomainName::parse(text).unwrap()
}

fn account(settings: &[(&str, &str)]) -> VendorAccount {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    VendorAccount {
        id: ProviderAccountId::from_stored("pacc_1".to_owned()),
        vendor: Vendor::NameCom,
        label: "main".to_owned(),
        base_url: None,
        settings: settings.iter().map(owned).collect::<BTreeMap<_, _>>(),
        credentials: "peeker:token".into(),
        changed_at: Timestamp::from_millis(0),
    }
}

const CONTACT: [(&str, &str); 9] = [
    ("contact.first_name", "Jane"),
    ("contact.last_name", "Doe"),
    ("contact.address1", "1 Main Street"),
    ("contact.city", "Denver"),
    ("contact.state", "CO"),
    ("contact.zip", "80202"),
    ("contact.country", "US"),
    ("contact.phone", "+13035551212"),
    ("contact.email", "jane@acme.com"),
];

#[test]
fn answers_come_in_the_order_asked_and_each_with_its_verdict() {
    let results = r#"[
        {"domainName": "premium.com", "purchasable": true, "premium": true, "purchasePrice": 900.0, "renewalPrice": 9.0},
        {"domainName": "FREE.com", "purchasable": true, "purchaseType": "registration", "purchasePrice": 10.99, "renewalPrice": 12.99},
        {"domainName": "resold.com", "purchasable": true, "purchaseType": "aftermarket_s", "purchasePrice": 10.99, "renewalPrice": 12.99},
        {"domainName": "taken.com"},
        {"domainName": "unpriced.com", "purchasable": true, "purchasePrice": null}
    ]"#;
    let results = serde_json::from_str(results).unwrap();
    let asked = ["taken", "other", "free", "unpriced", "resold", "premium"];
    let asked = asked.map(|label| name(&format!("{label}.com")));
    let checks = in_order(&asked, results);
    let names: Vec<_> = checks.iter().map(|check| check.name.clone()).collect();
    assert_eq!(names, asked);
    let verdicts: Vec<_> = checks.into_iter().map(|check| check.verdict).collect();
    let available = Verdict::Available {
        price: Cents(1_099),
        renewal_price: Cents(1_299),
        usable_for: MailProvider::ALL.to_vec(),
    };
    assert_eq!(
        verdicts,
        [
            Verdict::Taken,
            Verdict::Unknown,
            available,
            Verdict::Errored,
            Verdict::Premium,
            Verdict::Premium
        ]
    );
}

#[test]
fn the_key_of_a_purchase_is_a_uuid_that_stays_the_same() {
    let key = purchase_key("job_1", &name("acme.com"));
    assert_eq!(key, purchase_key("job_1", &name("acme.com")));
    assert_ne!(key, purchase_key("job_2", &name("acme.com")));
    assert_ne!(key, purchase_key("job_1", &name("acme.net")));
    let lengths: Vec<usize> = key.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
    assert_eq!(&key[14..15], "8");
    assert!("89ab".contains(&key[19..20]));
}

#[test]
fn a_contact_is_whole_or_not_there() {
    assert_eq!(Contact::from_settings(&account(&[])), Ok(None));
    assert!(matches!(
        Contact::from_settings(&account(&CONTACT)),
        Ok(Some(_))
    ));
    for (key, _) in CONTACT {
        let rest: Vec<_> = CONTACT
            .into_iter()
            .filter(|(other, _)| *other != key)
            .collect();
        let invalid = Contact::from_settings(&account(&rest)).unwrap_err();
        assert_eq!(invalid.field, key);
    }
}

#[test]
fn a_contact_that_would_be_refused_is_named() {
    for (key, value) in [
        ("contact.country", "usa"),
        ("contact.country", "us"),
        ("contact.phone", "303 555 1212"),
        ("contact.phone", "+1.3035551212"),
        ("contact.phone", "+0303555121"),
        ("contact.email", "jane"),
    ] {
        let mut settings = CONTACT.to_vec();
        settings.retain(|(other, _)| *other != key);
        settings.push((key, value));
        let invalid = Contact::from_settings(&account(&settings)).unwrap_err();
        assert_eq!(invalid.field, key, "{value}");
    }
}
