//! The values that the format writes in words of its own: versions, suites, curves, hashes.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::super::scalar::{Malformed, scalar};
use super::super::suggest;
use super::super::units::Period;
use crate::model::Secret;

/// A closed set of words, some of which the format knows and this server can't do.
macro_rules! words {
    ($(#[$doc:meta])* $type:ident, $name:literal, [$($variant:ident = $text:literal),* $(,)?]) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $type {
            $(
                #[doc = concat!("`", $text, "`")]
                $variant,
            )*
        }

        impl $type {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$variant),*];
            const TEXTS: &[&str] = &[$($text),*];

            /// As it is written.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        scalar!($type, $name, {"type": "string"});
    };
}

words!(
    /// A version of TLS.
    TlsVersion, "a TLS version", [Tls12 = "TLS12", Tls13 = "TLS13"]
);

words!(
    /// A suite of ciphers, by the name it is registered under.
    CipherSuite, "a cipher suite", [
        EcdheEcdsaAes128 = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        EcdheEcdsaAes256 = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        EcdheEcdsaChaCha20 = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        EcdheRsaAes128 = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        EcdheRsaAes256 = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        EcdheRsaChaCha20 = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        Tls13Aes128 = "TLS_AES_128_GCM_SHA256",
        Tls13Aes256 = "TLS_AES_256_GCM_SHA384",
        Tls13ChaCha20 = "TLS_CHACHA20_POLY1305_SHA256",
    ]
);

words!(
    /// A curve of the key exchange.
    Curve, "a curve", [X25519 = "X25519", P256 = "CurveP256", P384 = "CurveP384"]
);

impl FromStr for TlsVersion {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        match text {
            "TLS10" | "TLS11" => Err(Malformed::new(
                format!("`{text}` is not spoken here: it is broken"),
                "write `TLS12`; a client that speaks nothing newer needs a proxy before warrener",
            )),
            _ => known(text, Self::ALL, Self::TEXTS),
        }
    }
}

impl FromStr for CipherSuite {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let old = ["_CBC_", "_RC4_", "_3DES_", "TLS_RSA_"];
        if text.starts_with("TLS_") && old.iter().any(|old| text.contains(old)) {
            return Err(Malformed::new(
                format!("`{text}` is not spoken here: it is broken, or keeps no past secret"),
                format!("use one of: {}", Self::TEXTS.join(", ")),
            ));
        }
        known(text, Self::ALL, Self::TEXTS)
    }
}

impl FromStr for Curve {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        match text {
            "CurveP521" | "X25519MLKEM768" | "SecP256r1MLKEM768" | "SecP384r1MLKEM1024" => {
                Err(Malformed::new(
                    format!("`{text}` is not spoken here"),
                    format!("use one of: {}", Self::TEXTS.join(", ")),
                ))
            }
            _ => known(text, Self::ALL, Self::TEXTS),
        }
    }
}

fn known<T: Copy>(text: &str, all: &[T], texts: &[&str]) -> Result<T, Malformed> {
    let at = texts.iter().position(|known| *known == text);
    at.and_then(|at| all.get(at).copied()).ok_or_else(|| {
        let problem = format!("unknown value `{text}`");
        Malformed::new(problem, suggest::value(text, texts))
    })
}

/// What a client must show of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// `NoClientCert`: nothing.
    #[default]
    None,
    /// `RequestClientCert`: asked for, not needed, not verified.
    Request,
    /// `RequireAnyClientCert`: any certificate, not verified.
    RequireAny,
    /// `VerifyClientCertIfGiven`: one of our authorities, or none.
    VerifyIfGiven,
    /// `RequireAndVerifyClientCert`: one of our authorities.
    RequireAndVerify,
}

impl ClientAuth {
    const TEXTS: [(&str, Self); 6] = [
        ("NoClientCert", Self::None),
        ("RequestClientCert", Self::Request),
        ("RequireAnyClientCert", Self::RequireAny),
        ("VerifyClientCertIfGiven", Self::VerifyIfGiven),
        ("RequireAndVerifyClientCert", Self::RequireAndVerify),
        // An older name of `RequireAnyClientCert`.
        ("RequireClientCert", Self::RequireAny),
    ];

    /// Whether a certificate that is shown is verified.
    pub const fn verifies(self) -> bool {
        matches!(self, Self::VerifyIfGiven | Self::RequireAndVerify)
    }

    /// Whether nobody comes in without a certificate.
    pub const fn requires(self) -> bool {
        matches!(self, Self::RequireAny | Self::RequireAndVerify)
    }
}

impl FromStr for ClientAuth {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if text.is_empty() {
            return Ok(Self::None);
        }
        let (texts, all): (Vec<_>, Vec<_>) = Self::TEXTS.into_iter().unzip();
        known(text, &all, &texts)
    }
}

impl fmt::Display for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Self::TEXTS.iter().find(|(_, it)| it == self);
        f.write_str(known.map_or("", |(text, _)| text))
    }
}

scalar!(ClientAuth, "a client authentication", {"type": "string"});

/// A password's bcrypt hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Bcrypt {
    hash: Secret,
    cost: u32,
}

impl Bcrypt {
    /// The most that one may cost: a second or two of a core.
    pub const MOST: u32 = 16;
    const BYTES: usize = 60;

    /// The hash, as it stands in the file.
    pub fn hash(&self) -> &Secret {
        &self.hash
    }

    /// Its cost: 2 to the power of this many rounds.
    pub fn cost(&self) -> u32 {
        self.cost
    }
}

impl FromStr for Bcrypt {
    type Err = Malformed;

    /// What is wrong never holds the text: it may be a password.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let remedy = "write the output of `htpasswd -nBC 10 \"\" | tr -d ':\\n'`";
        let bad = || Malformed::new("is not the bcrypt hash of a password", remedy);
        let kind = ["$2a$", "$2b$", "$2y$"];
        if text.len() != Self::BYTES || !kind.iter().any(|kind| text.starts_with(kind)) {
            return Err(bad());
        }
        let (cost, rest) = text
            .get(4..)
            .and_then(|rest| rest.split_once('$'))
            .ok_or_else(bad)?;
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '/';
        if cost.len() != 2 || rest.len() != 53 || !rest.chars().all(letter) {
            return Err(bad());
        }
        let cost: u32 = cost.parse().map_err(|_| bad())?;
        match cost {
            4..=Self::MOST => Ok(Bcrypt {
                hash: Secret::from(text),
                cost,
            }),
            _ => Err(Malformed::new(
                format!("a bcrypt cost of {cost} is not from 4 to {}", Self::MOST),
                "hash the password again with a cost of 10 to 12",
            )),
        }
    }
}

impl fmt::Display for Bcrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hash.fmt(f)
    }
}

impl fmt::Debug for Bcrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

scalar!(Bcrypt, "a bcrypt hash", {"type": "string"});

/// A length of time that may be zero: `1s`, `100ms`, `0`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace(Duration);

impl Pace {
    /// As the standard library counts it.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl FromStr for Pace {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        match text {
            "0" | "0s" => Ok(Self::default()),
            _ => text.parse::<Period>().map(|period| Pace(period.get())),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

scalar!(Pace, "a duration", {"type": "string"});
