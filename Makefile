# One-line aliases of dev.py. `make run ARGS="--port 9000"` passes arguments on.
.PHONY: run test check fix bench
run: ; python3 dev.py run $(ARGS)
test: ; python3 dev.py test $(ARGS)
check: ; python3 dev.py check
fix: ; python3 dev.py fix
bench: ; python3 dev.py bench $(ARGS)
