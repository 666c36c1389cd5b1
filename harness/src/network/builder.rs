//! The options of a network to create.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};

use super::Network;
use crate::base::{check_name, random_name};
use crate::session::Session;
use crate::words::{Error, Result};

/// A network to create, configured step by step. Nothing is checked or requested before [`create`](Self::create).
///
/// ```no_run
/// use seatrial::{ContainerRequest, Network};
///
/// # async fn example() -> seatrial::Result<()> {
/// let network = Network::builder().subnet("10.83.7.0/24").gateway("10.83.7.1").create().await?;
/// let dns = ContainerRequest::new("coredns/coredns").network(&network).ip("10.83.7.53").start().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until the network is created"]
pub struct NetworkBuilder {
    session: Option<Session>,
    name: Option<String>,
    body: NetworkCreateRequest,
    subnets: Vec<IpamConfig>,
    /// A gateway that was given before any subnet.
    has_lone_gateway: bool,
    modify: Vec<Box<Modify>>,
}

/// A user function that changes the request body last.
type Modify = dyn FnOnce(&mut NetworkCreateRequest) + Send;

impl NetworkBuilder {
    pub(super) fn new() -> Self {
        let body = NetworkCreateRequest {
            driver: Some("bridge".to_owned()),
            internal: Some(false),
            ..Default::default()
        };
        Self {
            session: None,
            name: None,
            body,
            subnets: Vec::new(),
            has_lone_gateway: false,
            modify: Vec::new(),
        }
    }

    /// Sets the session that the network belongs to. Default: the process's session, [`Session::current`].
    pub fn session(mut self, session: &Session) -> Self {
        self.session = Some(session.clone());
        self
    }

    /// Sets the name. Default: a generated one.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds a subnet in CIDR notation, such as `10.83.7.0/24` or `fd00:83::/64`. Default: the engine chooses one.
    ///
    /// Containers can have a fixed address only in a network whose subnet is given:
    /// [`ContainerRequest::ip`](crate::ContainerRequest::ip).
    pub fn subnet(mut self, subnet: impl Into<String>) -> Self {
        self.subnets.push(IpamConfig { subnet: Some(subnet.into()), ..Default::default() });
        self
    }

    /// Sets the gateway of the subnet that was added last. Default: the engine chooses it.
    pub fn gateway(mut self, gateway: impl Into<String>) -> Self {
        match self.subnets.last_mut() {
            Some(subnet) => subnet.gateway = Some(gateway.into()),
            None => self.has_lone_gateway = true,
        }
        self
    }

    /// Gives containers IPv6 addresses. Older engines need an IPv6 [`subnet`](Self::subnet) for that. Default: IPv4 only.
    pub fn ipv6(mut self) -> Self {
        self.body.enable_ipv6 = Some(true);
        self
    }

    /// Makes the network internal: nothing outside is reachable from it. Default: the outside is reachable.
    pub fn internal(mut self) -> Self {
        self.body.internal = Some(true);
        self
    }

    /// Sets the network driver. Default: `bridge`.
    pub fn driver(mut self, driver: impl Into<String>) -> Self {
        self.body.driver = Some(driver.into());
        self
    }

    /// Adds an option of the driver, such as `com.docker.network.driver.mtu`. Default: none.
    pub fn option(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.options.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    /// Changes the engine's create body after all other options. For options without a setter.
    pub fn modify_body(mut self, modify: impl FnOnce(&mut NetworkCreateRequest) + Send + 'static) -> Self {
        self.modify.push(Box::new(modify));
        self
    }

    /// Creates the network.
    ///
    /// # Errors
    /// - Invalid: a name, subnet or gateway is malformed.
    /// - Those of the engine, for example if the subnet overlaps another network's.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn create(mut self) -> Result<Network> {
        self.check()?;
        let session = match self.session.take() {
            Some(session) => session,
            None => Session::current().await?,
        };
        Network::make(&session, self.into_body()).await
    }

    fn check(&self) -> Result<()> {
        self.name.as_deref().map_or(Ok(()), check_name)?;
        if self.has_lone_gateway {
            return Err(Error::invalid("a gateway needs a subnet; call `subnet` before `gateway`"));
        }
        for config in &self.subnets {
            let subnet = config.subnet.as_deref().unwrap_or_default();
            check_subnet(subnet)?;
            if let Some(gateway) =
                config.gateway.as_deref().filter(|gateway| gateway.parse::<IpAddr>().is_err())
            {
                return Err(Error::invalid(format!(
                    "gateway `{gateway}` of subnet `{subnet}` is not an IP address"
                )));
            }
        }
        Ok(())
    }

    fn into_body(self) -> NetworkCreateRequest {
        let mut body = self.body;
        body.name = self.name.unwrap_or_else(|| random_name("net"));
        if !self.subnets.is_empty() {
            body.ipam = Some(Ipam { config: Some(self.subnets), ..Default::default() });
        }
        for modify in self.modify {
            modify(&mut body);
        }
        body
    }
}

impl fmt::Debug for NetworkBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or_default();
        f.debug_struct("NetworkBuilder")
            .field("name", &name)
            .field("subnets", &self.subnets)
            .finish_non_exhaustive()
    }
}

fn check_subnet(subnet: &str) -> Result<()> {
    let is_valid = subnet.split_once('/').is_some_and(|(ip, bits)| {
        let most = ip.parse().map(|ip: IpAddr| if ip.is_ipv4() { 32 } else { 128 });
        bits.parse::<u8>().is_ok_and(|bits| most.is_ok_and(|most| bits <= most))
    });
    if is_valid {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "`{subnet}` is not a subnet in CIDR notation; write one like `10.83.7.0/24` or `fd00:83::/64`"
    )))
}

/// Adds labels to a create body, over those that it has.
pub(super) fn add_labels(
    body: &mut NetworkCreateRequest,
    labels: impl IntoIterator<Item = (String, String)>,
) {
    let all: &mut HashMap<_, _> = body.labels.get_or_insert_default();
    all.extend(labels);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C16: a malformed subnet or gateway is refused by name, before the engine is asked.
    #[test]
    fn a_malformed_subnet_or_gateway_is_refused_by_name() {
        for subnet in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/24", "x/8", "10.0.0.0/24 ", "::/129"] {
            let error = Network::builder().subnet(subnet).check().expect_err(subnet);
            assert!(error.is_invalid() && error.to_string().contains(&format!("`{subnet}`")), "{error}");
        }
        let error = Network::builder().subnet("10.0.0.0/8").gateway("x").check().expect_err("no gateway");
        assert!(error.to_string().contains("`x`"), "{error}");
        let error = Network::builder().gateway("10.0.0.1").check().expect_err("no subnet");
        assert!(error.to_string().contains("`subnet`"), "{error}");
        Network::builder()
            .subnet("10.0.0.0/8")
            .gateway("10.0.0.1")
            .subnet("fd00::/64")
            .check()
            .expect("both");
    }

    /// C16: every option is in the engine's create body, and a modifier has the last word.
    #[test]
    fn every_option_is_in_the_create_body() {
        let builder = Network::builder().name("n").subnet("10.0.0.0/8").gateway("10.0.0.1").ipv6().internal();
        let builder =
            builder.driver("macvlan").option("a", "b").modify_body(|body| body.attachable = Some(true));
        let body = builder.into_body();
        let ipam = body.ipam.expect("a subnet").config.expect("one");
        assert_eq!(ipam[0].subnet.as_deref(), Some("10.0.0.0/8"));
        assert_eq!(ipam[0].gateway.as_deref(), Some("10.0.0.1"));
        assert_eq!((body.name.as_str(), body.driver.as_deref()), ("n", Some("macvlan")));
        assert_eq!((body.enable_ipv6, body.internal, body.attachable), (Some(true), Some(true), Some(true)));
        assert_eq!(body.options.expect("one")["a"], "b");
    }
}
