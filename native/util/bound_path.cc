#include "util/bound_path.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <map>
#include <mutex>

#include "util/folder_lock.h"
#include "util/unique_fd.h"
#include "util/unix_address.h"

namespace vpp_punt {

namespace {

bool Exists(const std::string& path) {
  struct stat found;
  return lstat(path.c_str(), &found) == 0;
}

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
  const pid_t owner = getpid();  // a forked child that exits must not remove its parent's files

  static ExitList& Get() {
    static ExitList* const list = [] {
      atexit([] { Get().RemoveAll(); });
      return new ExitList();  // never freed: other threads may still use it while exit() runs
    }();
    return *list;
  }

  void RemoveAll() {
    std::lock_guard lock(mutex);
    if (getpid() != owner) return;
    for (const auto& [key, file] : files) UnlinkIfSame(file.first, file.second);
    files.clear();
  }
};

/// Whether a process still owns the socket file: EADDRINUSE, 0 for a stale file, or why that is unknown.
int Probe(const std::string& path, int type) {
  const UnixAddress address(path);
  UniqueFd probe(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return errno;
  if (connect(probe.get(), address.get(), address.size()) == 0) {
    probe.SetForeign(true);  // that process may have sent us something
    return EADDRINUSE;
  }
  switch (errno) {
    case ECONNREFUSED:
    case ENOENT:
      return 0;
    case EPROTOTYPE:  // a living socket of another type
    case EPERM:       // a datagram socket that is connected to its peer
    case EAGAIN:      // a backlog that is full
      return EADDRINUSE;
    default:
      return errno;
  }
}

int TypeOf(int fd) {
  int type = SOCK_DGRAM;
  socklen_t size = sizeof(type);
  getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
  return type;
}

/// Makes the path free for a socket of that type: removes the socket file of a dead process.
int MakeRoom(const std::string& path, int type) {
  struct stat found;
  if (lstat(path.c_str(), &found) != 0) return errno == ENOENT ? 0 : errno;
  if (!S_ISSOCK(found.st_mode)) return EEXIST;
  if (const int error = Probe(path, type)) return error;
  return unlink(path.c_str()) == 0 || errno == ENOENT ? 0 : errno;
}

SystemError NoRoom(int error, const std::string& path) {
  const char* why = error == EADDRINUSE ? " (a living process owns the socket there)"
                    : error == EEXIST   ? " (something other than a socket is there, and stays)"
                                        : "";
  return {error, "path " + path + why};
}

/// Gives the file of a bound socket its group, and then its mode. By a path, Linux would follow a link that
/// another user has put in the file's place.
SystemError GiveRights(const std::string& path, const struct stat& identity, const BindOptions& options) {
  if (!options.group && !options.mode) return {};
  const UniqueFd file(open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat now;
  if (!file || fstat(file.get(), &now) != 0) return {errno, "rights of " + path};
  if (!S_ISSOCK(now.st_mode) || !SameFile(now, identity))
    return {EEXIST, "another file in the place of " + path};
  const auto same = static_cast<uid_t>(-1);
  if (options.group && fchownat(file.get(), "", same, *options.group, AT_EMPTY_PATH) != 0) {
    return {errno, "group " + std::to_string(*options.group) + " of " + path};
  }
  const std::string name = "/proc/self/fd/" + std::to_string(file.get());
  if (options.mode && chmod(name.c_str(), *options.mode) != 0) return {errno, "mode of " + path};
  return {};
}

SystemError Listen(int fd, const std::string& path, int backlog) {
  if (backlog > 0 && listen(fd, backlog) != 0) return {errno, "listen on " + path};
  return {};
}

}  // namespace

SystemError BoundPath::Bind(int fd, const std::string& path, const BindOptions& options) {
  if (!UnixAddress::Fits(path)) return {ENAMETOOLONG, "path " + path};
  if (!UnixAddress(path).abstract()) return BindFile(fd, path, options);
  const UnixAddress address(path);
  if (bind(fd, address.get(), address.size()) != 0) return NoRoom(errno, path);
  return Listen(fd, path, options.backlog);
}

SystemError BoundPath::BindFile(int fd, const std::string& path, const BindOptions& options) {
  FolderLock lock;
  // Without a file, the kernel gives the path to one process. But a socket that is to listen looks dead until
  // it does.
  if (options.backlog > 0 || Exists(path)) lock.Take(path);
  if (const int error = MakeRoom(path, TypeOf(fd))) return NoRoom(error, path);
  // Linux takes the mode of the new file from the socket's: no other user can connect before group and mode
  // are right.
  if (options.mode) fchmod(fd, 0600);
  const UnixAddress address(path);
  if (bind(fd, address.get(), address.size()) != 0) return {errno, "bind to " + path};
  lstat(path.c_str(), &identity_);
  path_ = path;
  {
    ExitList& list = ExitList::Get();
    std::lock_guard guard(list.mutex);
    list.files[this] = {path_, identity_};
  }
  if (SystemError error = GiveRights(path, identity_, options)) return error;
  return Listen(fd, path, options.backlog);
}

SystemError BoundPath::RemoveStale(const std::string& path) {
  if (!UnixAddress::Fits(path)) return {ENAMETOOLONG, "path " + path};
  FolderLock lock;
  if (Exists(path)) lock.Take(path);
  const int error = MakeRoom(path, SOCK_DGRAM);
  return error == 0 ? SystemError{} : NoRoom(error, path);
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

}  // namespace vpp_punt
