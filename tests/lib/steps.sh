# Sourced by tests/run: runs steps and the suite, counts their results and
# tells them.  Logs lie in $work/log, which the caller makes; $jobs is for make.
# shellcheck shell=sh
# shellcheck disable=SC2154 # work and jobs are the caller's

passed=0
failed=0
skipped=0
running=''

# ---- steps ------------------------------------------------------------------

# bounded SECONDS COMMAND...: runs it, but not for ever.
bounded()
{
	limit=$1
	shift
	echo "\$ $*"
	timeout -k 20 "$limit" "$@" < /dev/null &
	running=$!
	wait "$running"
	status=$?
	running=''
	[ $status -ne 124 ] || echo "ended by force after $limit seconds"
	return $status
}

note()
{
	echo "    $2" >> "$work/$1"
}

# show_end LOG: what compilers say stands far above the end.
show_end()
{
	{
		grep -E '(error|warning): ' "$1" | head -n 20
		tail -n 20 "$1"
	} | sed 's/^/        /'
}

# step NAME COMMAND...: one counted result.  The last step's log is $log.
step()
{
	name=$1
	shift
	log=$work/log/$(echo "$name" | tr -cs 'a-zA-Z0-9\n' '-').log
	begin=$(date +%s)
	if "$@" > "$log" 2>&1; then
		passed=$((passed + 1))
		result=ok
	else
		failed=$((failed + 1))
		result=FAILED
		note failed "$name; see $log"
	fi
	printf '%-7s %s (%s s)\n' "$result" "$name" $(($(date +%s) - begin))
	[ $result = ok ] || show_end "$log"
	[ $result = ok ]
}

skip()
{
	skipped=$((skipped + 1))
	note skipped "$1: $2"
	printf '%-7s %s: %s\n' skipped "$1" "$2"
}

# needs COMMAND NAME...: like step NAME..., or skipped without COMMAND.
needs()
{
	if command -v "$1" > /dev/null; then
		shift
		step "$@"
	else
		skip "$2" "there is no $1"
	fi
}

# ---- the suite --------------------------------------------------------------

# count WORD FILE: the number behind "# WORD:" in the summary of make check.
count()
{
	number=$(sed -n "s/^# $1: *//p" "$2" | tail -n 1)
	echo "${number:-0}"
}

# logs_in DIRECTORY: the logs of all test files.
logs_in()
{
	find "$1/tests" -name '*.trs' | sort | sed 's/\.trs$/.log/'
}

# list_points KIND WORDS NAME DIRECTORY: single test points with such results.
list_points()
{
	logs_in "$4" | while IFS= read -r file; do
		grep -E "^($2): " "$file"
	done | sed -E "s/^($2): /$3: /" | while IFS= read -r line; do
		note "$1" "$line"
		echo "        $line"
	done
}

# What the failed points of a log said: TAP has it before or behind them.
show_failure()
{
	echo "---- $1"
	awk '/^#/ && is_bad { print; next }
		/^#/ { before = before $0 "\n"; next }
		/^not ok/ { printf "%s", before; print; is_bad = 1 }
		/^ERROR:/ { print }
		/^ok|^PASS/ { is_bad = 0 }
		{ before = "" }' "$1" | head -n 60
	grep -q '^not ok' "$1" || tail -n 20 "$1"
}

show_failures()
{
	logs_in "$1" | while IFS= read -r file; do
		if grep -qE '^(FAIL|ERROR|XPASS): ' "$file"; then
			show_failure "$file" | sed 's/^/        /'
		fi
	done
}

# check_suite NAME DIRECTORY: make check; counts every test point.
check_suite()
{
	log=$work/log/check-$1.log
	begin=$(date +%s)
	bounded 2400 make -C "$2" -k -j "$jobs" check > "$log" 2>&1
	status=$?
	good=$(($(count PASS "$log") + $(count XFAIL "$log")))
	bad=$(($(count FAIL "$log") + $(count ERROR "$log") +
		$(count XPASS "$log")))
	idle=$(count SKIP "$log")
	if [ $bad -eq 0 ] && { [ $status -ne 0 ] || [ $good -eq 0 ]; }; then
		bad=$((bad + 1))
		note failed "$1: make check ended with status $status; see $log"
		show_end "$log"
	fi
	passed=$((passed + good))
	failed=$((failed + bad))
	skipped=$((skipped + idle))
	result=ok
	[ $bad -eq 0 ] || result=FAILED
	printf '%-7s %s: make check: %s passed, %s failed, %s skipped (%s s)\n' \
		"$result" "$1" "$good" "$bad" "$idle" $(($(date +%s) - begin))
	list_points skipped SKIP "$1" "$2"
	list_points failed 'FAIL|ERROR|XPASS' "$1" "$2"
	[ $bad -eq 0 ] || show_failures "$2"
}

# ---- the end ---------------------------------------------------------------

report()
{
	echo
	for kind in skipped failed; do
		[ -s "$work/$kind" ] || continue
		printf '%s:\n' "$kind"
		cat "$work/$kind"
		echo
	done
	[ $failed -eq 0 ] || printf 'All logs and builds are kept in %s\n' "$work"
	echo "$passed passed, $failed failed, $skipped skipped"
}
