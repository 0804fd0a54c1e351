//! The score of the last hours, for the page: bounded, in memory, from when warrener began.
//!
//! Spans of equal length, each with the worst score in it. When there is no room for another, two
//! neighbours become one and every span is twice as long; at the longest, the oldest go.

use std::collections::VecDeque;

/// Spans kept at most.
const SPANS: usize = 360;
/// The length of the first spans, in seconds: half an hour in all.
const FIRST: u64 = 5;
/// The longest length, in seconds: 32 hours in all.
const LONGEST: u64 = 320;

/// The worst score of one span of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// When it begins, in seconds since the Unix epoch.
    pub from: f64,
    /// 0-100: the worst score in it.
    pub worst: u8,
    /// 0-100: the newest score in it.
    pub newest: u8,
}

/// The score over time.
#[derive(Clone, Debug)]
pub struct RecentScores {
    spans: VecDeque<Span>,
    length: u64,
    /// When the first score came; `None` before.
    pub since: Option<f64>,
}

impl Default for RecentScores {
    fn default() -> Self {
        RecentScores {
            spans: VecDeque::new(),
            length: FIRST,
            since: None,
        }
    }
}

impl RecentScores {
    /// The spans, oldest first. One without an assessment is missing.
    pub fn spans(&self) -> impl ExactSizeIterator<Item = Span> + '_ {
        self.spans.iter().copied()
    }

    /// The length of a span, in seconds.
    pub fn length(&self) -> f64 {
        seconds(self.length)
    }

    /// Takes in the score of one instant, in seconds since the Unix epoch. A clock that was set
    /// back counts for the newest span.
    pub fn add(&mut self, at: f64, score: u8) {
        self.since.get_or_insert(at);
        let from = self.begin(at);
        match self.spans.back_mut() {
            Some(last) if from <= last.from => {
                last.worst = last.worst.min(score);
                last.newest = score;
            }
            _ => self.spans.push_back(Span {
                from,
                worst: score,
                newest: score,
            }),
        }
        while self.spans.len() > SPANS {
            if self.length < LONGEST {
                self.widen();
            } else {
                self.spans.pop_front();
            }
        }
    }

    fn begin(&self, at: f64) -> f64 {
        (at / self.length()).floor() * self.length()
    }

    fn widen(&mut self) {
        self.length = (self.length * 2).min(LONGEST);
        for span in std::mem::take(&mut self.spans) {
            let from = self.begin(span.from);
            match self.spans.back_mut() {
                Some(last) if from <= last.from => {
                    last.worst = last.worst.min(span.worst);
                    last.newest = span.newest;
                }
                _ => self.spans.push_back(Span { from, ..span }),
            }
        }
    }
}

fn seconds(whole: u64) -> f64 {
    std::time::Duration::from_secs(whole).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEN: f64 = 1_800_000_000.0;

    #[test]
    fn the_worst_of_a_span_is_kept_and_the_newest() {
        let mut scores = RecentScores::default();
        for (after, score) in [(0.0, 100), (1.0, 49), (4.9, 89), (5.0, 100)] {
            scores.add(THEN + after, score);
        }
        let told: Vec<_> = scores
            .spans()
            .map(|s| (s.from - THEN, s.worst, s.newest))
            .collect();
        assert_eq!(told, [(0.0, 49, 89), (5.0, 100, 100)]);
        assert_eq!(scores.since, Some(THEN));
    }

    #[test]
    fn three_days_take_no_more_room_and_lose_no_dip_within_their_reach() {
        let mut scores = RecentScores::default();
        let dip = THEN + 250_000.0;
        let mut at = THEN;
        while at < THEN + 260_000.0 {
            scores.add(at, if at == dip { 12 } else { 100 });
            at += 5.0;
            assert!(scores.spans().len() <= SPANS);
        }
        assert_eq!(scores.length(), seconds(LONGEST));
        assert!(
            scores
                .spans()
                .zip(scores.spans().skip(1))
                .all(|(a, b)| a.from < b.from)
        );
        let worst = scores.spans().min_by_key(|s| s.worst).unwrap();
        assert!(worst.worst == 12 && worst.from <= dip && dip < worst.from + scores.length());
    }

    #[test]
    fn a_clock_set_back_makes_no_span_of_the_past() {
        let mut scores = RecentScores::default();
        scores.add(THEN, 100);
        scores.add(THEN - 3600.0, 40);
        assert_eq!(scores.spans().len(), 1);
        assert_eq!(scores.spans().next().map(|s| s.worst), Some(40));
    }
}
