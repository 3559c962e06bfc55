# Short names for the daily work; ./run does the same on a machine that has nothing yet.
all:
	./run build
test net:
	./run test $@
asan fuzz lint format cover bench doc check-floors:
	./run $@
.PHONY: all test net asan fuzz lint format cover bench doc check-floors
