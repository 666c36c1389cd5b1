//! Docker contexts: engines by name, as `docker context` keeps them. They are read, never changed.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::config::{Endpoint, EngineSettings, Setting, TlsFiles};
use crate::words::{Error, Kind, Result};

/// The context of this name is what there is without contexts; it has no file.
const DEFAULT: &str = "default";

/// The name of the context in use: `DOCKER_CONTEXT`, else what `docker context use` wrote down.
///
/// # Errors
/// If Docker's `config.json` is there and is not JSON.
pub(crate) fn in_use(settings: &EngineSettings) -> Result<Option<Setting<String>>> {
    let name = match &settings.context {
        Some(name) => Some(name.clone()),
        None => current(settings)?,
    };
    Ok(name.filter(|name| name.value != DEFAULT))
}

fn current(settings: &EngineSettings) -> Result<Option<Setting<String>>> {
    let Some(file) = settings.docker_config.as_ref().map(|folder| folder.join("config.json")) else {
        return Ok(None);
    };
    // That it can't be read is as good as that it is not there: Docker itself goes on without it, too.
    let Ok(content) = fs::read(&file) else { return Ok(None) };
    let config = json(&content, &file)?;
    let name = config["currentContext"].as_str().filter(|name| !name.is_empty());
    Ok(name.map(|name| Setting::new(name.to_owned(), format!("`currentContext` in `{}`", file.display()))))
}

/// Where the engine of the context of this name listens.
///
/// # Errors
/// If there is no such context, or it names no Docker engine, or one that can't be spoken to.
pub(crate) fn endpoint(settings: &EngineSettings, name: &str) -> Result<Endpoint> {
    let subject = || format!("Docker context `{}`", name.escape_debug());
    let Some(folder) = settings.docker_config.as_deref().map(|folder| folder.join("contexts")) else {
        return Err(no_such(name, &[]).with_subject(subject()));
    };
    let mut known = Vec::new();
    for (id, meta) in metas(&folder.join("meta")) {
        match meta["Name"].as_str() {
            Some(this) if this == name => {
                return of_meta(&meta, &folder.join("tls").join(id))
                    .map_err(|error| error.with_subject(subject()));
            }
            this => known.extend(this.map(str::to_owned)),
        }
    }
    known.sort();
    Err(no_such(name, &known).with_subject(subject()))
}

fn no_such(name: &str, known: &[String]) -> Error {
    let known = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let known = if known.is_empty() { "none".to_owned() } else { known };
    Error::new(Kind::NotFound, format!("there is no context `{}`; there are: {known}", name.escape_debug()))
}

/// Each context's id, which is the name of its folder, with what its file says. What can't be read is left out.
fn metas(folder: &Path) -> Vec<(String, Value)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let meta = |entry: fs::DirEntry| {
        let content = fs::read(entry.path().join("meta.json")).ok()?;
        Some((entry.file_name().into_string().ok()?, serde_json::from_slice(&content).ok()?))
    };
    entries.filter_map(meta).collect()
}

/// The endpoint that a context's file describes; `tls` is where its certificates are, if it has any.
fn of_meta(meta: &Value, tls: &Path) -> Result<Endpoint> {
    let docker = &meta["Endpoints"]["docker"];
    let Some(host) = docker["Host"].as_str().filter(|host| !host.is_empty()) else {
        return Err(Error::invalid("it names no Docker engine; `docker context inspect` shows what it has"));
    };
    let skip = docker["SkipTLSVerify"].as_bool().unwrap_or_default();
    let folder = tls.join("docker");
    let tls = folder.is_dir().then_some(TlsFiles { folder, verify: !skip });
    Endpoint::parse(host, tls.as_ref())
}

/// Parses one of Docker's files; the error names the place in it and nothing of its content.
fn json(content: &[u8], file: &Path) -> Result<Value> {
    serde_json::from_slice(content).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Error::invalid(format!("`{}` is not JSON at line {line}, column {column}", file.display()))
    })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::config::Config;

    /// A Docker folder with one context per (id, meta).
    fn folder(config: &str, contexts: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("config.json"), config).expect("written");
        for (id, meta) in contexts {
            let context = folder.path().join("contexts/meta").join(id);
            fs::create_dir_all(&context).expect("made");
            fs::write(context.join("meta.json"), meta).expect("written");
        }
        folder
    }

    fn settings(folder: &TempDir, env: &[(&str, &str)]) -> EngineSettings {
        let path = folder.path().to_str().expect("unicode");
        Config::of(&[env, &[("DOCKER_CONFIG", path)]].concat(), "").expect("valid").engine
    }

    #[test]
    fn the_variable_wins_over_what_docker_wrote_down() {
        let folder = folder(r#"{"currentContext":"written"}"#, &[]);
        let name = in_use(&settings(&folder, &[])).expect("valid").expect("a context");
        assert_eq!(name.value, "written");
        assert!(name.source.starts_with("`currentContext` in `"), "{}", name.source);
        let name = in_use(&settings(&folder, &[("DOCKER_CONTEXT", "named")])).expect("valid");
        assert_eq!(name, Some(Setting::new("named".to_owned(), "`DOCKER_CONTEXT`")));
        assert_eq!(in_use(&settings(&folder, &[("DOCKER_CONTEXT", "default")])).expect("valid"), None);
    }

    #[test]
    fn without_a_name_there_is_no_context() {
        for config in ["{}", r#"{"currentContext":""}"#, r#"{"currentContext":"default"}"#, "[]"] {
            assert_eq!(in_use(&settings(&folder(config, &[]), &[])).expect(config), None);
        }
        let nowhere = Config::of(&[], "").expect("valid").engine;
        assert_eq!(in_use(&nowhere).expect("no folder"), None);
        let nowhere = Config::of(&[("HOME", "/nonexistent")], "").expect("valid").engine;
        assert_eq!(in_use(&nowhere).expect("no file"), None);
    }

    #[test]
    fn a_config_that_is_not_json_is_refused_without_its_content() {
        let folder = folder("{\n\"auths\": hunter2}", &[]);
        let error = in_use(&settings(&folder, &[])).expect_err("not JSON");
        let text = format!("{error:?}");
        assert!(text.contains("config.json` is not JSON at line 2"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn a_context_is_found_by_its_name_and_not_by_its_folder() {
        let folder = folder(
            "{}",
            &[
                ("b", r#"{"Name":"a","Endpoints":{"docker":{"Host":"unix:///a"}}}"#),
                ("a", r#"{"Name":"b","Endpoints":{"docker":{"Host":"tcp://b:1"}}}"#),
                ("c", "not JSON"),
                ("d", r#"{"Name":"d","Endpoints":{"kubernetes":{}}}"#),
                ("e", r#"{"Name":"e","Endpoints":{"docker":{"Host":"ssh://u@h"}}}"#),
            ],
        );
        let settings = settings(&folder, &[]);
        assert_eq!(endpoint(&settings, "a").expect("there").to_string(), "unix:///a");
        assert_eq!(endpoint(&settings, "b").expect("there").to_string(), "tcp://b:1");
        let error = endpoint(&settings, "c").expect_err("not there");
        assert!(error.is_not_found());
        let expected = "Docker context `c`: there is no context `c`; there are: `a`, `b`, `d`, `e`";
        assert_eq!(error.to_string(), expected);
        assert!(
            endpoint(&settings, "d").expect_err("no engine").to_string().contains("names no Docker engine")
        );
        assert!(endpoint(&settings, "e").expect_err("ssh").to_string().contains("is not supported"));
    }

    #[test]
    fn a_context_with_certificates_speaks_tls() {
        for (skip, verify) in [("false", true), ("true", false)] {
            let meta = format!(
                r#"{{"Name":"a","Endpoints":{{"docker":{{"Host":"tcp://h","SkipTLSVerify":{skip}}}}}}}"#
            );
            let folder = folder("{}", &[("id", &meta)]);
            let tls = folder.path().join("contexts/tls/id/docker");
            fs::create_dir_all(&tls).expect("made");
            let expected =
                Endpoint::Tcp { host: "h".into(), port: 2376, tls: Some(TlsFiles { folder: tls, verify }) };
            assert_eq!(endpoint(&settings(&folder, &[]), "a").expect("there"), expected);
        }
    }

    #[test]
    fn without_a_folder_no_context_is_there() {
        let nowhere = Config::of(&[], "").expect("valid").engine;
        let error = endpoint(&nowhere, "a").expect_err("not there").to_string();
        assert!(error.ends_with("there are: none"), "{error}");
    }
}
