//! The servers there are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A server with a port of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    NameCom,
    Cloudflare,
    Google,
    Microsoft,
    Smartlead,
    /// No vendor: the web with its pictures and pages, which can fail like one.
    Web,
}

impl Vendor {
    /// All of them, in the order of their ports.
    pub const ALL: [Self; 6] = [
        Self::NameCom,
        Self::Cloudflare,
        Self::Google,
        Self::Microsoft,
        Self::Smartlead,
        Self::Web,
    ];

    /// The word for it in paths and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::NameCom => "namecom",
            Self::Cloudflare => "cloudflare",
            Self::Google => "google",
            Self::Microsoft => "microsoft",
            Self::Smartlead => "smartlead",
            Self::Web => "web",
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

impl FromStr for Vendor {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|vendor| vendor.word() == word)
            .ok_or_else(|| format!("there is no vendor {word:?}"))
    }
}
