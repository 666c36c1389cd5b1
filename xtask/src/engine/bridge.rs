//! The private engine's network bridge, its addresses and its packet rules.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::state::Private;
use crate::{command, console};

/// A route of the host: the network and the mask.
type Route = (u32, u32);

/// Returns the first two numbers of a /16 network that the host has no route to, as in `10.201`.
///
/// # Errors
/// Fails if the host has routes to all candidates.
pub(crate) fn free_network() -> Result<String> {
    let text = std::fs::read_to_string("/proc/net/route").context("failed to read the host's routes")?;
    let routes = routes(&text);
    let free = (201..=250).find(|second| is_free(10 << 24 | second << 16, &routes));
    match free {
        Some(second) => Ok(format!("10.{second}")),
        None => {
            bail!(
                "the host has routes to all networks from 10.201.0.0 to 10.250.0.0; remove one of them, then run this again"
            )
        }
    }
}

/// Creates the bridge, and the packet rules if the daemon does not make them itself.
///
/// # Errors
/// Fails if `ip` or `iptables` does.
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

/// Removes the bridge and the rules that [`make`] created. Missing ones are no error.
pub(crate) fn remove(private: &Private) {
    if private.own_rules {
        for rule in rules(private) {
            // A start that failed early has not made them.
            let _ = iptables("--delete", &rule);
        }
    }
    if std::path::Path::new("/sys/class/net").join(&private.bridge).exists()
        && let Err(error) = ip(&["link", "delete", &private.bridge])
    {
        console::warn(&format!("{error:#}"));
    }
}

/// Returns the MTU of the default route's interface, if it is smaller than usual: containers must use it too.
pub(crate) fn mtu() -> Option<u32> {
    let routes = std::fs::read_to_string("/proc/net/route").ok()?;
    let interface = default_interface(&routes)?;
    let mtu = std::fs::read_to_string(format!("/sys/class/net/{interface}/mtu")).ok()?;
    mtu.trim().parse().ok().filter(|mtu| *mtu < 1500)
}

/// Returns the rules that forward packets of the engine's networks, and have them leave the host with its address.
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

/// Runs `iptables` with a rule, which begins with its table and chain.
fn iptables(action: &str, rule: &[String]) -> Result<()> {
    let mut command = Command::new("iptables");
    command.args(["--wait", "--table"]).arg(&rule[0]).arg(action).args(&rule[1..]);
    command::quiet(&mut command)
}

/// Parses the kernel's table of routes. Its numbers are hexadecimal, in network byte order.
fn routes(table: &str) -> Vec<Route> {
    let number = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::swap_bytes);
    rows(table)
        .filter_map(|row| Some((number(row.get(1)?)?, number(row.get(7)?)?)))
        // The default route overlaps with everything and does not count.
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

/// Returns `true` if a /16 network overlaps with no route.
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
