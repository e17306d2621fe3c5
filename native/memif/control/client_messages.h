// The messages of a client after HELLO, in order.
#pragma once

#include <deque>
#include <string>

#include "memif/control/channel.h"
#include "memif/shared/link.h"
#include "memif/shared/settings.h"

namespace vpp_punt::memif {

/// A message, and the descriptor that goes beside it: -1 for none. The link owns the descriptor.
struct Outgoing {
  memif_msg_t message;
  int passed;
};

/// The messages with which a client called `program` connects these regions and rings: INIT to CONNECT, with
/// id, mode, secret and name of the settings.
std::deque<Outgoing> ClientMessages(const Settings& settings, const Link& link, const std::string& program);

}  // namespace vpp_punt::memif
