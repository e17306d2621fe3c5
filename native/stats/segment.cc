#include "stats/segment.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "env_state.h"
#include "util/error.h"
#include "util/fields.h"
#include "util/unix_address.h"

namespace vpp_punt {

namespace {

/// VPP's main thread sends the descriptor between two bursts of packets: seconds mean that it hangs.
constexpr timeval kTimeout = {5, 0};

// include/uapi/asm-generic/socket.h; a C library may be older than the kernel.
constexpr int kSoPeerPidfd = 77;

/// Connects in a thread of libuv's pool, because VPP answers only when its main thread has time.
class FetchSegment : public Napi::AsyncWorker {
 public:
  FetchSegment(Napi::Env env, std::string path)
      : Napi::AsyncWorker(env, "vpp-punt.stats"), path_(std::move(path)) {
    napi_create_promise(env, &deferred_, &promise_);
  }

  /// Null in a thread that is being terminated. Valid until the caller's handle scope ends.
  napi_value promise() const { return promise_; }

 protected:
  void Execute() override {
    const UniqueFd socket_fd(Connect());
    if (socket_fd) Receive(socket_fd.get());
  }

  /// In a thread that is being terminated no object can be made: the destructor closes the descriptor.
  void OnOK() override {
    const Napi::Env env = Env();
    if (deferred_ == nullptr) return;
    if (error_ != 0 || !fd_) return Reject(error_ != 0 ? error_ : EPROTO);
    const napi_value constructor = EnvState::Of(env)->stats_segment.Value();
    napi_value object = nullptr;
    StatsSegment* segment = nullptr;
    // The thread may end between the two: then there is an object, and nothing in it.
    if (napi_new_instance(env, constructor, 0, nullptr, &object) != napi_ok ||
        napi_unwrap(env, object, reinterpret_cast<void**>(&segment)) != napi_ok) {
      return;
    }
    segment->Adopt(std::move(fd_), pid_, std::move(process_));
    napi_resolve_deferred(env, deferred_, object);
  }

 private:
  void Reject(int error) {
    ThrowErrno(Env(), "stats.open", path_, error);
    napi_value exception = nullptr;
    if (napi_get_and_clear_last_exception(Env(), &exception) != napi_ok) return;
    napi_reject_deferred(Env(), deferred_, exception);
  }

  UniqueFd Connect() {
    if (!UnixAddress::Fits(path_)) {
      error_ = ENAMETOOLONG;
      return UniqueFd();
    }
    const UnixAddress address(path_);
    UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!fd) {
      error_ = errno;
      return fd;
    }
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kTimeout, sizeof(kTimeout));
    setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kTimeout, sizeof(kTimeout));
    // With a time limit the kernel does not go on by itself after a signal, here and in Receive().
    int connected;
    do connected = connect(fd.get(), address.get(), address.size());
    while (connected < 0 && errno == EINTR);
    if (connected == 0) return fd;
    error_ = errno;
    return UniqueFd();
  }

  void Receive(int socket_fd) {
    ucred peer = {};
    socklen_t peer_size = sizeof(peer);
    getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size);
    pid_ = peer.pid;
    int process = -1;
    socklen_t process_size = sizeof(process);
    if (getsockopt(socket_fd, SOL_SOCKET, kSoPeerPidfd, &process, &process_size) == 0)
      process_.Reset(process);
    char byte = 0;
    iovec data = {&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    // Room for one descriptor: the padding of CMSG_SPACE would take a second one, which no code would close.
    message.msg_controllen = CMSG_LEN(sizeof(int));
    ssize_t size;
    do size = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size < 0) {
      error_ = errno;
      return;
    }
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
      // VPP sent none, or this process has no room for one more.
      error_ = (message.msg_flags & MSG_CTRUNC) != 0 ? EMFILE : EPROTO;
      return;
    }
    int fd = -1;
    memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    fd_.Reset(fd);
  }

  napi_deferred deferred_ = nullptr;
  napi_value promise_ = nullptr;
  const std::string path_;
  UniqueFd fd_;
  UniqueFd process_;
  int pid_ = 0;
  int error_ = 0;
};

/// fetchStatsSegment(path): resolves with a StatsSegment.
Napi::Value Fetch(const Napi::CallbackInfo& info) {
  auto* worker = new FetchSegment(info.Env(), info[0].As<Napi::String>().Utf8Value());
  const napi_value promise = worker->promise();
  worker->Queue();  // deletes itself when it is done
  return Napi::Value(info.Env(), promise);
}

}  // namespace

void StatsSegment::Init(Napi::Env env, Napi::Object exports) {
  const Napi::Function constructor = DefineClass(
      env, "NativeStatsSegment",
      {InstanceMethod<&StatsSegment::Pid>("pid"), InstanceMethod<&StatsSegment::Size>("size"),
       InstanceMethod<&StatsSegment::Read>("read"), InstanceMethod<&StatsSegment::HasEnded>("hasEnded"),
       InstanceMethod<&StatsSegment::Close>("close")});
  EnvState::Of(env)->stats_segment = Napi::Persistent(constructor);
  exports.Set("fetchStatsSegment", Napi::Function::New(env, Fetch, "fetchStatsSegment"));
}

/// pid() -> VPP's process id; 0 in another pid namespace
Napi::Value StatsSegment::Pid(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), pid_);
}

/// hasEnded() -> whether VPP's process has ended; undefined where the kernel does not say
Napi::Value StatsSegment::HasEnded(const Napi::CallbackInfo& info) {
  if (!process_) return info.Env().Undefined();
  pollfd fd = {process_.get(), POLLIN, 0};
  return Napi::Boolean::New(info.Env(), poll(&fd, 1, 0) == 1);
}

/// size() -> bytes, or a negative errno value
Napi::Value StatsSegment::Size(const Napi::CallbackInfo& info) {
  struct stat status = {};
  const int result = fstat(fd_.get(), &status);
  return Napi::Number::New(info.Env(), static_cast<double>(result < 0 ? -errno : status.st_size));
}

/// read(into, length, offset) -> bytes read, or a negative errno value
Napi::Value StatsSegment::Read(const Napi::CallbackInfo& info) {
  const auto into = Cells<uint8_t>::Of(info.Env(), info[0]);
  const size_t length = std::min<size_t>(into.length, info[1].As<Napi::Number>().Uint32Value());
  const int64_t offset = info[2].As<Napi::Number>().Int64Value();
  const ssize_t got = pread(fd_.get(), into.data, length, offset);
  return Napi::Number::New(info.Env(), static_cast<double>(got < 0 ? -errno : got));
}

}  // namespace vpp_punt
