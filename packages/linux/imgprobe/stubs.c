#include "imgprobe.h"
const struct probe exe_probes[] = {{0}};
const struct probe descriptor_probes[] = {{0}};
const struct probe call_probes[] = {{0}};
const struct probe root_probes[] = {{0}};
const struct probe mount_probes[] = {{0}};
const struct probe process_probes[] = {{0}};
const struct probe rights_probes[] = {{0}};
const struct probe cgroup_probes[] = {{0}};
const struct probe net_probes[] = {{0}};
void outer_offer(const char *name) { (void)name; }
