//! Alertmanager, asked.
