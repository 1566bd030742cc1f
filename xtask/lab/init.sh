#!/bin/sh
# The first process of the fast guest: mounts, loads the drivers, names the interfaces, and becomes the agent.
export PATH=/usr/bin:/usr/sbin:/bin:/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t debugfs debugfs /sys/kernel/debug
mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null
ip link set lo up
hostname guest

while read -r module; do
    parameters=
    [ "$module" != bonding ] || parameters=max_bonds=0
    insmod "/modules/$module.ko" $parameters || echo "init: cannot load $module"
done </modules/order

mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=none share /share || echo "init: no shared folder"

# Lines of an address and a name.
while read -r address name; do
    for interface in /sys/class/net/*/; do
        if [ "$(cat "${interface}address")" = "$address" ]; then
            ip link set "$(basename "$interface")" name "$name"
        fi
    done
done </share/interfaces

echo "init: $(cut -d ' ' -f 1 /proc/uptime) s"
exec /bin/sh /agent
