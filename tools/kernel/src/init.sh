#!/bin/busybox sh
# pid 1 of the virtual machine, until the files of the machine outside are the root; then runs /job there.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in virtio_pci 9pnet_virtio 9p overlay; do modprobe "$module" || exec sh; done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro machine /machine || exec sh
mount -t tmpfs -o size=70% layer /layer
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/machine,upperdir=/layer/upper,workdir=/layer/work overlay /root || exec sh
for each in proc sys dev; do mount --move "/$each" "/root/$each"; done
mkdir -p /root/dev/pts /root/dev/shm /root/lib/modules
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /root/dev/pts
for each in dev/shm run tmp; do mount -t tmpfs -o mode=1777 tmpfs "/root/$each"; done
chmod 755 /root/run
mount -t cgroup2 cgroup /root/sys/fs/cgroup
cp -a /lib/modules/* /root/lib/modules/
cp /job /root/run/job
# The machine outside may have no modprobe(8), and the kernel asks for modules as they are needed.
cp /bin/busybox /root/run/busybox
ln -s busybox /root/run/modprobe
echo /run/modprobe > /root/proc/sys/kernel/modprobe
ip link set lo up
cat > /root/run/main <<'END'
echo "vimage-kernel: begun"
bash /run/job
echo "vimage-kernel: ended $?"
sync
echo o > /proc/sysrq-trigger
sleep 60
END
exec switch_root /root /bin/bash /run/main
