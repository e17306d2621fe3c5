// The socket that passes descriptors, with a peer that sends any bytes beside any number of them, in any
// split: the bytes arrive in order, no more descriptors are kept than asked for, and none stays open.
#include "util/passing.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <deque>

#include "descriptors.h"
#include "input.h"

namespace {

using namespace vpp_punt;
using fuzz::Expect;
using fuzz::Input;

/// A stream, and what was sent on it and has not arrived.
class Stream {
 public:
  Stream() {
    int ends[2];
    Expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    peer_.Reset(ends[0]);
    ours_.Reset(ends[1]);
  }

  /// False when the stream is at its end: too much was passed, and the bytes beside it are lost.
  bool Act(Input& input) {
    if (input.Byte() & 1) return Send(input);
    return Receive(1 + input.Below(300), input.Rarely() ? input.Below(20) : kMany);
  }

  void Finish() {
    peer_.Reset();
    while (!sent_.empty()) Expect(Receive(64, kMany));
    uint8_t byte;
    Expect(ReceivePassed(ours_.get(), {&byte, 1}, 0).size == 0);
  }

 private:
  static constexpr size_t kMany = 1000;

  /// A byte, and the descriptors that are sent with it.
  struct Sent {
    uint8_t value;
    size_t fds;
  };

  bool Send(Input& input) {
    std::vector<uint8_t> bytes(1 + input.Below(200));
    for (uint8_t& byte : bytes) byte = input.Byte();
    const size_t count = input.Rarely() ? input.Below(300) : input.Below(5);
    const std::vector<int> fds(count, ours_.get());
    const ssize_t size = SendPassing(peer_.get(), {bytes.data(), bytes.size()}, fds.data(), count);
    Expect(size == static_cast<ssize_t>(bytes.size()) || size == -EAGAIN || size == -ETOOMANYREFS);
    for (ssize_t i = 0; i < size; i++) sent_.push_back({bytes[i], i == 0 && count <= 253 ? count : 0});
    return true;
  }

  bool Receive(size_t room, size_t most) {
    std::vector<uint8_t> bytes(room);
    const Arrived arrived = ReceivePassed(ours_.get(), {bytes.data(), room}, most);
    if (sent_.empty()) {
      Expect(arrived.passed.empty() && arrived.size == -EAGAIN);
      return true;
    }
    for (const UniqueFd& fd : arrived.passed) Expect((fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
    if (arrived.size == -E2BIG) {
      Expect(arrived.passed.size() > most);
      return false;
    }
    Expect(arrived.size > 0 && arrived.size <= static_cast<ssize_t>(std::min(room, sent_.size())));
    size_t fds = 0;
    for (ssize_t i = 0; i < arrived.size; i++) {
      Expect(bytes[i] == sent_.front().value);
      fds += sent_.front().fds;
      sent_.pop_front();
    }
    Expect(arrived.passed.size() == fds && fds <= most);
    return true;
  }

  UniqueFd peer_, ours_;
  std::deque<Sent> sent_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const size_t before = fuzz::OpenDescriptors();
  {
    Stream stream;
    bool good = true;
    for (int i = 0; i < 100 && good && !input.empty(); i++) good = stream.Act(input);
    if (good) stream.Finish();
  }
  Expect(fuzz::OpenDescriptors() == before);
  return 0;
}
