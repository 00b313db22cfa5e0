# mininet-lab.py HOSTS: nanoseconds that Mininet takes for that many hosts on one Linux bridge. Fails unless the last answers the first.
import sys
import time
from mininet.net import Mininet
from mininet.nodelib import LinuxBridge
from mininet.topo import Topo

hosts = int(sys.argv[1])


class Star(Topo):
    def build(self):
        switch = self.addSwitch('s1')
        for n in range(1, hosts + 1):
            self.addLink(self.addHost('h%d' % n), switch)


start = time.monotonic_ns()
net = Mininet(topo=Star(), switch=LinuxBridge, controller=None, waitConnected=False)
net.start()
took = time.monotonic_ns() - start
try:
    lost = net.hosts[0].cmd('ping -c1 -W5 %s >/dev/null; echo $?' % net.hosts[-1].IP()).strip()
finally:
    net.stop()
if lost != '0':
    sys.exit('the last host does not answer the first')
print(took)
