//! What a network's file may add: pay by availability, notice before machines are taken back.

use crate::{
    fake::Fake,
    world::{World, key, usual},
};
use depin_client::{
    Reach, Sender, Trust,
    lease::{self, LeaseRef, Pass, sign_report},
};
use depin_ledger::Message;
use depin_quantity::{Name, Span};
use depin_services::leasing::{AvailabilityReport, LeaseState, LeasingMessage, NewDeployment, Reason};

const CHAIN: Name = Name::literal("lease-test");
const BY_AVAILABILITY: &str = "[service.leasing.availability]\nperiod = \"1m\"\nwithin = \"20m\"\nunreported = \"0%\"\nparameter = true\nwhy = \"a test\"\n";
const RECLAIM: &str = "[service.leasing.reclaim]\nleast = \"4m\"\nmost = \"1h\"\nparameter = true\nwhy = \"a test\"\n";

/// Tenant and provider sign, the provider hands in, the ledger pays: and pays nothing of what only one of them said.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_paid_by_what_tenant_and_provider_signed() {
    let (world, machine) = (World::of(60, "5m", BY_AVAILABILITY).await, Fake::new("north"));
    let listening = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    machine.machine().backend = Some(listening.local_addr().unwrap());
    let provider = world.provider(world.config("north", &machine), 3).await;
    let lease = world.lease(1, &usual()).await;
    provider.desk().take(lease.deployment(), usual().manifest().clone()).await.unwrap();
    let pass = Pass::Key { key: Box::new(key(1)), chain: CHAIN, generation: 0 };
    let gateway = lease::Gateway::new(provider.url(), lease.provider, pass, &Trust::default(), &Reach::local()).unwrap();
    let place = LeaseRef::from(lease);
    let availability = async || world.leased(lease).await.availability.unwrap();
    // A period that the provider looked at throughout.
    world
        .until("two periods", async || world.client.status().await.unwrap().time_ms >= availability().await.ends.ms + 60_000)
        .await;
    let said = |period, answered| sign_report(&key(1), CHAIN, AvailabilityReport { lease, period, probes: 10, answered });
    let refused = gateway.report(place, &said(1, 0)).await.unwrap_err();
    assert_eq!(refused.code(), Some("report-refused"), "{refused}");
    assert!(world.leased(lease).await.earned.units.is_zero(), "one word moves no pay");
    assert_eq!(availability().await.next, 0);
    // While the lease began, nobody was well: the provider signs less than all of it, and how much less is up to how often it looked.
    let mut most = 5;
    while let Err(error) = gateway.report(place, &said(0, most)).await {
        assert!(error.code() == Some("report-refused") && most < 10, "{error}");
        most += 1;
    }
    world.until("the first period", async || availability().await.next == 1).await;
    let signed = gateway.report(place, &said(1, 10)).await.unwrap();
    assert_eq!(signed.key.address(), provider.address());
    world.until("the second period", async || availability().await.next == 2).await;
    let told = availability().await;
    assert_eq!((told.probes, told.answered, told.unreported), (20, u64::from(most) + 10, 0));
    // Ten blocks of 250 uakt a period: a part of the first, all of the second.
    let leased = world.leased(lease).await;
    let paid = leased.earned.units.get() + leased.collected.units.get();
    assert_eq!(paid, 250 * u128::from(most) + 10 * 250);
    // Who has both signatures hands them in, too: it is decided by now.
    let late = LeasingMessage::ReportAvailability(vec![signed]);
    assert!(world.tenant.submit(Message::service(late)).await.unwrap_err().to_string().contains("next report"));
    assert!(world.client.audit().await.unwrap().ok);
}

/// Nobody takes a report whose signature is not that of its key.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_with_a_made_up_signature_is_no_transaction() {
    let (world, machine) = (World::of(60, "5m", BY_AVAILABILITY).await, Fake::new("north"));
    let provider = world.provider(world.config("north", &machine), 3).await;
    let lease = world.lease(1, &usual()).await;
    world
        .until("a period", async || {
            let ends = world.leased(lease).await.availability.unwrap().ends.ms;
            world.client.status().await.unwrap().time_ms >= ends
        })
        .await;
    let mut made_up = sign_report(&key(3), CHAIN, AvailabilityReport { lease, period: 0, probes: 1, answered: 0 });
    made_up.report.answered = 1;
    let message = Message::service(LeasingMessage::ReportAvailability(vec![made_up]));
    let refused = world.tenant.submit(message).await.unwrap_err().to_string();
    assert!(refused.contains("signature"), "{refused}");
    assert_eq!(world.leased(lease).await.availability.unwrap().next, 0);
    drop(provider);
}

/// From the bid that promises it to the empty machine.
#[tokio::test(flavor = "multi_thread")]
async fn notice_is_promised_given_waited_for_and_ends_the_lease() {
    let (world, machine) = (World::of(30, "5m", RECLAIM).await, Fake::new("north"));
    let mut config = world.config("north", &machine);
    let window = Span::from_secs(300);
    config.offer.reclaim_window = Some(window);
    let provider = world.provider(config, 3).await;
    let file = usual();
    let order = LeasingMessage::CreateDeployment(NewDeployment {
        reclaim_window: Some(Span::from_secs(240)),
        ..World::ordered(1, &file, "5")
    });
    world.send(order).await;
    let deployment = depin_services::leasing::DeploymentId { owner: world.tenant.address(), dseq: 1 };
    let bid = world.bids(deployment, 1).await.remove(0);
    assert_eq!(bid.reclaim_window_ms, Some(window.get()));
    world.send(LeasingMessage::CreateLease(bid.id)).await;
    provider.desk().take(deployment, file.manifest().clone()).await.unwrap();
    world.until("the service", async || machine.runs(1)).await;
    let own = Sender::new(world.client.clone(), key(3));
    let (order, reason) = (bid.id.order, Reason::Decommission);
    let close = LeasingMessage::CloseBid { order, reason };
    let refused = own.submit(Message::service(close.clone())).await.unwrap_err().to_string();
    assert!(refused.contains("start to reclaim it first"), "{refused}");
    own.submit(Message::service(LeasingMessage::StartReclaim { order, reason })).await.unwrap();
    let told = world.leased(bid.id).await;
    assert_eq!((told.state, told.reason), (LeaseState::Reclaiming, Some(reason)));
    let until = told.reclaim_until.unwrap().ms;
    let refused = own.submit(Message::service(close.clone())).await.unwrap_err().to_string();
    assert!(refused.contains("end it then") && machine.runs(1), "{refused}");
    world.until("the end of the notice", async || world.client.status().await.unwrap().time_ms >= until).await;
    let earned = world.leased(bid.id).await.earned.units.get();
    // Some fifty blocks at most; how many there are in that time is up to the machine.
    assert!(earned >= 30 * 250, "it is paid while the notice runs: {earned}");
    own.submit(Message::service(close)).await.unwrap();
    let over = world.leased(bid.id).await;
    assert_eq!((over.state, over.reason), (LeaseState::Closed, Some(reason)));
    world.until("an empty machine", async || machine.machine().rooms.is_empty() && machine.runs(0)).await;
    assert!(world.client.audit().await.unwrap().ok);
}
