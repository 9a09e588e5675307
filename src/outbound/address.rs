//! Which addresses are part of the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::config::Allowed;

/// The kind of an address that is not called. The text fits after "the host has".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// This machine.
    #[error("a loopback address")]
    Loopback,
    /// Networks of companies and homes.
    #[error("a private address")]
    Private,
    /// The cable it hangs on.
    #[error("a link-local address")]
    LinkLocal,
    /// Between a provider and its customers.
    #[error("a shared provider address")]
    Shared,
    /// Where clouds tell a machine its secrets.
    #[error("the address of a metadata service")]
    Metadata,
    /// Many machines.
    #[error("a multicast or broadcast address")]
    Multicast,
    /// None.
    #[error("the unspecified address")]
    Unspecified,
    /// Examples in documents.
    #[error("a documentation address")]
    Documentation,
    /// IPv4 wrapped in IPv6 by somebody else's relay.
    #[error("the address of a relay")]
    Relay,
    /// Not given out.
    #[error("a reserved address")]
    Reserved,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

/// IANA's special-purpose registry for IPv4, and the metadata services of clouds. The first match counts.
const SPECIAL_V4: [(Ipv4Net, Rule); 20] = [
    (v4(169, 254, 169, 254, 32), Rule::Metadata),
    (v4(100, 100, 100, 200, 32), Rule::Metadata),
    (v4(168, 63, 129, 16, 32), Rule::Metadata),
    (v4(0, 0, 0, 0, 32), Rule::Unspecified),
    (v4(0, 0, 0, 0, 8), Rule::Reserved),
    (v4(10, 0, 0, 0, 8), Rule::Private),
    (v4(100, 64, 0, 0, 10), Rule::Shared),
    (v4(127, 0, 0, 0, 8), Rule::Loopback),
    (v4(169, 254, 0, 0, 16), Rule::LinkLocal),
    (v4(172, 16, 0, 0, 12), Rule::Private),
    (v4(192, 0, 0, 0, 24), Rule::Reserved),
    (v4(192, 0, 2, 0, 24), Rule::Documentation),
    (v4(192, 88, 99, 0, 24), Rule::Relay),
    (v4(192, 168, 0, 0, 16), Rule::Private),
    (v4(198, 18, 0, 0, 15), Rule::Reserved),
    (v4(198, 51, 100, 0, 24), Rule::Documentation),
    (v4(203, 0, 113, 0, 24), Rule::Documentation),
    (v4(224, 0, 0, 0, 4), Rule::Multicast),
    (v4(255, 255, 255, 255, 32), Rule::Multicast),
    (v4(240, 0, 0, 0, 4), Rule::Reserved),
];

/// The same for IPv6. Of what matches nothing here, only `2000::/3` is given out.
const SPECIAL_V6: [(Ipv6Net, Rule); 12] = [
    (
        Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 128),
        Rule::Unspecified,
    ),
    (
        Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128),
        Rule::Loopback,
    ),
    (
        Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128),
        Rule::Metadata,
    ),
    (v6(0xfc00, 0, 0, 7), Rule::Private),
    (v6(0xfe80, 0, 0, 10), Rule::LinkLocal),
    (v6(0xfec0, 0, 0, 10), Rule::Private),
    (v6(0xff00, 0, 0, 8), Rule::Multicast),
    (v6(0x2001, 0xdb8, 0, 32), Rule::Documentation),
    (v6(0x3fff, 0, 0, 20), Rule::Documentation),
    (v6(0x2001, 0, 0, 32), Rule::Relay),
    (v6(0x2002, 0, 0, 16), Rule::Relay),
    (v6(0x2001, 0, 0, 23), Rule::Reserved),
];

const GIVEN_OUT_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

/// What a DNS64 of the network itself makes of IPv4 addresses.
const NAT64: Ipv6Net = v6(0x64, 0xff9b, 0, 96);

/// What may be called although it is not public.
pub(super) struct Allow(Vec<Allowed>);

impl Allow {
    pub(super) fn new(allowed: Vec<Allowed>) -> Self {
        Self(allowed)
    }

    /// Whether this host is called whatever its addresses are.
    pub(super) fn host(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        self.0.iter().any(
            |allowed| matches!(allowed, Allowed::Host(name) if name.eq_ignore_ascii_case(host)),
        )
    }

    /// Refuses what is neither public nor in an allowed network.
    pub(super) fn check(&self, address: IpAddr) -> Result<(), Rule> {
        let address = unwrap_v4(address);
        let allowed = |network: &IpNet| network.contains(&address);
        match rule(address) {
            Some(rule)
                if !self
                    .0
                    .iter()
                    .any(|entry| matches!(entry, Allowed::Network(net) if allowed(net))) =>
            {
                Err(rule)
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The IPv4 address that is reached, where one is written as IPv6.
fn unwrap_v4(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if NAT64.contains(&address) => {
            let [.., high, low] = address.segments();
            Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)).into()
        }
        address => address,
    }
}

fn rule(address: IpAddr) -> Option<Rule> {
    match address {
        IpAddr::V4(address) => SPECIAL_V4
            .iter()
            .find(|(net, _)| net.contains(&address))
            .map(|(_, rule)| *rule),
        IpAddr::V6(address) => match SPECIAL_V6.iter().find(|(net, _)| net.contains(&address)) {
            Some((_, rule)) => Some(*rule),
            None if GIVEN_OUT_V6.contains(&address) => None,
            None => Some(Rule::Reserved),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allowed: &[Allowed], address: &str) -> Result<(), Rule> {
        Allow::new(allowed.to_vec()).check(address.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_called() {
        for address in [
            "93.184.215.14",
            "8.8.8.8",
            "100.128.0.1",
            "172.32.0.1",
            "2606:2800::1",
            "64:ff9b::808:808",
        ] {
            assert_eq!(check(&[], address), Ok(()), "{address}");
        }
    }

    #[test]
    fn each_special_address_is_refused_by_its_rule() {
        for (address, rule) in [
            ("127.0.0.1", Rule::Loopback),
            ("127.255.255.255", Rule::Loopback),
            ("::1", Rule::Loopback),
            ("::ffff:127.0.0.1", Rule::Loopback),
            ("64:ff9b::7f00:1", Rule::Loopback),
            ("10.255.0.1", Rule::Private),
            ("172.16.0.1", Rule::Private),
            ("172.31.255.255", Rule::Private),
            ("192.168.1.1", Rule::Private),
            ("::ffff:192.168.1.1", Rule::Private),
            ("64:ff9b::a00:1", Rule::Private),
            ("fd12::1", Rule::Private),
            ("fec0::1", Rule::Private),
            ("169.254.1.1", Rule::LinkLocal),
            ("fe80::1", Rule::LinkLocal),
            ("100.64.0.1", Rule::Shared),
            ("100.127.255.255", Rule::Shared),
            ("169.254.169.254", Rule::Metadata),
            ("::ffff:169.254.169.254", Rule::Metadata),
            ("64:ff9b::a9fe:a9fe", Rule::Metadata),
            ("100.100.100.200", Rule::Metadata),
            ("168.63.129.16", Rule::Metadata),
            ("fd00:ec2::254", Rule::Metadata),
            ("224.0.0.1", Rule::Multicast),
            ("239.255.255.255", Rule::Multicast),
            ("255.255.255.255", Rule::Multicast),
            ("ff02::1", Rule::Multicast),
            ("0.0.0.0", Rule::Unspecified),
            ("::", Rule::Unspecified),
            ("192.0.2.1", Rule::Documentation),
            ("198.51.100.1", Rule::Documentation),
            ("203.0.113.1", Rule::Documentation),
            ("2001:db8::1", Rule::Documentation),
            ("3fff::1", Rule::Documentation),
            ("192.88.99.1", Rule::Relay),
            ("2001::1", Rule::Relay),
            ("2002:7f00:1::", Rule::Relay),
            ("0.1.2.3", Rule::Reserved),
            ("192.0.0.192", Rule::Reserved),
            ("198.19.0.1", Rule::Reserved),
            ("240.0.0.1", Rule::Reserved),
            ("::7f00:1", Rule::Reserved),
            ("64:ff9b:1::1", Rule::Reserved),
            ("100::1", Rule::Reserved),
            ("2001:10::1", Rule::Reserved),
            ("5f00::1", Rule::Reserved),
        ] {
            assert_eq!(check(&[], address), Err(rule), "{address}");
        }
    }

    #[test]
    fn an_allowed_network_is_called_and_its_neighbour_is_not() {
        let allowed = [Allowed::Network("10.1.0.0/16".parse().unwrap())];
        assert_eq!(check(&allowed, "10.1.2.3"), Ok(()));
        assert_eq!(check(&allowed, "::ffff:10.1.2.3"), Ok(()));
        assert_eq!(check(&allowed, "10.2.0.1"), Err(Rule::Private));
    }

    #[test]
    fn an_allowed_host_is_known_by_its_whole_name() {
        let allow = Allow::new(vec![Allowed::Host("hooks.internal".to_owned())]);
        assert!(allow.host("HOOKS.internal."));
        assert!(!allow.host("x.hooks.internal"));
    }
}
