//! Names from ordinary, odd and empty personas.

use proptest::prelude::*;

use super::*;
use crate::PersonName;

fn persona(first_name: &str, last_name: &str) -> Persona {
    // What was stored under older rules gives addresses too.
    let [first_name, last_name] =
        [first_name, last_name].map(|name| PersonName::from_stored(name.to_owned()));
    Persona {
        first_name,
        last_name,
        profile_picture_url: None,
    }
}

fn local_parts_of(personas: &[Persona], count: u32) -> Vec<String> {
    inbox_names(personas, count)
        .into_iter()
        .map(|name| name.local_part)
        .collect()
}

fn is_valid(local: &str) -> bool {
    (1..=64).contains(&local.len())
        && local.starts_with(|c: char| c.is_ascii_lowercase())
        && local.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && !local.contains("..")
        && local
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c))
        && !is_role(local)
}

#[test]
fn roles_are_sorted_for_the_search() {
    assert!(ROLES.is_sorted());
}

#[test]
fn patterns_go_from_natural_to_numbered() {
    let names = local_parts_of(&[persona("Sam", "Lee")], 99);
    assert_eq!(
        names[..6],
        ["sam.lee", "samlee", "sam", "slee", "s.lee", "saml"]
    );
    assert_eq!(names[28..30], ["sam.lee2", "samlee2"]);
    let four =
        ["Sam Lee", "Ann Fox", "Bob Ray", "Eve Kim"].map(|name| name.split_once(' ').unwrap());
    let names = local_parts_of(&four.map(|(first, last)| persona(first, last)), 99);
    assert!(
        names
            .iter()
            .all(|name| !name.contains(|c: char| c.is_ascii_digit())),
        "{names:?}"
    );
}

#[test]
fn personas_take_turns_and_keep_their_written_names() {
    let names = inbox_names(&[persona("José", "Núñez"), persona("Zoë", "O'Hara")], 3);
    let found: Vec<_> = names
        .iter()
        .map(|name| (name.persona, name.local_part.as_str()))
        .collect();
    assert_eq!(
        found,
        [(0, "jose.nunez"), (1, "zoe.ohara"), (0, "josenunez")]
    );
    assert_eq!(
        (names[0].first_name.as_str(), names[0].last_name.as_str()),
        ("José", "Núñez")
    );
}

#[test]
fn namesakes_share_the_patterns_between_them() {
    let names = local_parts_of(&[persona("Sam", "Lee"), persona("sam", "LEE")], 4);
    assert_eq!(names, ["sam.lee", "samlee", "sam", "slee"]);
}

#[test]
fn names_without_letters_fall_back() {
    assert_eq!(
        local_parts_of(&[persona("---", "\u{200d}")], 3),
        ["person", "person2", "person3"]
    );
    assert_eq!(
        local_parts_of(&[persona("42", "")], 2),
        ["person", "person2"]
    );
    assert_eq!(
        local_parts_of(&[persona("50", "Cent")], 2),
        ["cent", "cent2"]
    );
    assert_eq!(local_parts_of(&[persona("Cher", "")], 2), ["cher", "cher2"]);
    assert_eq!(local_parts_of(&[], 5), Vec::<String>::new());
}

#[test]
fn role_names_are_passed_over() {
    assert_eq!(
        local_parts_of(&[persona("No", "Reply")], 2),
        ["no", "nreply"]
    );
    assert_eq!(
        local_parts_of(&[persona("Info", "")], 2),
        ["info2", "info3"]
    );
    assert!(!local_parts_of(&[persona("Al", "Lee")], 99).contains(&"all".to_owned()));
}

#[test]
fn long_names_are_cut_so_that_the_number_survives() {
    let names = local_parts_of(&[persona(&"a".repeat(200), &"b".repeat(200))], 99);
    assert_eq!(names[28], format!("{}.{}2", "a".repeat(26), "b".repeat(26)));
    assert!(names.iter().all(|name| is_valid(name)));
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z]{0,3}",
        "[0-9 .'-]{0,4}",
        prop::sample::select(vec![
            "", "Info", "no", "reply", "李", "Łukasz", "😀", "محمد", "--- ", "A.", "3PO"
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #[test]
    fn any_personas_give_exactly_the_wanted_number_of_valid_unique_names(
        names in prop::collection::vec((any_name(), any_name()), 1..=10),
        twin in any::<bool>(),
        fewer in 0..99_u32,
    ) {
        let mut personas: Vec<_> = names.iter().map(|(first, last)| persona(first, last)).collect();
        if twin && personas.len() < 10 {
            personas.push(personas[0].clone());
        }
        let all = inbox_names(&personas, 99);
        prop_assert_eq!(all.len(), 99);
        for name in &all {
            prop_assert!(is_valid(&name.local_part), "{:?}", name.local_part);
        }
        let unique: HashSet<_> = all.iter().map(|name| &name.local_part).collect();
        prop_assert_eq!(unique.len(), 99);
        prop_assert!(all.iter().enumerate().all(|(i, name)| name.persona == i % personas.len()));
        prop_assert_eq!(&inbox_names(&personas, 99), &all);
        prop_assert_eq!(&inbox_names(&personas, fewer)[..], &all[..fewer as usize]);
    }
}
