//! The window: a front end of the engine. Draws its snapshots and sends it commands.
//!
//! It opens no file and no connection, starts no thread and decodes nothing.

mod actions;
mod app;
mod dialogs;
mod drafts;
mod format;
mod forms;
mod history;
mod icon;
mod input;
mod listing;
mod ops;
mod panels;
mod presets;
mod state;
mod window_fit;
mod words;

#[cfg(test)]
mod fake_engine;
#[cfg(test)]
mod tests;
mod textures;
mod theme;
mod widgets;

pub use app::App;

use crate::engine::Handle;
use crate::model::Lang;

/// Options for opening the window.
#[derive(Clone, Debug, Default)]
pub struct WindowOptions {
    /// Width and height in points; `None` is the last size, or 1440 by 900.
    pub size_pt: Option<(f32, f32)>,
    /// The language, unless the settings select one.
    pub lang: Option<Lang>,
    /// When the program started; the log then reports how long the first frame took.
    pub began: Option<std::time::Instant>,
}

/// Shows the window until it is closed.
///
/// # Errors
/// If this computer can't show a window.
pub fn run(handle: Handle, options: &WindowOptions) -> Result<(), String> {
    let size = options.size_pt.unwrap_or(theme::size::WINDOW);
    let viewport = egui::ViewportBuilder::default()
        .with_title("Pixloom")
        .with_app_id("pixloom")
        .with_icon(icon::icon())
        .with_inner_size([size.0, size.1])
        .with_min_inner_size([theme::size::WINDOW_MIN.0, theme::size::WINDOW_MIN.1]);
    let native = eframe::NativeOptions {
        viewport,
        persist_window: options.size_pt.is_none(),
        ..eframe::NativeOptions::default()
    };
    let (began, lang) = (options.began, options.lang);
    let app = move |creation: &eframe::CreationContext<'_>| {
        let app = App::new(&creation.egui_ctx, handle);
        let app = match lang {
            Some(lang) => app.in_language(lang),
            None => app,
        };
        Ok(Box::new(match began {
            Some(began) => app.since(began),
            None => app,
        }) as Box<dyn eframe::App>)
    };
    eframe::run_native("pixloom", native, Box::new(app))
        .map_err(|error| error.to_string().trim_end_matches('.').to_owned())
}
