//! The answer to a scrape, put together from chunks that are already encoded.

use std::sync::Arc;

use bytes::Bytes;

use super::chunk::{self, Chunk};

/// The text formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus text 0.0.4.
    Text,
}

impl Format {
    /// The content type, complete enough for Prometheus 3.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// How the body is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// Compressed.
    Gzip,
}

/// The encoded snapshot. Immutable; what changes between snapshots is given when it is served.
#[derive(Clone, Debug)]
pub struct Exposition {
    chunks: Vec<Arc<Chunk>>,
    end: Arc<Chunk>,
}

impl Exposition {
    /// Joins the chunks, in this order.
    pub fn new(chunks: Vec<Arc<Chunk>>) -> Self {
        Exposition {
            chunks,
            end: Arc::new(Chunk::end()),
        }
    }

    /// The body in pieces, with `local` (counters of this process, ages) at its end. Nothing is
    /// copied: however many read at once, the pieces are there once.
    pub fn serve(&self, local: &Chunk, format: Format, encoding: Encoding) -> Vec<Bytes> {
        let mut all: Vec<&Chunk> = self.chunks.iter().map(Arc::as_ref).collect();
        all.push(local);
        all.push(&self.end);
        let openmetrics = format == Format::OpenMetrics;
        match encoding {
            Encoding::Identity => chunk::plain(&all, openmetrics),
            Encoding::Gzip => chunk::gzip(&all, openmetrics),
        }
    }
}
