//! How the permits of a process are shared out among accounts, so that one with much work delays no other
//! (docs/adr/0025).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// An account that holds fewer permits than this may take one that is kept free for others.
const FEW: usize = 4;
/// One permit in so many is kept free for accounts that hold few.
const RESERVED_SHARE: usize = 4;

/// Permits of one kind in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permits {
    /// How many are free.
    pub free: usize,
    /// How many there are.
    pub total: usize,
    /// Most that one account may hold.
    pub most_each: usize,
}

impl Permits {
    /// How many permits each account gets now, at most `most` together. `held` are those that each holds already, in the
    /// order of their turns.
    ///
    /// Each permit goes to the account that holds the fewest, the first in turn among equals. The last quarter goes only to
    /// accounts that hold fewer than four: whoever comes new finds a permit, whatever others have under way.
    pub fn share_out(self, held: &[usize], most: usize) -> Vec<usize> {
        let mut given = vec![0; held.len()];
        let by_need = held.iter().copied().zip(0..).map(Reverse);
        let mut by_need: BinaryHeap<Reverse<(usize, usize)>> = by_need.collect();
        for free in (1..=self.free).rev().take(most) {
            let Some(Reverse((holds, index))) = by_need.pop() else {
                break;
            };
            // Nobody who comes later in the heap holds fewer.
            if holds >= self.allowed(free) {
                break;
            }
            given[index] += 1;
            by_need.push(Reverse((holds + 1, index)));
        }
        given
    }

    /// How many permits an account may hold and still get one while so many are free.
    fn allowed(self, free: usize) -> usize {
        if free > self.total / RESERVED_SHARE {
            self.most_each
        } else {
            FEW.min(self.most_each)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn permits(free: usize, total: usize) -> Permits {
        Permits {
            free,
            total,
            most_each: usize::MAX,
        }
    }

    #[test]
    fn one_account_alone_gets_all_but_a_quarter() {
        assert_eq!(permits(128, 128).share_out(&[0], 200), [96]);
        assert_eq!(permits(32, 128).share_out(&[96], 200), [0]);
    }

    #[test]
    fn a_single_place_goes_to_whoever_is_next() {
        assert_eq!(permits(1, 1).share_out(&[0, 0], 200), [1, 0]);
        assert_eq!(permits(1, 1).share_out(&[], 200), [0usize; 0]);
    }

    #[test]
    fn a_newcomer_finds_a_place_beside_those_who_hold_many() {
        assert_eq!(permits(32, 128).share_out(&[96, 0], 200), [0, 4]);
        assert_eq!(permits(40, 128).share_out(&[88, 0], 200), [0, 8]);
        assert_eq!(permits(3, 128).share_out(&[62, 3, 63], 200), [0, 1, 0]);
    }

    #[test]
    fn no_account_gets_more_than_one_may_hold() {
        let capped = Permits {
            most_each: 10,
            ..permits(100, 100)
        };
        assert_eq!(capped.share_out(&[0, 9, 10, 30], 200), [10, 1, 0, 0]);
    }

    proptest! {
        #[test]
        fn places_even_out_and_none_is_given_twice(
            free in 0usize..80,
            taken in 0usize..80,
            most_each in 1usize..100,
            most in 0usize..80,
            held in proptest::collection::vec(0usize..40, 0..12),
        ) {
            let permits = Permits { free, total: free + taken, most_each };
            let given = permits.share_out(&held, most);
            let sum: usize = given.iter().sum();
            prop_assert!(sum <= free.min(most));
            let holds: Vec<usize> = held.iter().zip(&given).map(|(held, given)| held + given).collect();
            for (index, got) in given.iter().enumerate() {
                if *got == 0 {
                    continue;
                }
                prop_assert!(holds[index] <= most_each);
                // Whoever got one had not more than anybody has now.
                prop_assert!(holds.iter().all(|other| holds[index] <= other + 1));
            }
            // What is left over is left for those that hold few, and there is none.
            if sum < free.min(most) {
                let few = FEW.min(most_each);
                prop_assert!(holds.iter().all(|holds| *holds >= few));
                prop_assert!(free - sum <= permits.total / RESERVED_SHARE || holds.iter().all(|holds| *holds >= most_each));
            }
        }
    }
}
