#!/bin/sh
# Runs a program in an engine's root file system, in mount and control group namespaces of its own. The caller has put
# it into the network namespace.
#
# Arguments: the cached root file system, which stays as it is; the folder for data; the folder for the socket; the
# folder in which the program keeps its data, inside; the control group; the program and its arguments.
set -eu

groups=/sys/fs/cgroup
# The hierarchies below which there is one group per engine: one with version 2, one per controller with version 1.
if [ -f "$groups/cgroup.controllers" ]; then
    hierarchies=$groups
else
    hierarchies=$(find "$groups" -mindepth 1 -maxdepth 1 -type d)
fi

if [ "$1" != inside ]; then
    group=$5
    for hierarchy in $hierarchies; do
        mkdir -p "$hierarchy/$group"
        # A new group of version 1 has neither processors nor memory.
        for file in cpuset.cpus cpuset.mems; do
            if [ -f "$hierarchy/$file" ] && [ "$hierarchy" != "$groups" ]; then
                cat "$hierarchy/$file" >"$hierarchy/$group/$file"
            fi
        done
        echo 0 >"$hierarchy/$group/cgroup.procs"
    done
    exec unshare --mount --cgroup --propagation private sh "$0" inside "$@"
fi

shift
files=$1 home=$2 run=$3 data=$4 group=$5
shift 5
root=$home/root
mkdir -p "$root" "$home/upper" "$home/work" "$home/data"
if ! mount -t overlay overlay -o "lowerdir=$files,upperdir=$home/upper,workdir=$home/work" "$root"; then
    # Some file systems carry no overlays: a copy takes seconds and works everywhere.
    cp -a "$files/." "$home/upper/." "$root"
    mount --bind "$root" "$root"
fi

mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
# Under the same paths inside and outside: the socket, so that sidecars find it, and files that tests mount.
mkdir -p "$root$run" "$root/tmp" "$root$data"
mount --bind "$run" "$root$run"
ln -s "$run/docker.sock" "$root/run/docker.sock"
mount --bind /tmp "$root/tmp"
# The engine's own overlays cannot lie on the overlay of the root.
mount --bind "$home/data" "$root$data"

if [ "$hierarchies" = "$groups" ]; then
    mount --bind "$groups/$group" "$root$groups"
    # A group with children that have controllers has no processes itself.
    mkdir -p "$root$groups/engine"
    echo 0 >"$root$groups/engine/cgroup.procs"
else
    mount -t tmpfs tmpfs "$root$groups"
    for hierarchy in $hierarchies; do
        mkdir -p "$root$hierarchy"
        mount --bind "$hierarchy/$group" "$root$hierarchy"
    done
fi

mkdir -p "$root/.outside"
cd "$root"
# Not `chroot`: loading images would fail, since the engine changes its root once more.
pivot_root . .outside
umount --lazy /.outside
exec "$@"
