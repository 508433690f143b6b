//! Masking (RFC 6455, section 5.3).

/// A masking key, as far as it has been used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mask {
    key: u128,
}

/// Bytes that are masked at once.
const STEP: usize = size_of::<u128>();

impl Mask {
    pub(super) fn new([a, b, c, d]: [u8; 4]) -> Self {
        let key = [a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d];
        Self {
            key: u128::from_ne_bytes(key),
        }
    }

    /// Masks or unmasks the next bytes of a payload.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        let mut steps = bytes.chunks_exact_mut(STEP);
        for step in &mut steps {
            let mut word = [0; STEP];
            word.copy_from_slice(step);
            let masked = u128::from_ne_bytes(word) ^ self.key;
            step.copy_from_slice(&masked.to_ne_bytes());
        }
        let mut key = self.key.to_ne_bytes();
        let rest = steps.into_remainder();
        for (byte, key) in rest.iter_mut().zip(key) {
            *byte ^= key;
        }
        key.rotate_left(rest.len() % 4);
        self.key = u128::from_ne_bytes(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_alike_however_the_payload_is_cut() {
        let key = [0x37, 0xFA, 0x21, 0x3D];
        let payload: Vec<u8> = (0..100).collect();
        let expected: Vec<u8> = (0..100).map(|i| payload[i] ^ key[i % 4]).collect();
        for first in 0..40 {
            for second in 0..40 {
                let mut masked = payload.clone();
                let mut mask = Mask::new(key);
                let (head, rest) = masked.split_at_mut(first);
                let (middle, tail) = rest.split_at_mut(second);
                mask.apply(head);
                mask.apply(middle);
                mask.apply(tail);
                assert_eq!(masked, expected, "cut at {first} and {second} more");
            }
        }
    }
}
