use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn account(number: usize) -> AccountId {
    AccountId::from_stored(format!("org_{number:02}"))
}

/// Accounts with a backlog, as the table shows them: by id, beginning after the last that was served.
fn line_up(backlog: &BTreeMap<AccountId, usize>, after: Option<&AccountId>) -> LineUp {
    let due = backlog.iter().filter(|(_, left)| **left > 0);
    let due: Vec<AccountId> = due.map(|(account, _)| account.clone()).collect();
    let (first, rest): (Vec<_>, Vec<_>) = due
        .into_iter()
        .partition(|account| after.is_none_or(|after| account > after));
    LineUp {
        accounts: first.into_iter().chain(rest).collect(),
        ..LineUp::default()
    }
}

#[test]
fn an_account_that_has_all_it_may_have_is_passed_over() {
    let under_way = UnderWay::new(16, 16);
    let mut backlog = BTreeMap::from([(account(1), 1_000)]);
    let shares = under_way.share_out(&line_up(&backlog, None), 16);
    assert_eq!(shares.len(), 1);
    assert_eq!(shares[0].most, 12);
    let seats: Vec<Seat> = (0..12).map(|_| under_way.enter(&account(1))).collect();
    assert_eq!(under_way.share_out(&line_up(&backlog, None), 4), []);
    backlog.insert(account(2), 1);
    let shares = under_way.share_out(&line_up(&backlog, None), 4);
    let given: Vec<_> = shares.iter().map(|share| &share.account).collect();
    assert_eq!(given, [&account(2)]);
    drop(seats);
    assert_eq!(under_way.share_out(&line_up(&backlog, None), 16).len(), 2);
}

#[test]
fn a_look_that_found_nobody_who_may_have_more_goes_on_behind_them() {
    let under_way = UnderWay::new(8, 1);
    let _seat = under_way.enter(&account(1));
    let line = LineUp {
        accounts: vec![account(1)],
        ended_at: Some(account(3)),
        fell_due: false,
    };
    assert_eq!(under_way.share_out(&line, 7), []);
    assert_eq!(under_way.last_served(), Some(account(3)));
}

proptest! {
    #[test]
    fn nobody_is_served_twice_while_another_has_nothing(
        total in 1usize..20,
        backlogs in proptest::collection::vec(0usize..30, 1..8),
        // How many of those under way end before each claim, and which.
        ends in proptest::collection::vec((0usize..6, any::<prop::sample::Index>()), 1..80),
    ) {
        let under_way = UnderWay::new(total, total);
        let mut backlog: BTreeMap<AccountId, usize> =
            backlogs.iter().enumerate().map(|(number, left)| (account(number), *left)).collect();
        let mut seats: Vec<Seat> = Vec::new();
        // Of each account that has work in line and none under way: who was served since.
        let mut starving: BTreeMap<AccountId, Vec<AccountId>> = BTreeMap::new();
        for (ended, index) in ends {
            for _ in 0..ended.min(seats.len()) {
                seats.swap_remove(index.index(seats.len()));
            }
            let free = total - seats.len();
            let line = line_up(&backlog, under_way.last_served().as_ref());
            let shares = under_way.share_out(&line, free);
            prop_assert!(shares.iter().map(|share| share.most).sum::<usize>() <= free);
            let is_open = free > total / 4;
            prop_assert!(!is_open || line.accounts.is_empty() || !shares.is_empty(), "a permit is left empty");
            for share in &shares {
                let left = backlog.entry(share.account.clone()).or_default();
                let claimed = share.most.min(*left);
                *left -= claimed;
                seats.extend((0..claimed).map(|_| under_way.enter(&share.account)));
            }
            let holds = |account: &AccountId| seats.iter().any(|seat| seat.account == *account);
            starving.retain(|account, _| backlog[account] > 0 && !holds(account));
            for (waits, served) in &mut starving {
                for share in &shares {
                    prop_assert!(!served.contains(&share.account), "{waits} waits, {served:?} were served");
                    served.push(share.account.clone());
                }
            }
            for (account, left) in &backlog {
                if *left > 0 && !holds(account) {
                    starving.entry(account.clone()).or_default();
                }
            }
        }
    }
}
