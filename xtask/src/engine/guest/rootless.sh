#!/bin/sh
# Runs Podman's service as a user: within the root file system, as root, with the socket's folder and the address.
set -eu
run=$1 url=$2
user=seatrial
home=/home/$user
id "$user" >/dev/null 2>&1 || useradd --create-home --home-dir "$home" --shell /bin/sh "$user"

# The machine's devices may be root's only. These are the same ones, for everybody.
for device in fuse:229 net/tun:200; do
    path=/dev/${device%:*} node=/run/${device##*:}
    if [ -e "$path" ]; then
        mknod -m 666 "$node" c 10 "${device##*:}"
        mount --bind "$node" "$path"
    fi
done

runtime=/run/user/$(id -u "$user")
mkdir -p "$runtime"
chown "$user:$user" "$runtime" "$run" "$home" "$home/.local" "$home/.local/share" "$home/.local/share/containers"
mount --make-rshared /
exec setpriv --reuid="$user" --regid="$user" --init-groups \
    env "HOME=$home" "XDG_RUNTIME_DIR=$runtime" podman system service --time=0 "$url"
