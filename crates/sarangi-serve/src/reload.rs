//! Looking at model files for changes.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::metrics::count;
use crate::models::Looked;

/// Looks at every model file again and again, for as long as it is polled.
pub(crate) async fn watch(app: Arc<App>, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let looking = Arc::clone(&app);
        // Files are read on a thread that may wait for disks.
        let looked = tokio::task::spawn_blocking(move || look(&looking)).await;
        if let Err(error) = looked {
            tracing::error!(%error, "model files could not be looked at");
        }
    }
}

fn look(app: &App) {
    for entry in app.models.entries() {
        match entry.look() {
            Looked::Same => {}
            Looked::Reloaded => {
                count(&app.metrics.reloads, 1);
                tracing::info!(
                    model = entry.name,
                    "the model file has changed and was read again"
                );
            }
            Looked::Failed(reason) => {
                count(&app.metrics.failed_reloads, 1);
                let model = &entry.name;
                tracing::warn!(
                    model,
                    reason,
                    "the model file has changed and cannot be read; the old model answers on"
                );
            }
        }
    }
}
