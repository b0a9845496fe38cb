use std::path::PathBuf;

use super::*;

/// Loads a file with this text, these variables and these flags.
fn load(text: &str, env: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("box.toml");
    std::fs::write(&path, text).unwrap();
    let env = env
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()));
    let flags = flags
        .iter()
        .map(|(key, value)| (*key, (value.to_string(), Origin::Flag(key))))
        .collect();
    let loaded = Config::load(Some(&path), env, flags);
    loaded.map_err(|error| {
        error
            .to_string()
            .replace(&format!("{}/", dir.path().display()), "")
    })
}

fn check_refused(text: &str, message: &str) {
    assert_eq!(load(text, &[], &[]).unwrap_err(), message, "{text}");
}

#[test]
fn flag_goes_over_variable_over_file_over_default() {
    let file = "listen = \"0.0.0.0:1\"\nworkers = 3\n";
    let env = [
        ("SIGNALBOX_LISTEN", "0.0.0.0:2"),
        ("SIGNALBOX_WORKERS", "4"),
        ("SIGNALBOX_TOKEN", "x"),
        ("HOME", "/"),
    ];
    let config = load(file, &env, &[("listen", "0.0.0.0:3")]).unwrap();
    assert_eq!((config.listen.as_str(), config.worker_count), ("0.0.0.0:3", 4));
    assert_eq!(config.given["listen"].1.to_string(), "--listen");
    assert_eq!(config.given["workers"].1.to_string(), "SIGNALBOX_WORKERS");
    assert_eq!(config.given["database"].1, Origin::Default);
    let config = load(file, &[], &[]).unwrap();
    assert!(config.given["workers"].1.to_string().ends_with("box.toml:2"));
}

#[test]
fn refusal_names_file_line_and_key() {
    let known = "listen, public_url, database, host_name, synchronous, readers, database_bytes_max, cache_dir, \
        workers, run_fuel_max, run_seconds_max, run_memory_bytes_max, drain_seconds, idempotency_keys_kept_hours, inbound_kept_days, deliveries_kept_days, \
        trusted_keys, unsigned_robots, private_hosts, zone, log";
    check_refused(
        "# a comment\n\nlisten_on = \"x\"\n",
        &format!("box.toml:3: there is no setting `listen_on`; known are {known}"),
    );
    check_refused(
        "[serve]\n",
        &format!("box.toml:1: there is no setting `serve`; known are {known}"),
    );
    check_refused(
        "listen = \"8700\"",
        "box.toml:1: `listen` is `8700`: use an address with its port, such as `127.0.0.1:8700`",
    );
    check_refused(
        "public_url = \"https://crm.example.com/console/\"",
        "box.toml:1: `public_url` is `https://crm.example.com/console/`: use scheme and host, such as `https://crm.example.com`",
    );
    check_refused(
        "\nworkers = 0",
        "box.toml:2: `workers` is `0`: use a whole number from 1 to 1000",
    );
    check_refused(
        "workers = \"4\"",
        "box.toml:1: `workers` is `string`: use a whole number",
    );
    check_refused("log = 4", "box.toml:1: `log` is `integer`: use a text in quotes");
    check_refused(
        "database = \"mysql://x\"",
        "box.toml:1: `database` is `mysql://x`: use `sqlite:PATH` or `postgres://HOST/NAME`",
    );
    check_refused(
        "synchronous = \"yes\"",
        "box.toml:1: `synchronous` is `yes`: use full, normal or off",
    );
    check_refused(
        "zone = \"Moscow\"",
        "box.toml:1: `zone` is `Moscow`: `Moscow` is not the IANA name of a time zone such as `Europe/Moscow`",
    );
    let error = load("listen = 1\nlisten", &[], &[]).unwrap_err();
    assert!(error.starts_with("box.toml:2: "), "{error}");
}

#[test]
fn variables_and_flags_are_refused_by_their_name() {
    let error = load("", &[("SIGNALBOX_READERS", "100")], &[]).unwrap_err();
    assert_eq!(
        error,
        "SIGNALBOX_READERS: `readers` is `100`: use a whole number from 1 to 64"
    );
    let error = load("", &[], &[("zone", "Mars")]).unwrap_err();
    assert!(error.starts_with("--zone: `zone` is `Mars`"), "{error}");
}

#[test]
fn file_that_is_named_must_exist() {
    let error = Config::load(Some(&PathBuf::from("/no/such.toml")), [], Layer::new()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot read the configuration `/no/such.toml`"),
        "{error}"
    );
}

#[test]
fn example_is_accepted_with_every_line_switched_on() {
    let text = example();
    let switched_on: String = text
        .lines()
        .map(|line| {
            let is_setting = line.starts_with('#') && !line.starts_with("# ");
            format!("{}\n", if is_setting { &line[1..] } else { line })
        })
        .collect();
    let config = load(&switched_on, &[], &[]).unwrap();
    assert_eq!(config.given.len(), SETTINGS.len());
    assert!(
        config
            .given
            .values()
            .all(|(_, origin)| *origin != Origin::Default)
    );
    assert_eq!(load(&text, &[], &[]).unwrap().worker_count, 64);
}
