#include "util/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <ctime>

namespace vpp_punt {

namespace {

constexpr int kTries = 1000;
constexpr timespec kPause = {0, 1'000'000};

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

void FolderLock::Take(const std::string& path_in_folder) {
  folder_.Reset(open(FolderOf(path_in_folder).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_) return;
  for (int i = 0; i < kTries; i++) {
    if (flock(folder_.get(), LOCK_EX | LOCK_NB) == 0) return;
    if (errno != EWOULDBLOCK && errno != EINTR) return;
    nanosleep(&kPause, nullptr);
  }
}

}  // namespace vpp_punt
