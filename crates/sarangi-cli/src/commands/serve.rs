//! `sarangi serve`.

use anyhow::Result;
use sarangi::serve::{ServeOptions, Server};
use serde_json::json;

use crate::args::{Common, ServeArgs};
use crate::console::Console;

pub(crate) fn serve(args: &ServeArgs, common: &Common, console: &Console) -> Result<()> {
    super::use_threads(common)?;
    let workers = common.threads.map(usize::from);
    let options = ServeOptions {
        backend: common.device,
        limits: args.limits.limits(common.max_seconds, workers),
        signals: true,
    };
    let server = Server::bind(args.addr, &args.models, options)?;
    let (url, models) = (format!("http://{}/", server.addr()), server.models());
    if !server.addr().ip().is_loopback() {
        console.note(
            "warning: everybody who reaches this machine can use the server; it knows no passwords",
        );
    }
    let text = format!("serving {} on {url}", models.join(", "));
    console.answer(&json!({ "url": url, "models": models }), text)?;
    server.run();
    Ok(())
}
