//! Starts a broker (or, as its second argument says, a systemd or a Docker engine), prints its
//! folder, and ends as its first argument says: the patient of the tests which prove that nothing
//! stays behind, however a test process ends.

use std::io::Read;
use std::path::PathBuf;

#[allow(
    clippy::print_stdout,
    reason = "the folder is told to the test on standard output"
)]
fn main() -> testbed::Result<()> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let held: Box<dyn std::any::Any>;
    let dir: PathBuf;
    match args.get(1).map(String::as_str) {
        Some("systemd") => {
            let systemd = testbed::Systemd::boot()?;
            dir = systemd.dir().to_owned();
            held = Box::new(systemd);
        }
        Some("engine") => {
            let engine = testbed::Engine::start()?;
            engine.run("patient", &[], "exec sleep 1000")?;
            dir = engine.dir().to_owned();
            held = Box::new(engine);
        }
        _ => {
            let broker = testbed::Broker::builder().plugins(&[]).start()?;
            dir = broker.dir().parent().unwrap_or(broker.dir()).to_owned();
            held = Box::new(broker);
        }
    }
    println!("{}", dir.display());
    if args.first().map(String::as_str) == Some("panic") {
        panic!("as told");
    }
    // Until the test closes its end, or ends this process.
    std::io::stdin()
        .read_to_end(&mut Vec::new())
        .unwrap_or_default();
    drop(held);
    Ok(())
}
