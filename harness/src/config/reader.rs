//! Looks values up, first in the environment, then in the properties. It does not interpret them.

use crate::config::{PROPERTIES, Properties, Setting, VARIABLES};
use crate::words::Result;

/// The environment, as a function from a variable's name to its value, so that tests need not change the process's own.
pub(crate) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// An environment and a properties file.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    env: Env<'a>,
    properties: &'a Properties,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(env: Env<'a>, properties: &'a Properties) -> Self {
        Self { env, properties }
    }

    /// Returns the first non-empty value of these variables, then of these properties.
    ///
    /// An empty variable counts as unset, since that is how shells and CI files unset one.
    pub(crate) fn text(&self, variables: &[&str], properties: &[&str]) -> Option<Setting<String>> {
        let variable = |name: &&str| {
            debug_assert!(VARIABLES.iter().any(|(known, _)| known == name), "{name} is not in the table");
            let value = (self.env)(name).filter(|value| !value.trim().is_empty())?;
            Some(Setting::new(value, format!("`{name}`")))
        };
        let property = |name: &&str| {
            debug_assert!(PROPERTIES.iter().any(|(known, _)| known == name), "{name} is not in the table");
            let value = self.properties.get(name).filter(|value| !value.trim().is_empty())?;
            Some(Setting::new(value.to_owned(), format!("`{name}` in `{}`", self.properties.file())))
        };
        variables.iter().find_map(variable).or_else(|| properties.iter().find_map(property))
    }

    /// Looks a value up and parses it. `expected` describes valid values, for the error message.
    pub(crate) fn read<T>(
        &self,
        variables: &[&str],
        properties: &[&str],
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<Setting<T>>> {
        self.text(variables, properties).map(|setting| setting.read(expected, parse)).transpose()
    }

    pub(crate) fn flag(&self, variables: &[&str], properties: &[&str]) -> Result<Option<Setting<bool>>> {
        self.read(variables, properties, "`true` or `false`", flag)
    }
}

/// Parses a boolean in any spelling that a library of the ecosystem accepts.
fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "t" | "true" | "yes" | "on" => Some(true),
        "0" | "f" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "DOCKER_HOST" => Some("tcp://env:1".to_owned()),
            "DOCKER_TLS" => Some(" ".to_owned()),
            "DOCKER_TLS_VERIFY" => Some("maybe".to_owned()),
            _ => None,
        }
    }

    fn properties() -> Properties {
        Properties::parse(b"docker.host=tcp://file:1\ndocker.tls=Yes\ntc.host=", "f").expect("well-formed")
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let properties = properties();
        let reader = Reader::new(&env, &properties);
        let host = reader.text(&["DOCKER_HOST"], &["docker.host"]).expect("set");
        assert_eq!(host, Setting::new("tcp://env:1".to_owned(), "`DOCKER_HOST`"));
    }

    #[test]
    fn what_is_empty_counts_as_unset() {
        let properties = properties();
        let reader = Reader::new(&env, &properties);
        let flag = reader.flag(&["DOCKER_TLS"], &["docker.tls"]).expect("a flag").expect("set");
        assert_eq!(flag, Setting::new(true, "`docker.tls` in `f`"));
        let host = reader.text(&["DOCKER_CONTEXT"], &["tc.host", "docker.host"]).expect("set");
        assert_eq!(host, Setting::new("tcp://file:1".to_owned(), "`docker.host` in `f`"));
    }

    #[test]
    fn a_flag_that_is_none_is_refused_by_name() {
        let properties = properties();
        let error = Reader::new(&env, &properties).flag(&["DOCKER_TLS_VERIFY"], &[]).expect_err("no flag");
        assert_eq!(error.to_string(), "`DOCKER_TLS_VERIFY` is `maybe`, but should be `true` or `false`");
    }
}
