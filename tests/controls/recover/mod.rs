//! The whole loop with real controls: the real binary finds what is wrong, and its shipped playbooks
//! repair it through systemd or a Docker engine. What was done is told by those, not by warrener.

mod docker;
mod systemd;
mod watched;
