# What there is to make:
#   demo       from nothing to a report
#   fast       style, types, imports and the tests that take under a second each, in a minute and a half
#   test       everything that has to hold
#   notebooks  runs them in place
#   test-cluster  the tests that need Spark or Sail, in an environment of their own (PySpark is 430 MB)
#   reference  the lists of files, keys and commands in docs/, from the code
#   docs       the site, in build/site
#   pictures   the guide's pictures, from the demo's pages, with a Chromium
#   messages   the catalogues of messages, from the code
#   clean      removes what was installed and run
.PHONY: help demo style fast test test-cluster reference docs pictures messages notebooks clean
PYTHON ?= python3
BIN := .venv/bin
# A file is one worker's, so that what its tests share is made once; the order is that of tests/conftest.py.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

help:
	@sed -n 's/^#   //p' Makefile

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --no-compile --constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null || true # on all cores, where pip takes one; some files are not for this Python
	touch $@

demo: .venv/installed
	$(BIN)/churn simulate --preset small --seed 0 --out runs/demo-log
	$(BIN)/churn run --config experiments/demo.yaml --out runs/demo

# Their pictures are drawn by a Chromium, so that they can be read where nothing runs.
notebooks: .venv/installed
	cd notebooks && OMP_NUM_THREADS=1 PLOTLY_RENDERER=png ../$(BIN)/jupyter-execute --inplace *.ipynb

style: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fast: style
	$(PYTEST) -m 'not slow' tests

test: style
	@command -v chromium >/dev/null || echo "note: the report's browser tests are skipped; install Debian's package chromium to run them"
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || echo "note: PostgreSQL's tests are skipped; install Debian's package postgresql to run them"
	$(PYTEST)

# PySpark itself brings a Spark to run; all else is the plain environment's.
.venv-cluster/installed: .venv/installed
	$(PYTHON) -m venv .venv-cluster
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$$(.venv-cluster/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/plain.pth"
	.venv-cluster/bin/pip install --quiet --constraint constraints.txt 'pyspark[connect]>=4.0,<4.1' pysail
	touch $@

CLUSTER := $(addprefix tests/,data/sources/test_spark.py data/log/test_events.py data/log/test_reconciliation.py data/windows/test_people.py eda/test_journey_log.py test_engines.py)
test-cluster: .venv-cluster/installed
	@command -v java >/dev/null || echo "note: Spark's tests are skipped; install Debian's package openjdk-17-jre-headless to run them"
	OMP_NUM_THREADS=1 PYTHONPATH=. .venv-cluster/bin/python -m pytest -k 'sail or spark' $(CLUSTER)

reference: .venv/installed
	$(BIN)/python docs/reference.py docs

.venv/docs: .venv/installed
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@

docs: .venv/docs
	$(BIN)/sphinx-build -W --keep-going -q docs build/site
	@echo "site: build/site/index.html"

RUN ?= runs/demo
pictures: .venv/installed
	$(BIN)/python docs/pictures.py $(RUN) docs/pictures

messages: .venv/installed # new messages of the code stand empty in each catalogue; messages that it no longer has are removed
	mkdir -p build
	$(BIN)/pybabel --quiet extract -F pyproject.toml --no-default-keywords -k say -k say_many:1,2 -k marked \
	  --add-location file --sort-by-file --width 120 --omit-header -o build/churn.pot churn
	$(BIN)/pybabel --quiet update -D churn -i build/churn.pot -d churn/language/catalogues --ignore-obsolete --no-fuzzy-matching \
	  --ignore-pot-creation-date --width 120

clean:
	rm -rf .venv .venv-cluster build runs
