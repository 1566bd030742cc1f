#!/bin/sh
# The first process of the fast guest: mounts, loads the drivers, names the interfaces, and becomes the agent, or goes on
# from a disk.
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

load() {
    while read -r module; do
        parameters=
        [ "$module" != bonding ] || parameters=max_bonds=0
        # What two lists have in common is there already.
        [ -e "/sys/module/$module" ] || insmod "/modules/$module.ko" $parameters || echo "init: cannot load $module"
    done <"/modules/$1"
}

load all
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
[ -e /share/disk ] || exec /bin/sh /agent

# Its own first process takes over; our agent becomes one of its services.
load disk
mkdir /disk
until [ -b /dev/vda ]; do sleep 0.02; done
mount -t ext4 /dev/vda /disk
cp /agent /disk/agent
cp /agent.service /disk/etc/systemd/system/agent.service
ln -sf /etc/systemd/system/agent.service /disk/etc/systemd/system/multi-user.target.wants/agent.service
umount /sys/kernel/debug /sys/fs/cgroup /tmp /dev/shm /dev/pts
for mounted in dev proc sys run share; do
    mount --move "/$mounted" "/disk/$mounted"
done
exec switch_root /disk /lib/systemd/systemd
