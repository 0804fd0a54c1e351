//! Starts a broker, prints its folder, and ends as its argument says: the patient of the
//! tests which prove that nothing stays behind, however a test process ends.

use std::io::Read;

#[allow(
    clippy::print_stdout,
    reason = "the folder is told to the test on standard output"
)]
fn main() -> testbed::Result<()> {
    let broker = testbed::Broker::builder().plugins(&[]).start()?;
    println!(
        "{}",
        broker.dir().parent().unwrap_or(broker.dir()).display()
    );
    if std::env::args().nth(1).as_deref() == Some("panic") {
        panic!("as told");
    }
    // Until the test closes its end, or ends this process.
    std::io::stdin()
        .read_to_end(&mut Vec::new())
        .unwrap_or_default();
    Ok(())
}
