//! Describes a certificate: its subject, its names and its issuer. It checks nothing.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The type of a common name, 2.5.4.3, as it is encoded.
const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];
/// The type of the extension with a subject's alternative names, 2.5.29.17, as it is encoded.
const ALTERNATIVE_NAMES: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x11];

/// The names in a certificate.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// The common name of its subject.
    pub(crate) subject: String,
    /// The common name of the authority that signed it.
    pub(crate) issuer: String,
    /// The host names and addresses that it is valid for.
    pub(crate) hosts: Vec<String>,
}

impl Names {
    /// Reads the names of a certificate in DER. Returns `None` if it is malformed.
    pub(crate) fn of(der: &[u8]) -> Option<Self> {
        let (certificate, _) = element(der)?;
        let (mut rest, _) = element(certificate.value).map(|(body, rest)| (body.value, rest))?;
        let mut fields = Vec::new();
        while let Some((field, after)) = element(rest) {
            fields.push(field);
            rest = after;
        }
        // The version is optional, and tagged 0.
        let first = usize::from(fields.first()?.tag == 0xa0);
        let [_serial, _algorithm, issuer, _validity, subject, ..] = fields.get(first..)? else { return None };
        Some(Self {
            subject: common_name(subject.value),
            issuer: common_name(issuer.value),
            hosts: hosts(certificate.value).unwrap_or_default(),
        })
    }

    /// Describes the certificate in a sentence's middle.
    pub(crate) fn described(&self) -> String {
        let hosts = match self.hosts.as_slice() {
            [] => "no host names".to_owned(),
            hosts => hosts.join(", "),
        };
        format!("`{}`, valid for {hosts}, signed by `{}`", self.subject, self.issuer)
    }
}

/// An element of DER.
#[derive(Clone, Copy)]
struct Element<'a> {
    tag: u8,
    value: &'a [u8],
}

/// Reads the first element, and returns it with the rest.
fn element(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let (long, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if long.len() > 4 {
            return None;
        }
        length = long.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        rest = after;
    }
    let (value, rest) = rest.split_at_checked(length)?;
    Some((Element { tag, value }, rest))
}

/// Returns the elements behind the first occurrence of an encoded type.
fn behind<'a>(bytes: &'a [u8], kind: &[u8]) -> Option<&'a [u8]> {
    let at = bytes.windows(kind.len()).position(|window| window == kind)?;
    bytes.get(at + kind.len()..)
}

fn common_name(name: &[u8]) -> String {
    let value = behind(name, &COMMON_NAME).and_then(element).map(|(text, _)| text.value);
    value.map_or_else(|| "no common name".to_owned(), |text| String::from_utf8_lossy(text).into_owned())
}

fn hosts(certificate: &[u8]) -> Option<Vec<String>> {
    let (mut octets, rest) = element(behind(certificate, &ALTERNATIVE_NAMES)?)?;
    // A flag may precede, which states that the extension is critical.
    if octets.tag == 0x01 {
        (octets, _) = element(rest)?;
    }
    let (mut rest, _) = element(octets.value).map(|(list, rest)| (list.value, rest))?;
    let mut hosts = Vec::new();
    while let Some((name, after)) = element(rest) {
        rest = after;
        match (name.tag, name.value.len()) {
            (0x82, _) => hosts.push(String::from_utf8_lossy(name.value).into_owned()),
            (0x87, 4) => {
                hosts.extend(<[u8; 4]>::try_from(name.value).ok().map(|ip| Ipv4Addr::from(ip).to_string()));
            }
            (0x87, 16) => {
                hosts.extend(<[u8; 16]>::try_from(name.value).ok().map(|ip| Ipv6Addr::from(ip).to_string()));
            }
            _ => {}
        }
    }
    Some(hosts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodes an element of DER with less than 128 bytes, or with two bytes of length.
    fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let value = parts.concat();
        let mut bytes = vec![tag];
        match u8::try_from(value.len()).ok().filter(|length| *length < 128) {
            Some(length) => bytes.push(length),
            None => {
                bytes.push(0x82);
                bytes.extend(u16::try_from(value.len()).expect("short").to_be_bytes());
            }
        }
        bytes.extend(value);
        bytes
    }

    fn name(text: &str) -> Vec<u8> {
        tlv(0x30, &[&tlv(0x31, &[&tlv(0x30, &[&COMMON_NAME, &tlv(0x0c, &[text.as_bytes()])])])])
    }

    #[test]
    fn the_names_of_a_certificate_are_read() {
        let list = tlv(0x30, &[&tlv(0x82, &[b"a.example"]), &tlv(0x87, &[&[127, 0, 0, 1]])]);
        for critical in [&[][..], &[0x01, 0x01, 0xff]] {
            let names = tlv(0x30, &[&ALTERNATIVE_NAMES, critical, &tlv(0x04, &[&list])]);
            let extensions = tlv(0xa3, &[&tlv(0x30, &[&names])]);
            let (serial, other) = (tlv(0x02, &[&[1]]), tlv(0x30, &[]));
            let (issuer, subject) = (name("the authority"), name("the server"));
            for version in [vec![], tlv(0xa0, &[&tlv(0x02, &[&[2]])])] {
                let parts: [&[u8]; 8] =
                    [&version, &serial, &other, &issuer, &other, &subject, &other, &extensions];
                let certificate = tlv(0x30, &[&tlv(0x30, &parts)]);
                let names = Names::of(&certificate).expect("well-formed");
                let expected = "`the server`, valid for a.example, 127.0.0.1, signed by `the authority`";
                assert_eq!(names.described(), expected);
                // A certificate that is cut short has no names, and does not panic.
                for end in 0..certificate.len() {
                    let _ = Names::of(&certificate[..end]);
                }
            }
        }
    }

    #[test]
    fn a_malformed_certificate_has_no_names() {
        for bytes in [&[][..], &[0x30], &[0x30, 0x80], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 0]] {
            assert_eq!(Names::of(bytes), None, "{bytes:?}");
        }
    }
}
