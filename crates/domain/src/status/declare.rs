//! How a status is declared: its words, and which one may follow which.

/// Declares an enum that is stored and sent as a fixed lower-case word.
macro_rules! stored_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:tt,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        #[cfg_attr(feature = "columns", derive(sea_orm::DeriveValueType))]
        #[cfg_attr(feature = "columns", sea_orm(value_type = "String"))]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// Every value, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that is stored and sent.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::status::UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::status::UnknownWord { kind: stringify!($name), word: text.to_owned() }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        $crate::column::part_of_a_key!($name);
    };
}
pub(crate) use stored_enum;

/// A word that is none of an enum's values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not a {kind}")]
pub struct UnknownWord {
    pub kind: &'static str,
    pub word: String,
}

/// A change of status that the rules do not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{noun} may not go from {from} to {to}")]
pub struct IllegalTransition {
    /// What was to change.
    pub noun: &'static str,
    /// The status it has.
    pub from: &'static str,
    /// The status it was to get.
    pub to: &'static str,
}

/// Declares which status may follow which. Staying as it is is always allowed.
macro_rules! transitions {
    ($noun:literal: $name:ident { $($from:ident => [$($to:ident),*],)+ }) => {
        impl $name {
            const fn may_become(self, to: Self) -> bool {
                match self {
                    $(Self::$from => matches!(to, Self::$from $(| Self::$to)*),)+
                }
            }

            /// The new status, or why it may not follow this one. Staying as it is is always allowed.
            pub const fn transition(self, to: Self) -> Result<Self, $crate::status::IllegalTransition> {
                if self.may_become(to) {
                    return Ok(to);
                }
                Err($crate::status::IllegalTransition {
                    noun: $noun,
                    from: self.as_str(),
                    to: to.as_str(),
                })
            }
        }
    };
}
pub(super) use transitions;
