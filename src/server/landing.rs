//! The page at `/` until the status page takes its place.

/// Plain HTML without any external resource.
pub(super) fn page(telemetry_path: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>warrener</title>\
         <style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;\
         padding:0 1rem;color-scheme:light dark}}</style></head>\n\
         <body>\n<h1>warrener</h1>\n<p>Keeps a RabbitMQ worker fleet alive. Version {version}.</p>\n\
         <ul>\n<li><a href=\"/api/v1/status\">Status</a> (JSON)</li>\n\
         <li><a href=\"{telemetry_path}\">Metrics</a></li>\n\
         <li><a href=\"/-/healthy\">Healthy</a></li>\n<li><a href=\"/-/ready\">Ready</a></li>\n\
         </ul>\n</body>\n</html>\n"
    )
}
