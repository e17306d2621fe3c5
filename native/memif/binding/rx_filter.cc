#include "filter/port_filter.h"
#include "memif/binding/rx_binding.h"

namespace vpp_punt::memif {

/// Lets the filter decide about the burst. Returns how many packets it leaves to JavaScript.
uint32_t RxBinding::Select(uint32_t taken) {
  const uint32_t count = selection_->Decide(queue_.bytes(), taken, table_.packets);
  const uint32_t dropped = selection_->dropped();
  queue_.counters().dropped_filter.Add(dropped);
  filter_dropped_ += dropped;
  if (dropped < taken) queue_.Count(taken - dropped, selection_->kept_bytes());
  return count;
}

/// setFilter(handle of rules, or undefined): from the next burst on.
void RxBinding::SetFilter(Napi::Value rules) {
  rules_ = filter::RulesOf(rules);
  renews_selection_ = true;
}

/// Sends the packets that pass without JavaScript and have not gone with its own.
void RxBinding::PassRest() {
  const uint32_t given = selection_ ? selection_->passing() : 0;
  if (given == 0) return;
  const Choice choice = selection_->Rest();
  uint32_t sent = 0;
  TxQueue* const bound = Bound();
  if (bound != nullptr && !closed_) {
    sent = queue_.PassOn(selection_->all(), choice, Selection::kPassing, *bound);
    if (sent > 0) bound->Publish();
    bound->RingDoorbell();
  }
  CountPassed(selection_->TakeSent(sent), given);
}

void RxBinding::CountPassed(uint32_t sent, uint32_t given) {
  filter_passed_ += sent;
  filter_refused_ += given - sent;
  if (TxQueue* const bound = Bound()) bound->counters().refused.Add(given - sent);
}

}  // namespace vpp_punt::memif
