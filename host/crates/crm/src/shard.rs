//! Shards: which part of the work a thing belongs to, when several hosts share the work.
//!
//! The same in all releases, as hosts of two releases may share a database: never change this.

use crate::ids::ChannelId;

/// How many shards there are: enough for 64 hosts.
pub const SHARD_COUNT: u16 = 256;

/// A shard: 0 to 255.
pub type Shard = u8;

/// Some of the shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShardSet {
    bits: [u64; 4],
}

impl ShardSet {
    /// All shards.
    pub const ALL: ShardSet = ShardSet { bits: [u64::MAX; 4] };

    /// Whether the shard is one of them.
    pub fn contains(&self, shard: Shard) -> bool {
        self.bits[usize::from(shard >> 6)] >> (shard & 63) & 1 == 1
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.bits.iter().map(|part| part.count_ones() as usize).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bits == [0; 4]
    }

    /// The shards in their order.
    pub fn iter(&self) -> impl Iterator<Item = Shard> + '_ {
        (0..=Shard::MAX).filter(|shard| self.contains(*shard))
    }

    /// These without the others.
    pub fn without(&self, others: &ShardSet) -> ShardSet {
        let bits = std::array::from_fn(|part| self.bits[part] & !others.bits[part]);
        ShardSet { bits }
    }
}

impl FromIterator<Shard> for ShardSet {
    fn from_iter<T: IntoIterator<Item = Shard>>(shards: T) -> Self {
        let mut set = ShardSet::default();
        for shard in shards {
            set.bits[usize::from(shard >> 6)] |= 1 << (shard & 63);
        }
        set
    }
}

/// The shard of what is known by a number: items, and where there is none, runs; schedules by their attachment;
/// deliveries by their channel.
pub fn shard_of(number: i64) -> Shard {
    number.to_le_bytes()[0]
}

/// The shard of a chat in a channel.
pub fn shard_of_chat(channel: ChannelId, chat: &str) -> Shard {
    shard_of_name(&format!("{} {chat}", channel.0))
}

/// The shard of what is known by a name.
pub fn shard_of_name(name: &str) -> Shard {
    let hash = hash(name.as_bytes());
    // The low bits of this hash are its weakest: fold the high ones in.
    (hash ^ (hash >> 32)).to_le_bytes()[0]
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo).
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_stay_as_they_are() {
        assert_eq!([0, 17, 256, 1_000_003].map(shard_of), [0, 17, 0, 67]);
        // Published test vectors of FNV-1a.
        assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn set_holds_what_was_put_into_it() {
        let shards = [0, 63, 64, 200, 255];
        let set: ShardSet = shards.into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), shards);
        assert_eq!((set.len(), ShardSet::ALL.len()), (5, 256));
        assert_eq!(ShardSet::ALL.without(&set).len(), 251);
        assert!(ShardSet::default().is_empty() && !set.contains(1));
    }

    #[test]
    fn chats_are_spread_over_all_shards() {
        let mut counts = [0_u32; SHARD_COUNT as usize];
        for chat in 0..25_600 {
            counts[usize::from(shard_of_chat(ChannelId(1), &chat.to_string()))] += 1;
        }
        assert!(counts.iter().all(|count| (50..200).contains(count)), "{counts:?}");
    }
}
