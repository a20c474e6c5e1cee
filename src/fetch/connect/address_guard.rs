//! Which addresses may be reached: pure functions from an address, or from a URL's host, to its reach.
//!
//! Sources: the IANA special-purpose registries (RFC 6890 and its successors), RFC 6052 (NAT64), RFC 3056 (6to4), RFC
//! 4380 (Teredo), RFC 5214 (ISATAP), and the providers' documentation of their metadata services. An IPv4 address
//! embedded in an IPv6 one counts as itself: a translator would forward the packet there.
//!
//! Does no I/O and resolves no names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The scope of an address, the least restricted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Anywhere on the internet.
    Public,
    /// This machine or its network: only reached if the user named the host.
    Private,
    /// Never reached: link-local, cloud metadata, multicast, reserved.
    Forbidden,
}

/// Names of cloud metadata services, which hand out credentials.
const METADATA_NAMES: [&str; 9] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.azure.internal",
    "metadata.azure.com",
    "metadata.tencentyun.com",
    "metadata.platformequinix.com",
];

/// Metadata services in networks that are otherwise private, or even public.
const METADATA_V4: [Ipv4Addr; 3] = [
    // Alibaba Cloud.
    Ipv4Addr::new(100, 100, 100, 200),
    // Azure's host.
    Ipv4Addr::new(168, 63, 129, 16),
    // Oracle Cloud's first generation.
    Ipv4Addr::new(192, 0, 0, 192),
];

/// IPv4 networks with their first octets, prefix length in bits and reach. The first match counts.
const NETWORKS_V4: [([u8; 4], u32, Reach); 17] = [
    // "This host on this network": a connection to it ends at this machine.
    ([0, 0, 0, 0], 8, Reach::Forbidden),
    ([10, 0, 0, 0], 8, Reach::Private),
    ([100, 64, 0, 0], 10, Reach::Private),
    ([127, 0, 0, 0], 8, Reach::Private),
    ([169, 254, 0, 0], 16, Reach::Forbidden),
    ([172, 16, 0, 0], 12, Reach::Private),
    // Protocol assignments: NAT64 discovery, DS-Lite, dummies.
    ([192, 0, 0, 0], 24, Reach::Forbidden),
    // Documentation.
    ([192, 0, 2, 0], 24, Reach::Forbidden),
    // Relays of 6to4, withdrawn (RFC 7526).
    ([192, 88, 99, 0], 24, Reach::Forbidden),
    ([192, 168, 0, 0], 16, Reach::Private),
    // Benchmarks; some VPNs resolve every name to these.
    ([198, 18, 0, 0], 15, Reach::Private),
    ([198, 51, 100, 0], 24, Reach::Forbidden),
    ([203, 0, 113, 0], 24, Reach::Forbidden),
    // Multicast.
    ([224, 0, 0, 0], 4, Reach::Forbidden),
    ([233, 252, 0, 0], 24, Reach::Forbidden),
    // Reserved, with broadcast as its last.
    ([240, 0, 0, 0], 4, Reach::Forbidden),
    ([0, 0, 0, 0], 0, Reach::Public),
];

/// IPv6 networks without an embedded IPv4 address: first segments, prefix length in bits, reach. The first match
/// counts.
const NETWORKS_V6: [([u16; 4], u32, Reach); 18] = [
    // Metadata: Amazon's, Google's.
    ([0xfd00, 0x0ec2, 0, 0], 32, Reach::Forbidden),
    ([0xfd20, 0x00ce, 0, 0], 32, Reach::Forbidden),
    // Discard-only.
    ([0x0100, 0, 0, 0], 64, Reach::Forbidden),
    // Protocol assignments under 2001::/23: benchmarks, ORCHID and others.
    ([0x2001, 0x0002, 0, 0], 48, Reach::Private),
    ([0x2001, 0x0010, 0, 0], 28, Reach::Forbidden),
    ([0x2001, 0x0020, 0, 0], 28, Reach::Forbidden),
    // Anycast and AMT within them are public (RFC 7723, RFC 7450, RFC 7535).
    ([0x2001, 0x0001, 0, 0], 32, Reach::Public),
    ([0x2001, 0x0003, 0, 0], 32, Reach::Public),
    ([0x2001, 0x0004, 0x0112, 0], 48, Reach::Public),
    ([0x2001, 0, 0, 0], 23, Reach::Forbidden),
    // Documentation.
    ([0x2001, 0x0db8, 0, 0], 32, Reach::Forbidden),
    ([0x3fff, 0, 0, 0], 20, Reach::Forbidden),
    // Global unicast.
    ([0x2000, 0, 0, 0], 3, Reach::Public),
    // Unique local, and the deprecated site-local.
    ([0xfc00, 0, 0, 0], 7, Reach::Private),
    ([0xfec0, 0, 0, 0], 10, Reach::Private),
    // Link-local, multicast.
    ([0xfe80, 0, 0, 0], 10, Reach::Forbidden),
    ([0xff00, 0, 0, 0], 8, Reach::Forbidden),
    // Unassigned.
    ([0, 0, 0, 0], 0, Reach::Forbidden),
];

/// The reach of an address.
pub(crate) fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

/// The reach of a URL's host without a look-up: of an address in any spelling, or a well-known name. `None` for any
/// other name.
pub(crate) fn reach_of_host(url: &Url) -> Option<Reach> {
    match url.host()? {
        // The parser reads decimal, octal, hexadecimal and short forms, full-width digits and escapes.
        Host::Ipv4(address) => Some(reach_v4(address)),
        Host::Ipv6(address) => Some(reach_v6(address)),
        Host::Domain(name) => reach_of_name(name),
    }
}

/// The reach of a well-known name.
pub(crate) fn reach_of_name(name: &str) -> Option<Reach> {
    let name = name.trim_end_matches('.');
    METADATA_NAMES.iter().any(|known| known.eq_ignore_ascii_case(name)).then_some(Reach::Forbidden)
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    if METADATA_V4.contains(&address) {
        return Reach::Forbidden;
    }
    let bits = u32::from(address);
    let matches = |octets: [u8; 4], length: u32| (bits ^ u32::from_be_bytes(octets)) & high_bits(length) == 0;
    let found = NETWORKS_V4.iter().find(|(octets, length, _)| matches(*octets, *length));
    found.map_or(Reach::Forbidden, |(_, _, reach)| *reach)
}

/// A mask with this many leading ones.
const fn high_bits(length: u32) -> u32 {
    if length == 0 { 0 } else { u32::MAX << (32 - length) }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    let s = address.segments();
    let low = v4_of(s[6], s[7]);
    match s {
        [0, 0, 0, 0, 0, 0, 0, 0] => return Reach::Forbidden,
        [0, 0, 0, 0, 0, 0, 0, 1] => return Reach::Private,
        // IPv4-compatible, IPv4-mapped, IPv4-translated (RFC 2765), NAT64 with the well-known prefix.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            return reach_v4(low);
        }
        // NAT64 with a local prefix (RFC 8215) of unknown length: at least private.
        [0x64, 0xff9b, 1, ..] => {
            let after_48 = Ipv4Addr::from(u32::from(s[3]) << 16 | u32::from(s[4] & 0xff) << 8 | u32::from(s[5] >> 8));
            let after_56 =
                Ipv4Addr::from(u32::from(s[3] & 0xff) << 24 | u32::from(s[4] & 0xff) << 16 | u32::from(s[5]));
            let after_64 = Ipv4Addr::from(u32::from(s[4] & 0xff) << 24 | u32::from(s[5]) << 8 | u32::from(s[6] >> 8));
            let within = [low, after_48, after_56, after_64].map(reach_v4).into_iter().max();
            return within.unwrap_or(Reach::Forbidden).max(Reach::Private);
        }
        // 6to4.
        [0x2002, high, rest, ..] => return reach_v4(v4_of(high, rest)),
        // Teredo: a server, and a client whose bits are inverted.
        [0x2001, 0, high, rest, ..] => return reach_v4(v4_of(high, rest)).max(reach_v4(v4_of(!s[6], !s[7]))),
        _ => {}
    }
    let head = u64::from(s[0]) << 48 | u64::from(s[1]) << 32 | u64::from(s[2]) << 16 | u64::from(s[3]);
    let matches = |parts: [u16; 4], length: u32| {
        let prefix = parts.into_iter().fold(0, |prefix: u64, part| prefix << 16 | u64::from(part));
        length == 0 || (head ^ prefix) >> (64 - length) == 0
    };
    let found = NETWORKS_V6.iter().find(|(parts, length, _)| matches(*parts, *length));
    let reach = found.map_or(Reach::Forbidden, |(_, _, reach)| *reach);
    // ISATAP: the interface identifier holds an IPv4 address after this mark, with any prefix.
    if matches!((s[4] & !0x0200, s[5]), (0, 0x5efe)) { reach.max(reach_v4(low)) } else { reach }
}

fn v4_of(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests;
