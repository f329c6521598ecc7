//! What waits, taken in turns over those that it belongs to: whoever has much waiting delays nobody by more than one
//! piece at a time. What belongs to the same stays in the order of its arrival.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Things that wait, by owner.
#[derive(Debug)]
pub struct Turns<K, T> {
    waiting: HashMap<K, VecDeque<T>>,
    /// Owners with something waiting, the next one first.
    owners: VecDeque<K>,
}

impl<K, T> Default for Turns<K, T> {
    fn default() -> Self {
        Self {
            waiting: HashMap::new(),
            owners: VecDeque::new(),
        }
    }
}

impl<K: Clone + Eq + Hash, T> Turns<K, T> {
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    /// Puts something behind what its owner has waiting already. An owner that had nothing is the last in turn.
    pub fn push(&mut self, owner: K, item: T) {
        if let Some(waiting) = self.waiting.get_mut(&owner) {
            waiting.push_back(item);
            return;
        }
        self.owners.push_back(owner.clone());
        self.waiting.insert(owner, VecDeque::from([item]));
    }

    /// The first thing of the owner whose turn it is.
    pub fn pop(&mut self) -> Option<T> {
        self.pop_if(|_| true).map(|(_, item)| item)
    }

    /// The same, of the first owner in turn that may have one; the others keep their place.
    pub fn pop_if(&mut self, may: impl FnMut(&K) -> bool) -> Option<(K, T)> {
        let index = self.owners.iter().position(may)?;
        let owner = self.owners.remove(index)?;
        let waiting = self.waiting.get_mut(&owner)?;
        let item = waiting.pop_front()?;
        if waiting.is_empty() {
            self.waiting.remove(&owner);
        } else {
            self.owners.push_back(owner.clone());
        }
        Some((owner, item))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_newcomer_waits_for_one_piece_of_each_other() {
        let mut turns = Turns::default();
        for piece in 0..1_000 {
            turns.push("heavy", ("heavy", piece));
        }
        turns.push("other", ("other", 0));
        let taken: Vec<_> = std::iter::from_fn(|| turns.pop()).take(4).collect();
        assert_eq!(
            taken,
            [("heavy", 0), ("other", 0), ("heavy", 1), ("heavy", 2)]
        );
    }

    #[test]
    fn an_owner_that_may_not_keeps_its_place() {
        let mut turns = Turns::default();
        for (owner, piece) in [("a", 1), ("b", 2), ("c", 3), ("b", 4)] {
            turns.push(owner, piece);
        }
        assert_eq!(turns.pop_if(|owner| *owner != "a"), Some(("b", 2)));
        assert_eq!(turns.pop_if(|owner| *owner == "z"), None);
        let rest: Vec<_> = std::iter::from_fn(|| turns.pop()).collect();
        assert_eq!(rest, [1, 3, 4]);
    }

    proptest! {
        #[test]
        fn all_is_taken_in_turns_and_in_the_order_of_each(
            steps in proptest::collection::vec((0u8..5, 0usize..3), 0..200),
        ) {
            let mut turns = Turns::default();
            let mut numbers = [0usize; 5];
            let mut taken: Vec<(u8, usize)> = Vec::new();
            // For each owner with something waiting: who was served since its last turn.
            let mut since: HashMap<u8, Vec<u8>> = HashMap::new();
            let serve = |turns: &mut Turns<u8, (u8, usize)>, since: &mut HashMap<u8, Vec<u8>>, taken: &mut Vec<(u8, usize)>, numbers: &[usize; 5]| {
                let Some((owner, number)) = turns.pop() else { return Ok(()) };
                taken.push((owner, number));
                since.remove(&owner);
                if number + 1 < numbers[usize::from(owner)] {
                    since.insert(owner, Vec::new());
                }
                for (waits, served) in since.iter_mut() {
                    if *waits != owner {
                        prop_assert!(!served.contains(&owner), "{owner} was served twice while {waits} waited");
                        served.push(owner);
                    }
                }
                Ok(())
            };
            for (owner, served) in steps {
                let number = &mut numbers[usize::from(owner)];
                turns.push(owner, (owner, *number));
                *number += 1;
                since.entry(owner).or_default();
                for _ in 0..served {
                    serve(&mut turns, &mut since, &mut taken, &numbers)?;
                }
            }
            while !turns.is_empty() {
                serve(&mut turns, &mut since, &mut taken, &numbers)?;
            }
            for owner in 0..5u8 {
                let of_owner: Vec<usize> = taken.iter().filter(|(whose, _)| *whose == owner).map(|(_, number)| *number).collect();
                prop_assert_eq!(of_owner, (0..numbers[usize::from(owner)]).collect::<Vec<_>>());
            }
        }
    }
}
