// A process that fills the queue of every new socket in the abstract namespace: stranger. Runs until it is
// killed.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "raw_memif.h"

namespace {

/// Names that the kernel has chosen, which have five hexadecimal digits, of listening sockets for packets in
/// sequence.
std::vector<std::string> Listening() {
  std::vector<std::string> names;
  std::ifstream table("/proc/net/unix");
  std::string line;
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    std::string number, references, protocol, flags, type, state, inode, path;
    fields >> number >> references >> protocol >> flags >> type >> state >> inode >> path;
    constexpr const char* kListening = "00010000";
    if (flags == kListening && type == "0005" && path.size() == 6 && path[0] == '@') names.push_back(path);
  }
  return names;
}

/// Connects as often as the queue takes, and keeps the connections.
void Fill(const std::string& name) {
  const vpp_punt::UnixAddress address(name);
  for (int i = 0; i < 5000; i++) {
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, address.get(), address.size()) < 0) {
      close(fd);
      return;
    }
  }
}

}  // namespace

int main() {
  raw::Begin();
  puts("ready");
  for (std::set<std::string> seen;;) {
    for (const std::string& name : Listening()) {
      if (seen.insert(name).second) Fill(name);
    }
  }
}
