//! `web`: who may act over HTTP. Addresses are flags.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The web server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// Who may use the routes that act. Without it they answer 403.
    pub auth: Option<Auth>,
}

/// Who may use the routes that act; any one of the ways given is enough.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// File that holds the bearer token.
    pub bearer_file: Option<PathBuf>,
    /// HTTP basic authentication.
    pub basic: Option<Basic>,
}

/// HTTP basic authentication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// User name.
    pub user: String,
    /// File that holds the password.
    pub password_file: PathBuf,
}
