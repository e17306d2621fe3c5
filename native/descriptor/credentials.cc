#include "descriptor/credentials.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "descriptor/arguments.h"
#include "descriptor/descriptor.h"
#include "util/error.h"
#include "util/hang_up.h"

namespace vpp_punt::descriptor {

namespace {

// include/uapi/asm-generic/socket.h; a C library may be older than the kernel.
constexpr int kSoPeerGroups = 59;
constexpr int kSoPeerPidfd = 77;

/// The supplementary groups; empty where the kernel does not say.
std::vector<gid_t> PeerGroups(int fd) {
  std::vector<gid_t> groups(64);
  for (int attempt = 0; attempt < 2; attempt++) {
    socklen_t size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const bool known = getsockopt(fd, SOL_SOCKET, kSoPeerGroups, groups.data(), &size) == 0;
    const bool too_small = !known && errno == ERANGE;
    groups.resize(known || too_small ? size / sizeof(gid_t) : 0);
    if (!too_small) return groups;
  }
  return {};
}

/// peerCredentials(fd) -> { pid, uid, gid, groups }
Napi::Value PeerCredentials(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ucred peer = {};
  socklen_t size = sizeof(peer);
  if (getsockopt(FdOf(info), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    ThrowErrno(env, "descriptor.credentials", "SO_PEERCRED", errno);
    return env.Undefined();
  }
  const std::vector<gid_t> groups = PeerGroups(FdOf(info));
  Napi::Array list = Napi::Array::New(env, groups.size());
  for (uint32_t i = 0; i < groups.size(); i++) list.Set(i, Napi::Number::New(env, groups[i]));
  Napi::Object result = Napi::Object::New(env);
  result.Set("pid", Napi::Number::New(env, peer.pid));
  result.Set("uid", Napi::Number::New(env, peer.uid));
  result.Set("gid", Napi::Number::New(env, peer.gid));
  result.Set("groups", list);
  return result;
}

/// peerPidfd(fd) -> NativeDescriptor; undefined where the kernel has none, or where the peer has ended
Napi::Value PeerPidfd(const Napi::CallbackInfo& info) {
  int pidfd = -1;
  socklen_t size = sizeof(pidfd);
  if (getsockopt(FdOf(info), SOL_SOCKET, kSoPeerPidfd, &pidfd, &size) == 0) {
    return Descriptor::New(info.Env(), UniqueFd(pidfd));
  }
  const int error = errno;
  const bool none = error == ENOPROTOOPT || error == ENODATA || error == ESRCH || error == EINVAL;
  if (!none) ThrowErrno(info.Env(), "descriptor.credentials", "SO_PEERPIDFD", error);
  return info.Env().Undefined();
}

/// processIsAlive(pidfd): a pidfd is readable once its process has ended
Napi::Value ProcessIsAlive(const Napi::CallbackInfo& info) {
  pollfd fd = {FdOf(info), POLLIN, 0};
  return Napi::Boolean::New(info.Env(), poll(&fd, 1, 0) == 0);
}

/// hasReader(fd): a pipe or a socket reports an error or a hang-up once its other end is closed
Napi::Value HasReader(const Napi::CallbackInfo& info) {
  pollfd fd = {FdOf(info), 0, 0};
  return Napi::Boolean::New(info.Env(), poll(&fd, 1, 0) <= 0);
}

/// refuseDescriptors(fd): see hang_up.h
void Refuse(const Napi::CallbackInfo& info) {
  RefuseDescriptors(FdOf(info));
}

/// lockDescriptor(fd) -> whether the whole file is locked for the open file description of `fd`
Napi::Value LockDescriptor(const Napi::CallbackInfo& info) {
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool locked = fcntl(FdOf(info), F_OFD_SETLK, &lock) == 0;
  const int error = errno;
  if (!locked && error != EAGAIN && error != EACCES)
    ThrowErrno(info.Env(), "file-lock.acquire", "fcntl", error);
  return Napi::Boolean::New(info.Env(), locked);
}

}  // namespace

void InitCredentials(Napi::Env env, Napi::Object exports) {
  exports.Set("peerCredentials", Napi::Function::New(env, PeerCredentials, "peerCredentials"));
  exports.Set("peerPidfd", Napi::Function::New(env, PeerPidfd, "peerPidfd"));
  exports.Set("processIsAlive", Napi::Function::New(env, ProcessIsAlive, "processIsAlive"));
  exports.Set("hasReader", Napi::Function::New(env, HasReader, "hasReader"));
  exports.Set("refuseDescriptors", Napi::Function::New(env, Refuse, "refuseDescriptors"));
  exports.Set("lockDescriptor", Napi::Function::New(env, LockDescriptor, "lockDescriptor"));
}

}  // namespace vpp_punt::descriptor
