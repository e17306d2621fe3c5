#include "filter/port_filter.h"

#include "filter/handle.h"

namespace vpp_punt::filter {

std::shared_ptr<Rules> RulesOf(Napi::Value handle) {
  return HeldBy<Rules>(handle);
}

uint32_t PortFilter::Keep(const Burst& burst, uint32_t count) {
  if (!rules_ || count == 0) return count;
  const std::vector<Action>& actions = rules_->Decide(burst, count);
  const PacketTable& table = burst.table;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (actions[i] == Action::kDrop) {
      packets_++;
      bytes_ += table.length(i);
    } else {
      table.Set(kept++, table.offset(i), table.length(i), table.sw_if_index(i));
    }
  }
  return kept;
}

}  // namespace vpp_punt::filter
