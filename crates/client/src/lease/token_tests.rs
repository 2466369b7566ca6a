use super::*;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

const NOW: u64 = 1_800_000_000;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn provider() -> Address {
    key(9).address()
}

fn chain() -> Name {
    Name::literal("test-1")
}

fn claims(leases: Leases) -> Claims {
    Claims::new(&key(1), provider(), chain(), 3, NOW, leases)
}

fn lease(owner: u8, dseq: u64, gseq: u32, oseq: u32) -> BidId {
    DeploymentId { owner: key(owner).address(), dseq }.group(gseq).order(oseq).bid(provider())
}

fn granular(deployments: Vec<DeploymentPermission>) -> Leases {
    let at = Permission { provider: provider(), access: Access::Granular, scope: vec![], deployments };
    Leases { access: Access::Granular, scope: vec![], permissions: vec![at] }
}

fn deployment(dseq: u64, scope: &[Scope], gseq: u32, oseq: u32, services: &[&str]) -> DeploymentPermission {
    let services = services.iter().map(|one| (*one).to_owned()).collect();
    DeploymentPermission { dseq, scope: scope.to_vec(), gseq, oseq, services }
}

#[test]
fn a_token_is_read_as_it_was_written_and_is_plain_eddsa() {
    let written = claims(granular(vec![deployment(7, &[Scope::Logs], 1, 0, &["web"])]));
    let token = mint(&key(1), &written).unwrap();
    assert_eq!(read(&token), Ok(written.clone()));
    let header: serde_json::Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap();
    assert_eq!(
        (&header["alg"], &header["jwk"]["kty"], &header["jwk"]["crv"]),
        (&"EdDSA".into(), &"OKP".into(), &"Ed25519".into())
    );
    let body: serde_json::Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap();
    assert_eq!(body["version"], "v1");
    assert_eq!(body["leases"]["permissions"][0]["deployments"][0]["scope"][0], "logs");
    assert_eq!(body["gen"], 3);
}

#[test]
fn only_the_account_that_it_names_can_have_signed_it() {
    let mut foreign = claims(Leases::full());
    foreign.iss = key(2).address();
    assert_eq!(read(&mint(&key(1), &foreign).unwrap()), Err(TokenError::Signature));
    let token = mint(&key(1), &claims(Leases::full())).unwrap();
    let (rest, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[5] ^= 1;
    assert_eq!(read(&format!("{rest}.{}", URL_SAFE_NO_PAD.encode(&bytes))), Err(TokenError::Signature));
    // The key of one account with the claims of another.
    let other = mint(&key(2), &foreign).unwrap();
    let parts: Vec<&str> = other.split('.').collect();
    let mixed = format!("{}.{}.{signature}", token.split('.').next().unwrap(), parts[1]);
    assert_eq!(read(&mixed), Err(TokenError::Signature));
}

#[test]
fn what_is_no_token_is_told() {
    for (text, why) in [
        ("", "this is no token"),
        ("a.b", "this is no token"),
        ("a.b.c", "this is no token"),
        (&"x".repeat(TOKEN_BYTES_MAX + 1), "8192 are the most"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    let of = |header: &str| read(&format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(header))).unwrap_err().to_string();
    assert!(of(r#"{"alg":"none"}"#).starts_with("this is no token"), "{}", of(r#"{"alg":"none"}"#));
    assert!(!of(r#"{"alg":"none"}"#).contains("HS256"), "what is not taken is not offered");
    assert!(of(r#"{"alg":"HS256"}"#).contains("EdDSA is taken"));
    assert!(of(r#"{"alg":"EdDSA"}"#).contains("no Ed25519 key of its account"));
    assert!(of(r#"{"alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":"AAAA"}}"#).contains("is no Ed25519 key"));
}

#[test]
fn times_provider_and_chain_are_held_to_with_some_seconds_for_clocks() {
    let one = claims(Leases::full());
    let at = |now| one.check(provider(), chain(), now);
    assert_eq!(at(NOW), Ok(()));
    assert_eq!(at(NOW - LEEWAY_SECS), Ok(()));
    assert_eq!(at(NOW - LEEWAY_SECS - 1), Err(TokenError::Early { nbf: NOW, now: NOW - LEEWAY_SECS - 1 }));
    let end = NOW + LIFETIME.as_secs();
    assert_eq!(at(end + LEEWAY_SECS - 1), Ok(()));
    assert_eq!(at(end + LEEWAY_SECS), Err(TokenError::Expired { exp: end, now: end + LEEWAY_SECS }));
    assert_eq!(one.check(key(8).address(), chain(), NOW), Err(TokenError::OtherProvider(provider())));
    assert_eq!(one.check(provider(), Name::literal("main-1"), NOW), Err(TokenError::OtherChain(chain())));
    let hour = one.clone().lasting(LIFETIME_MAX).unwrap();
    assert_eq!(hour.check(provider(), chain(), NOW), Ok(()));
    assert!(one.clone().lasting(LIFETIME_MAX + Duration::from_secs(1)).is_err());
    let longer = Claims { exp: NOW + 3_601, ..one.clone() };
    assert_eq!(longer.check(provider(), chain(), NOW), Err(TokenError::TooLong { seconds: 3_601 }));
    let old = Claims { iat: NOW - 10_000, ..one.clone() };
    assert_eq!(old.check(provider(), chain(), NOW), Err(TokenError::TooLong { seconds: 10_900 }), "made long before it begins");
    assert_eq!(one.check_generation(3), Ok(()));
    assert_eq!(one.check_generation(4), Err(TokenError::Revoked { token: 3, current: 4 }));
}

#[test]
fn full_access_is_to_the_issuers_leases_and_scoped_to_some_of_it() {
    let full = claims(Leases::full());
    assert_eq!(full.allows(lease(1, 7, 1, 1), Some(Scope::Shell)), Some(Services::All));
    assert_eq!(full.allows(lease(2, 7, 1, 1), Some(Scope::Shell)), None, "of another tenant");
    let scoped = claims(Leases { access: Access::Scoped, scope: vec![Scope::Logs], permissions: vec![] });
    assert_eq!(scoped.allows(lease(1, 7, 1, 1), Some(Scope::Logs)), Some(Services::All));
    for scope in Scope::ALL.into_iter().filter(|scope| *scope != Scope::Logs) {
        assert_eq!(scoped.allows(lease(1, 7, 1, 1), Some(scope)), None, "{scope}");
    }
    assert_eq!(scoped.allows(lease(1, 7, 1, 1), None), Some(Services::All));
    assert!(full.is_full(provider()) && !scoped.is_full(provider()));
}

#[test]
fn granular_access_is_by_provider_deployment_group_order_and_service() {
    let one = claims(granular(vec![
        deployment(7, &[Scope::Logs, Scope::SendManifest], 0, 0, &["web"]),
        deployment(7, &[Scope::Logs], 2, 3, &["db"]),
    ]));
    let only = |names: &[&str]| Some(Services::Only(names.iter().map(|one| (*one).to_owned()).collect()));
    assert_eq!(one.allows(lease(1, 7, 1, 1), Some(Scope::Logs)), only(&["web"]));
    assert_eq!(one.allows(lease(1, 7, 2, 3), Some(Scope::Logs)), only(&["db", "web"]));
    assert_eq!(one.allows(lease(1, 7, 2, 4), Some(Scope::Logs)), only(&["web"]));
    assert_eq!(one.allows(lease(1, 7, 1, 1), Some(Scope::Shell)), None);
    assert_eq!(one.allows(lease(1, 8, 1, 1), Some(Scope::Logs)), None);
    let elsewhere = BidId { provider: key(8).address(), ..lease(1, 7, 1, 1) };
    assert_eq!(one.allows(elsewhere, Some(Scope::Logs)), None);
    assert!(one.allows_deployment(lease(1, 7, 1, 1).deployment(), provider(), Scope::SendManifest));
    assert!(!one.allows_deployment(lease(1, 7, 1, 1).deployment(), provider(), Scope::GetManifest));
    let group = claims(granular(vec![deployment(7, &[Scope::SendManifest], 2, 0, &["web"])]));
    assert!(
        !group.allows_deployment(lease(1, 7, 2, 1).deployment(), provider(), Scope::SendManifest),
        "a manifest is of all groups"
    );
}

#[test]
fn claims_that_contradict_themselves_are_refused() {
    let refused = |leases: Leases| mint(&key(1), &claims(leases)).unwrap_err().to_string();
    let scoped = |scope: Vec<Scope>| Leases { access: Access::Scoped, scope, permissions: vec![] };
    assert!(refused(Leases { scope: vec![Scope::Logs], ..Leases::full() }).contains("neither scope nor permissions"));
    assert!(refused(scoped(vec![])).contains("0 scopes"));
    assert!(refused(scoped(vec![Scope::Logs; 2])).contains("there twice"));
    assert!(refused(Leases { access: Access::Granular, ..Leases::full() }).contains("0 providers"));
    let web = |dseq, gseq, oseq| deployment(dseq, &[Scope::Logs], gseq, oseq, &["web"]);
    assert!(refused(granular(vec![])).contains("1 to 64 deployments"));
    assert!(refused(granular(vec![web(0, 0, 0)])).contains("dseq"));
    assert!(refused(granular(vec![web(1, 0, 1)])).contains("gseq"));
    assert!(refused(granular(vec![deployment(1, &[], 0, 0, &["web"])])).contains("0 scopes"));
    assert!(refused(granular(vec![deployment(1, &[Scope::Logs], 0, 0, &[])])).contains("0 services"));
    assert!(refused(granular(vec![deployment(1, &[Scope::Logs], 0, 0, &["web", "web"])])).contains("there twice"));
    let mut twice = granular(vec![web(1, 0, 0)]);
    twice.permissions.push(twice.permissions[0].clone());
    assert!(refused(twice).contains("there twice"));
    let backwards = Claims { exp: NOW, ..claims(Leases::full()) };
    assert!(mint(&key(1), &backwards).unwrap_err().to_string().contains("ends before it begins"));
    let newer = Claims { version: "v2".to_owned(), ..claims(Leases::full()) };
    assert!(mint(&key(1), &newer).unwrap_err().to_string().contains("`v1` is known"));
}

#[test]
fn a_restriction_that_is_not_known_is_not_passed_over() {
    let mut body = serde_json::to_value(claims(granular(vec![deployment(7, &[Scope::Logs], 0, 0, &["web"])]))).unwrap();
    body["leases"]["permissions"][0]["deployments"][0]["replicas"] = 1.into();
    assert!(serde_json::from_value::<Claims>(body.clone()).is_err());
    body["leases"]["permissions"][0]["deployments"][0].as_object_mut().unwrap().remove("replicas");
    body["sub"] = "somebody".into();
    assert!(serde_json::from_value::<Claims>(body).is_ok(), "other claims of tokens are known elsewhere");
}
