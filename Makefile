# Vanthu. `make help` lists what can be made.
SHELL := /bin/sh
PY := .venv/bin/python
DATA ?= $(or $(VANTHU_DATA_DIR),data)
PORT ?= 8000
JOBS ?= 2
# tests on real servers wait half of their time
JOINED_JOBS ?= 3
# the longest files first, so that no process is left alone with one of them at the end
JOINED := tests/walk tests/faults tests/browser tests/joined
SPREAD := -m pytest -n $(JOINED_JOBS) --dist loadfile --no-loadscope-reorder
export VANTHU_DATA_DIR := $(DATA)
# the program is started hundreds of times in a test run; without compiled files each start compiles all of it
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: drill help setup run test test-long lint check servers servers-stop secrets bench bench-search bench-separators faults fuzz-verify tamper-verify numbering random-moves hostile fuzz-reader upload-campaign bad-files lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: ## system packages, virtual environment, language data (asks for sudo only when something is missing)
	@boot/install.sh run

run: setup ## set everything up, digitize samples/, serve http://127.0.0.1:8000
	@.venv/bin/vanthu doctor >/dev/null 2>&1 || .venv/bin/vanthu doctor
	@.venv/bin/vanthu init >/dev/null 2>&1 || .venv/bin/vanthu init
	@.venv/bin/vanthu digitize samples/lo-mau --dossier MAU-01 || [ $$? -eq 3 ]
	@echo; echo "Tên đăng nhập dùng thử (demo log-ins):"; cat "$(DATA)/demo-logins.txt"; echo
	@.venv/bin/vanthu serve --port $(PORT)

lint: ## format, lint, types, import contracts
	@boot/install.sh test
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy .
	.venv/bin/lint-imports

check: lint ## the same and the unit tests
	$(PY) -m pytest -n $(JOBS) --dist worksteal tests/unit

# in one run, since the tests on servers leave more than a quarter of two cores idle that the unit tests can use
test: ## everything: lint, unit tests, joined and browser tests on real servers (brings validators and servers too)
	@boot/install.sh test
	@tests/tools/get-validators
	@$(PY) tests/tools/servers.py get
	@$(MAKE) --no-print-directory lint
	VANTHU_SERVERS=must $(PY) $(SPREAD) --durations=30 -m "not long" $(JOINED) tests/unit

test-long: ## the joined tests whole: every page of the corpus, every kind of tampering, every kill (over an hour)
	@boot/install.sh test
	@tests/tools/get-validators
	@$(PY) tests/tools/servers.py get
	VANTHU_LONG=1 VANTHU_SERVERS=must $(PY) $(SPREAD) --durations=60 $(JOINED)

servers: ## start PostgreSQL, two MinIO and Elasticsearch on loopback (addresses in .tools/servers/state.json)
	@boot/install.sh test
	@$(PY) tests/tools/servers.py start

servers-stop: ## stop them; what they hold stays
	@$(PY) tests/tools/servers.py stop

secrets: ## make the secret files for docker compose, once (folder secrets/)
	@boot/make_secrets.sh

bench: ## pages a second and error rate beside stock OCRmyPDF on the same pages
	@boot/install.sh test
	$(PY) bench/ocr.py

bench-search: ## what is found under noise, and how fast among 1,000,000 pages, both engines beside their peers (hours)
	@boot/install.sh test
	@$(PY) tests/tools/servers.py get elastic
	$(PY) bench/search.py quality --servers
	$(PY) bench/search_speed.py --pages 1000000 --servers

bench-separators: ## 500 separator sheets printed, copied and scanned again (150-600 dpi), and no page taken for one
	nice -n 15 $(PY) -m tests.tools.separator_prints 500

faults: ## the long campaign (over 1,000 kill -9) and every fault of docs/reliability.md, written into it
	@boot/install.sh test
	@$(PY) tests/tools/servers.py get
	VANTHU_SERVERS=must $(PY) tests/faults/run.py

fuzz-verify: ## 20,000 mutated signed PDFs for the signature check, seeded; goes on where it stopped (out/fuzz-verify)
	nice -n 19 $(PY) -m tests.tools.fuzz_verify

tamper-verify: ## every kind of tampering over every base file, and every untouched file, beside plain pyHanko
	nice -n 19 $(PY) -m tests.tools.judge_tampered

numbering: ## 200 writers number 50 papers each on SQLite and PostgreSQL while processes are killed; the register is judged
	@$(PY) tests/tools/servers.py get postgres
	nice -n 15 $(PY) -m tests.tools.numbering

random-moves: ## 20,000 random moves by random people over all procedures, judged by a second reading of the rules
	nice -n 19 $(PY) -m tests.tools.random_moves 20000

hostile: ## hostile pages (giant, ruled, noisy, bombs) under the real limits: end, seconds, memory of each
	nice -n 15 $(PY) -m tests.tools.hostile_pages

fuzz-reader: ## 500 pages of the corpus bent, cut, spoilt and scrawled over at random, seeded; each needs a sound reading
	nice -n 15 $(PY) -m tests.tools.fuzz_reader $(or $(VANTHU_CORPUS),../shared/corpus)/pages

upload-campaign: ## 2,000 files over the resumable door, the server shot five times and the client twice; every file once
	nice -n 10 $(PY) -m tests.faults.upload_campaign

bad-files: ## every file of the list of bad inputs under the real limits: how it ended, and whether the next one is read
	nice -n 10 $(PY) -m tests.tools.bad_files

lock: ## renew the lock files from requirements*.in (hashes, no index address)
	$(PY) -m pip install --quiet uv
	for f in requirements requirements-dev; do \
	  $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-emit-index-url --no-emit-find-links --override requirements-override.txt $$f.in -o $$f.lock; done

drill: ## restore drill: back up under load, restore elsewhere, compare
	@boot/install.sh test
	$(PY) -m tests.tools.restore_drill

clean: ## stop the test servers, remove caches and the virtual environment (never the data)
	@[ ! -d .tools/servers ] || python3 tests/tools/servers.py stop
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
