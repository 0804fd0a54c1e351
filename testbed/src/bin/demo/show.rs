//! How things look: addresses, real samples, `warrener status`, what fires.

use crate::Outcome;
use crate::api::warrener_exe;
use crate::look::Look;
use crate::stage::{PROOF, Stage};

/// What is shown of the exposition: one line for each that is there.
const SHOWN: [&str; 8] = [
    "warrener_broker_info{",
    "warrener_broker_node_up{",
    "warrener_queue_messages_ready{",
    "warrener_queue_consumers{",
    "warrener_roundtrip_seconds ",
    "warrener_worker_processes_running{",
    "warrener_worker_consumers{",
    "warrener_health_score ",
];

/// Where everything is.
pub(crate) fn addresses(stage: &Stage) -> Outcome<()> {
    let (url, broker) = (&stage.api.url, &stage.broker);
    println!("\nwarrener    {url}/\nmetrics     {url}/metrics");
    println!("Prometheus  {}/alerts", stage.alerting.prometheus.url());
    println!("Alertmgr    {}", stage.alerting.alertmanager.url());
    println!("RabbitMQ    {} (guest, guest)", broker.management_url());
    println!("AMQP        {}", broker.amqp_url());
    println!("folder      {}\n", stage.warrener.dir().display());
    println!(
        "real metrics after {:.1} s:\n",
        stage.real_after.as_secs_f64()
    );
    Ok(())
}

/// How things are; whether a real metric was seen.
pub(crate) fn state(stage: &Stage) -> Outcome<bool> {
    let metrics = stage.api.metrics().ok_or("warrener no longer answers")?;
    for start in SHOWN {
        for line in metrics.lines().filter(|line| line.starts_with(start)) {
            println!("  {line}");
        }
    }
    println!();
    stage.api.status()?;
    firing(&Look::at(stage)?);
    Ok(metrics.contains(PROOF))
}

fn firing(look: &Look) {
    let alerts: Vec<_> = look.alerts.iter().map(ToString::to_string).collect();
    match (look.alive, alerts.as_slice()) {
        (false, _) => println!("\nNo Watchdog: alerts do not arrive."),
        (true, []) => println!("\nNo alert is firing but Watchdog, which always does."),
        (true, alerts) => println!(
            "\n{} alerts are firing besides Watchdog: {}",
            alerts.len(),
            alerts.join(", ")
        ),
    }
}

/// What whoever looks on may try.
pub(crate) fn what_to_do(stage: &Stage) -> Outcome<()> {
    let (exe, api) = (warrener_exe()?, &stage.api);
    let exe = exe.display();
    println!(
        "\nKill or freeze a worker (pkill -f bin/orders-worker), stop the broker, empty .env in"
    );
    println!("the folder, and see what warrener does about it:");
    println!("  {exe} status --url {} --watch", api.url);
    println!("  {exe} runs --url {}", api.url);
    println!("Or see it told: make demo FAULT=worker-hang (FAULT=list names the others).");
    Ok(())
}
