//! One end of a flow as typed: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.

use std::net::IpAddr;
use std::str::FromStr;

use rssmgr_proto::types::FlowQuery;

use crate::exit::Failure;

/// An address, perhaps with a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The address.
    pub address: IpAddr,
    /// The port.
    pub port: Option<u16>,
}

impl FromStr for Endpoint {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let wrong = || {
            Failure::usage(format!(
                "`{text}` is no address: write 192.0.2.1, 192.0.2.1:80, 2001:db8::1 or [2001:db8::1]:80"
            ))
        };
        if let Ok(address) = text.parse() {
            return Ok(Self { address, port: None });
        }
        let (address, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']').ok_or_else(wrong)?;
                let address: std::net::Ipv6Addr = address.parse().map_err(|_| wrong())?;
                let port =
                    if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or_else(wrong)?) };
                (IpAddr::from(address), port)
            }
            None => {
                let (address, port) = text.split_once(':').ok_or_else(wrong)?;
                let address: std::net::Ipv4Addr = address.parse().map_err(|_| wrong())?;
                (IpAddr::from(address), Some(port))
            }
        };
        let number = |p: &str| {
            let digits = !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
            p.parse()
                .ok()
                .filter(|_| digits)
                .ok_or_else(|| Failure::usage(format!("`{text}`: the port `{p}` is not in 0 to 65535")))
        };
        Ok(Self { address, port: port.map(number).transpose()? })
    }
}

/// The flow of two ends and a protocol.
///
/// # Errors
/// An address, a port or the protocol is wrong.
pub fn flow_query(src: &str, dst: &str, proto: Option<&str>) -> Result<FlowQuery, Failure> {
    let (src, dst): (Endpoint, Endpoint) = (src.parse()?, dst.parse()?);
    let query = FlowQuery {
        src: src.address.to_string(),
        dst: dst.address.to_string(),
        src_port: src.port,
        dst_port: dst.port,
        protocol: proto.unwrap_or_default().to_ascii_lowercase(),
        ..FlowQuery::default()
    };
    let tuple = rssmgr_proto::convert::flow_tuple(&query)?;
    tuple.headers().map_err(|e| Failure::usage(e.to_string()))?;
    Ok(query)
}

/// The same flow inside of a packet between two outer ends.
///
/// # Errors
/// An outer address or port is wrong, or a port is of no use.
pub fn carried(query: FlowQuery, kind: &str, src: &str, dst: &str) -> Result<FlowQuery, Failure> {
    let (src, dst): (Endpoint, Endpoint) = (src.parse()?, dst.parse()?);
    if let Some(port) = dst.port {
        return Err(Failure::usage(format!("outer destination: the port {port} is of no use"))
            .hint("the port of VXLAN is a setting of the adapter: `rssctl set NAME --vxlan-port N`"));
    }
    Ok(FlowQuery {
        encapsulation: Some(kind.to_ascii_lowercase()),
        outer_src: Some(src.address.to_string()),
        outer_dst: Some(dst.address.to_string()),
        outer_src_port: src.port,
        ..query
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        for (text, address, port) in [
            ("192.0.2.1", "192.0.2.1", None),
            ("192.0.2.1:80", "192.0.2.1", Some(80)),
            ("2001:db8::1", "2001:db8::1", None),
            ("[2001:db8::1]", "2001:db8::1", None),
            ("[2001:db8::1]:65535", "2001:db8::1", Some(65535)),
            ("::", "::", None),
        ] {
            let e: Endpoint = text.parse().unwrap();
            assert_eq!((e.address.to_string().as_str(), e.port), (address, port), "{text}");
        }
        for bad in [
            "",
            "192.0.2",
            "192.0.2.1:",
            "192.0.2.1:x",
            "192.0.2.1:65536",
            "192.0.2.1:+1",
            "[::1",
            "[::1]80",
            "[192.0.2.1]:1",
            "host:80",
        ] {
            let e = bad.parse::<Endpoint>().unwrap_err();
            assert!(e.error.message.contains(&format!("`{bad}`")), "{bad}: {e}");
        }
    }

    #[test]
    fn flows_that_cannot_be() {
        for (src, dst, proto, needle) in [
            ("192.0.2.1:1", "192.0.2.2", None, "needs both ports"),
            ("192.0.2.1:1", "192.0.2.2:2", Some("icmp"), "allowed: tcp, udp, ip"),
            ("192.0.2.1:1", "192.0.2.2:2", Some("ip"), "need a transport protocol"),
            ("192.0.2.1", "::1", None, "different IP versions"),
        ] {
            let e = flow_query(src, dst, proto).unwrap_err();
            assert!(e.error.message.contains(needle), "{e}");
        }
        assert_eq!(flow_query("192.0.2.1:1", "192.0.2.2:2", Some("UDP")).unwrap().protocol, "udp");
    }
}
