//! The acts that stories are made of: what partners, their workers and time do.

use proptest::prelude::*;

/// The names that orders, imports and swaps are about. So few that they meet again and again.
pub const NAMES: [&str; 9] = [
    "one.com",
    "two.com",
    "three.com",
    "four.com",
    "replace-five.com",
    "nspending-six.com",
    "fail-seven.com",
    "slow5-eight.com",
    "flaky2-nine.com",
];
/// What swaps bring in beside [`NAMES`] and names that are new.
pub const REPLACEMENTS: [&str; 3] = [
    "swapfail-ten.com",
    "notimported-eleven.com",
    "gonly-twelve.com",
];
pub const CUSTOMERS: [&str; 2] = ["client@example.com", "customer@example.com"];
pub const TARGETS: [&str; 3] = [
    "https://one.example/",
    "https://two.example/",
    "https://unreachable.test/",
];
const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

/// One thing that is done. What it is done to is named by how many came after it, since a story is made before it is
/// played.
#[derive(Debug, Clone)]
pub enum Act {
    Order {
        customer: usize,
        names: Vec<usize>,
        size: Size,
        picture: bool,
    },
    Import {
        names: Vec<usize>,
        later: bool,
    },
    /// Of the order so many before the last: the whole, or the domains at these places of it.
    Cancel {
        order: usize,
        domains: Option<Vec<usize>>,
    },
    /// Of the connected domain so many before the last.
    Swap {
        domain: usize,
        premium: bool,
        by: By,
    },
    /// Cancels the swap so many before the last.
    Withdraw(usize),
    Rename {
        domain: usize,
        to: People,
    },
    Forward {
        domains: Vec<usize>,
        target: usize,
    },
    DeleteCustomer(usize),
    /// Empties a customer's pockets, or fills them again.
    Broke {
        customer: usize,
        empty: bool,
    },
    Resolve(usize),
    Work,
    /// Something is done while workers are at work. Which of them is first is anybody's guess.
    Meanwhile(Box<Act>),
    /// Time passes while nobody works.
    Wait(i64),
    /// The sandbox's clock is sent on, and works on the way.
    Advance(i64),
}

#[derive(Debug, Clone)]
pub enum Size {
    Google,
    Microsoft,
    /// Google, and Microsoft on the last domain.
    Mixed,
    Bundle,
}

/// What a swap brings in.
#[derive(Debug, Clone)]
pub enum By {
    New,
    Known(usize),
    Special(usize),
}

/// Whose names inboxes are to bear.
#[derive(Debug, Clone)]
pub enum People {
    Ada,
    /// Of whom the second has no picture.
    AdaAndBob,
    /// Whose picture cannot be loaded.
    Eve,
    EveAndBob,
}

fn some_names() -> impl Strategy<Value = Vec<usize>> {
    prop::sample::subsequence((0..NAMES.len()).collect::<Vec<_>>(), 1..=3)
}

fn size() -> impl Strategy<Value = Size> {
    prop_oneof![
        2 => Just(Size::Google),
        2 => Just(Size::Microsoft),
        2 => Just(Size::Mixed),
        1 => Just(Size::Bundle),
    ]
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![
        3 => Just(By::New),
        3 => (0..NAMES.len()).prop_map(By::Known),
        2 => (0..REPLACEMENTS.len()).prop_map(By::Special),
    ]
}

fn people() -> impl Strategy<Value = People> {
    prop_oneof![
        Just(People::Ada),
        Just(People::AdaAndBob),
        Just(People::Eve),
        Just(People::EveAndBob),
    ]
}

fn span() -> impl Strategy<Value = i64> {
    prop_oneof![
        Just(5),
        Just(HOUR),
        Just(25 * HOUR),
        Just(8 * DAY),
        Just(16 * DAY),
        Just(31 * DAY),
        Just(200 * DAY),
    ]
}

fn request() -> impl Strategy<Value = Act> {
    let some_places = prop::sample::subsequence(vec![0, 1, 2], 1..=2);
    prop_oneof![
        8 => (0..CUSTOMERS.len(), some_names(), size(), prop::bool::weighted(0.15))
            .prop_map(|(customer, names, size, picture)| Act::Order { customer, names, size, picture }),
        2 => (some_names(), any::<bool>()).prop_map(|(names, later)| Act::Import { names, later }),
        6 => (0..4_usize, prop::option::of(some_places)).prop_map(|(order, domains)| Act::Cancel { order, domains }),
        8 => (0..6_usize, prop::bool::weighted(0.4), by()).prop_map(|(domain, premium, by)| Act::Swap { domain, premium, by }),
        3 => (0..4_usize).prop_map(Act::Withdraw),
        3 => (0..6_usize, people()).prop_map(|(domain, to)| Act::Rename { domain, to }),
        2 => (prop::sample::subsequence(vec![0, 1, 2, 3], 1..=2), 0..TARGETS.len())
            .prop_map(|(domains, target)| Act::Forward { domains, target }),
        1 => (0..CUSTOMERS.len()).prop_map(Act::DeleteCustomer),
        2 => (0..CUSTOMERS.len(), any::<bool>()).prop_map(|(customer, empty)| Act::Broke { customer, empty }),
        3 => (0..3_usize).prop_map(Act::Resolve),
    ]
}

/// Acts in a row; with `races`, some of them while workers are at work.
pub fn story(races: bool) -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        35 => request(),
        if races { 10 } else { 0 } => request().prop_map(|act| Act::Meanwhile(Box::new(act))),
        9 => Just(Act::Work),
        3 => span().prop_map(Act::Wait),
        2 => span().prop_map(Act::Advance),
    ];
    prop::collection::vec(act, 12..35)
}
