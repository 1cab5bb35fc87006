# SPDX-License-Identifier: Apache-2.0
# Functions for scripts that run tests and print how many have passed: ./check
# and tests/long.  The caller works in the top folder of the sources.  The output
# of each part goes to the folder $logs, and its numbers to $logs/counts, so that
# parts can run at the same time.
jobs=$(nproc) || exit 1
# Drops filters of the environment, which would select some of all tests.
unset CMOCKA_TEST_FILTER CMOCKA_SKIP_FILTER CMOCKA_XML_FILE PYTEST_ADDOPTS \
	ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS
# All builds and the tests in Python share one pool of keys.
export TEST_KEYS=${TEST_KEYS-$PWD/build/keys}

begin_counts() { # folder
	logs=$1
	mkdir -p "$logs"
	: >"$logs/counts"
}

# Runs a command in a process group of its own, and ends the group when this
# script is interrupted: what a shell starts in the background ignores Ctrl-C.
in_group() { # command...
	set -m
	"$@" </dev/null &
	set +m
	group=$!
	trap 'end_group 129' HUP
	trap 'end_group 130' INT
	trap 'end_group 143' TERM
	wait "$group"
}

end_group() { # exit status
	trap '' HUP INT TERM
	kill -TERM -- "-$group"
	wait "$group"
	exit "$1"
}

count() { # name passed failed log
	echo "$2 $3" >>"$logs/counts"
	printf '%-34s %4d passed, %d failed\n' "$1" "$2" "$3"
	[ "$3" -eq 0 ] || echo "    see $4"
}

# Prints the sums.  Fails if a test has failed, or if there was none.  A part that
# has left no numbers has failed.
end_counts() { # number of parts
	awk -v parts="${1:-1}" '{ good += $1; bad += $2 }
	END { if (NR < parts) {
			print parts - NR " parts have left no numbers"
			bad += parts - NR
		}
		print good + 0 " passed, " bad + 0 " failed"
		exit bad > 0 || good == 0 }' "$logs/counts"
}

# Prints how many tests the plan of a log in TAP has; nothing if there is no plan,
# or more than one.
planned() { # log
	sed -n 's/^1\.\.\([0-9][0-9]*\)$/\1/p' "$1" | awk '{ plan = $0 }
		END { if (NR == 1) print plan }'
}

log_of() { # name
	echo "$logs/$(echo "$1" | tr -c 'a-zA-Z0-9\n' '-').log"
}

# Where unit tests write: to memory, if $TMPDIR is not set and there is room.
# None of them needs the disk itself, and a disk makes them wait for it.
folder_of_tests() {
	local folder=/dev/shm left
	left=$(df -k --output=fstype,avail $folder | awk '$1 == "tmpfs" { print $2 }')
	if [ -n "${TMPDIR-}" ]; then
		echo "$TMPDIR"
	elif [ -w $folder ] && [ "${left:-0}" -gt 2000000 ] &&
		! findmnt -no options $folder | grep -qw noexec; then
		echo $folder
	else
		echo /tmp
	fi
}

# A limit in seconds as the load of the machine asks for.
scaled() { # seconds
	/usr/bin/python3 tests/scepca/deadline.py "$1"
}

# Runs a command; it counts as one test, which passes if the command succeeds.
claim() { # name command...
	local name=$1 log
	log=$(log_of "$name")
	shift
	if "$@" >"$log" 2>&1; then
		count "$name" 1 0 "$log"
	else
		count "$name" 0 1 "$log"
		tail -n 40 "$log" | sed 's/^/    | /'
		return 1
	fi
}

# Runs a command that prints a line of TAP for each test.  A command that fails
# otherwise, or prints no such line, or fewer than its plan has, counts as a test
# that has failed.
tap() { # name command...
	local name=$1 log good bad status=0
	log=$(log_of "$name")
	shift
	"$@" >"$log" 2>&1 || status=$?
	good=$(grep -c '^ok ' "$log")
	bad=$(grep -c '^not ok ' "$log")
	if [ $((good + bad)) -eq 0 ] ||
		[ "$(planned "$log")" != $((good + bad)) ] ||
		{ [ $status -ne 0 ] && [ "$bad" -eq 0 ]; }
	then
		bad=$((bad + 1))
		tail -n 20 "$log" | sed 's/^/    | /'
	fi
	grep -A20 '^not ok' "$log" | sed 's/^/    | /'
	count "$name" "$good" "$bad" "$log"
}

# Prints what went wrong in one program: the log may not outlive the run.
tell_failure() { # log
	echo "    $(basename "$1" .log) fails"
	{ grep -v '^ok ' "$1" || echo "it has left no log"; } | tail -n 25 | cut -c 1-300 |
		sed 's/^/    | /'
}

# Adds the results of one program to `ok` and `bad`.  A crash or a leak counts as a
# failure even if all tests passed, and so does a program that did not run, or
# that ran fewer tests than it has.
judge() { # log skipped|elsewhere
	local good=0 ill=0 skipped=0
	if [ -e "$1" ]; then
		good=$(grep -c '^ok ' "$1")
		ill=$(grep '^not ok ' "$1" | grep -vc '# SKIP')
		skipped=$(grep -c '# SKIP' "$1")
		[ "$(planned "$1")" = $((good + ill + skipped)) ] ||
			[ "$ill" -gt 0 ] || ill=1
	fi
	[ "$2" = elsewhere ] || ill=$((ill + skipped))
	grep -qs '^exit 0$' "$1" || [ "$ill" -gt 0 ] || ill=1
	[ "$((good + skipped))" -gt 0 ] || [ "$ill" -gt 0 ] || ill=1
	[ "$ill" -eq 0 ] || tell_failure "$1"
	ok=$((ok + good))
	bad=$((bad + ill))
}

# The style of the sources, and of the manual pages.
style() {
	local files
	files=$(find scep subagent ctl tests -name '*.[ch]')
	[ "$(echo "$files" | wc -l)" -gt 200 ] || return 1
	[ -s .clang-format ] && clang-format -n -Werror $files
}

man_pages() {
	local said
	said=$(mandoc -Tlint -Wwarning subagent/*.[58] mibs/*.7 ctl/*.1) &&
		[ -z "$said" ] || { echo "$said"; return 1; }
}

# Builds the programs, and then the goal: `test-objects` compiles the tests, and
# `check` with no tests to run links them as well.  Removes a folder that was
# configured in another way: make would not compile again what is there.
build() { # folder goal compiler flags...
	local folder=$1 goal=$2
	shift 2
	[ "$(cat "$folder/.configured" 2>/dev/null)" = "$*" ] || rm -rf "$folder"
	mkdir -p "$folder" || return 1
	(
		cd "$folder" || exit 1
		if [ ! -e .configured ]; then
			../../configure -q CC="$1" "${@:2}" || exit 1
			echo "$*" >.configured
		fi
		make -s -j"$jobs" all && make -s -j"$jobs" "$goal" TESTS=
	)
}

# Runs the integration tests that a marker selects, each file separately, two at
# a time for each processor, because a test mostly waits.  The runs share
# nothing.  A skipped test counts as failed, and so does a run that dies.
integration() { # name markers
	local folder
	folder=$(log_of "$1")
	folder=$PWD/${folder%.log}
	rm -rf "$folder"
	mkdir -p "$folder"
	export SCEPAGENTD=$PWD/build/plain/scepagentd BUILD=$PWD/build/plain
	make -s -C "$BUILD" tests/lib/key_preload.so >/dev/null ||
		{ count "$1" 0 1 "$folder"; return 1; }
	set -- "$1" "$folder" $(/usr/bin/python3 tests/integration/run \
		$((2 * jobs)) "$folder" "$2")
	[ $# -eq 4 ] || set -- "$1" "$2" 0 1
	[ "$4" -eq 0 ] || grep -hE '^(FAILED|ERROR|SKIPPED)' "$2"/*.log |
		sed 's/^/    | /'
	count "$1" "$3" "$4" "$2/"
}
