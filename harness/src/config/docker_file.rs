//! The parts of Docker's `config.json` that concern requests and containers (C32): HTTP headers and proxies. Contexts
//! and credentials are read elsewhere.

use std::fs;

use serde_json::Value;

use super::{Config, Hidden};

/// The proxies' keys in `config.json`, each with the variable that Docker sets in containers, besides the same one in
/// lower case.
const PROXIES: [(&str, &str); 5] = [
    ("httpProxy", "HTTP_PROXY"),
    ("httpsProxy", "HTTPS_PROXY"),
    ("noProxy", "NO_PROXY"),
    ("ftpProxy", "FTP_PROXY"),
    ("allProxy", "ALL_PROXY"),
];

/// Docker's `config.json`.
#[derive(Debug, Default)]
pub(crate) struct DockerFile(Value);

impl DockerFile {
    /// Reads the file of the configuration. A missing or unreadable one counts as empty, as it does for Docker itself;
    /// one that is not JSON does too, with a warning that quotes nothing of it.
    pub(crate) fn load(config: &Config) -> Self {
        let Some(file) = config.engine.docker_config.as_ref().map(|folder| folder.join("config.json")) else {
            return Self::default();
        };
        let Ok(content) = fs::read(&file) else { return Self::default() };
        Self(serde_json::from_slice(&content).unwrap_or_else(|error| {
            let (file, line) = (file.display(), error.line());
            tracing::warn!("`{file}` is not JSON at line {line}; its proxies and headers are not used");
            Value::Null
        }))
    }

    /// Returns the headers that Docker sends with its requests: `HttpHeaders`.
    pub(crate) fn headers(&self) -> Vec<(String, Hidden)> {
        let headers = self.0["HttpHeaders"].as_object().into_iter().flatten();
        headers.filter_map(|(name, value)| Some((name.clone(), Hidden::new(value.as_str()?)))).collect()
    }

    /// Returns the variables for the environment of containers: `proxies`, of the engine with this address if it is
    /// listed, else of `default`. The variables of one proxy, in upper and lower case, stand together.
    pub(crate) fn proxies(&self, engine: &str) -> Vec<(String, Hidden)> {
        let proxies = &self.0["proxies"];
        let chosen = proxies.get(engine).unwrap_or(&proxies["default"]);
        let mut variables = Vec::new();
        for (key, name) in PROXIES {
            if let Some(value) = chosen[key].as_str().filter(|value| !value.is_empty()) {
                variables.push((name.to_owned(), Hidden::new(value)));
                variables.push((name.to_lowercase(), Hidden::new(value)));
            }
        }
        variables
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pairs: &[(String, Hidden)]) -> Vec<String> {
        pairs.iter().map(|(name, value)| format!("{name}={}", value.reveal())).collect()
    }

    fn file(content: &str) -> DockerFile {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("config.json"), content).expect("written");
        let path = folder.path().to_str().expect("unicode");
        DockerFile::load(&Config::of(&[("DOCKER_CONFIG", path)], "").expect("valid"))
    }

    /// C32: proxies are those of the engine, else the default ones, in both spellings; empty ones are left out.
    #[test]
    fn proxies_are_chosen_by_the_engine_s_address() {
        let file = file(
            r#"{"proxies": {
                "default": {"httpProxy": "http://p:1", "noProxy": "a,b", "httpsProxy": ""},
                "tcp://h:1": {"ftpProxy": "ftp://p", "allProxy": "socks5://p"}
            }}"#,
        );
        let default = ["HTTP_PROXY=http://p:1", "http_proxy=http://p:1", "NO_PROXY=a,b", "no_proxy=a,b"];
        assert_eq!(texts(&file.proxies("unix:///x")), default);
        let own = ["FTP_PROXY=ftp://p", "ftp_proxy=ftp://p", "ALL_PROXY=socks5://p", "all_proxy=socks5://p"];
        assert_eq!(texts(&file.proxies("tcp://h:1")), own);
    }

    /// C32: headers are read, and a file without any, that is malformed or that does not exist has none.
    #[test]
    fn headers_are_read_and_a_bad_file_has_none() {
        let found = file(r#"{"HttpHeaders": {"X-Meta-Team": "t", "X-Number": 7}}"#);
        assert_eq!(texts(&found.headers()), ["X-Meta-Team=t"]);
        for content in ["{}", "[]", "{", r#"{"HttpHeaders": 1, "proxies": {"default": 1}}"#] {
            let found = file(content);
            assert!(found.headers().is_empty() && found.proxies("unix:///x").is_empty(), "{content}");
        }
        let none = DockerFile::load(&Config::of(&[], "").expect("valid"));
        assert!(none.headers().is_empty());
    }
}
