//! Two hosts on one PostgreSQL: killed, frozen past their lease, cut off from the database, under load.

use std::net::SocketAddr;
use std::time::Duration;

use signalbox_tests::postgres::{self, Cluster};

use super::host::{Host, Place};
use super::load::Random;
use super::{Siege, kills, life};

/// Longer than a lease: the others take a frozen host's place.
const LONG_FREEZE: Duration = Duration::from_secs(12);
/// Shorter: nobody notices, and nobody may.
const SHORT_FREEZE: Duration = Duration::from_millis(900);
/// What may happen to a host.
#[derive(Debug, Clone, Copy)]
enum Blow {
    Kill,
    Freeze(Duration),
    Cut,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hosts_on_one_database_lose_no_run_and_double_none() {
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    let database = cluster.database("several");
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut places = [0, 1].map(|n: usize| Place::new(folders[n].path(), &database));
    // The same seed would give both the same port.
    places[1].port = places[0].port + 1;
    places[1].service_port = places[0].service_port;
    let mut hosts = vec![Host::start(&places[0]).await];
    let siege = Siege::begin(&hosts[0]).await;
    hosts.push(Host::start(&places[1]).await);
    siege.addresses.send_replace(addresses(&hosts));
    let blow_count = kills(6);
    eprintln!(
        "SIGNALBOX_SEED={} SIGNALBOX_KILLS={blow_count} {database}",
        siege.seed
    );
    let mut random = Random::new(siege.seed);
    let mut counts = [0_u64; 4];
    for number in 0..blow_count {
        tokio::time::sleep(life(&mut random) * 4).await;
        let blow = choose(number, &mut random);
        let victim = random.below(2) as usize;
        strike(blow, &mut hosts, victim, &places, &siege, cluster).await;
        counts[place_of(blow)] += 1;
    }
    let [killed, long, short, cut] = counts;
    let what =
        format!("two hosts: {killed} kills, {long} freezes past the lease, {short} short ones, {cut} cuts");
    let second = hosts.pop().unwrap();
    second.end();
    let first = hosts.pop().unwrap();
    siege.addresses.send_replace(vec![first.address()]);
    siege.end(&what, first, &database).await;
}

/// Each kind of blow comes in a short run; a long freeze takes its time, and is rare.
fn choose(number: u64, random: &mut Random) -> Blow {
    match number {
        0 => Blow::Kill,
        1 => Blow::Freeze(SHORT_FREEZE),
        2 => Blow::Cut,
        3 => Blow::Freeze(LONG_FREEZE),
        _ => match random.below(40) {
            0 => Blow::Freeze(LONG_FREEZE),
            1..=8 => Blow::Freeze(SHORT_FREEZE),
            9..=16 => Blow::Cut,
            _ => Blow::Kill,
        },
    }
}

fn place_of(blow: Blow) -> usize {
    match blow {
        Blow::Kill => 0,
        Blow::Freeze(LONG_FREEZE) => 1,
        Blow::Freeze(_) => 2,
        Blow::Cut => 3,
    }
}

async fn strike(
    blow: Blow,
    hosts: &mut [Host],
    victim: usize,
    places: &[Place; 2],
    siege: &Siege,
    cluster: &Cluster,
) {
    let other = vec![hosts[1 - victim].address()];
    match blow {
        Blow::Kill => {
            siege.addresses.send_replace(other);
            hosts[victim].kill();
            hosts[victim] = Host::start(&places[victim]).await;
            siege.addresses.send_replace(addresses(hosts));
        }
        Blow::Freeze(time) => {
            // A balancer notices soon that the host does not answer; whoever has asked it already waits.
            siege.addresses.send_replace(other);
            hosts[victim].signal("-STOP");
            tokio::time::sleep(time).await;
            hosts[victim].signal("-CONT");
            siege.addresses.send_replace(addresses(hosts));
        }
        Blow::Cut => {
            let name = places[victim].database.rsplit('/').next().unwrap();
            cluster.cut_half_of_all_connections(name);
        }
    }
}

fn addresses(hosts: &[Host]) -> Vec<SocketAddr> {
    hosts.iter().map(Host::address).collect()
}
