# Each target is one script or one cargo command.
.PHONY: run test fuzz bench release licenses readme
ARGS ?=

# Installs missing packages, builds, and opens the window; `make run ARGS="run photos -o out"` works without one.
run:
	@.ci/setup run
	@. .ci/env && cargo run --release --locked $$PIXLOOM_CARGO_FEATURES -- $(ARGS)

# All checks that a change must pass.
test:
	@.ci/setup test
	@. .ci/env && .ci/check

# Searches for new failures with libFuzzer; `make fuzz TARGET=decode_png SECONDS=600`. Needs cargo-fuzz.
TARGET ?=
SECONDS ?= 60
fuzz:
	@. .ci/env && .ci/fuzz "$(TARGET)" "$(SECONDS)"

# Paired runs against other programs; see benches/README.md.
bench:
	@.ci/setup bench
	@. .ci/env && benches/run.sh

# The program without symbols, and its symbols next to it: target/release/pixloom and pixloom.debug.
release:
	@.ci/setup build
	@. .ci/env && .ci/release

# Rewrites assets/licenses.txt after a change of Cargo.lock (needs python3).
licenses:
	@. .ci/env && .ci/licenses

# Rewrites the tables of formats in README.md and README.ko.md after a change of a format's declaration.
readme:
	@. .ci/env && PIXLOOM_UPDATE_README=1 cargo test --locked $$PIXLOOM_CARGO_FEATURES --lib the_tables_of_the_readmes
