// A pair of connected control sockets: ours and the peer's.
#pragma once

#include <sys/socket.h>

#include <memory>

#include "input.h"
#include "memif/control/channel.h"

namespace fuzz {

struct Ends {
  Ends() {
    int ends[2];
    Expect(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    ours = std::make_unique<vpp_punt::memif::Channel>(vpp_punt::UniqueFd(ends[0]));
    theirs = std::make_unique<vpp_punt::memif::Channel>(vpp_punt::UniqueFd(ends[1]));
  }
  std::unique_ptr<vpp_punt::memif::Channel> ours, theirs;
};

}  // namespace fuzz
