//! Every network and every spelling.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::fetch::connect::address_guard::*;

/// Every spelling of an IPv4 address in a URL.
fn spellings(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let n = u32::from(address);
    let (low_24, low_16) = (n & 0xff_ffff, n & 0xffff);
    let full_width: String = address.to_string().chars().map(full_width).collect();
    let escaped = address.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    vec![
        format!("{a}.{b}.{c}.{d}"),
        format!("{a}.{b}.{c}.{d}."),
        format!("{n}"),
        format!("{n}."),
        format!("0x{n:x}"),
        format!("0X{n:08X}"),
        format!("0{n:o}"),
        format!("{a}.{low_24}"),
        format!("{a}.{b}.{low_16}"),
        format!("0x{a:x}.0x{low_24:x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("00{a:o}.000{b:o}.0{c:o}.0{d:o}"),
        format!("0x{a:x}.{b}.0{c:o}.{d}"),
        format!("0x{a:02X}.0x{b:02X}.0x{c:02X}.0x{d:02X}"),
        format!("{a}.0x{b:x}.{low_16}"),
        full_width,
        escaped,
        format!("{a}%2e{b}%2E{c}.{d}"),
        format!("{a}。{b}．{c}｡{d}"),
        format!("[::ffff:{address}]"),
        format!("[::ffff:{:x}:{:x}]", n >> 16, low_16),
        format!("[0:0:0:0:0:FFFF:{:X}:{:X}]", n >> 16, low_16),
        format!("[::ffff:0:{address}]"),
        format!("[64:ff9b::{address}]"),
        format!("[64:ff9b::{:x}:{:x}]", n >> 16, low_16),
        format!("[0064:ff9b:0000:0000:0000:0000:{:04x}:{:04x}]", n >> 16, low_16),
        format!("[64:ff9b:1::{address}]"),
        format!("[64:ff9b:1:{:x}:{c:x}:{d:02x}00::]", n >> 16),
        format!("[2002:{:x}:{:x}::1]", n >> 16, low_16),
        format!("[2002:{:x}:{:x}:ffff:ffff:ffff:ffff:ffff]", n >> 16, low_16),
        format!("[2001:0:{:x}:{:x}::ffff:ffff]", n >> 16, low_16),
        format!("[2001:0:808:808:0:0:{:x}:{:x}]", !n >> 16, !n & 0xffff),
        format!("[2606:4700::5efe:{address}]"),
        format!("[2606:4700::200:5efe:{:x}:{:x}]", n >> 16, low_16),
    ]
}

fn full_width(c: char) -> char {
    if c.is_ascii_digit() { char::from_u32(u32::from(c) - 0x30 + 0xff10).unwrap() } else { c }
}

fn of_host(host: &str) -> Option<Reach> {
    let url = Url::parse(&format!("http://me:pw@{host}:8080/latest?x=1")).unwrap_or_else(|e| panic!("{host}: {e}"));
    reach_of_host(&url)
}

#[test]
fn no_spelling_hides_an_address() {
    let mut tried = 0;
    for (address, least) in [
        ("169.254.169.254", Reach::Forbidden),
        ("169.254.170.2", Reach::Forbidden),
        ("100.100.100.200", Reach::Forbidden),
        ("168.63.129.16", Reach::Forbidden),
        ("192.0.0.192", Reach::Forbidden),
        ("255.255.255.255", Reach::Forbidden),
        ("0.1.2.3", Reach::Forbidden),
        ("224.0.0.251", Reach::Forbidden),
        ("127.0.0.1", Reach::Private),
        ("127.0.0.2", Reach::Private),
        ("10.0.0.5", Reach::Private),
        ("172.16.0.1", Reach::Private),
        ("172.31.255.254", Reach::Private),
        ("192.168.1.1", Reach::Private),
        ("100.64.0.1", Reach::Private),
    ] {
        for host in spellings(address.parse().unwrap()) {
            let reach = of_host(&host).unwrap_or_else(|| panic!("{host} is taken for a name"));
            assert!(reach >= least, "{host} ({address}): {reach:?}");
            tried += 1;
        }
    }
    assert!(tried > 450, "{tried}");
}

#[test]
fn a_public_address_stays_public_however_it_is_spelled() {
    let address: Ipv4Addr = "93.184.215.14".parse().unwrap();
    for host in spellings(address) {
        let local_translation = host.starts_with("[64:ff9b:1:");
        let expected = if local_translation { Reach::Forbidden.min(of_host(&host).unwrap()) } else { Reach::Public };
        // An inverted Teredo address looks like any other.
        if !host.starts_with("[2001:0:") {
            assert_eq!(of_host(&host), Some(expected), "{host}");
        }
        assert!(!local_translation || expected >= Reach::Private);
    }
}

#[test]
fn zero_in_every_spelling_is_refused() {
    for host in
        ["0", "0.0.0.0", "00", "0x0", "0x", "0.0", "0.0.0", "[::]", "[::ffff:0.0.0.0]", "[64:ff9b::]", "[2002::]"]
    {
        assert_eq!(of_host(host), Some(Reach::Forbidden), "{host}");
    }
}

#[test]
fn each_network_has_its_reach_from_its_first_address_to_its_last() {
    use Reach::{Forbidden, Private, Public};
    for (addresses, expected) in [
        ("0.0.0.0 0.255.255.255 169.254.0.0 169.254.255.255 224.0.0.0 239.255.255.255 240.0.0.0", Forbidden),
        ("255.255.255.254 192.0.0.0 192.0.0.255 192.0.2.1 198.51.100.9 203.0.113.255 192.88.99.1", Forbidden),
        ("10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.0 127.255.255.255", Private),
        ("172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255", Private),
        ("1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0", Public),
        ("169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0", Public),
        ("198.17.255.255 198.20.0.0 223.255.255.255 8.8.8.8 168.63.129.15 168.63.129.17", Public),
        (":: fe80:: fe80::1 febf:ffff::1 ff02::1 ff00:: ffff::1 fd00:ec2::254 fd00:ec2::1 fd20:ce::254", Forbidden),
        ("100::1 2001:db8::1 3fff::1 3fff:fff::1 2001:10::1 2001:20::1 4000::1 5f00::1 0:0:0:1::1 1::", Forbidden),
        ("::1 fc00:: fc00::1 fdff:ffff::1 fd12:3456::1 fec0::1 feff::1 2001:2::1", Private),
        ("2606:4700:4700::1111 2a00:1450::1 2001:4860:4860::8888 2000::1 3ffe::1 2003::1 2001:200::1", Public),
        ("::127.0.0.1 ::10.0.0.1 ::ffff:192.168.0.1 2002:7f00:1::1 64:ff9b::a00:1 64:ff9b:1::1", Private),
        ("::169.254.169.254 2002:a9fe:a9fe:: 64:ff9b::a9fe:a9fe ::2 ::ffff", Forbidden),
    ] {
        for text in addresses.split(' ') {
            let address: IpAddr = text.parse().unwrap_or_else(|_| panic!("{text}"));
            let found = reach(address);
            let or_worse = text.starts_with("64:ff9b:1:");
            assert!(found == expected || (or_worse && found > expected), "{text}: {found:?}, not {expected:?}");
        }
    }
}

#[test]
fn names_of_metadata_services_are_known_and_other_names_have_to_be_looked_up() {
    for host in ["metadata.google.internal", "METADATA.google.Internal.", "metadata", "instance-data", "metadata.goog"]
    {
        assert_eq!(of_host(host), Some(Reach::Forbidden), "{host}");
    }
    for host in ["h.example", "localhost", "127.0.0.1.nip.io", "metadata.example", "1.2.3.4.example"] {
        assert_eq!(of_host(host), None, "{host}");
    }
}

#[test]
fn what_a_url_can_not_hold_is_no_host() {
    for text in
        ["http://256.1.1.1/", "http://1.2.3.4.5/", "http://0x1ffffffff/", "http://[fe80::1%25eth0]/", "http://[::1/"]
    {
        assert!(Url::parse(text).is_err(), "{text}");
    }
}
