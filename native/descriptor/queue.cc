#include "descriptor/queue.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "descriptor/arguments.h"
#include "descriptor/descriptor.h"
#include "descriptor/expect_socket.h"
#include "util/error.h"
#include "util/passing.h"
#include "util/unique_fd.h"
#include "util/unix_address.h"

namespace vpp_punt::descriptor {

namespace {

constexpr char kTake[] = "descriptor.take";
constexpr char kBlock[] = "descriptor.block";

// include/uapi/asm-generic/unistd.h; a C library may be older than the kernel.
constexpr long kPidfdOpen = 434;
constexpr long kPidfdGetfd = 438;

/// More than fit into VPP's send buffer: VPP may send on while its packets are discarded.
constexpr int kMostDiscarded = 1000;
constexpr size_t kLongestDatagram = 65'536;

SystemError Take(pid_t pid, int number, uint64_t inode, UniqueFd* fd) {
  const UniqueFd process(static_cast<int>(syscall(kPidfdOpen, pid, 0)));
  if (!process) return {errno, "pidfd_open"};
  *fd = UniqueFd::Foreign(static_cast<int>(syscall(kPidfdGetfd, process.get(), number, 0)));
  if (!*fd) return {errno, "pidfd_getfd"};
  // The pid may belong to another process by now, or the number to another file. A file of FUSE may never
  // answer, so the first question is whether it is a socket.
  const char* expected = "a UNIX datagram socket is expected";
  if (SystemError failed = ExpectUnixSocket(fd->get(), SOCK_DGRAM, expected)) return failed;
  struct stat now;
  if (fstat(fd->get(), &now) != 0) return {errno, "fstat"};
  return {now.st_ino == inode ? 0 : EBADF, "the descriptor is another one now"};
}

/// takeDescriptor(pid, number, inode) -> NativeDescriptor of a UNIX datagram socket of that process
Napi::Value TakeDescriptor(const Napi::CallbackInfo& info) {
  UniqueFd fd;
  const auto inode = static_cast<uint64_t>(info[2].As<Napi::Number>().Int64Value());
  const SystemError failed =
      Take(info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::Number>().Int32Value(), inode, &fd);
  if (!failed) return Descriptor::New(info.Env(), std::move(fd));
  Throw(info.Env(), kTake, failed);
  return info.Env().Undefined();
}

void PeekFrom(int fd, int offset) {
  setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset));
}

/// queueLength(fd) -> [datagrams, bytes] that wait. They stay. No other process may read at that time.
Napi::Value QueueLength(const Napi::CallbackInfo& info) {
  std::vector<char> bytes(kLongestDatagram);
  double count = 0, total = 0;
  PeekFrom(FdOf(info), 0);
  for (ssize_t length; count < kMostDiscarded; count++, total += static_cast<double>(length)) {
    length = recv(FdOf(info), bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    // One without a byte would be found again and again; VPP sends none.
    if (length <= 0) break;
  }
  PeekFrom(FdOf(info), -1);
  const Napi::Array result = Napi::Array::New(info.Env(), 2);
  result.Set(0u, Napi::Number::New(info.Env(), count));
  result.Set(1u, Napi::Number::New(info.Env(), total));
  return result;
}

/// Connects to a socket that is closed at once: the kernel refuses all that is sent from then on (EPERM).
SystemError ConnectToClosed(int fd) {
  const UniqueFd closed(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr any = {.sa_family = AF_UNIX, .sa_data = {}};
  // The kernel chooses an abstract name.
  if (!closed || bind(closed.get(), &any, sizeof(any.sa_family)) != 0) return {errno, "bind"};
  UnixAddress address("");
  if (!address.ReadFrom(closed.get())) return {errno, "getsockname"};
  if (connect(fd, address.get(), address.size()) != 0) return {errno, "connect"};
  return {};
}

/// blockDatagrams(fd) -> how many datagrams it has discarded: the queue is empty, and stays so
Napi::Value BlockDatagrams(const Napi::CallbackInfo& info) {
  const int fd = FdOf(info);
  int discarded = 0;
  const auto discard = [&] {
    char byte;
    while (discarded < kMostDiscarded && ReceivePassed(fd, {&byte, 1}, kMostPassed).size >= 0) discarded++;
  };
  discard();
  const SystemError failed = ConnectToClosed(fd);
  // A socket that had a peer is empty now; another one may have got datagrams in between.
  discard();
  if (!failed) return Napi::Number::New(info.Env(), discarded);
  Throw(info.Env(), kBlock, failed);
  return info.Env().Undefined();
}

/// unblockDatagrams(fd, path of VPP's punt socket; "" leaves it without a peer)
void UnblockDatagrams(const Napi::CallbackInfo& info) {
  const std::string path = info[1].As<Napi::String>().Utf8Value();
  const UnixAddress vpp(path);
  if (!path.empty() && connect(FdOf(info), vpp.get(), vpp.size()) == 0) return;
  const sockaddr none = {.sa_family = AF_UNSPEC, .sa_data = {}};
  if (connect(FdOf(info), &none, sizeof(none)) != 0) ThrowErrno(info.Env(), kBlock, "disconnect", errno);
}

}  // namespace

void InitQueue(Napi::Env env, Napi::Object exports) {
  exports.Set("takeDescriptor", Napi::Function::New(env, TakeDescriptor, "takeDescriptor"));
  exports.Set("queueLength", Napi::Function::New(env, QueueLength, "queueLength"));
  exports.Set("blockDatagrams", Napi::Function::New(env, BlockDatagrams, "blockDatagrams"));
  exports.Set("unblockDatagrams", Napi::Function::New(env, UnblockDatagrams, "unblockDatagrams"));
}

}  // namespace vpp_punt::descriptor
