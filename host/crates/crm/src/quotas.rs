//! How much one run may ask for. A robot may want less than the host allows.

use std::collections::BTreeMap;

/// What the drafts of one run may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Rows that it may change.
    pub writes: usize,
    /// Notifications, one for each recipient.
    pub notifications: usize,
    /// Messages to clients.
    pub client_messages: usize,
    /// Wake-ups that it may set.
    pub timers: usize,
    /// Requests to services outside.
    pub requests: usize,
}

impl Quotas {
    /// The host's own. 100 rows, 20 notifications, 3 messages, 10 requests: wasm-hosts study, table of limits.
    /// 16 wake-ups: a robot that needs more sets the next one when it wakes up.
    pub const HOST: Quotas = Quotas {
        writes: 100,
        notifications: 20,
        client_messages: 3,
        timers: 16,
        requests: 10,
    };

    /// The names in a manifest.
    pub const NAMES: [&str; 5] = ["writes", "notifications", "client-messages", "timers", "requests"];

    /// These, lowered to what a manifest wishes for. A wish above them has no effect.
    #[must_use]
    pub fn narrowed(mut self, wishes: &BTreeMap<String, u64>) -> Self {
        let quotas = [
            &mut self.writes,
            &mut self.notifications,
            &mut self.client_messages,
            &mut self.timers,
            &mut self.requests,
        ];
        for (name, quota) in Quotas::NAMES.into_iter().zip(quotas) {
            if let Some(wish) = wishes.get(name) {
                *quota = (*quota).min(usize::try_from(*wish).unwrap_or(usize::MAX));
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_lowers_quotas_and_never_raises_them() {
        let wishes = |value: u64| Quotas::NAMES.map(|name| (name.to_owned(), value)).into();
        let two = Quotas {
            writes: 2,
            notifications: 2,
            client_messages: 2,
            timers: 2,
            requests: 2,
        };
        assert_eq!(Quotas::HOST.narrowed(&wishes(2)), two);
        assert_eq!(Quotas::HOST.narrowed(&wishes(u64::MAX)), Quotas::HOST);
        let one = BTreeMap::from([("client-messages".to_owned(), 0)]);
        let expected = Quotas {
            client_messages: 0,
            ..Quotas::HOST
        };
        assert_eq!(Quotas::HOST.narrowed(&one), expected);
    }
}
