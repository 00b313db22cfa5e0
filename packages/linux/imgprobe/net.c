#include "imgprobe.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static socklen_t abstract(struct sockaddr_un *at, const char *name)
{
	*at = (struct sockaddr_un){.sun_family = AF_UNIX};
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)snprintf(at->sun_path + 1, sizeof at->sun_path - 1, "%s", name));
}

/* Outside: hands its root directory to whoever comes. Says `ready`, and ends with its standard input. */
void outer_offer(const char *name)
{
	struct sockaddr_un at;
	socklen_t length = abstract(&at, name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char c, control[CMSG_SPACE(sizeof root)] = {0};
	struct iovec io = {"/", 1};
	struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	struct cmsghdr *part = CMSG_FIRSTHDR(&message);
	pid_t helper;

	if (fd < 0 || root < 0 || bind(fd, (struct sockaddr *)&at, length) < 0 || listen(fd, 8) < 0)
		exit(1);
	*part = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof root), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(part), &root, sizeof root);
	helper = fork();
	if (helper == 0)
		for (prctl(PR_SET_PDEATHSIG, SIGKILL);;) {
			int to = accept(fd, NULL, NULL);
			if (to < 0)
				_exit(0);
			sendmsg(to, &message, MSG_NOSIGNAL);
			close(to);
		}
	if (write(1, "ready\n", 6) == 6)
		while (read(0, &c, 1) > 0)
			;
	kill(helper, SIGKILL);
	exit(0);
}

static int reach_offer(void)
{
	struct sockaddr_un at;
	socklen_t length = abstract(&at, need("offer"));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		pass("%s", why(errno));
	if (connect(fd, (struct sockaddr *)&at, length) < 0)
		pass("%s", why(errno));
	return fd;
}

static void abstract_socket(void)
{
	reach_offer();
	fail("an abstract socket of outside takes a connection");
}

static void fd_passing(void)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec io = {&byte, 1};
	struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	int fd = reach_offer(), got;
	struct stat ours, theirs;

	if (recvmsg(fd, &message, 0) < 0 || message.msg_controllen < CMSG_LEN(sizeof got))
		pass("no descriptor came");
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof got);
	if (fstat(got, &theirs) < 0 || stat("/", &ours) < 0)
		na("stat: %s", why(errno));
	if (theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev)
		fail("a directory of outside came in; it is our root, too");
	fail("a directory of outside, above our root, came in");
}

/* To a listener of the machine's that has nothing to do but this. */
static void loopback(int family, const char *key)
{
	struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)need_number(key)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = to4.sin_port, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		pass("%s", why(errno));
	if (connect(fd, family == AF_INET ? (struct sockaddr *)&to4 : (struct sockaddr *)&to6, family == AF_INET ? sizeof to4 : sizeof to6) == 0)
		fail("the machine's loopback address answers");
	pass("%s", why(errno));
}

static void loopback4(void) { loopback(AF_INET, "port4"); }
static void loopback6(void) { loopback(AF_INET6, "port6"); }

static void may_open(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (fd >= 0)
		fail("it was opened");
	if (errno == EPERM || errno == EACCES)
		pass("%s", why(errno));
	fail("the kernel was asked, and said %s", why(errno));
}

static void raw4(void) { may_open(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
static void raw6(void) { may_open(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6); }
static void packet(void) { may_open(AF_PACKET, SOCK_RAW, 0); }
static void vsock(void) { may_open(40, SOCK_STREAM, 0); }
static void alg(void) { may_open(38, SOCK_SEQPACKET, 0); }

/* Asks to change an interface that there is not: permitted, it is ENODEV. */
static int ask(void)
{
	struct { struct nlmsghdr head; struct ifinfomsg link; } request = {
		.head = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_SETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.link = {.ifi_family = AF_UNSPEC, .ifi_index = 0x7ffffff0},
	};
	struct { struct nlmsghdr head; struct nlmsgerr error; char more[512]; } answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return errno;
	if (send(fd, &request, sizeof request, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < (ssize_t)(sizeof answer.head + sizeof(int)))
		return errno;
	close(fd);
	return -answer.error.error;
}

static void net_admin(void)
{
	int err = ask();

	if (err == EPERM || err == EACCES)
		pass("%s", why(err));
	fail("the kernel was asked, and said %s", why(err));
}

const struct probe net_probes[] = {
	{"abstract-socket", abstract_socket}, {"fd-passing", fd_passing}, {"loopback-4", loopback4}, {"loopback-6", loopback6}, {"raw-4", raw4}, {"raw-6", raw6}, {"packet", packet},
	{"vsock", vsock}, {"alg", alg}, {"net-admin", net_admin}, {0},
};
