//! The private engine's bridge and the addresses behind it.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::state::Private;
use crate::{command, console};

/// A route of the host: network and mask.
type Route = (u32, u32);

/// Picks addresses that the host has no route to: the first two numbers of a /16, as in `10.201`.
///
/// # Errors
/// If all candidates are taken.
pub(crate) fn free_network() -> Result<String> {
    let text = std::fs::read_to_string("/proc/net/route").context("failed to read the host's routes")?;
    let routes = routes(&text);
    let free = (201..=250).find(|second| is_free(10 << 24 | second << 16, &routes));
    match free {
        Some(second) => Ok(format!("10.{second}")),
        None => {
            bail!("the host has routes to all of 10.201.0.0 to 10.250.0.0; give one back, then try again")
        }
    }
}

/// Makes the bridge and, if the daemon makes no rules itself, those that let its packets through.
///
/// # Errors
/// If `ip` or `iptables` refuses.
pub(crate) fn make(private: &Private) -> Result<()> {
    let bridge = private.bridge.as_str();
    let address = format!("{}.0.1/24", private.network);
    ip(&["link", "add", "name", bridge, "type", "bridge"])?;
    ip(&["addr", "add", &address, "dev", bridge])?;
    ip(&["link", "set", bridge, "up"])?;
    if private.own_rules {
        for rule in rules(private) {
            iptables("--insert", &rule)?;
        }
    }
    Ok(())
}

/// Removes what [`make`] made; what is gone already is no error.
pub(crate) fn remove(private: &Private) {
    if private.own_rules {
        for rule in rules(private) {
            // Not there: the start did not get this far.
            let _ = iptables("--delete", &rule);
        }
    }
    if std::path::Path::new("/sys/class/net").join(&private.bridge).exists()
        && let Err(error) = ip(&["link", "delete", &private.bridge])
    {
        console::warn(&format!("{error:#}"));
    }
}

/// The largest packet that the way out takes, if it is smaller than usual: containers must not send larger ones.
pub(crate) fn mtu() -> Option<u32> {
    let routes = std::fs::read_to_string("/proc/net/route").ok()?;
    let interface = default_interface(&routes)?;
    let mtu = std::fs::read_to_string(format!("/sys/class/net/{interface}/mtu")).ok()?;
    mtu.trim().parse().ok().filter(|mtu| *mtu < 1500)
}

/// Packets from and to all the engine's networks pass, and leave the host under its address.
fn rules(private: &Private) -> [Vec<String>; 3] {
    let all = format!("{}.0.0/16", private.network);
    let words = |rule: &[&str]| {
        rule.iter()
            .chain(&["-m", "comment", "--comment", private.bridge.as_str()])
            .map(|word| (*word).to_owned())
            .collect()
    };
    [
        words(&["filter", "FORWARD", "-s", &all, "-j", "ACCEPT"]),
        words(&["filter", "FORWARD", "-d", &all, "-j", "ACCEPT"]),
        words(&["nat", "POSTROUTING", "-s", &all, "!", "-d", &all, "-j", "MASQUERADE"]),
    ]
}

fn ip(arguments: &[&str]) -> Result<()> {
    command::quiet(Command::new("ip").args(arguments))
}

/// A rule begins with its table and chain.
fn iptables(action: &str, rule: &[String]) -> Result<()> {
    let mut command = Command::new("iptables");
    command.args(["--wait", "--table"]).arg(&rule[0]).arg(action).args(&rule[1..]);
    command::quiet(&mut command)
}

/// The routes in the kernel's table, whose numbers are in hexadecimal and in network byte order.
fn routes(table: &str) -> Vec<Route> {
    let number = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::swap_bytes);
    rows(table)
        .filter_map(|row| Some((number(row.get(1)?)?, number(row.get(7)?)?)))
        // The default route leads everywhere and takes nothing.
        .filter(|(_, mask)| *mask != 0)
        .collect()
}

fn default_interface(table: &str) -> Option<String> {
    rows(table)
        .find(|row| row.get(1) == Some(&"00000000"))
        .and_then(|row| row.first().map(|name| (*name).to_owned()))
}

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().skip(1).map(|line| line.split_whitespace().collect())
}

/// Whether a /16 overlaps with none of the routes.
fn is_free(network: u32, routes: &[Route]) -> bool {
    let overlaps = |(to, mask): &Route| {
        let both = mask & 0xffff_0000;
        to & both == network & both
    };
    !routes.iter().any(overlaps)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n\
        eth0 00000000 0100A8C0 0003 0 0 0 00000000 0 0 0\n\
        br0 0000C90A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n";

    #[test]
    fn routes_are_read_without_the_default_one() {
        // 10.201.0.0/24.
        assert_eq!(routes(TABLE), [(0x0ac9_0000, 0xffff_ff00)]);
        assert_eq!(default_interface(TABLE).as_deref(), Some("eth0"));
    }

    #[test]
    fn a_network_is_free_unless_a_narrower_or_wider_route_overlaps() {
        assert!(!is_free(0x0ac9_0000, &routes(TABLE)));
        assert!(is_free(0x0aca_0000, &routes(TABLE)));
        assert!(!is_free(0x0aca_0000, &[(0x0a00_0000, 0xff00_0000)]));
    }
}
