//! What must not change a fingerprint, and what must.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::PersonName;
use crate::id::BundleId;
use crate::money::Cents;
use crate::name::DomainName;
use crate::order::{GoogleSizing, MicrosoftSizing};

/// An [`Input`] that owns its parts, so that a test can change one.
#[derive(Debug, Clone)]
struct Order {
    customer: String,
    client_id: Option<&'static str>,
    login: String,
    sizing: Sizing,
    densities: (Option<u32>, Option<u32>),
    domains: Vec<(String, Option<&'static str>)>,
    personas: Vec<Persona>,
    prices: PriceBook,
}

impl Order {
    fn fingerprint(&self) -> String {
        self.fingerprint_with(&FingerprintKey::new([7; 32]))
    }

    fn fingerprint_with(&self, key: &FingerprintKey) -> String {
        let parse = |(name, url): &(String, Option<&str>)| RequestedDomain {
            name: DomainName::parse(name).unwrap(),
            forwarding_url: url.map(|url| WebUrl::parse(url).unwrap()),
        };
        let domains: Vec<_> = self.domains.iter().map(parse).collect();
        fingerprint(
            key,
            &Input {
                customer_email: &EmailAddress::parse(&self.customer).unwrap(),
                client_id: self.client_id.and_then(ClientId::from_text).as_ref(),
                login_email: &EmailAddress::parse(&self.login).unwrap(),
                sizing: &self.sizing,
                google_inboxes_per_domain: self.densities.0,
                microsoft_inboxes_per_domain: self.densities.1,
                domains: &domains,
                personas: &self.personas,
                prices: &self.prices,
            },
        )
    }
}

fn custom(google: (u32, u32), microsoft: (u32, u32)) -> Sizing {
    Sizing::Custom {
        google: Some(GoogleSizing {
            licenses: google.0,
            inboxes_per_domain: google.1,
        }),
        microsoft: Some(MicrosoftSizing {
            licenses: microsoft.0,
            inboxes_per_domain: microsoft.1,
        }),
    }
}

fn name(text: &str) -> PersonName {
    PersonName::parse(text).unwrap()
}

fn persona(first: &str, last: &str, picture: Option<&str>) -> Persona {
    let [first_name, last_name] = [first, last].map(name);
    Persona {
        first_name,
        last_name,
        profile_picture_url: picture.map(str::to_owned),
    }
}

fn order() -> Order {
    Order {
        customer: "client@example.com".into(),
        client_id: Some("366903"),
        login: "login@example.com".into(),
        sizing: custom((4, 2), (1, 50)),
        densities: (Some(2), Some(50)),
        domains: ["a", "b", "c"]
            .map(|label| (format!("acme-{label}.com"), Some("https://acme.com/")))
            .into(),
        personas: vec![
            persona("Sam", "Lee", None),
            persona("Ann", "Fox", Some("https://acme.com/ann.jpg")),
        ],
        prices: PriceBook::default(),
    }
}

type Change = fn(&mut Order);

/// Every way in which an order can differ, each as a change of one thing.
const CHANGES: &[(&str, Change)] = &[
    ("customer", |o| o.customer = "other@example.com".into()),
    ("client", |o| o.client_id = Some("366904")),
    ("client as other text", |o| o.client_id = Some("0366903")),
    ("no client", |o| o.client_id = None),
    ("log-in", |o| o.login = "other@example.com".into()),
    ("google licenses", |o| o.sizing = custom((3, 2), (1, 50))),
    ("google density", |o| o.sizing = custom((4, 3), (1, 50))),
    ("microsoft licenses", |o| o.sizing = custom((4, 2), (2, 50))),
    ("microsoft density", |o| o.sizing = custom((4, 2), (1, 75))),
    ("no google", |o| {
        let microsoft = Some(MicrosoftSizing {
            licenses: 1,
            inboxes_per_domain: 50,
        });
        o.sizing = Sizing::Custom {
            google: None,
            microsoft,
        };
    }),
    ("bundle", |o| {
        o.sizing = Sizing::Bundle(BundleId::from_stored("bun_1".into()));
    }),
    ("other bundle", |o| {
        o.sizing = Sizing::Bundle(BundleId::from_stored("bun_2".into()));
    }),
    ("planned google density", |o| o.densities.0 = Some(3)),
    ("planned microsoft density", |o| o.densities.1 = None),
    ("domain", |o| o.domains[1].0 = "acme-z.com".into()),
    ("domain more", |o| {
        o.domains.push(("acme-d.com".into(), None));
    }),
    ("domain less", |o| o.domains.truncate(2)),
    ("forwarding", |o| {
        o.domains[1].1 = Some("https://acme.com/b");
    }),
    ("no forwarding", |o| o.domains[2].1 = None),
    ("first name", |o| o.personas[0].first_name = name("Tim")),
    ("last name", |o| o.personas[0].last_name = name("Li")),
    ("case of a name", |o| o.personas[0].last_name = name("lee")),
    ("shifted name", |o| {
        o.personas[0] = persona("SamL", "ee", None);
    }),
    ("picture", |o| o.personas[1].profile_picture_url = None),
    ("picture on the other", |o| {
        o.personas[0].profile_picture_url = Some("https://acme.com/ann.jpg".into());
    }),
    ("persona less", |o| o.personas.truncate(1)),
    ("order of personas", |o| o.personas.reverse()),
    ("google price", |o| o.prices.google_license = Cents(101)),
    ("microsoft price", |o| {
        o.prices.microsoft_license = Cents(901);
    }),
];

#[test]
fn every_difference_in_meaning_gives_another_fingerprint() {
    let mut seen = HashSet::from([order().fingerprint()]);
    for (what, change) in CHANGES {
        let mut changed = order();
        change(&mut changed);
        assert!(seen.insert(changed.fingerprint()), "{what}");
    }
}

#[test]
fn the_way_of_writing_does_not_matter() {
    let mut written = order();
    written.customer = "  Client@Example.COM ".into();
    written.login = "ＬＯＧＩＮ@example。com".into();
    written.client_id = Some(" 366903 ");
    written.domains = vec![
        ("ACME-c.com.".into(), Some("https://ACME.com")),
        (" acme-A.com".into(), Some(" https://acme.com/ ")),
        ("acme-b.COM".into(), Some("https://acme.com:443/")),
    ];
    written.personas = vec![
        persona(" Sam", "Lee\u{A0}\t", Some(" ")),
        persona("Ann", " Fox ", Some(" https://acme.com/ann.jpg ")),
    ];
    assert_eq!(written.fingerprint(), order().fingerprint());
}

#[test]
fn names_and_addresses_count_in_their_one_form() {
    let order = |customer: &str, first: &str| Order {
        customer: customer.into(),
        personas: vec![persona(first, "Lee", None)],
        ..order()
    };
    let original = order("josé@bücher.example", "José").fingerprint();
    for customer in [
        "JOSÉ@xn--bcher-kva.example",
        "jose\u{301}@BU\u{308}CHER.example",
    ] {
        assert_eq!(order(customer, "Jose\u{301}").fingerprint(), original);
    }
    assert_ne!(order("jose@bücher.example", "José").fingerprint(), original);
    assert_ne!(order("josé@bucher.example", "José").fingerprint(), original);
}

#[test]
fn a_number_and_its_text_are_one_client() {
    assert_eq!(
        ClientId::from_text("366903"),
        Some(ClientId::Number(366_903))
    );
    let mut default_route = order();
    default_route.client_id = Some("");
    let mut none = order();
    none.client_id = None;
    assert_eq!(default_route.fingerprint(), none.fingerprint());
}

/// A change of this value makes running systems forget the orders of their last 24 hours: raise [`VERSION`] and
/// say so in the change log.
#[test]
fn the_serialisation_is_pinned() {
    assert_eq!(order().fingerprint(), PINNED);
}

const PINNED: &str = "b51c23f8621ca490746c2c280e7806955d82fbb1a1a057d6839e00b289f43f57";

#[test]
fn depends_on_the_key_and_does_not_show_it() {
    let other = FingerprintKey::new([8; 32]);
    assert_ne!(order().fingerprint_with(&other), order().fingerprint());
    let shown = format!("{other:?}");
    assert!(
        shown.contains("REDACTED") && !shown.contains("8, 8"),
        "{shown}"
    );
}

/// Anything that was ever stored as a name.
fn any_name() -> impl Strategy<Value = PersonName> {
    any::<String>().prop_map(PersonName::from_stored)
}

fn any_domains() -> impl Strategy<Value = Vec<(String, Option<&'static str>)>> {
    let url = prop::sample::select(vec![
        None,
        Some("https://acme.com/"),
        Some("https://acme.com/x"),
    ]);
    prop::collection::btree_map("acme[a-z]{1,8}\\.(com|net)", url, 1..20)
        .prop_map(|map| map.into_iter().collect())
}

proptest! {
    #[test]
    fn shuffling_and_capitals_do_not_matter(
        (written, shuffled) in any_domains().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        capitals in any::<bool>(),
    ) {
        let before = Order { domains: written, ..order() };
        let mut after = Order { domains: shuffled, ..order() };
        if capitals {
            for (name, _) in &mut after.domains {
                *name = name.to_uppercase();
            }
        }
        prop_assert_eq!(before.fingerprint(), after.fingerprint());
    }

    #[test]
    fn one_change_in_any_order_gives_another_fingerprint(
        domains in any_domains(),
        names in prop::collection::vec((any_name(), any_name()), 1..10),
        at in any::<prop::sample::Index>(),
    ) {
        let personas: Vec<_> = names
            .into_iter()
            .map(|(first_name, last_name)| Persona { first_name, last_name, profile_picture_url: None })
            .collect();
        let before = Order { domains, personas, ..order() };
        let mut renamed = before.clone();
        let last_name = &mut at.get_mut(&mut renamed.personas).last_name;
        *last_name = PersonName::from_stored(format!("{last_name}x"));
        prop_assert_ne!(renamed.fingerprint(), before.fingerprint());
        let mut forwarded = before.clone();
        at.get_mut(&mut forwarded.domains).1 = Some("https://acme.com/elsewhere");
        prop_assert_ne!(forwarded.fingerprint(), before.fingerprint());
        let mut fewer = before.clone();
        fewer.domains.remove(at.index(fewer.domains.len()));
        prop_assert_ne!(fewer.fingerprint(), before.fingerprint());
    }
}
