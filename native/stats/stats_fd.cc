#include "stats/stats_fd.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cstring>
#include <string>
#include <utility>

#include "util/error.h"
#include "util/unique_fd.h"

namespace vpp_punt {

namespace {

/// VPP's main thread hands the descriptor out between two bursts of packets: seconds mean that it hangs.
constexpr timeval kTimeout = {5, 0};

/// The connection is made in a thread of libuv's pool, as VPP answers only when its main thread comes round
/// to it.
class FetchStatsFd : public Napi::AsyncWorker {
 public:
  FetchStatsFd(Napi::Env env, std::string path)
      : Napi::AsyncWorker(env, "vpp-punt.stats"),
        deferred_(Napi::Promise::Deferred::New(env)),
        path_(std::move(path)) {}

  Napi::Promise Promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    UniqueFd socket_fd(Connect());
    if (socket_fd) Receive(socket_fd.get());
  }

  void OnOK() override {
    Napi::Env env = Env();
    if (error_ != 0 || !fd_) {
      ThrowErrno(env, "stats.open", path_, error_ != 0 ? error_ : EPROTO);
      deferred_.Reject(env.GetAndClearPendingException().Value());
      return;
    }
    Napi::Object result = Napi::Object::New(env);
    result.Set("fd", fd_.Release());
    result.Set("pid", pid_);
    deferred_.Resolve(result);
  }

 private:
  UniqueFd Connect() {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path_.empty() || path_.size() >= sizeof(address.sun_path)) {
      error_ = ENAMETOOLONG;
      return UniqueFd();
    }
    memcpy(address.sun_path, path_.data(), path_.size());
    UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kTimeout, sizeof(kTimeout));
    setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kTimeout, sizeof(kTimeout));
    if (!fd || connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      error_ = errno;
      return UniqueFd();
    }
    return fd;
  }

  void Receive(int socket_fd) {
    ucred peer = {};
    socklen_t peer_size = sizeof(peer);
    getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size);
    pid_ = peer.pid;
    char byte = 0;
    iovec data = {&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    if (recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC) < 0) {
      error_ = errno;
      return;
    }
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return;
    int fd = -1;
    memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    fd_.Reset(fd);
  }

  Napi::Promise::Deferred deferred_;
  const std::string path_;
  UniqueFd fd_;
  int pid_ = 0;
  int error_ = 0;
};

/// fetchStatsFd(path): resolves with { fd, pid }. The descriptor is the caller's to close.
Napi::Value Fetch(const Napi::CallbackInfo& info) {
  auto* worker = new FetchStatsFd(info.Env(), info[0].As<Napi::String>().Utf8Value());
  Napi::Promise promise = worker->Promise();
  worker->Queue();  // deletes itself when it is done
  return promise;
}

}  // namespace

void InitStats(Napi::Env env, Napi::Object exports) {
  exports.Set("fetchStatsFd", Napi::Function::New(env, Fetch, "fetchStatsFd"));
}

}  // namespace vpp_punt
