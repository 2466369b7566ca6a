//! What `depin up` says when everything runs.

use crate::output::{Output, Table, secret, shown};
use depin_devnet::{
    home::{Endpoints, Opened},
    services::{
        clusters::checker, coverage::gateway as lorawan, metered::gateway as metering, rendering::gateway as dispatcher,
        storage::gateway::S3Access,
    },
};
use std::path::{Path, PathBuf};

/// The same for programs: secrets are in their files, unless a person reads.
pub fn json(endpoints: &Endpoints) -> Endpoints {
    let s3 = endpoints.home.join("gateway/account.json");
    let each = endpoints.endpoints.iter().map(|endpoint| {
        shown(&shown(endpoint, "secret_key", &s3), metering::KEY, &endpoints.home.join(key_file(&endpoint.name)))
    });
    Endpoints { endpoints: each.collect(), ..endpoints.clone() }
}

pub fn text(endpoints: &Endpoints, opened: &Opened, out: &Output) -> String {
    let Endpoints { api, providers, chain_id, network, speed, home, .. } = endpoints;
    let s3 = S3Access::find(&endpoints.endpoints);
    let state = if opened.new { "a new network" } else { "going on with the data of this home" };
    let mut text = format!("\n{} {state}\n\n", out.bold("depin is up:"));
    let names: Vec<&str> = providers.iter().map(|provider| provider.name.as_str()).collect();
    let mut table = Table::new(&["", ""]);
    let mut row = |name: &str, value: &str| table.row([format!("  {name}"), value.to_owned()]);
    row("API", api);
    if let Some(s3) = &s3 {
        row("S3 endpoint", &s3.endpoint);
        row("  access key", &s3.access_key);
        row("  secret key", &secret(&s3.secret_key, &home.join("s3.env")));
        row("  region", &s3.region);
    }
    for endpoint in endpoints.endpoints.iter().filter(|endpoint| endpoint.name != S3Access::NAME) {
        row(&endpoint.name, &endpoint.url);
        for (name, value) in &endpoint.settings {
            let shown =
                if name == metering::KEY { secret(value, &home.join(key_file(&endpoint.name))) } else { value.to_owned() };
            row(&format!("  {}", name.replace('_', " ")), &shown);
        }
    }
    row("providers", &if names.is_empty() { "none".to_owned() } else { names.join(", ") });
    let overlays = depin_economy::Spec::parse(&opened.genesis.network_toml).map(|spec| spec.network().overlays.clone());
    let overlays = overlays.unwrap_or_default().iter().map(|name| format!(", overlay {name}")).collect::<String>();
    row("network", &format!("{network}, variant {}{overlays}", opened.genesis.variant));
    row("chain", &format!("{chain_id}, speed {speed}"));
    row("data folder", &home.display().to_string());
    row("the same, for programs", &home.join("endpoints.json").display().to_string());
    text += &table.render(out);
    text += &format!("\n{} (in another terminal)\n\n", out.bold("Try next"));
    for (what, lines) in commands(endpoints, s3.as_ref(), leases(opened)) {
        text += &format!("  {}\n", out.dim(&format!("# {what}")));
        for line in lines {
            text += &format!("  {line}\n");
        }
    }
    text + "\nCtrl-C stops it; the next `depin up` goes on with the same data.\n"
}

/// Where in a home the access key of an endpoint is written.
fn key_file(endpoint: &str) -> &'static str {
    match endpoint {
        lorawan::NAME => lorawan::KEY_FILE,
        dispatcher::NAME => dispatcher::KEY_FILE,
        _ => metering::KEY_FILE,
    }
}

/// Whether the network leases machines.
fn leases(opened: &Opened) -> bool {
    depin_economy::Spec::parse(&opened.genesis.network_toml).is_ok_and(|spec| spec.network().service.as_str() == "leasing")
}

/// Commands that work as they stand when pasted, one after another, in the folder in which `up` was started.
fn commands(endpoints: &Endpoints, s3: Option<&S3Access>, leases: bool) -> Vec<(&'static str, Vec<String>)> {
    let here = std::env::current_dir().unwrap_or_default();
    let program = quote(&program(&here));
    let home = relative(&endpoints.home, &here);
    let option =
        if home == Path::new(crate::settings::HOME_DEFAULT) { String::new() } else { format!(" --home {}", quote(&home)) };
    let depin = format!("{program}{option}");
    let own = |lines: &[&str]| lines.iter().map(|line| format!("{depin} {line}")).collect::<Vec<String>>();
    let mut commands = Vec::new();
    if s3.is_some() && endpoints.providers.is_empty() {
        let some = own(&["up --providers 4"]);
        commands.push(("nobody stores anything here yet: Ctrl-C, then start it with providers", some));
    }
    if let Some(s3) = s3.filter(|_| !endpoints.providers.is_empty()) {
        let put = own(&["storage put /etc/services demo/services", "storage list", "storage deals"]);
        commands.push(("store a file, and see its deals become active", put));
        let env = quote(&if home.is_absolute() { home } else { Path::new(".").join(home) }.join("s3.env"));
        commands.push(("any S3 client works; this tells rclone, aws and curl where", s3_clients(&here, &env, &s3.region)));
    }
    if leases {
        let order = own(&["lease providers", "lease check deploy.yaml", "lease up deploy.yaml", "provider leases"]);
        commands.push(("who sells what, and your deployment file: judged, ordered, running", order));
    }
    if endpoints.endpoints.iter().any(|endpoint| endpoint.name == metering::NAME) {
        let order = own(&["metered operators", "metered order provider-1 --cap 1 --for 1d", "metered orders"]);
        commands.push(("who delivers, and an order; your software reports through the gateway", order));
    }
    if endpoints.endpoints.iter().any(|endpoint| endpoint.name == dispatcher::NAME) {
        let look = own(&["render nodes", "render estimate scene.blend", "render submit scene.blend", "render frames JOB"]);
        commands.push(("who renders; a scene of yours: what it costs, ordered, frames as they come", look));
    }
    if endpoints.endpoints.iter().any(|endpoint| endpoint.name == checker::NAME) {
        let look = own(&["cluster devices", "cluster blocks", "cluster nominations"]);
        commands.push(("which devices there are, and what they prove hour by hour", look));
        let hire = own(&["cluster hire --devices 1 --hours 1 --kind ray --pay IO --quote", "cluster list"]);
        commands.push(("what a cluster costs; without --quote it is hired, once devices proved themselves for hours", hire));
    }
    if endpoints.endpoints.iter().any(|endpoint| endpoint.name == lorawan::NAME) {
        let look = own(&["coverage hotspots", "coverage packets --follow", "coverage device list"]);
        commands.push(("who carries packets, what they cost, which devices there are (the radio is simulated)", look));
        let proof = own(&["coverage beacons", "coverage witnesses", "coverage rewards", "coverage map --svg map.svg"]);
        commands.push(("who covers what, and what that earned", proof));
    }
    commands.push(("what happens on the ledger", own(&["status", "audit", "events --follow"])));
    commands
}

fn s3_clients(here: &Path, env: &str, region: &str) -> Vec<String> {
    let folder = ["docs", "crates", "src"].into_iter().find(|name| here.join(name).is_dir()).unwrap_or("/etc/ssl");
    vec![
        format!(". {env}"),
        format!("rclone copy -l {folder} depin:demo/folder"),
        "aws --endpoint-url $AWS_ENDPOINT_URL s3 ls s3://demo/".to_owned(),
        format!(
            "curl -s --aws-sigv4 aws:amz:{region}:s3 -H x-amz-content-sha256:UNSIGNED-PAYLOAD \\\n    \
             -u $AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY $AWS_ENDPOINT_URL/demo/services"
        ),
    ]
}

/// How this program is called from a shell: by its name when the shell would find it, else by its path.
fn program(here: &Path) -> PathBuf {
    let Ok(own) = std::env::current_exe() else { return "depin".into() };
    let found = std::env::var_os("PATH").into_iter().flat_map(|paths| std::env::split_paths(&paths).collect::<Vec<_>>());
    let by_name = found.map(|folder| folder.join("depin")).find(|path| path.is_file()).and_then(|path| path.canonicalize().ok());
    if by_name.is_some_and(|path| Some(path) == own.canonicalize().ok()) {
        return "depin".into();
    }
    match relative(&own, here) {
        path if path.is_absolute() => path,
        path => Path::new(".").join(path),
    }
}

/// Shorter where it lies below the present folder.
fn relative(path: &Path, here: &Path) -> PathBuf {
    path.strip_prefix(here).map_or_else(|_| path.to_owned(), Path::to_owned)
}

/// Quoted for a shell where that is needed.
fn quote(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_shells_only_where_needed() {
        assert_eq!(quote(Path::new("/a/b-c.d")), "/a/b-c.d");
        assert_eq!(quote(Path::new("my home")), "'my home'");
        assert_eq!(quote(Path::new("it's")), r"'it'\''s'");
    }

    #[test]
    fn paths_below_the_present_folder_are_shortened() {
        assert_eq!(relative(Path::new("/a/b/c"), Path::new("/a/b")), Path::new("c"));
        assert_eq!(relative(Path::new("/x"), Path::new("/a/b")), Path::new("/x"));
    }
}
