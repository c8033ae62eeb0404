#!/bin/sh
# sh install.sh check KIND...      is each of them a kind of service?
# sh install.sh install KIND...    installs their files below DESTDIR
# sh install.sh uninstall          removes those of all kinds
# sh install.sh show TEMPLATE      prints one file as it would be installed
#
# What lies in /etc is configuration: a file there that is not as we would make
# it is neither overwritten nor removed; the new one goes beside it as FILE.new.
# Paths come in the environment: DESTDIR, prefix, sbindir, libexecdir; and, if
# they are not where they are looked for, etcdir, optionsdir, initdir, libdir.

set -eu
here=$(dirname "$0")
kinds='systemd systemd-socket systemd-inetd sysvinit upstart event.d inetd
xinetd supervise users firewalld'

fail()
{
	echo "$*" >&2
	exit 1
}

# ---- where ------------------------------------------------------------------

# has DIRECTORY: in the tree where we install, or if that is empty, here.
has()
{
	if [ -d "$DESTDIR$etcdir" ]; then
		[ -e "$DESTDIR$1" ]
	else
		[ -e "$1" ]
	fi
}

find_places()
{
	: "${DESTDIR=}" "${prefix=/usr/local}" "${sbindir=$prefix/sbin}"
	: "${libexecdir=$prefix/libexec}"
	: "${etcdir:=/etc}"
	if [ -z "${optionsdir-}" ]; then
		optionsdir=$etcdir/default
		if has "$etcdir/sysconfig" && ! has "$etcdir/debian_version"
		then
			optionsdir=$etcdir/sysconfig
		fi
	fi
	if [ -z "${initdir-}" ]; then
		initdir=$etcdir/init.d
		if has "$etcdir/rc.d/init.d"; then
			initdir=$etcdir/rc.d/init.d
		fi
	fi
	# The only places outside /etc in which systemd looks.
	case ${libdir:=$prefix/lib} in
	/usr/lib | /usr/local/lib) unitdir=$libdir/systemd/system ;;
	*)
		libdir=$etcdir
		unitdir=$etcdir/systemd/system
		;;
	esac
	firewalld=$etcdir/firewalld
	if [ "$libdir" = /usr/lib ]; then
		firewalld=$libdir/firewalld
	fi
}

# ---- one file ---------------------------------------------------------------

# The variables that an include has are filled in with the file around it.
show()
{
	sed -e "/^@hardening@\$/{r $here/systemd/hardening.in
d}" "$here/$1.in" |
		sed -e "s|@sbindir@|$sbindir|g" \
			-e "s|@libexecdir@|$libexecdir|g" \
			-e "s|@optionsfile@|$optionsdir/gnu-pop3d|g"
}

# place TEMPLATE FILE [MODE]: installs it.
place()
{
	file=$DESTDIR$2
	show "$1" > "$work/file"
	mkdir -p "$(dirname "$file")"
	case $2 in
	"$etcdir"/*)
		if [ -e "$file" ] && ! cmp -s "$work/file" "$file"; then
			file=$file.new
			echo "$2 is kept as it is; the new one is $2.new."
		fi
		;;
	esac
	cp "$work/file" "$file.part"
	chmod "${3-644}" "$file.part"
	mv "$file.part" "$file"
}

# take_away TEMPLATE FILE: removes it, unless it is configuration that has been
# changed.
take_away()
{
	show "$1" > "$work/file"
	for file in "$DESTDIR$2" "$DESTDIR$2.new"; do
		[ -e "$file" ] || continue
		case $2 in
		"$etcdir"/*)
			if ! cmp -s "$work/file" "$file"; then
				echo "${file#"$DESTDIR"} was changed, and stays."
				continue
			fi
			;;
		esac
		rm "$file"
	done
	[ -e "$DESTDIR$2" ] || remove_links "$2"
}

# remove_links FILE: by which it was enabled.
remove_links()
{
	for link in "$DESTDIR$etcdir"/systemd/system/*.wants/gnu-pop3d* \
	    "$DESTDIR$etcdir"/rc?.d/[SK][0-9][0-9]gnu-pop3d \
	    "$DESTDIR$etcdir"/rc.d/rc?.d/[SK][0-9][0-9]gnu-pop3d; do
		if [ -L "$link" ] && [ ! -e "$link" ]; then
			case $(readlink "$link") in
			*/"${1##*/}") rm "$link" ;;
			esac
		fi
	done
}

# ---- the files of each kind -------------------------------------------------

options()
{
	$action options "$optionsdir/gnu-pop3d"
}

# units NAME...: with what each of them needs.
units()
{
	for unit in "$@" gnu-pop3d-recover.service; do
		$action "systemd/$unit" "$unitdir/$unit"
	done
	options
	handle users
}

daemon_unit()
{
	units gnu-pop3d.service "$@"
	$action systemd/reload "$libexecdir/gnu-pop3d-reload" 755
}

handle()
{
	case $1 in
	systemd) daemon_unit ;;
	systemd-socket) daemon_unit gnu-pop3d.socket ;;
	systemd-inetd) units gnu-pop3d-inetd.socket gnu-pop3d-inetd@.service ;;
	sysvinit)
		$action sysvinit/gnu-pop3d "$initdir/gnu-pop3d" 755
		options
		;;
	upstart)
		$action upstart/init.conf "$etcdir/init/gnu-pop3d.conf"
		options
		;;
	event.d)
		$action upstart/event.d "$etcdir/event.d/gnu-pop3d"
		options
		;;
	inetd) $action inetd/gnu-pop3d "$etcdir/inetd.d/gnu-pop3d" ;;
	xinetd) $action xinetd/gnu-pop3d "$etcdir/xinetd.d/gnu-pop3d" ;;
	supervise)
		$action supervise/run "$etcdir/sv/gnu-pop3d/run" 755
		options
		;;
	users)
		$action users/sysusers.conf "$libdir/sysusers.d/gnu-pop3d.conf"
		$action users/tmpfiles.conf "$libdir/tmpfiles.d/gnu-pop3d.conf"
		;;
	firewalld)
		$action firewalld/gnu-pop3d.xml \
			"$firewalld/services/gnu-pop3d.xml"
		;;
	esac
}

# ---- what is left to do -----------------------------------------------------

# systemctl knows nothing of what has just been put there.
tell_systemd()
{
	cat <<-TEXT
		  systemd-sysusers gnu-pop3d.conf
		  systemd-tmpfiles --create gnu-pop3d.conf
		  systemctl daemon-reload
		  systemctl enable --now $1
	TEXT
}

tell()
{
	case $1 in
	systemd) tell_systemd gnu-pop3d.service ;;
	systemd-socket) tell_systemd gnu-pop3d.socket ;;
	systemd-inetd) tell_systemd gnu-pop3d-inetd.socket ;;
	sysvinit)
		cat <<-TEXT
			  update-rc.d gnu-pop3d defaults  (or chkconfig --add gnu-pop3d)
			  $initdir/gnu-pop3d start
		TEXT
		;;
	upstart | event.d) echo '  start gnu-pop3d' ;;
	inetd)
		cat <<-TEXT
			  cat $etcdir/inetd.d/gnu-pop3d >> $etcdir/inetd.conf
			    (unless your inetd reads $etcdir/inetd.d)
			  kill -HUP \$(pidof inetd)
		TEXT
		;;
	xinetd) echo "  kill -HUP \$(pidof xinetd)" ;;
	supervise)
		cat <<-TEXT
			  ln -s $etcdir/sv/gnu-pop3d /etc/service/
			    (or into the directory that your supervisor looks at)
		TEXT
		;;
	users)
		cat <<-TEXT
			  systemd-sysusers gnu-pop3d.conf
			  systemd-tmpfiles --create gnu-pop3d.conf
		TEXT
		;;
	firewalld)
		cat <<-TEXT
			  firewall-cmd --reload
			  firewall-cmd --permanent --add-service=gnu-pop3d
			  firewall-cmd --reload
		TEXT
		;;
	esac
}

tell_all()
{
	echo
	echo 'To run gnu-pop3d as a service, on the machine where it is now:'
	echo
	for kind; do
		tell "$kind"
	done
	case " $* " in
	*' systemd'* | *' users '*) ;;
	*)
		echo '  and make the user pop3d, if there is none; see README,' \
			'chapter 2'
		;;
	esac
	echo
}

# ---- all of it --------------------------------------------------------------

check()
{
	for kind; do
		for known in $kinds; do
			[ "$kind" != "$known" ] || continue 2
		done
		fail "$kind is no kind of service; there are: $kinds"
	done
}

install_kinds()
{
	action=place
	check "$@"
	for kind; do
		handle "$kind"
	done
	[ $# -eq 0 ] || tell_all "$@"
}

uninstall()
{
	action=take_away
	for kind in $kinds; do
		handle "$kind"
	done
	if [ -d "$DESTDIR$etcdir/sv/gnu-pop3d" ]; then
		rmdir --ignore-fail-on-non-empty "$DESTDIR$etcdir/sv/gnu-pop3d"
	fi
}

find_places
work=$(mktemp -d "${TMPDIR:-/tmp}/gnu-pop3d-install.XXXXXX")
trap 'rm -rf "$work"' EXIT
command=$1
shift
case $command in
check) check "$@" ;;
install) install_kinds "$@" ;;
uninstall) uninstall ;;
show) show "$1" ;;
*) fail "Usage: see $0" ;;
esac
