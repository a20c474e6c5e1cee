//! Parses arguments, chooses a front end, returns its exit code; nothing else.

use std::process::ExitCode;

use pixloom::cli::{self, FrontEnd};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    pixloom::engine::prepare_process();
    if let Some(code) = pixloom::codec::serve_if_helper(std::env::args_os()) {
        return code;
    }
    #[cfg(feature = "gui")]
    let began = std::time::Instant::now();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("PIXLOOM_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off")),
        )
        .with_writer(std::io::stderr)
        .init();
    match cli::main(std::env::args_os()) {
        FrontEnd::Done(code) => code,
        #[cfg(feature = "gui")]
        FrontEnd::Window { catalog_path, sources, lang, lock } => {
            let engine = pixloom::engine::EngineOptions {
                command_of: Some(cli::command_of),
                ..pixloom::engine::EngineOptions::for_window(catalog_path)
            };
            open_window(engine, lock, sources, lang, began)
        }
        #[cfg(not(feature = "gui"))]
        FrontEnd::Window { .. } => {
            let message = pixloom::model::Message::new("without_window");
            cli::report_error(&pixloom::error::JobError::Refused(message)).into()
        }
    }
}

/// Opens the window. The engine outlives it.
#[cfg(feature = "gui")]
fn open_window(
    options: pixloom::engine::EngineOptions,
    lock: Option<pixloom::catalog::WindowLock>,
    sources: Vec<pixloom::model::SourceSpec>,
    lang: Option<pixloom::model::Lang>,
    began: std::time::Instant,
) -> ExitCode {
    use pixloom::engine::{Command, Engine};
    use pixloom::error::JobError;
    use pixloom::model::Message;

    let started = Engine::start_in_background(options).and_then(|mut engine| {
        lock.map_or(Ok(()), |lock| engine.serve_as_window(lock))?;
        Ok(engine)
    });
    let engine = match started {
        Ok(engine) => engine,
        Err(error) => return cli::report_error(&error).into(),
    };
    let handle = engine.handle();
    if !sources.is_empty() {
        handle.send(Command::Add(sources));
    }
    let options = pixloom::gui::WindowOptions { began: Some(began), lang, ..pixloom::gui::WindowOptions::default() };
    match pixloom::gui::run(handle, &options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(detail) => {
            let sentence = Message::new("no_window");
            cli::report_error(&JobError::Machine(sentence.with("detail", detail))).into()
        }
    }
}
