#include "imgprobe.h"

#include <linux/fs.h>
#include <sys/mount.h>
#include <sys/ptrace.h>

/* The C library's headers may be older than the kernel: these have one number on every architecture we build for. */
enum { NR_open_tree = 428, NR_fsopen = 430 };
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif

/* Arguments that mean nothing, so that a call which is permitted says EINVAL, EFAULT or the like, and does nothing. */
static void call(long number, long a, long b, long c, long d, long e)
{
	errno = 0;
	if (syscall(number, a, b, c, d, e, 0) >= 0)
		fail("it was done");
	if (errno == EPERM || errno == ENOSYS)
		pass("%s", why(errno));
	fail("the kernel was asked, and said %s", why(errno));
}

#define CALL(name, ...) \
	static void name(void) { call(__VA_ARGS__); }
#define P(text) (long)(uintptr_t)(text)

CALL(io_uring, SYS_io_uring_setup, 1, 0, 0, 0, 0)
CALL(userns, SYS_unshare, CLONE_NEWUSER, 0, 0, 0, 0)
CALL(mountns, SYS_unshare, CLONE_NEWNS, 0, 0, 0, 0)
CALL(netns, SYS_unshare, CLONE_NEWNET, 0, 0, 0, 0)
CALL(clone_userns, SYS_clone, CLONE_NEWUSER | CLONE_THREAD, 0, 0, 0, 0) /* together: EINVAL */
CALL(bpf, SYS_bpf, 0, 0, 0, 0, 0)
CALL(perf, SYS_perf_event_open, 0, 0, -1, -1, 0)
CALL(userfaultfd, SYS_userfaultfd, -1, 0, 0, 0, 0)
CALL(keyring, SYS_add_key, P("keyring"), 0, 0, 0, -3)
CALL(ptrace_other, SYS_ptrace, PTRACE_ATTACH, 0x3fffffff, 0, 0, 0)
CALL(read_memory, SYS_process_vm_readv, 0x3fffffff, 0, 0, 0, 0)
CALL(file_handle, SYS_open_by_handle_at, -1, 0, 0, 0, 0)
CALL(module, SYS_init_module, 0, 0, 0, 0, 0)
CALL(kexec, SYS_kexec_load, 0, 17, 0, 0, 0) /* more segments than there can be */
CALL(reboot_call, SYS_reboot, 0, 0, 0, 0, 0)
CALL(accounting, SYS_acct, 1, 0, 0, 0, 0)
CALL(swap, SYS_swapon, 1, 0, 0, 0, 0)
CALL(hostname, SYS_sethostname, P(""), -1, 0, 0, 0)
CALL(clock_set, SYS_clock_settime, 0, 0, 0, 0, 0)
CALL(mount_new, SYS_mount, P("none"), P("/"), P("nosuchfs"), 0, 0)
CALL(mount_fs, NR_fsopen, P("nosuchfs"), 0, 0, 0, 0)
CALL(mount_tree, NR_open_tree, -1, P("x"), OPEN_TREE_CLONE, 0, 0)
CALL(pivot, SYS_pivot_root, P("/nothing"), P("/nothing"), 0, 0, 0)
CALL(fanotify, SYS_fanotify_init, -1, 0, 0, 0, 0)
CALL(quota, SYS_quotactl, -1, 0, 0, 0, 0)
CALL(high_call, 0x40000000 + 39, 0, 0, 0, 0, 0) /* getpid, as x32 numbers it */

static void setns_own(void)
{
	int fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);

	call(SYS_setns, fd, CLONE_NEWUTS, 0, 0, 0); /* without one: EBADF where it is permitted */
}

static void kernel_log(void)
{
	if (syscall(SYS_syslog, 10, NULL, 0) >= 0)
		fail("the kernel's messages can be read");
	pass("%s", why(errno));
}

#if defined(__x86_64__)
/* The gate of i386, where 20 is getpid: a number that a filter for x64 takes for another. */
static void old_gate(void)
{
	long result = 20;

	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
	if (result == -ENOSYS || result == -EPERM)
		pass("%s", why((int)-result));
	fail("a system call of another ABI was done");
}
#else
static void old_gate(void)
{
	na("not on this machine");
}
#endif

const struct probe call_probes[] = {
	{"io-uring", io_uring}, {"user-namespace", userns}, {"mount-namespace", mountns}, {"net-namespace", netns}, {"clone-user-namespace", clone_userns},
	{"setns", setns_own}, {"bpf", bpf}, {"perf", perf}, {"userfaultfd", userfaultfd}, {"keyring", keyring}, {"ptrace", ptrace_other},
	{"read-memory", read_memory}, {"file-handle", file_handle}, {"module", module}, {"kexec", kexec}, {"reboot", reboot_call}, {"accounting", accounting},
	{"swap", swap}, {"hostname", hostname}, {"clock", clock_set}, {"mount", mount_new}, {"mount-fsopen", mount_fs}, {"mount-open-tree", mount_tree},
	{"pivot-root", pivot}, {"fanotify", fanotify}, {"quota", quota}, {"kernel-log", kernel_log}, {"other-abi", high_call}, {"other-gate", old_gate}, {0},
};
