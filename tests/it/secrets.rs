//! Credentials of many kinds, planted in a codebase and in an error: none may leave the machine.

use crate::smol::Smol;

/// Letters and digits without sense, the same in every run.
struct Noise(u64);

impl Noise {
    fn take(&mut self, alphabet: &str, length: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        let mut next = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            alphabet[(self.0 >> 33) as usize % alphabet.len()]
        };
        (0..length).map(|_| next()).collect()
    }
}

const HEX: &str = "0123456789abcdef";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ALL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Secrets, each with a line of code around it. Put together here, so that no scanner takes this file for a leak.
fn planted() -> Vec<(String, String)> {
    let mut noise = Noise(7);
    let mut all = Vec::new();
    let with_prefix = [
        ("AKIA", UPPER, 16),
        ("ASIA", UPPER, 16),
        ("ghp_", ALL, 36),
        ("gho_", ALL, 36),
        ("ghs_", ALL, 36),
        ("github_pat_", ALL, 82),
        ("glpat-", ALL, 20),
        ("xoxb-", ALL, 50),
        ("xapp-1-", ALL, 60),
        ("sk_live_", ALL, 24),
        ("rk_live_", ALL, 24),
        ("whsec_", ALL, 32),
        ("sk-proj-", ALL, 48),
        ("sk-ant-api03-", ALL, 90),
        ("sk-or-v1-", HEX, 64),
        ("AIza", ALL, 35),
        ("GOCSPX-", ALL, 28),
        ("ya29.", ALL, 60),
        ("npm_", ALL, 36),
        ("pypi-AgEIcHlwaS5vcmc", ALL, 60),
        ("rubygems_", HEX, 48),
        ("cio", ALL, 32),
        ("oy2", "abcdefghijklmnop0123456789", 43),
        ("key-", HEX, 32),
        ("SK", HEX, 32),
        ("dop_v1_", HEX, 64),
        ("dp.pt.", ALL, 43),
        ("dapi", HEX, 32),
        ("hf_", ALL, 34),
        ("r8_", ALL, 37),
        ("gsk_", ALL, 52),
        ("xai-", ALL, 80),
        ("pplx-", ALL, 48),
        ("glsa_", ALL, 32),
        ("hvs.", ALL, 92),
        ("lin_api_", ALL, 40),
        ("NRAK-", UPPER, 27),
        ("ntn_", ALL, 46),
        ("PMAK-", HEX, 24),
        ("pscale_tkn_", ALL, 43),
        ("pul-", HEX, 40),
        ("sntryu_", HEX, 64),
        ("shpat_", HEX, 32),
        ("shippo_live_", HEX, 40),
        ("EAAA", ALL, 60),
        ("sbp_", HEX, 40),
        ("sqp_", HEX, 40),
        ("LTAI", ALL, 20),
        ("ATATT3", ALL, 186),
        ("AKCp", ALL, 69),
        ("figd_", ALL, 40),
        ("dckr_pat_", ALL, 27),
        ("tskey-auth-", ALL, 30),
        ("AGE-SECRET-KEY-1", UPPER, 58),
        ("HRKU-", ALL, 58),
    ];
    for (index, (prefix, alphabet, length)) in with_prefix.into_iter().enumerate() {
        let mut secret = format!("{prefix}{}", noise.take(alphabet, length));
        match prefix {
            "glsa_" => secret.push_str(&format!("_{}", noise.take(HEX, 8))),
            "PMAK-" => secret.push_str(&format!("-{}", noise.take(HEX, 34))),
            "tskey-auth-" => secret.push_str(&format!("-{}", noise.take(ALL, 20))),
            _ => {}
        }
        let line = match index % 3 {
            0 => format!("client = connect(\"{secret}\")  # the service\n"),
            1 => format!("    value: '{secret}'\n"),
            _ => format!("curl -H X-Key:{secret} https://example.org\n"),
        };
        all.push((secret, line));
    }
    let mut add = |secret: String, line: &str| {
        let line = line.replace("{}", &secret);
        all.push((secret, format!("{line}\n")));
    };
    let [a, b, c] = [17, 43, 27].map(|length| noise.take(ALL, length));
    add(format!("eyJ{a}.eyJ{b}.{c}"), "Authorization: Bearer {}");
    add(noise.take(ALL, 40), "aws_secret_access_key = {}");
    add(format!("SG.{}.{}", noise.take(ALL, 22), noise.take(ALL, 43)), "mail = '{}'");
    add(format!("{}-us12", noise.take(HEX, 32)), "chimp('{}')");
    add(format!("123456789:AA{}", noise.take(ALL, 33)), "bot {}");
    add(format!("M{}.{}.{}", noise.take(ALL, 23), noise.take(ALL, 6), noise.take(ALL, 30)), "discord_bot({})");
    add(
        format!("{}/{}/{}", noise.take(UPPER, 9), noise.take(UPPER, 9), noise.take(ALL, 24)),
        "https://hooks.slack.com/services/{}",
    );
    add(noise.take(ALL, 68), "https://discord.com/api/webhooks/123456789/{}");
    add(format!("{}.atlasv1.{}", noise.take(ALL, 14), noise.take(ALL, 64)), "credentials {}");
    add(format!("{}==", noise.take(ALL, 86)), "DefaultEndpointsProtocol=https;AccountKey={};x");
    add(format!("{}8Q~{}", noise.take(ALL, 3), noise.take(ALL, 34)), "azure '{}'");
    add(noise.take(ALL, 14), "postgres://app:{}@db.internal:5432/app");
    add(format!("{}7", noise.take(ALL, 20)), "const apiKey = \"{}\";");
    add(format!("{}7x", noise.take(ALL, 14)), "DB_PASSWORD={}");
    add(format!("{}7x", noise.take(ALL, 14)), "  client_secret: {}");
    add(format!("{}7x", noise.take(ALL, 22)), "//registry.example.org/:_authToken={}");
    let body = (0..12).map(|_| format!("{}\n", noise.take(ALL, 64))).collect::<String>();
    for kind in ["RSA PRIVATE", "OPENSSH PRIVATE", "PRIVATE", "EC PRIVATE"] {
        let text = format!("-----BEGIN {kind} KEY-----\n{}-----END {kind} KEY-----\n", body.replace('7', &kind[..1]));
        all.push((body.lines().nth(3).expect("has lines").replace('7', &kind[..1]), text));
    }
    all
}

#[test]
fn no_planted_credential_leaves() {
    let planted = planted();
    assert!(planted.len() >= 70, "{}", planted.len());
    let code: String = planted.iter().map(|(_, line)| format!("# one more\n{line}\n")).collect();
    let error: String = planted.iter().map(|(_, line)| line.as_str()).collect();
    let mut smol =
        Smol::new().write("app/code.py", &code).write("app/.npmrc", &planted[70].1).on("debug", "x").on("pm", "# x");
    for path in
        [".env", ".env.local", "id_ed25519", "tls/server.key", "a.pem", "terraform.tfstate", ".netrc", "app.p12"]
    {
        smol = smol.write(&format!("app/{path}"), &code);
    }
    let run = smol.args(["debug", &error, "--dir", "app"]).success().asked(1).says("masked in");
    let body = run.fake.asked()[0].body.clone();
    let record: String = crate::smol::files_below(&run.dir.path().join("app/.smol/questions"))
        .iter()
        .map(|name| std::fs::read_to_string(run.dir.path().join("app/.smol/questions").join(name)).expect("reads"))
        .collect();
    let leaked: Vec<&String> = planted
        .iter()
        .map(|(secret, _)| secret)
        .filter(|secret| body.contains(*secret) || record.contains(*secret))
        .collect();
    assert!(leaked.is_empty(), "{} of {} left: {leaked:#?}", leaked.len(), planted.len());
    assert!(!record.is_empty() && body.contains("SMOL_MASKED_SECRET_"));
    let run = run.again().on("pm", "# x").args(["pm", "--dir", "app"]).success();
    let body = run.fake.asked()[0].body.clone();
    assert!(!planted.iter().any(|(secret, _)| body.contains(secret) || run.stdout().contains(secret)));
}

#[test]
fn whoever_allows_it_sends_them() {
    let (secret, line) = planted().swap_remove(0);
    let smol = Smol::new().write("app/code.py", &line).on("debug", "x");
    let run = smol.args(["debug", "it fails", "--dir", "app", "--allow-secrets"]).success();
    assert!(run.fake.asked()[0].body.contains(&secret));
}
