//! How many items the peer is asked for, and when it is asked for more.

/// Items that a stream may hold unless it is told otherwise.
const PREFETCH: u32 = 256;

/// The credit that one stream gives its peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// What the peer is asked for to begin with.
    initial: u32,
    /// Items taken since the peer was last asked; `None` where the user asks.
    taken: Option<u32>,
}

impl Default for Window {
    fn default() -> Self {
        Self::of(PREFETCH)
    }
}

impl Window {
    /// Keeps between half of `prefetch` items and all of them asked for.
    pub(crate) fn of(prefetch: u32) -> Self {
        Self {
            initial: prefetch.max(1),
            taken: Some(0),
        }
    }

    /// Asks for `initial` items and leaves the rest to the user.
    pub(crate) fn manual(initial: u32) -> Self {
        Self {
            initial,
            taken: None,
        }
    }

    pub(crate) fn initial(self) -> u32 {
        self.initial
    }

    /// Notes that the user asks for more before anything has been asked for.
    pub(crate) fn widen(&mut self, n: u32) {
        self.initial = self.initial.saturating_add(n);
    }

    /// Notes that an item has been taken; returns what to ask for now.
    pub(crate) fn take(&mut self) -> Option<u32> {
        let taken = self.taken.as_mut()?;
        *taken += 1;
        if *taken < self.initial.div_ceil(2) {
            return None;
        }
        Some(std::mem::take(taken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_asked_for_when_half_is_left() {
        for (prefetch, every) in [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2), (256, 128)] {
            let mut window = Window::of(prefetch);
            for item in 1..=4 * every {
                let asked = (item % every == 0).then_some(every);
                assert_eq!(window.take(), asked, "prefetch {prefetch}, item {item}");
            }
        }
    }

    #[test]
    fn a_window_of_any_size_is_never_exceeded() {
        for prefetch in 1..50 {
            let mut window = Window::of(prefetch);
            let mut asked = window.initial();
            for _ in 0..500 {
                assert!((1..=prefetch).contains(&asked));
                asked -= 1;
                asked += window.take().unwrap_or(0);
            }
        }
    }

    #[test]
    fn a_manual_window_asks_for_nothing_by_itself() {
        let mut window = Window::manual(3);
        window.widen(2);
        assert_eq!(window.initial(), 5);
        assert!((0..10).all(|_| window.take().is_none()));
    }
}
