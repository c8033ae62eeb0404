# Sourced by contrib/demo and tests/run: finds out which tools are missing,
# installs them with apt-get, and copies the tree.  Works in every sh.
# shellcheck shell=sh

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
missing=''		# packages, by name
missing_text=''		# the same for the reader, a line each

# want PACKAGE COMMAND WHY: PACKAGE is missing if COMMAND is not found; a
# COMMAND with a slash is a file.
want()
{
	case $2 in
	*/*) [ ! -e "$2" ] || return 0 ;;
	*) ! command -v "$2" > /dev/null || return 0 ;;
	esac
	missing="$missing $1"
	missing_text="$missing_text$(printf '    %-14s %s' "$1" "$3")
"
}

# What turns a tarball into programs.
want_build_tools()
{
	want make make 'runs the build'
	want gcc gcc 'compiles'
	want libc6-dev /usr/include/stdio.h 'headers of the C library'
	want libcrypt-dev /usr/include/crypt.h 'header of crypt(3): passwords'
}

# What turns a fresh checkout into a tarball.
want_autotools()
{
	want autoconf autoreconf 'makes configure from configure.ac'
	want automake automake 'makes Makefile.in from Makefile.am'
}

is_root()
{
	[ "$(id -u)" -eq 0 ]
}

as_root()
{
	if is_root; then
		"$@"
	else
		sudo "$@"
	fi
}

# Says what is missing, and whether it can be installed from here.
explain_missing()
{
	printf 'These Debian packages are missing:\n\n%s\n' "$missing_text"
	if ! command -v apt-get > /dev/null; then
		echo 'There is no apt-get here.  Please install what does the'
		echo 'same on this system, then run this command again.'
		return 1
	fi
	is_root || command -v sudo > /dev/null || {
		echo 'Only root can install them.  Please run, as root,'
		printf '\n    apt-get install --no-install-recommends%s\n\n' \
			"$missing"
		echo 'and then this command again.'
		return 1
	}
}

# Installs what is missing; to be called after explain_missing.
install_missing()
{
	as_root apt-get -q update ||
		echo 'apt-get update failed; going on with the old lists'
	# shellcheck disable=SC2086 # a list of words
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o DPkg::Lock::Timeout=300 --no-install-recommends \
		install $missing
}

# copy_tree FROM TO: the files that belong to the tree, without what was built
# in it, into the new directory TO.
copy_tree()
{
	mkdir "$2" || return
	if [ -e "$1/.git" ] && git -C "$1" ls-files > "$2/.list" 2> /dev/null &&
	    git -C "$1" ls-files -z -co --exclude-standard > "$2/.list"; then
		(cd "$1" && tar -c -f - --ignore-failed-read --null \
			-T "$2/.list") > "$2/.tar"
	else
		(cd "$1" && tar -c -f - --exclude=./.git --exclude=./build \
			--exclude=./config.status --exclude=./config.h \
			--exclude=./Makefile --exclude=./stamp-h1 \
			--exclude='*.[ao]' --exclude='*.trs' \
			--exclude='*.log' --exclude=.deps \
			--exclude=.dirstamp --exclude=__pycache__ \
			--exclude=./autom4te.cache --exclude='./*~' \
			--exclude=./gnu-pop3d --exclude=./virtual \
			--exclude='./tests/unit/*_test' .) > "$2/.tar"
	fi && tar -x --no-same-owner -f "$2/.tar" -C "$2" &&
		rm -f "$2/.tar" "$2/.list"
}
