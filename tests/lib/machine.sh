#!/bin/sh
# sh machine.sh BASE CGROUP: becomes a machine, see machine.py.  BASE is an
# empty directory, CGROUP an empty control group.  To be run in a mount
# namespace of its own.  Prints "ready" when its files are there, and goes on
# when it reads a line.

set -eu
umask 022
base=$1
root=$base/root
units=$root/etc/systemd/system

# ---- files ------------------------------------------------------------------

# Over / of this machine, without what is mounted there.
lay_over()
{
	mount -t tmpfs -o mode=755 machine "$base"
	mkdir "$base/upper" "$base/work" "$root"
	mount -t overlay -o \
		"lowerdir=/,upperdir=$base/upper,workdir=$base/work" \
		machine "$root"
}

# The units of systemd itself that a machine in a namespace has use for.
is_of_use()
{
	case $1 in
	systemd-journald*audit*)
		return 1
		;;
	systemd-journald* | systemd-journal-flush.service | \
	systemd-sysusers.service | systemd-tmpfiles-setup.service)
		return 0
		;;
	*)
		return 1
		;;
	esac
}

# Nothing that is enabled here is enabled there.
mask_units()
{
	rm -rf "${units:?}"/* "$root"/etc/rc?.d/[SK]*
	for unit in "$root"/lib/systemd/system/*.target.wants/*; do
		name=${unit##*/}
		is_of_use "$name" || ln -sf /dev/null "$units/$name"
	done
	ln -s /lib/systemd/system/multi-user.target "$units/default.target"
	mkdir -p "$root/etc/systemd/system-generators"
	for generator in "$root"/lib/systemd/system-generators/*; do
		case $generator in
		*/systemd-sysv-generator) ;;
		*) ln -sf /dev/null \
			"$root/etc/systemd/system-generators/${generator##*/}" ;;
		esac
	done
}

# Its name, and nothing that this one mounts or has in its journal.
name_it()
{
	echo pop3d-machine > "$root/etc/hostname"
	printf '127.0.0.1 localhost\n127.0.1.1 pop3d-machine\n' \
		> "$root/etc/hosts"
	tr -d - < /proc/sys/kernel/random/uuid > "$root/etc/machine-id"
	: > "$root/etc/fstab"
	rm -rf "$root/var/log/journal"
}

# The leak checker of a sanitizer build cannot work in units that may do little.
quiet_sanitizers()
{
	mkdir -p "$root/etc/systemd/system.conf.d"
	printf '[Manager]\nDefaultEnvironment=ASAN_OPTIONS=detect_leaks=0\n' \
		> "$root/etc/systemd/system.conf.d/sanitizers.conf"
}

# ---- what the kernel offers -------------------------------------------------

make_devices()
{
	mount -t tmpfs -o mode=755,nosuid machine "$root/dev"
	mkdir "$root/dev/pts" "$root/dev/shm"
	for device in null zero full random urandom tty; do
		cp -a "/dev/$device" "$root/dev/$device"
	done
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620 machine \
		"$root/dev/pts"
	mount -t tmpfs -o mode=1777 machine "$root/dev/shm"
	ln -s pts/ptmx "$root/dev/ptmx"
	ln -s /proc/self/fd "$root/dev/fd"
	for number in 0:stdin 1:stdout 2:stderr; do
		ln -s "/proc/self/fd/${number%%:*}" "$root/dev/${number#*:}"
	done
}

# What does not belong to a namespace may not be written.
mount_kernel()
{
	mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
	mount --bind "$root/proc/sys" "$root/proc/sys"
	mount -o remount,bind,ro "$root/proc/sys"
	[ ! -e "$root/proc/sysrq-trigger" ] ||
		mount --bind /dev/null "$root/proc/sysrq-trigger"
	mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
	mount -t cgroup2 -o nosuid,nodev,noexec machine "$root/sys/fs/cgroup"
	mount -t tmpfs -o mode=755,nosuid,nodev machine "$root/run"
	make_devices
}

# ---- the two steps ----------------------------------------------------------

begin()
{
	echo $$ > "$2/cgroup.procs"
	lay_over
	mask_units
	name_it
	quiet_sanitizers
	echo ready
	read -r _
	exec unshare --pid --fork --kill-child=KILL --cgroup --uts --ipc --net \
		sh "$0" "$base" --boot
}

boot()
{
	hostname pop3d-machine
	mount_kernel
	if command -v ip > /dev/null; then
		ip link set lo up
	fi
	cd "$root"
	pivot_root . .
	umount -l .
	exec env -i container=pop3d-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		/lib/systemd/systemd --system < /dev/null > /dev/null 2>&1
}

case $2 in
--boot) boot ;;
*) begin "$@" ;;
esac
