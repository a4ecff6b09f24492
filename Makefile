# The verbs (targets) of this project, which CI calls too. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

include scripts/tools.mk

ON_PATH := $(PATH)
has = $(shell PATH="$(ON_PATH)" command -v $(1))
CARGO_LAMBDA := $(if $(call has,cargo-lambda),,.venv/cargo-lambda/ok)
ZIG := $(if $(call has,zig),,.venv/zig/bin/zig)
SAM := $(if $(call has,sam),,.venv/sam/ok)
DENY := $(if $(call has,cargo-deny),,.venv/cargo-deny/bin/cargo-deny)
export PATH := $(ON_PATH):$(CURDIR)/.venv/cargo-lambda/bin:$(CURDIR)/.venv/zig/bin:$(CURDIR)/.venv/sam/bin:$(CURDIR)/.venv/cargo-deny/bin
export SAM_CLI_TELEMETRY := 0
RELEASE := $(or $(CARGO_TARGET_DIR),target)/release

.PHONY: help dev invoke invoke-what test live-test watch-test client-test verifying-test openapi-test browser-test store-test routes check bench new new-test needs-docker sam-test rehearse example build arm64-test deploy smoke

help: ## List the verbs
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 16

dev: ## Serve every route on http://127.0.0.1:9000 (PORT=), rebuilt when a file changes
	@$(if $(call has,cargo),:,echo "make dev: there is no cargo; https://rustup.rs says how to install Rust" >&2; exit 1)
	@$(if $(call has,cc),:,echo "make dev: there is no cc, which links programs; on Debian: apt install gcc libc6-dev" >&2; exit 1)
	@exec cargo run --quiet --package dev

invoke: invoke-what $(if $(IMAGE),needs-docker build) ## Invoke one function beside `make dev`: F=users-me (E=events/x.json, PORT=); IMAGE=1 does it in Lambda's image
	@$(if $(IMAGE),$(SAM_INVOKE),$(DEV_INVOKE))

# Before anything is built.
invoke-what:
	$(if $(wildcard functions/$(or $(F),?)/Cargo.toml),,$(error make invoke: F=$(F) is no function; choose one of $(notdir $(wildcard functions/*))))
	$(if $(wildcard $(EVENT)),,$(error make invoke: there is no $(EVENT); choose one of events/ with E=))

EVENT = $(or $(E),events/$(F).json)
DEV_PORT = $(or $(PORT),9000)

# As `cargo lambda invoke $(F) --data-file $(EVENT)` does it.
define DEV_INVOKE
curl --silent --noproxy '*' --write-out '\n' --data-binary @$(EVENT) http://127.0.0.1:$(DEV_PORT)/2015-03-31/functions/$(F)/invocations || \
  { echo "make invoke: nothing answers on port $(DEV_PORT); start make dev, or say its PORT=" >&2; exit 1; }
endef

# The template names a function's resource UsersMeFunction.
define SAM_INVOKE
sam local invoke $$(sed -E 's/(^|-)(.)/\U\2/g' <<<$(F))Function \
  --event $(EVENT) --skip-pull-image
endef

# Through `tee`, since some awks keep lines back; what it wrote is counted in the end.
test: ## Run every test that needs neither Docker nor a network
	@mkdir -p target; status=0; \
	cargo test --workspace --exclude bench --exclude floor --no-fail-fast 2>&1 | tee target/test.log || status=$$?; \
	awk '/^test result:/ { passed += $$4; failed += $$6; skipped += $$8 } \
	  /^test .* \.\.\. FAILED$$/ { sub(/^test /, ""); sub(/ \.\.\. FAILED$$/, ""); names = names "\n  " $$0 } \
	  END { printf "%d passed, %d failed, %d skipped%s\n", passed, failed, skipped, names }' target/test.log; \
	exit $$status

live-test: .venv/fastapi/ok ## Test `make dev` over HTTP, and tokens against FastAPI
	@.venv/fastapi/bin/python tests/live.py

watch-test: $(CARGO_LAMBDA) ## Test plain `cargo lambda watch`, in a shell without variables of ours
	@scripts/watch_test.sh

client-test: .venv/clients/ok tests/clients/node_modules/.package-lock.json ## Test `make dev` with four OAuth client libraries
	@.venv/clients/bin/python tests/clients.py

verifying-test: .venv/verifying/ok tests/clients/node_modules/.package-lock.json ## Test the servers of docs/verifying.md, which verify tokens of `make dev JWT_ALGORITHM=RS256`
	@.venv/verifying/bin/python tests/verifying.py

openapi-test: .venv/openapi/ok ## Test `make dev` against its own /openapi.json
	@.venv/openapi/bin/python tests/openapi.py

browser-test: .venv/browser/ok ## Test /docs in Chromium; its screenshot goes to docs/
	@$(if $(and $(call has,chromium),$(call has,chromedriver)),:,echo "this needs chromium and chromedriver; on Debian: apt install chromium chromium-driver" >&2; exit 1)
	@.venv/browser/bin/python tests/browser.py

store-test: .venv/moto/ok ## Test the stores against moto, a second DynamoDB
	@.venv/moto/bin/python tests/store.py

# Twice: the documents name the scopes that the first run may have added to the code.
routes: ## Write what is missing for the functions that service/ lists: router, template, events, README, scope; and the API's documents
	@cargo run --quiet --package service --bin routes
	@cargo run --quiet --package service --bin routes

check: $(SAM) $(DENY) .venv/template/ok .venv/workflows/ok ## Check format, lints, docs, the template, and the dependencies' licences and advisories
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	sam validate --lint --region us-east-1
	sam validate --lint --region us-east-1 --template examples/protected-api/template.yaml
	sam validate --lint --region us-east-1 --template tests/protected.yaml
	@PATH="$(CURDIR)/.venv/template/bin:$$PATH" python scripts/check_template.py
	.venv/template/bin/checkov
	.venv/workflows/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.venv/workflows/bin/zizmor --offline --quiet .github/workflows
	cargo deny --log-level error check bans licenses sources
	@if cargo deny --log-level off fetch db 2>/dev/null; then cargo deny --log-level error check advisories; \
	  else echo "advisories were not checked: RustSec's database cannot be reached from here"; fi

# The floors are built as sam builds the functions: another linker alone changes a cold start by 10 %. The tools need
# not be small, and are built in a third of the time.
bench: build .venv/peer/ok $(if $(call has,npm),bench/peers/dist/ok) ## Measure what functions, logins and each kind of request cost, against other programs: docs/performance.* (SECONDS=150)
	@cargo lambda build --quiet --release --package floor
	@CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
	  cargo build --quiet --release --package bench --package local-dynamodb --package users --bin bench --bin local-dynamodb --bin users
	@$(if $(call has,npm),:,echo "no peer in Node.js is measured: this needs Node.js 20 or newer and its npm; nodejs.org says how to install them")
	@$(RELEASE)/bench run --docs docs --seconds $(or $(SECONDS),150) --python .venv/peer/bin/python $(if $(call has,npm),--node $(call has,node))

# Split, since esbuild 0.28 would leave better-auth's memory adapter without its beginning.
bench/peers/dist/ok: bench/peers/node_modules/.package-lock.json $(wildcard bench/peers/*.mjs)
	@cd bench/peers && rm -rf dist && for peer in hello openauth openauth-verify better-auth; do \
	  node_modules/.bin/esbuild $$peer.mjs --bundle --splitting --minify --platform=node --target=node20 \
	    --format=esm --out-extension:.js=.mjs --outdir=dist/$$peer --log-level=warning; \
	done
	@touch $@

new: ## Make a copy to build your own API on: DIR=../my-api NAME=my-api
	@python3 scripts/new.py "$(DIR)" "$(NAME)"

# Not its `make test`, which takes 5 minutes: what a copy can break is the list, the wiring, the routes, the walls.
# It builds in its own folder, as a stranger's would: in this one the crates of both would be taken for each other.
new-test: ## Make such a copy in target/new and run the tests that know its routes
	@rm -rf target/new
	@env -u CARGO_TARGET_DIR python3 scripts/new.py target/new my-api
	@cd target/new && env -u CARGO_TARGET_DIR cargo test --quiet --package tests --test all $(NEW_TESTS)

NEW_TESTS := -- $(addsuffix ::,catalogue dependencies documentation flows modules orders routing)

# provided.al2023 has glibc 2.34, where libpthread and libdl are in libc: two libraries fewer to load, 7 % of INIT.
# Not for arm64: sam passes --arm64, and cargo-lambda refuses that beside a target.
build bench: export CARGO_LAMBDA_BUILD := $(if $(filter arm64,$(ARCH)),,{target=["x86_64-unknown-linux-gnu.2.34"]})

build: $(CARGO_LAMBDA) $(ZIG) $(SAM) ## Build the functions as they are deployed (ARCH=arm64 for Graviton)
	sam build --parameter-overrides Architecture=$(or $(ARCH),x86_64)

sam-test: needs-docker build ## Run the built functions in Lambda's image, one by one and behind sam local start-api
	@scripts/sam_test.sh

rehearse: build .venv/rehearse/ok ## Deploy to an emulator of AWS on loopback, with IAM enforced, and try the stack
	@.venv/rehearse/bin/python scripts/rehearse/main.py

example: .venv/rehearse/ok ## Deploy examples/protected-api (DIR= and RouteScopes= of another API) and the service to an emulator of AWS on loopback, until Ctrl-C
	@cargo build
	@.venv/rehearse/bin/python scripts/rehearse/protected.py

arm64-test: ## Build the functions for Graviton and run them here under qemu: some 10 minutes, not part of .ci/run
	@$(MAKE) build ARCH=arm64
	@python3 tests/arm64.py

deploy: $(CARGO_LAMBDA) $(ZIG) $(SAM) ## Deploy to AWS: STACK=name (Parameter=value, ARCH=arm64); a parameter that is not named stays as it is
	@python3 scripts/deploy.py

smoke: $(SAM) ## Test a deployed stack: STACK=name, with a user that it makes and removes; or API_URL=https://..., with the tutorial's
	@$(if $(STACK),STACK=$(STACK) python3 scripts/smoke.py,API_URL=$(or $(API_URL),$(error make smoke STACK=name, or API_URL=https://... of a stack with the tutorial's users)) \
	  cargo test --quiet --package tests --test live -- --ignored --nocapture --test-threads 1)

needs-docker:
	@docker info >/dev/null 2>&1 || { echo "this needs Docker, and its engine does not answer; docs.docker.com says how to install it" >&2; exit 1; }

# cargo-lambda looks for `zig` on the PATH, but PyPI's package does not put its own there.
.venv/zig/bin/zig: .venv/zig/ok
	@cd $(@D) && ln -sf ../lib/python3*/site-packages/ziglang/zig zig

# npm writes this file last.
%/node_modules/.package-lock.json: %/package-lock.json
	@command -v npm >/dev/null || { echo "this needs Node.js 20 or newer, with npm: nodejs.org says how to install them" >&2; exit 1; }
	@echo "installing the packages of $< into $(@D)"
	@cd $* && npm ci --silent --ignore-scripts --no-audit

# A debug build is fast enough, and takes one minute instead of five.
.venv/cargo-deny/bin/cargo-deny: scripts/tools.mk
	@echo "building cargo-deny $(DENY_VERSION) into .venv/cargo-deny"
	@env -u CARGO_TARGET_DIR cargo install --quiet --locked --debug --root .venv/cargo-deny --version $(DENY_VERSION) cargo-deny
	@touch $@

.venv/%/ok: scripts/tools.mk
	@echo "installing $(PIP_$*) into .venv/$*"
	@python3 -m venv .venv/$* || { echo "python3 cannot make a virtual environment; on Debian: apt install python3-venv" >&2; exit 1; }
	@.venv/$*/bin/pip install --quiet --disable-pip-version-check $(PIP_$*)
	@touch $@
