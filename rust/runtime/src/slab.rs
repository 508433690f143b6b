//! Values under names that are never mistaken for an earlier value's.

/// A table whose keys are `generation << 32 | index`: a late use of a removed value's key finds nothing.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    entries: Vec<Entry<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Entry<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Slab<T> {
    pub(crate) fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    pub(crate) fn insert(&mut self, value: T) -> u64 {
        let index = self.free.pop().unwrap_or_else(|| {
            self.entries.push(Entry {
                generation: 0,
                value: None,
            });
            (self.entries.len() - 1) as u32
        });
        let entry = &mut self.entries[index as usize];
        entry.generation = entry.generation.wrapping_add(1);
        entry.value = Some(value);
        u64::from(entry.generation) << 32 | u64::from(index)
    }

    pub(crate) fn get_mut(&mut self, key: u64) -> Option<&mut T> {
        self.entry(key)?.value.as_mut()
    }

    pub(crate) fn remove(&mut self, key: u64) -> Option<T> {
        let value = self.entry(key)?.value.take()?;
        self.free.push(key as u32);
        Some(value)
    }

    /// Removes all values.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = T> {
        (0..).zip(&mut self.entries).filter_map(|(index, entry)| {
            let value = entry.value.take()?;
            self.free.push(index);
            Some(value)
        })
    }

    fn entry(&mut self, key: u64) -> Option<&mut Entry<T>> {
        let entry = self.entries.get_mut(key as u32 as usize)?;
        (entry.generation == (key >> 32) as u32).then_some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_values_key_does_not_find_its_successor() {
        let mut slab = Slab::new();
        let first = slab.insert("first");
        assert_eq!(slab.remove(first), Some("first"));
        let second = slab.insert("second");
        assert_eq!(first as u32, second as u32, "the place is used again");
        assert_eq!(slab.get_mut(first), None);
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.get_mut(second), Some(&mut "second"));
        assert_eq!(slab.len(), 1);
    }
}
