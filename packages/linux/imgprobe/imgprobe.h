#ifndef IMGPROBE_H
#define IMGPROBE_H

#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* A probe tries what must not be possible, in a process of its own, and so that no harm is done where it is. */
struct probe {
	const char *name;
	void (*run)(void); /* ends with one of the three below */
};

/* refused or hidden; got through; cannot be tried here. The reason is one line. */
_Noreturn void pass(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void na(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

const char *why(int err); /* an errno's name */
const char *fact(const char *key); /* what the caller said about outside; NULL where it said nothing */
const char *need(const char *key); /* not applicable without it */
extern char **probe_facts; /* KEY=VALUE, and what follows has no = */
uint64_t need_number(const char *key);

/* Processes that can be seen, without ourselves; ends when `see` says so. */
void each_process(bool (*see)(int pid));
size_t slurp(const char *path, char *buf, size_t size); /* NUL-terminated; 0 where it cannot be read */

enum { AS_ROOT = 77 }; /* exit status of `imgprobe --euid`, what a planted program runs, where it is root */

/* One list for each file. The last has no name. */
extern const struct probe terminal_probes[], exe_probes[], descriptor_probes[], call_probes[], root_probes[], mount_probes[], process_probes[],
	rights_probes[], cgroup_probes[], net_probes[];

void outer_offer(const char *name); /* net.c: the half of `fd-passing` that runs outside */

#endif
