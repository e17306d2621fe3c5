#include "libmemif/inheritance.h"

#include <dirent.h>
#include <fcntl.h>

#include <cstdlib>

namespace vpp_punt::libmemif {

namespace {

std::set<int> Inheritable() {
  std::set<int> found;
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return found;
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    const int fd = atoi(entry->d_name);
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) found.insert(fd);
  }
  closedir(folder);
  return found;
}

}  // namespace

NoInheritance::NoInheritance() : before_(Inheritable()) {}

NoInheritance::~NoInheritance() {
  for (const int fd : Inheritable()) {
    if (!before_.contains(fd)) fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
}

}  // namespace vpp_punt::libmemif
