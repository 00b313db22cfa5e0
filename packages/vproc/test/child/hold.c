/* hold tcp|udp|unix|raw|raw6|packet|netlink NETNS: opens such a socket where it stands, goes to the network namespace NETNS, so that only
 * the socket is left where it was, and stays until it is killed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <net/ethernet.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int open_socket(const char *kind)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(4321), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "\0hold"};
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK};
	int fd;

	if (strcmp(kind, "tcp") == 0)
		return (fd = socket(AF_INET, SOCK_STREAM, 0)) < 0 || bind(fd, (void *)&in, sizeof in) < 0 ? -1 : listen(fd, 1);
	if (strcmp(kind, "udp") == 0)
		return (fd = socket(AF_INET, SOCK_DGRAM, 0)) < 0 ? -1 : bind(fd, (void *)&in, sizeof in);
	if (strcmp(kind, "unix") == 0)
		return (fd = socket(AF_UNIX, SOCK_DGRAM, 0)) < 0 ? -1 : bind(fd, (void *)&un, sizeof(sa_family_t) + 5);
	if (strcmp(kind, "raw") == 0)
		return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	if (strcmp(kind, "raw6") == 0)
		return socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	if (strcmp(kind, "packet") == 0)
		return socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (strcmp(kind, "netlink") == 0)
		return (fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)) < 0 ? -1 : bind(fd, (void *)&nl, sizeof nl);
	return -1;
}

int main(int argc, char **argv)
{
	int home;

	if (argc != 3 || open_socket(argv[1]) < 0 || (home = open(argv[2], O_RDONLY)) < 0 || setns(home, CLONE_NEWNET) < 0 || close(home) < 0) {
		perror("hold");
		return 1;
	}
	puts("up");
	fflush(stdout);
	pause();
}
