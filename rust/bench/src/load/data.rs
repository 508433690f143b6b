//! The data of requests and items, as the contenders in Go have it.

use anyhow::ensure;

/// What the index of an item takes.
pub(crate) const MIN_SIZE: usize = 8;

/// Bytes that depend on the seed, with the seed in the first ones.
pub(crate) fn pattern(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed;
    let mut data: Vec<u8> = (0..size)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect();
    put_index(&mut data, seed);
    data
}

/// Makes data the item with this index: the index is in its first bytes, whatever the others are.
pub(crate) fn put_index(data: &mut [u8], index: u64) {
    data[..MIN_SIZE].copy_from_slice(&index.to_be_bytes());
}

/// Compares an answer with its request, in length alone unless all of it is to be checked.
pub(crate) fn same_answer(request: &[u8], answer: &[u8], all: bool) -> anyhow::Result<()> {
    let same = answer.len() == request.len() && (!all || answer == request);
    ensure!(same, "the answer differs from the request");
    Ok(())
}

/// The data of a request-stream that asks for so many items of so many bytes.
pub(crate) fn stream_request(items: u32, size: u32) -> Vec<u8> {
    [items.to_be_bytes(), size.to_be_bytes()].concat()
}

/// Reads such data: how many items of how many bytes. Items have their index in their first eight bytes.
pub(crate) fn parse_stream(data: &[u8]) -> Option<(u32, usize)> {
    let (items, size) = data.split_first_chunk()?;
    let (items, size) = (
        u32::from_be_bytes(*items),
        u32::from_be_bytes(size.try_into().ok()?),
    );
    let size = size as usize;
    (size >= MIN_SIZE).then_some((items, size))
}

/// Holds the items of a stream to their order and size.
pub(crate) struct ItemCheck {
    size: usize,
    pub(crate) count: u64,
    wrong: Option<u64>,
}

impl ItemCheck {
    pub(crate) fn new(size: usize) -> Self {
        Self {
            size,
            count: 0,
            wrong: None,
        }
    }

    pub(crate) fn each(&mut self, item: &[u8]) {
        let belongs = item.len() == self.size && item.starts_with(&self.count.to_be_bytes());
        if !belongs && self.wrong.is_none() {
            self.wrong = Some(self.count);
        }
        self.count += 1;
    }

    /// Says what came of a stream that should have had so many items.
    pub(crate) fn end(&self, items: u32) -> anyhow::Result<()> {
        if let Some(index) = self.wrong {
            anyhow::bail!("item {index} is not the one that belongs there");
        }
        ensure!(
            self.count == u64::from(items),
            "{} items came, of {items}",
            self.count
        );
        Ok(())
    }
}
