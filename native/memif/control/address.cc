#include "memif/control/address.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace vpp_punt::memif {

Address::Address(const std::string& name) : abstract(name[0] == '@') {
  address.sun_family = AF_UNIX;
  size_t size = std::min(name.size(), sizeof address.sun_path - 1);
  memcpy(address.sun_path, name.data(), size);
  // The length ends an abstract name: VPP and libmemif do not count a NUL.
  length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size + (abstract ? 0 : 1));
  if (abstract) address.sun_path[0] = 0;
}

}  // namespace vpp_punt::memif
