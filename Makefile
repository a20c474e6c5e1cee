# Thin on purpose: each target is one script or one cargo command.
.PHONY: run test bench release
ARGS ?=

# Installs what is missing, builds, and opens the window; `make run ARGS="run photos -o out"` works without one.
run:
	@.ci/setup run
	@. .ci/env && cargo run --release --locked -- $(ARGS)

# Everything that must hold before a change goes in.
test:
	@.ci/setup test
	@. .ci/env && .ci/check

# Paired runs against other programs; see benches/README.md.
bench:
	@.ci/setup bench
	@. .ci/env && benches/run.sh

release:
	@.ci/setup build
	@. .ci/env && cargo build --release --locked
