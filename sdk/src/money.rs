//! Amounts.

use crate::{Failure, Money};

impl Money {
    /// The amount in hundredths of its unit: `1500.5` is 150,050. Compare these, never the texts.
    ///
    /// # Errors
    /// `invalid` when the amount is no decimal number with at most two decimals, or does not fit.
    pub fn hundredths(&self) -> Result<i64, Failure> {
        hundredths(&self.amount).ok_or_else(|| {
            Failure::new(
                "invalid",
                format!("`{}` is no amount such as 1500.00", self.amount),
            )
        })
    }
}

fn hundredths(amount: &str) -> Option<i64> {
    let (sign, digits) = match amount.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, amount),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(decimals) || decimals.len() > 2 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let decimals: i64 = format!("{decimals:0<2}").parse().ok()?;
    whole.checked_mul(100)?.checked_add(decimals)?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::hundredths;

    #[test]
    fn amounts_are_exact() {
        for (amount, expected) in [
            ("1500.00", 150_000),
            ("1500.5", 150_050),
            ("7", 700),
            ("-0.01", -1),
        ] {
            assert_eq!(hundredths(amount), Some(expected), "{amount}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for amount in [
            "",
            "-",
            ".5",
            "1.",
            "1.234",
            "1e3",
            "+1",
            "1 000",
            "99999999999999999999",
        ] {
            assert_eq!(hundredths(amount), None, "{amount}");
        }
    }
}
