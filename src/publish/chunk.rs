//! A piece of the exposition, encoded and compressed once and joined to others at no cost.
//!
//! Each section of a snapshot is a chunk of its own, so that a new host reading does not encode
//! the queues again. A compressed chunk ends on a byte boundary and refers to nothing before it,
//! so chunks follow each other in one ordinary gzip stream; only the checksums are combined.

use bytes::{BufMut, Bytes, BytesMut};
use flate2::{Compress, Compression, Crc, FlushCompress};

use super::text::from_openmetrics;

/// One body, plain and deflated.
#[derive(Debug)]
struct Body {
    plain: Bytes,
    deflated: Bytes,
    crc: Crc,
}

/// A piece of the exposition in both text formats.
#[derive(Debug)]
pub struct Chunk {
    openmetrics: Body,
    text: Body,
}

impl Chunk {
    /// Encodes whole families, given as OpenMetrics text without its `# EOF`.
    pub fn new(openmetrics: String) -> Self {
        let text = from_openmetrics(&openmetrics);
        Chunk {
            openmetrics: Body::new(openmetrics),
            text: Body::new(text),
        }
    }

    /// `# EOF` for OpenMetrics, nothing for the older text.
    pub(super) fn end() -> Self {
        Chunk {
            openmetrics: Body::new("# EOF\n".into()),
            text: Body::new(String::new()),
        }
    }

    fn body(&self, openmetrics: bool) -> &Body {
        if openmetrics {
            &self.openmetrics
        } else {
            &self.text
        }
    }
}

impl Body {
    fn new(plain: String) -> Self {
        let mut crc = Crc::new();
        crc.update(plain.as_bytes());
        Body {
            deflated: deflate(plain.as_bytes()),
            plain: plain.into(),
            crc,
        }
    }
}

/// Raw deflate that ends on a byte boundary with the window reset.
fn deflate(plain: &[u8]) -> Bytes {
    // The fastest level: most of a scrape's size goes already, at a third of the CPU.
    let mut stream = Compress::new(Compression::fast(), false);
    let mut out = Vec::with_capacity(plain.len() / 4 + 128);
    loop {
        let before = stream.total_in();
        let rest = &plain[usize::try_from(before)
            .unwrap_or(usize::MAX)
            .min(plain.len())..];
        if stream
            .compress_vec(rest, &mut out, FlushCompress::Full)
            .is_err()
        {
            break;
        }
        // Room left over means that the flush is complete.
        if out.len() < out.capacity() && stream.total_in() == plain.len() as u64 {
            break;
        }
        out.reserve(plain.len() / 8 + 128);
    }
    out.into()
}

/// The plain chunks, one after the other.
pub(super) fn plain(chunks: &[&Chunk], openmetrics: bool) -> Vec<Bytes> {
    chunks
        .iter()
        .map(|c| c.body(openmetrics).plain.clone())
        .collect()
}

/// The chunks as one gzip stream (RFC 1952) of one member.
pub(super) fn gzip(chunks: &[&Chunk], openmetrics: bool) -> Vec<Bytes> {
    const HEADER: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    const EMPTY_LAST_BLOCK: [u8; 2] = [0x03, 0x00];
    let mut pieces = vec![Bytes::from_static(HEADER)];
    let mut crc = Crc::new();
    for chunk in chunks {
        let body = chunk.body(openmetrics);
        pieces.push(body.deflated.clone());
        crc.combine(&body.crc);
    }
    let mut end = BytesMut::new();
    end.put_slice(&EMPTY_LAST_BLOCK);
    end.put_u32_le(crc.sum());
    end.put_u32_le(crc.amount());
    pieces.push(end.freeze());
    pieces
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// One member, one checksum: what any gzip reader makes of the chunks is their sequence.
        #[test]
        fn gzip_of_chunks_reads_as_their_sequence(parts in prop::collection::vec("(?s).{0,400}", 0..6), times in 1usize..200) {
            let chunks: Vec<Chunk> = parts.iter().map(|p| {
                let body = || Body::new(p.repeat(times));
                Chunk { openmetrics: body(), text: body() }
            }).collect();
            let refs: Vec<&Chunk> = chunks.iter().collect();
            let mut read = String::new();
            let stream = gzip(&refs, true).concat();
            let mut decoder = GzDecoder::new(&stream[..]);
            decoder.read_to_string(&mut read).unwrap();
            prop_assert_eq!(read.as_bytes(), plain(&refs, true).concat());
            prop_assert_eq!(decoder.into_inner().len(), 0);
        }
    }
}
