/* Makes a veth pair, near0 and far0, in a network namespace that lives as long as this process and its users.
 *   packet_wire <path>
 * Makes <path>, a link to the namespace. At the end of stdin it prints the frames that have passed each way,
 * as the devices count them: they leave out what the kernel's queue behind them had no room for. */
#include "packet_common.h"

static void write_to(const char* path, const char* text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) die(path);
  close(fd);
}

/* Leaves the wire to the programs: IPv6 would send frames of its own. */
static void make_wire(void) {
  if (unshare(CLONE_NEWNET)) die("unshare");
  if (access("/proc/sys/net/ipv6", F_OK) == 0) write_to("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
  if (system("ip link add near0 type veth peer name far0 && ip link set near0 up && ip link set far0 up"))
    exit(1);
}

/* Returns the frames that the device has sent: the tenth number of its line. */
static unsigned long sent_by(const char* device) {
  FILE* devices = fopen("/proc/self/net/dev", "r");
  char line[512];
  unsigned long packets = 0;
  if (!devices) die("/proc/self/net/dev");
  while (fgets(line, sizeof line, devices)) {
    char* name = line + strspn(line, " ");
    char* colon = strchr(name, ':');
    if (!colon || strncmp(name, device, (size_t)(colon - name)) || strlen(device) != (size_t)(colon - name))
      continue;
    sscanf(colon + 1, "%*u %*u %*u %*u %*u %*u %*u %*u %*u %lu", &packets);
  }
  fclose(devices);
  return packets;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  char namespace[64], ignored[64];
  make_wire();
  snprintf(namespace, sizeof namespace, "/proc/%d/ns/net", getpid());
  if (symlink(namespace, argv[1])) die(argv[1]);
  say_ready();
  while (read(STDIN_FILENO, ignored, sizeof ignored) > 0) continue;
  printf("{\"toNear\": %lu, \"toFar\": %lu}\n", sent_by("far0"), sent_by("near0"));
  return 0;
}
