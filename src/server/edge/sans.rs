//! The alternative names of a certificate, as exactly as they stand in it.
//!
//! The certificate was read whole by webpki before, or is read as strictly here: whatever is not
//! plain DER gives no name at all.

use std::net::IpAddr;

/// Names longer than this are none, in bytes; RFC 5280 knows no longer one.
const MOST: usize = 4096;

const SEQUENCE: u8 = 0x30;
const OBJECT: u8 = 0x06;
const BOOLEAN: u8 = 0x01;
const OCTETS: u8 = 0x04;
/// `[3]` of `TBSCertificate`: the extensions.
const EXTENSIONS: u8 = 0xa3;
/// 2.5.29.17, `subjectAltName`.
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const EMAIL: u8 = 0x81;
const DNS: u8 = 0x82;
const URI: u8 = 0x86;
const IP: u8 = 0x87;

/// The DNS names, mail addresses, URIs and addresses; none where it is no certificate.
pub(super) fn names(certificate: &[u8]) -> Vec<String> {
    read(certificate).unwrap_or_default()
}

fn read(certificate: &[u8]) -> Option<Vec<String>> {
    let whole = only(certificate, SEQUENCE)?;
    let (SEQUENCE, body, _) = next(whole)? else {
        return None;
    };
    let mut rest = body;
    while !rest.is_empty() {
        let (tag, content, after) = next(rest)?;
        rest = after;
        if tag == EXTENSIONS {
            return extensions(only(content, SEQUENCE)?);
        }
    }
    Some(Vec::new())
}

fn extensions(mut rest: &[u8]) -> Option<Vec<String>> {
    let mut found = None;
    while !rest.is_empty() {
        let (SEQUENCE, extension, after) = next(rest)? else {
            return None;
        };
        rest = after;
        let (OBJECT, id, mut value) = next(extension)? else {
            return None;
        };
        if let Some((BOOLEAN, _, after)) = next(value) {
            value = after;
        }
        if id == SUBJECT_ALT_NAME {
            let names = general_names(only(only(value, OCTETS)?, SEQUENCE)?)?;
            // Two of the kind is no certificate.
            if found.replace(names).is_some() {
                return None;
            }
        }
    }
    Some(found.unwrap_or_default())
}

fn general_names(mut rest: &[u8]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    while !rest.is_empty() {
        let (tag, content, after) = next(rest)?;
        rest = after;
        let name = match tag {
            EMAIL | DNS | URI if content.is_ascii() && content.len() <= MOST => {
                String::from_utf8(content.to_vec()).ok()
            }
            IP => address(content).map(|address| address.to_string()),
            _ => None,
        };
        names.extend(name);
    }
    Some(names)
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
        .ok()
}

/// The content of the one element that `bytes` is.
fn only(bytes: &[u8], wanted: u8) -> Option<&[u8]> {
    match next(bytes)? {
        (tag, content, []) if tag == wanted => Some(content),
        _ => None,
    }
}

/// Tag and content of the first element, and what follows it. Lengths are definite and as short as
/// they can be, as DER wants them.
fn next(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    // A tag of several bytes stands in no certificate.
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (long, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = long
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            if long[0] == 0 || length < 0x80 {
                return None;
            }
            (length, rest)
        }
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag, content, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    fn certificate(sans: Vec<SanType>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = sans;
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn every_kind_of_name_is_read_as_it_stands() {
        let sans = vec![
            SanType::DnsName("prometheus.example".try_into().unwrap()),
            SanType::DnsName("*.example".try_into().unwrap()),
            SanType::Rfc822Name("ops@example.org".try_into().unwrap()),
            SanType::URI("spiffe://example.org/prometheus".try_into().unwrap()),
            SanType::IpAddress([192, 0, 2, 7].into()),
            SanType::IpAddress("2001:db8::7".parse().unwrap()),
        ];
        let expected = [
            "prometheus.example",
            "*.example",
            "ops@example.org",
            "spiffe://example.org/prometheus",
            "192.0.2.7",
            "2001:db8::7",
        ];
        assert_eq!(names(&certificate(sans)), expected);
        assert!(names(&certificate(Vec::new())).is_empty());
        assert!(names(b"").is_empty());
    }

    proptest! {
        #[test]
        fn whatever_it_is_reading_ends(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            names(&bytes);
        }

        /// A changed byte never panics, and a cut one gives no name.
        #[test]
        fn a_broken_certificate_does_no_harm(at in 0usize..250, byte in any::<u8>()) {
            let name = "prometheus.example".try_into().unwrap();
            let mut der = certificate(vec![SanType::DnsName(name)]);
            prop_assert!(names(&der[..der.len() - 1 - at % der.len()]).is_empty());
            let at = at % der.len();
            der[at] = byte;
            names(&der);
        }
    }
}
