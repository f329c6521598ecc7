//! Whether the inboxes of a domain are renamed, and which inbox takes which name.

use super::builders::*;
use super::effects::words;
use crate::id::InboxId;
use crate::mail::MailProvider;
use crate::money::Cents;
use crate::order::{Inbox, OrderDomain, RenameFacts, RenameRequest, Renaming, Swap, accept_rename};
use crate::status::{InboxStatus, SwapReason, SwapStatus, SwapType};

fn request(first_names: &[&str]) -> RenameRequest {
    RenameRequest {
        account: account(),
        domain: domain_id("d0"),
        personas: personas(first_names),
        now: NOW,
    }
}

fn inbox(number: u32, local_part: &str) -> Inbox {
    Inbox {
        account_id: account(),
        id: InboxId::from_stored(format!("inb_{number}")),
        order_id: order_id(),
        domain_id: domain_id("d0"),
        email: format!("{local_part}@d0.com"),
        first_name: "Ann".to_owned(),
        last_name: "Lee".to_owned(),
        provider: MailProvider::Google,
        status: InboxStatus::Active,
        created_at: NOW,
    }
}

fn facts(part: OrderDomain) -> RenameFacts {
    RenameFacts {
        domain: domain_of(&part),
        order: order_of(std::slice::from_ref(&part)),
        part,
        waits_for_picture: false,
        open: Vec::new(),
        inboxes: vec![inbox(1, "ann.lee"), inbox(2, "bob.lee")],
        coming_in: None,
    }
}

fn decide(request: &RenameRequest, facts: RenameFacts) -> Option<Renaming> {
    accept_rename(request, facts).unwrap()
}

fn of_persona(swap: &Swap) -> (Option<&str>, &str, Option<&str>) {
    let persona = swap.persona.as_ref().unwrap().first_name.as_str();
    (
        swap.old_email.as_deref(),
        persona,
        swap.new_email.as_deref(),
    )
}

#[test]
fn inboxes_are_renamed_that_are_live_or_wait_for_a_picture_alone() {
    let leaving = OrderDomain {
        leaves_at: Some(days(9)),
        ..live(google(0))
    };
    for (part, waits_for_picture, can_be) in [
        (live(google(0)), false, true),
        (waiting(google(0)), true, true),
        (waiting(google(0)), false, false),
        (google(0), false, false),
        (google(0), true, false),
        (leaving, false, false),
    ] {
        let facts = RenameFacts {
            waits_for_picture,
            ..facts(part.clone())
        };
        let renaming = decide(&request(&["Eve"]), facts);
        assert_eq!(renaming.is_some(), can_be, "{part:?}");
    }
}

#[test]
fn each_inbox_is_a_swap_and_the_domains_job_does_them() {
    let renaming = decide(&request(&["Eve", "Kim"]), facts(live(google(0)))).unwrap();
    let expected = [
        "swap.created",
        "swap.created",
        &format!("provision dom_d0 {NOW}"),
    ];
    assert_eq!(words(&renaming.effects), expected);
    let swaps = &renaming.swaps;
    let renamed: Vec<_> = swaps.iter().map(of_persona).collect();
    let expected = [
        (Some("ann.lee@d0.com"), "Eve", Some("eve.lee@d0.com")),
        (Some("bob.lee@d0.com"), "Kim", Some("kim.lee@d0.com")),
    ];
    assert_eq!(renamed, expected);
    for (swap, shown) in swaps.iter().zip(&renaming.shown) {
        assert_eq!(
            (swap.kind, swap.status),
            (SwapType::UserNames, SwapStatus::Created)
        );
        assert_eq!(
            (swap.price_cents, swap.license_cents, swap.inboxes),
            (Cents::ZERO, Cents::ZERO, 1)
        );
        assert_eq!(shown.id, swap.id.to_string());
    }
    let releases = words(&renaming.effects)
        .iter()
        .any(|word| word.starts_with("release"));
    let accepted = renaming.accepted.unwrap();
    assert_eq!(accepted.part.personas, Some(personas(&["Eve", "Kim"])));
    assert!(accepted.superseded.is_empty() && !releases);
    assert!(accepted.coming_in.is_none());
}

#[test]
fn an_inbox_that_has_a_wanted_address_keeps_it() {
    let part = OrderDomain {
        inboxes: 3,
        ..live(google(0))
    };
    let three = RenameFacts {
        inboxes: vec![
            inbox(1, "bob.lee"),
            inbox(2, "kim.lee"),
            inbox(3, "ann.lee"),
        ],
        ..facts(part.clone())
    };
    let renaming = decide(&request(&["Ann", "Eve", "Bob"]), three).unwrap();
    let ids: Vec<_> = renaming
        .swaps
        .iter()
        .map(|swap| swap.inbox_id.as_ref().unwrap().as_str())
        .collect();
    assert_eq!(ids, ["inb_3", "inb_2", "inb_1"]);
    // Those that are not made yet are renamed all the same.
    let made = RenameFacts {
        inboxes: vec![inbox(1, "bob.lee")],
        ..facts(part)
    };
    let renaming = decide(&request(&["Bob", "Eve"]), made).unwrap();
    let renamed: Vec<_> = renaming.swaps.iter().map(of_persona).collect();
    let expected = [
        (Some("bob.lee@d0.com"), "Bob", Some("bob.lee@d0.com")),
        (None, "Eve", Some("eve.lee@d0.com")),
        (None, "Bob", Some("boblee@d0.com")),
    ];
    assert_eq!(renamed, expected);
}

#[test]
fn a_renaming_repeats_disturbs_or_supersedes_those_that_are_open() {
    use SwapStatus::{ActionRequired, Created, InProgress};
    let named = |domain: OrderDomain| OrderDomain {
        personas: Some(personas(&["Kim"])),
        ..domain
    };
    let (done, waits) = (live(google(0)), waiting(google(0)));
    for (part, open, to, duplicate, unblocks) in [
        (named(done.clone()), vec![], "Kim", false, false),
        (
            named(done.clone()),
            vec![ActionRequired],
            "Kim",
            true,
            false,
        ),
        (
            named(done.clone()),
            vec![ActionRequired],
            "Eve",
            false,
            true,
        ),
        (named(done.clone()), vec![InProgress], "Eve", true, false),
        (
            named(done),
            vec![ActionRequired, Created],
            "Eve",
            true,
            false,
        ),
        (named(waits.clone()), vec![Created], "Eve", false, true),
        (named(waits.clone()), vec![Created], "Kim", true, false),
        (waits, vec![], "Eve", false, true),
    ] {
        let old = |(index, status): (usize, &SwapStatus)| {
            renaming(&index.to_string(), &part, &persona("Kim", None), *status)
        };
        let facts = RenameFacts {
            waits_for_picture: true,
            open: open.iter().enumerate().map(old).collect(),
            ..facts(part.clone())
        };
        let case = format!("{part:?} {open:?} {to}");
        let renaming = decide(&request(&[to]), facts).unwrap();
        let reason = |swap: &Swap| (swap.status, swap.reason);
        if duplicate {
            let failed = (SwapStatus::Failed, Some(SwapReason::Duplicate));
            assert!(
                renaming.swaps.iter().all(|swap| reason(swap) == failed),
                "{case}"
            );
            assert!(renaming.accepted.is_none(), "{case}");
            assert_eq!(words(&renaming.effects), ["swap.failed", "swap.failed"]);
        } else {
            assert!(
                renaming
                    .swaps
                    .iter()
                    .all(|swap| reason(swap) == (Created, None))
            );
            let accepted = renaming.accepted.unwrap();
            let superseded = (SwapStatus::Failed, Some(SwapReason::Superseded));
            assert_eq!(accepted.superseded.len(), open.len());
            assert!(
                accepted
                    .superseded
                    .iter()
                    .all(|swap| reason(swap) == superseded)
            );
            let all = words(&renaming.effects);
            assert_eq!(all.contains(&"release 1".to_owned()), unblocks, "{case}");
            assert_eq!(all.len(), 2 + open.len() + 1 + usize::from(unblocks));
        }
    }
}

#[test]
fn the_domain_that_a_swap_is_bringing_in_gets_the_new_names_too() {
    let coming = OrderDomain {
        personas: Some(personas(&["Ann", "Bob"])),
        ..coming_in(google(1), "in")
    };
    let with_coming = |part: OrderDomain| RenameFacts {
        coming_in: Some(coming.clone()),
        ..facts(part)
    };
    let accepted = decide(&request(&["Eve"]), with_coming(live(google(0))))
        .unwrap()
        .accepted;
    let expected = OrderDomain {
        personas: Some(personas(&["Eve"])),
        ..coming.clone()
    };
    assert_eq!(accepted.unwrap().coming_in, Some(expected));
}
