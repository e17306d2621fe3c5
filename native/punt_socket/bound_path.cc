#include "punt_socket/bound_path.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "punt_socket/unix_address.h"
#include "util/unique_fd.h"

namespace vpp_punt::punt_socket {

namespace {

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

void UnlinkIfSame(const std::string& path, const struct stat& identity) {
  struct stat now;
  if (lstat(path.c_str(), &now) == 0 && SameFile(now, identity)) unlink(path.c_str());
}

/// The files to remove at exit(), which runs neither finalizers nor, in the main thread, clean-up hooks.
struct ExitList {
  std::mutex mutex;
  std::map<const void*, std::pair<std::string, struct stat>> files;
  pid_t owner = getpid();  // a forked child that exits must not remove its parent's files

  static ExitList& Get() {
    static ExitList* list = [] {
      atexit([] { Get().RemoveAll(); });
      return new ExitList();  // never freed: other threads may still use it while exit() runs
    }();
    return *list;
  }

  void RemoveAll() {
    std::lock_guard lock(mutex);
    if (getpid() != owner) return;
    for (auto& [key, file] : files) UnlinkIfSame(file.first, file.second);
    files.clear();
  }
};

/// 0 when the path is free, having removed the socket file of a dead process.
int MakeRoom(const std::string& path, int type) {
  struct stat found;
  if (lstat(path.c_str(), &found) != 0) return errno == ENOENT ? 0 : errno;
  if (!S_ISSOCK(found.st_mode)) return EEXIST;
  UnixAddress address(path);
  UniqueFd probe(socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (connect(probe.get(), address.get(), address.size()) == 0) return EADDRINUSE;
  // It listens: for another type of socket, not to us, or with a full queue.
  if (errno == EPROTOTYPE || errno == EPERM || errno == EAGAIN) return EADDRINUSE;
  if (errno != ECONNREFUSED) return errno;
  return unlink(path.c_str()) == 0 || errno == ENOENT ? 0 : errno;
}

int TypeOf(int fd) {
  int type = SOCK_DGRAM;
  socklen_t size = sizeof(type);
  getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
  return type;
}

}  // namespace

SystemError BoundPath::Bind(int fd, const std::string& path, mode_t mode, std::optional<gid_t> group) {
  if (int error = MakeRoom(path, TypeOf(fd))) {
    const char* why = error == EADDRINUSE ? " (a living process receives there)"
                      : error == EEXIST   ? " (something other than a socket is there, and stays)"
                                          : "";
    return {error, "path " + path + why};
  }
  // Linux takes the mode of the new file from the socket's: nobody else can send before group and mode are
  // right.
  fchmod(fd, 0600);
  UnixAddress address(path);
  if (bind(fd, address.get(), address.size()) != 0) return {errno, "bind to " + path};
  lstat(path.c_str(), &identity_);
  path_ = path;
  {
    ExitList& list = ExitList::Get();
    std::lock_guard lock(list.mutex);
    list.files[this] = {path_, identity_};
  }
  if (group && chown(path.c_str(), static_cast<uid_t>(-1), *group) != 0) {
    return {errno, "group " + std::to_string(*group) + " of " + path};
  }
  if (chmod(path.c_str(), mode) != 0) return {errno, "mode of " + path};
  return {};
}

void BoundPath::Remove() {
  if (path_.empty()) return;
  UnlinkIfSame(path_, identity_);
  Keep();
}

void BoundPath::Keep() {
  ExitList& list = ExitList::Get();
  std::lock_guard lock(list.mutex);
  list.files.erase(this);
  path_.clear();
}

}  // namespace vpp_punt::punt_socket
