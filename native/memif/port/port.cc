#include "memif/port/port.h"

#include <algorithm>
#include <cerrno>

namespace vpp_punt::memif {

Port::Port(const Settings& settings, Handshake::Accept accept, std::shared_ptr<ControlLoop> loop)
    : settings_(settings),
      accept_(std::move(accept)),
      loop_(std::move(loop)),
      slot_(std::make_shared<LinkSlot>()) {
  for (size_t i = 0; i < settings_.rx_queues; i++) rx_.push_back(std::make_unique<RxQueue>(slot_, i));
  for (size_t i = 0; i < settings_.tx_queues; i++) tx_.push_back(std::make_unique<TxQueue>(slot_, i));
  interface_.settings = &settings_;
}

std::shared_ptr<Port> Port::Open(const Settings& settings, const std::shared_ptr<Subscription>& subscription,
                                 SystemError* error, const Handshake::Accept& accept) {
  std::shared_ptr<ControlLoop> loop = ControlLoop::Acquire(error);
  if (!loop) return nullptr;
  auto port = std::make_shared<Port>(settings, accept, loop);
  if (subscription) port->subscriptions_.push_back(subscription);
  loop->RunSync([&] { port->Start(error); });
  return error->error == 0 ? port : nullptr;
}

void Port::Start(SystemError* error) {
  if (settings_.role == Role::kClient) {
    connector_ = std::make_unique<Connector>(*loop_, settings_, accept_, MakeCallbacks());
    if (!settings_.socket.empty()) connector_->Attempt();
    return;
  }
  listener_ = Listener::Get(*loop_, settings_, error);
  if (!listener_) return;
  interface_.callbacks = MakeCallbacks();
  interface_.accept = accept_;
  if (listener_->Add(&interface_)) return;
  *error = {EEXIST, "interface id " + std::to_string(settings_.id) + " is in use on " + settings_.socket};
  listener_.reset();
}

/// `this` is safe in them: Close ends every session before the port goes.
Session::Callbacks Port::MakeCallbacks() {
  return {[this](const std::shared_ptr<Link>& link) { OnUp(link); },
          [this](const Ending& ending, bool was_up) { OnDown(ending, was_up); }};
}

void Port::OnUp(const std::shared_ptr<Link>& link) {
  counters_.connects.Add(1);
  PortEvent event = {PortEvent::Type::kUp, link->peer_name, link->peer_interface};
  event.rx_queues = static_cast<uint16_t>(link->rx.size());
  event.tx_queues = static_cast<uint16_t>(link->tx.size());
  event.sealed = true;
  for (const auto& region : link->regions) event.sealed &= region->sealed();
  up_ = event;
  slot_->Publish(link);
  Tell(event);
}

void Port::OnDown(const Ending& ending, bool was_up) {
  if (ending.by == Ending::By::kViolation) counters_.violations.Add(1);
  PortEvent event = {was_up ? PortEvent::Type::kDown : PortEvent::Type::kRefused, "", ""};
  if (was_up) {
    counters_.disconnects.Add(1);
    event.peer = up_->peer;
    event.peer_interface = up_->peer_interface;
    up_.reset();
    slot_->Publish(nullptr);
  } else {
    counters_.refused.Add(1);
  }
  event.ending = ending;
  Tell(event);
}

void Port::Tell(const PortEvent& event) {
  std::erase_if(subscriptions_, [](const auto& weak) { return weak.expired(); });
  for (const auto& weak : subscriptions_) {
    if (auto subscription = weak.lock()) subscription->Push(event);
  }
}

std::shared_ptr<ControlLoop> Port::Loop(bool take) {
  std::lock_guard lock(loop_mutex_);
  return take ? std::move(loop_) : loop_;
}

void Port::Subscribe(const std::shared_ptr<Subscription>& subscription) {
  std::shared_ptr<ControlLoop> loop = Loop(false);
  if (!loop) return;
  loop->RunSync([&] {
    subscriptions_.push_back(subscription);
    if (up_) subscription->Push(*up_);
  });
}

void Port::Adopt(UniqueFd control) {
  std::shared_ptr<ControlLoop> loop = Loop(false);
  if (!loop) return;
  loop->RunSync([&] {
    if (connector_) connector_->Adopt(std::move(control));
  });
}

/// The buffers of one connection.
uint64_t Port::BufferCount() const {
  const uint64_t slots = (uint64_t{settings_.rx_queues} + settings_.tx_queues) << settings_.log2_ring_size;
  return slots + uint64_t{settings_.rx_queues} * settings_.spare_buffers;
}

int Port::ShareMemory(Port& a, Port& b) {
  std::shared_ptr<ControlLoop> loop = a.Loop(false);  // the process has one
  if (!loop || !b.Loop(false)) return 0;
  int error = 0;
  loop->RunSync([&] {
    if (!a.connector_ || !b.connector_) return;
    std::shared_ptr<BufferPool> pool = a.connector_->pool();
    if (pool && pool == b.connector_->pool()) return;
    // Up to three connections of a port have buffers at a time: a new one, the last one, which a receiver may
    // still drain, and an older one in the hands of a busy thread. Untouched pages cost nothing.
    const uint64_t most = UINT32_MAX / a.settings_.buffer_size;
    const uint64_t count = std::min(3 * (a.BufferCount() + b.BufferCount()), most);
    pool = BufferPool::Create(a.settings_.buffer_size, static_cast<uint32_t>(count));
    if (!pool) {
      error = errno;
      return;
    }
    a.connector_->UsePool(pool);
    b.connector_->UsePool(pool);
  });
  return error;
}

void Port::Close() {
  std::shared_ptr<ControlLoop> loop = Loop(true);
  if (!loop) return;
  loop->RunSync([this] {
    connector_.reset();
    if (listener_) listener_->Remove(&interface_);
    listener_.reset();
  });
  slot_->Clear();
}

}  // namespace vpp_punt::memif
