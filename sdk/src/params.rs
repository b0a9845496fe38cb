//! The values that the admin gave this attachment, typed.
//!
//! [`params!`](crate::params!) declares a struct whose `read` fills it in:
//!
//! ```
//! use signalbox_sdk::params;
//! use std::time::Duration;
//!
//! params! {
//!     struct Params {
//!         /// Key `title`; the run fails when it is missing.
//!         title: String,
//!         /// Key `skip-if-open`: underscores become hyphens.
//!         skip_if_open: bool,
//!         /// May be missing.
//!         duration: Option<Duration>,
//!         /// One of three words.
//!         when: When,
//!     }
//!     enum When { Always = "always", First = "first", OffHours = "off-hours" }
//! }
//! ```

use std::time::Duration;

use crate::bindings::signalbox::robot::params;
use crate::{Failure, Money, ParamValue};

/// A type that a parameter can have. Implement it for a type of your own where a parameter needs more than a type.
pub trait FromParam: Sized {
    /// Takes the value of parameter `key`.
    ///
    /// # Errors
    /// `invalid-param` when the value is of another type.
    fn from_param(key: &str, value: ParamValue) -> Result<Self, Failure>;

    /// What a missing parameter means.
    ///
    /// # Errors
    /// `missing-param`, unless the type has a meaning for it, as `Option` has.
    fn absent(key: &str) -> Result<Self, Failure> {
        Err(Failure::new(
            "missing-param",
            format!("parameter `{key}` is missing"),
        ))
    }
}

/// Reads a parameter by its key.
///
/// # Errors
/// `missing-param` and `invalid-param`; both messages name the key.
pub fn get<T: FromParam>(key: &str) -> Result<T, Failure> {
    match params::get(key) {
        Some(value) => T::from_param(key, value),
        None => T::absent(key),
    }
}

/// The failure for a word that is none of a parameter's options.
pub fn wrong_choice(key: &str, value: &str) -> Failure {
    Failure::new(
        "invalid-param",
        format!("parameter `{key}` has no option `{value}`"),
    )
}

/// A missing parameter is `None`.
impl<T: FromParam> FromParam for Option<T> {
    fn from_param(key: &str, value: ParamValue) -> Result<Option<T>, Failure> {
        T::from_param(key, value).map(Some)
    }

    fn absent(_key: &str) -> Result<Option<T>, Failure> {
        Ok(None)
    }
}

/// Implements [`FromParam`] for the types that are one case of the contract's variant.
macro_rules! from_param_case {
    ($($type:ty, $case:ident, $word:literal, $convert:expr, $doc:literal;)+) => {
        $(
            #[doc = $doc]
            impl FromParam for $type {
                fn from_param(key: &str, value: ParamValue) -> Result<$type, Failure> {
                    match value {
                        ParamValue::$case(value) => Ok($convert(value)),
                        other => Err(wrong_type(key, $word, &other)),
                    }
                }
            }
        )+
    };
}

from_param_case! {
    bool, Flag, "flag", ::core::convert::identity, "`bool`.";
    i32, Whole, "whole", ::core::convert::identity, "`int`.";
    String, Text, "text", ::core::convert::identity, "Every type that is a text, and references such as `user` or `stage`.";
    Duration, Seconds, "seconds", |seconds: u32| Duration::from_secs(seconds.into()), "`duration`.";
    Money, Money, "money", ::core::convert::identity, "`money`.";
    Vec<String>, Many, "many", ::core::convert::identity, "`users`, and every parameter with `multiple`.";
}

/// `double`.
impl FromParam for f64 {
    fn from_param(key: &str, value: ParamValue) -> Result<f64, Failure> {
        match value {
            ParamValue::Decimal(text) => text.parse().map_err(|_| {
                Failure::new(
                    "invalid-param",
                    format!("parameter `{key}` is no number: `{text}`"),
                )
            }),
            other => Err(wrong_type(key, "decimal", &other)),
        }
    }
}

/// `int` with `multiple`, where no number is negative.
impl FromParam for Vec<u32> {
    fn from_param(key: &str, value: ParamValue) -> Result<Vec<u32>, Failure> {
        let texts = Vec::<String>::from_param(key, value)?;
        let number = |text: &String| {
            text.parse().map_err(|_| {
                Failure::new(
                    "invalid-param",
                    format!("parameter `{key}` holds `{text}`, this robot reads whole numbers"),
                )
            })
        };
        texts.iter().map(number).collect()
    }
}

fn wrong_type(key: &str, wanted: &str, found: &ParamValue) -> Failure {
    let found = case_name(found);
    Failure::new(
        "invalid-param",
        format!("parameter `{key}` is of the case `{found}`, this robot reads `{wanted}`"),
    )
}

/// The name in the contract.
fn case_name(value: &ParamValue) -> &'static str {
    match value {
        ParamValue::Flag(_) => "flag",
        ParamValue::Whole(_) => "whole",
        ParamValue::Decimal(_) => "decimal",
        ParamValue::Text(_) => "text",
        ParamValue::Seconds(_) => "seconds",
        ParamValue::Money(_) => "money",
        ParamValue::Many(_) => "many",
    }
}

/// Declares a struct of parameters, with `read`, and enums for parameters of type `select`.
///
/// The key of a field is its name with hyphens for underscores: `allow_back` reads `allow-back`.
/// A field's type is one that has [`FromParam`](crate::params::FromParam).
#[macro_export]
macro_rules! params {
    () => {};
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $($(#[$field_attribute:meta])* $field:ident: $type:ty),* $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[$attribute])*
        $visibility struct $name {
            $($(#[$field_attribute])* $field: $type,)*
        }

        impl $name {
            /// Reads all parameters of the run.
            $visibility fn read() -> ::core::result::Result<$name, $crate::Failure> {
                ::core::result::Result::Ok($name {
                    $($field: $crate::params::get(&::core::stringify!($field).replace('_', "-"))?,)*
                })
            }
        }

        $crate::params! { $($rest)* }
    };
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $name:ident {
            $($(#[$case_attribute:meta])* $case:ident = $word:literal),+ $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visibility enum $name {
            $($(#[$case_attribute])* $case,)+
        }

        impl $crate::params::FromParam for $name {
            fn from_param(
                key: &str,
                value: $crate::ParamValue,
            ) -> ::core::result::Result<$name, $crate::Failure> {
                let word = <::std::string::String as $crate::params::FromParam>::from_param(key, value)?;
                match word.as_str() {
                    $($word => ::core::result::Result::Ok($name::$case),)+
                    other => ::core::result::Result::Err($crate::params::wrong_choice(key, other)),
                }
            }
        }

        $crate::params! { $($rest)* }
    };
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{FromParam, ParamValue};

    params! {
        enum When { Always = "always", OffHours = "off-hours" }
    }

    #[test]
    fn each_case_becomes_its_type() {
        assert_eq!(bool::from_param("a", ParamValue::Flag(true)), Ok(true));
        assert_eq!(i32::from_param("a", ParamValue::Whole(-4)), Ok(-4));
        assert_eq!(f64::from_param("a", ParamValue::Decimal("1.5".into())), Ok(1.5));
        assert_eq!(
            Duration::from_param("a", ParamValue::Seconds(90)),
            Ok(Duration::from_secs(90))
        );
        assert_eq!(
            Option::<String>::from_param("a", ParamValue::Text("x".into())),
            Ok(Some("x".into()))
        );
        assert_eq!(
            When::from_param("a", ParamValue::Text("off-hours".into())),
            Ok(When::OffHours)
        );
    }

    #[test]
    fn missing_parameter_names_its_key_unless_optional() {
        let failure = String::absent("title").unwrap_err();
        assert_eq!(
            (failure.code.as_str(), failure.message.as_str()),
            ("missing-param", "parameter `title` is missing")
        );
        assert_eq!(Option::<bool>::absent("title"), Ok(None));
    }

    #[test]
    fn value_of_another_type_names_the_key_and_both_types() {
        let failure = bool::from_param("allow-back", ParamValue::Text("yes".into())).unwrap_err();
        assert_eq!(failure.code, "invalid-param");
        assert_eq!(
            failure.message,
            "parameter `allow-back` is of the case `text`, this robot reads `flag`"
        );
    }

    #[test]
    fn list_of_numbers_names_the_one_that_is_none() {
        let failure = Vec::<u32>::from_param("reminders", ParamValue::Many(vec!["-5".into()])).unwrap_err();
        assert_eq!(
            failure.message,
            "parameter `reminders` holds `-5`, this robot reads whole numbers"
        );
    }

    #[test]
    fn unknown_option_is_named() {
        let failure = When::from_param("when", ParamValue::Text("never".into())).unwrap_err();
        assert_eq!(failure.message, "parameter `when` has no option `never`");
    }
}
