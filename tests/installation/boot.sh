#!/bin/sh
# Be the systemd of a clean root: process 1 of namespaces of its own, which end with it. Called by machine.py inside of
# unshare --fork --pid --mount --uts --ipc --net. ROOT is its root, GROUP the name of a cgroup for it, CONSOLE a file for what it
# says. It has a network of its own, with nobody else in it. Of the kernel's switches (/proc/sys, /sys) it can change none.
set -eu
ROOT=$1 GROUP=$2 CONSOLE=$3 STEP=${4:-cgroup}

if [ "$STEP" = cgroup ]; then
    # A cgroup to start from, which the namespace then shows as the topmost one.
    mount --make-rprivate /
    mount -t cgroup2 cgroup2 "$ROOT/mnt"
    mkdir -p "$ROOT/mnt/$GROUP"
    echo 0 > "$ROOT/mnt/$GROUP/cgroup.procs"
    exec unshare --cgroup sh "$0" "$ROOT" "$GROUP" "$CONSOLE" root
fi

umount "$ROOT/mnt"
mount --bind "$ROOT" "$ROOT"
mount -t proc proc "$ROOT/proc"
mount --bind "$ROOT/proc/sys" "$ROOT/proc/sys"
mount -o remount,bind,ro "$ROOT/proc/sys"
mount -t sysfs -o ro sysfs "$ROOT/sys"
mount -t cgroup2 cgroup2 "$ROOT/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$ROOT/run"
mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
mount -t tmpfs -o mode=755 tmpfs "$ROOT/dev"
for each in null zero full random urandom tty; do
    touch "$ROOT/dev/$each"
    mount --bind "/dev/$each" "$ROOT/dev/$each"
done
touch "$ROOT/dev/console"
mount --bind "$CONSOLE" "$ROOT/dev/console"
mkdir "$ROOT/dev/pts" "$ROOT/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$ROOT/dev/pts"
ln -s pts/ptmx "$ROOT/dev/ptmx"
mount -t tmpfs -o mode=1777 tmpfs "$ROOT/dev/shm"
hostname clean
cd "$ROOT"
pivot_root . mnt
cd /
umount -l /mnt
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin container=test \
    /lib/systemd/systemd --unit=multi-user.target
