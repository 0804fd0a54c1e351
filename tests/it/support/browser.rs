//! A real Chromium without a screen, driven through ChromeDriver.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use testbed::{Program, wait_until};
use thirtyfour::prelude::*;
use thirtyfour::{ChromiumLikeCapabilities, LoggingPrefsLogLevel};
use tokio::runtime::Runtime;

use super::PATIENCE;

/// For a machine without a screen, a network and a user.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// What of the page can't be read, or does not fit. Words whose contrast with what is behind them is
/// under 4.5, and elements that reach beyond the window.
const UNREADABLE: &str = r#"
const luminance = ([r, g, b]) => {
  const part = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
};
const parse = (colour) => colour.match(/[\d.]+/g).map(Number);
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    if (colour.length < 4 || colour[3] === 1) return colour;
    if (colour[3] !== 0) return null;
  }
  return [255, 255, 255];
};
const wrong = [];
const wide = document.documentElement.scrollWidth;
if (wide > innerWidth) wrong.push(`${wide} px wide in a window of ${innerWidth}`);
for (const element of document.querySelectorAll('body, body *')) {
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  const isSeen = box.width > 1 && box.height > 1 && style.visibility === 'visible';
  if (!isSeen || element.closest('svg, .unseen, .skip, .cards thead')) continue;
  if (box.right > innerWidth + 0.5) wrong.push(`${element.outerHTML.slice(0, 80)} ends at ${box.right}`);
  const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.nodeValue.trim());
  if (!own) continue;
  const ground = behind(element);
  const [a, b] = [luminance(parse(style.color)), luminance(ground ?? [128, 128, 128])].sort((x, y) => y - x);
  const contrast = (a + 0.05) / (b + 0.05);
  if (contrast < 4.5) wrong.push(`${contrast.toFixed(2)}: ${element.outerHTML.slice(0, 80)}`);
}
return wrong;
"#;

pub(crate) struct Browser {
    runtime: Runtime,
    driver: Option<WebDriver>,
    /// Ends with everything that it started.
    program: Program,
}

impl Browser {
    pub(crate) fn start() -> Self {
        // The client of the driver wants to know how TLS is done, though it does none.
        drop(rustls::crypto::ring::default_provider().install_default());
        let program = Program::new("chromedriver").unwrap().args(["--port=0"]);
        let home = program.dir().display().to_string();
        let program = program.env("HOME", &home);
        program.start().unwrap();
        let port = wait_until("the port of ChromeDriver", PATIENCE, || {
            let log = program.log();
            let (_, rest) = log.split_once("started successfully on port ")?;
            let port: u16 = rest.split('.').next()?.trim().parse().ok()?;
            Some(port)
        });
        let port = port.unwrap_or_else(|e| panic!("{e}\n{}", program.log()));
        let mut wanted = DesiredCapabilities::chrome();
        for flag in FLAGS {
            wanted.add_arg(flag).unwrap();
        }
        let data = format!("--user-data-dir={home}/browser");
        wanted.add_arg(&data).unwrap();
        wanted
            .set_browser_log_level(LoggingPrefsLogLevel::All)
            .unwrap();
        let runtime = Runtime::new().unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let driver = runtime.block_on(WebDriver::new(&url, wanted));
        let driver = driver.unwrap_or_else(|e| panic!("{e}\n{}", program.log()));
        Browser {
            runtime,
            driver: Some(driver),
            program,
        }
    }

    fn driver(&self) -> &WebDriver {
        self.driver.as_ref().unwrap()
    }

    /// Asks Chromium itself, beside the page.
    pub(crate) fn command(&self, method: &str, arguments: Value) -> Value {
        let cdp = self.driver().cdp();
        let answer = self.runtime.block_on(cdp.send_raw(method, arguments));
        answer.unwrap_or_else(|e| panic!("{method}: {e}\n{}", self.program.log()))
    }

    pub(crate) fn open(&self, address: &str, path: &str) {
        let url = format!("http://{address}{path}");
        self.runtime.block_on(self.driver().goto(url)).unwrap();
    }

    /// What a script in the page returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        let returned = self.driver().execute(script, Vec::new());
        let returned = self.runtime.block_on(returned);
        returned
            .unwrap_or_else(|e| panic!("{script}: {e}"))
            .json()
            .clone()
    }

    /// Waits until an expression in the page is true.
    pub(crate) fn wait(&self, what: &str, patience: Duration, expression: &str) {
        let script = format!("return Boolean({expression})");
        let seen = wait_until(what, patience, || self.run(&script) == json!(true));
        seen.unwrap_or_else(|e| panic!("{e}\n{}\n{:?}", self.words(), self.complaints()));
    }

    /// Presses keys, wherever the focus is.
    pub(crate) fn press(&self, keys: impl Into<TypingData>) {
        let pressed = self.driver().action_chain().send_keys(keys);
        self.runtime.block_on(pressed.perform()).unwrap();
    }

    /// Tab by tab to the element that this selector names.
    pub(crate) fn tab_to(&self, selector: &str) {
        let there = format!("return document.activeElement.matches('{selector}')");
        for _ in 0..60 {
            if self.run(&there) == json!(true) {
                return;
            }
            self.press(Key::Tab);
        }
        panic!("no key leads to {selector}\n{}", self.words());
    }

    /// What a person reads.
    pub(crate) fn words(&self) -> String {
        let words = self.run("return document.body.innerText");
        words.as_str().unwrap_or_default().to_owned()
    }

    /// A window of this size.
    pub(crate) fn resize(&self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false
        });
        self.command("Emulation.setDeviceMetricsOverride", size);
    }

    /// `light` or `dark`.
    pub(crate) fn scheme(&self, scheme: &str) {
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.command("Emulation.setEmulatedMedia", media);
    }

    /// Every width in both schemes: what does not fit or can't be read.
    pub(crate) fn unreadable(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for width in [320, 768, 1280] {
            self.resize(width, 900);
            for scheme in ["light", "dark"] {
                self.scheme(scheme);
                let found = self.run(UNREADABLE);
                let found = found.as_array().unwrap().iter();
                wrong.extend(found.map(|one| format!("{width} {scheme}: {one}")));
            }
        }
        wrong
    }

    /// What the console says since it was asked last: errors, and violations of the policy.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.runtime.block_on(self.driver().browser_log()).unwrap();
        let told = log
            .into_iter()
            .map(|e| format!("{}: {}", e.level, e.message));
        told.collect()
    }

    /// The whole page as a picture.
    pub(crate) fn picture(&self, file: &Path, height: Option<u32>) {
        use base64::Engine as _;
        let mut wanted = json!({"format": "png", "captureBeyondViewport": true});
        if let Some(height) = height {
            let width = self.run("return innerWidth");
            wanted["clip"] = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
        }
        let answer = self.command("Page.captureScreenshot", wanted);
        let data = answer["data"].as_str().unwrap();
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(data)
            .unwrap();
        std::fs::write(file, bytes).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It is ended by force with its driver: to ask it first would take longer.
        if let Some(driver) = self.driver.take() {
            drop(driver.leak());
        }
    }
}
