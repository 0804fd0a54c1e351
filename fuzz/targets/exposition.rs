//! Exposition text: the same samples however it is cut into chunks, and never more than its lines.
#![no_main]

use libfuzzer_sys::fuzz_target;
use warrener::watch::broker::exposition::{Escaping, Reader};

type Sample = (String, Vec<(String, String)>, u64);

fn read<'a>(chunks: impl Iterator<Item = &'a [u8]>, escaping: Escaping) -> (Vec<Sample>, u64) {
    let mut samples = Vec::new();
    let mut reader = Reader::new(escaping);
    for chunk in chunks {
        reader.feed(chunk, |sample| {
            let labels = sample.labels.iter();
            let labels = labels
                .map(|(n, v)| (n.to_owned(), v.into_owned()))
                .collect();
            std::hint::black_box(sample.count());
            samples.push((sample.name.to_owned(), labels, sample.value.to_bits()));
        });
    }
    (samples, reader.finish())
}

fuzz_target!(|text: &[u8]| {
    let piece = usize::from(text.first().copied().unwrap_or(0)) + 1;
    for escaping in [Escaping::Standard, Escaping::Raw] {
        let (samples, lost) = read(std::iter::once(text), escaping);
        let lines = text.split(|byte| *byte == b'\n').count();
        assert!(samples.len() as u64 + lost <= lines as u64);
        assert_eq!(read(text.chunks(piece), escaping), (samples, lost));
    }
});
