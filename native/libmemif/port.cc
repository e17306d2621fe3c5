#include "libmemif/port.h"

#include <cerrno>
#include <cstring>

#include "memif/channel.h"

namespace vpp_punt::libmemif {

namespace {

/// What the peer said, of a connection that has ended.
std::string DisconnectReason(memif_conn_handle_t handle) {
  memif_details_t details = {};
  char buffer[1024];
  // With too little room for the tables of queues; the reason comes before them.
  memif_get_details(handle, &details, buffer, sizeof(buffer));
  return details.error == nullptr ? "" : memif::GetText(details.error, memif::kDisconnectTextSize);
}

memif_conn_args_t Arguments(const Settings& settings, memif_socket_handle_t socket) {
  const bool server = settings.role == Role::kServer;
  memif_conn_args_t args = {};
  args.socket = socket;
  memcpy(args.secret, settings.secret.data(), std::min(settings.secret.size(), sizeof(args.secret) - 1));
  args.num_s2m_rings = static_cast<uint8_t>(server ? settings.rx_queues : settings.tx_queues);
  args.num_m2s_rings = static_cast<uint8_t>(server ? settings.tx_queues : settings.rx_queues);
  args.buffer_size = static_cast<uint16_t>(settings.buffer_size);
  args.log2_ring_size = settings.log2_ring_size;
  args.is_master = server;
  args.interface_id = settings.id;
  memcpy(args.interface_name, settings.name.data(),
         std::min(settings.name.size(), sizeof(args.interface_name) - 1));
  args.mode = static_cast<memif_interface_mode_t>(settings.mode);
  return args;
}

}  // namespace

std::shared_ptr<Port> Port::Open(const Settings& settings,
                                 const std::shared_ptr<memif::Subscription>& subscription, OpenError* error) {
  auto port = std::make_shared<Port>(settings);
  if (subscription) port->subscriptions_.push_back(subscription);
  port->loop_->RunSync([&] { port->Start(error); });
  return error->error == 0 ? port : nullptr;
}

Port::Port(const Settings& settings)
    : settings_(settings), loop_(ControlLoop::Acquire()), slot_(std::make_shared<Slot>()) {
  for (uint16_t i = 0; i < settings_.rx_queues; i++) rx_.push_back(std::make_unique<RxQueue>(slot_, i));
  for (uint16_t i = 0; i < settings_.tx_queues; i++) tx_.push_back(std::make_unique<TxQueue>(slot_, i));
}

void Port::Start(OpenError* error) {
  socket_ = ControlSocket::Open(loop_, settings_, error);
  if (!socket_) return;
  slot_->mutex = socket_->mutex();
  slot_->violated = [loop = std::weak_ptr(loop_), port = weak_from_this()](uint32_t generation,
                                                                           const std::string& reason) {
    auto strong = loop.lock();
    if (!strong) return;
    strong->Post([port, generation, reason] {
      if (auto self = port.lock()) self->Violated(generation, reason);
    });
  };
  bool ready;
  {
    std::unique_lock lock(*socket_->mutex());
    ready = Create(error);
  }
  if (ready && settings_.role == Role::kServer && !Serve(error)) Delete();
}

bool Port::Serve(OpenError* error) {
  listener_ = memif::Listener::Get(*loop_, settings_, error);
  if (!listener_) return false;
  interface_.settings = &settings_;
  interface_.callbacks.up = [](const std::shared_ptr<memif::Link>&) {};  // the library says so: OnUp
  interface_.callbacks.down = [this](const Ending& ending, bool) { OnClientGone(ending); };
  interface_.accept = [this](const memif::Link& link) { return socket_->Introduce(settings_, link); };
  if (listener_->Add(&interface_)) return true;
  *error = {EEXIST, "interface id " + std::to_string(settings_.id) + " is in use on " + settings_.socket};
  listener_.reset();
  return false;
}

void Port::OnClientGone(const Ending& ending) {
  if (interface_.session) return Refuse(ending);  // another one, that never got this far
  ending_ = ending;
  socket_->Leave();
  if (ending_) OnDown();  // the library had not heard of it
}

bool Port::Create(OpenError* error) {
  memif_conn_args_t args = Arguments(settings_, socket_->handle());
  auto up = [](memif_conn_handle_t, void* self) {
    static_cast<Port*>(self)->OnUp();
    return 0;
  };
  auto down = [](memif_conn_handle_t, void* self) {
    static_cast<Port*>(self)->OnDown();
    return 0;
  };
  const int failure = memif_create(&handle_, &args, up, down, nullptr, this);
  if (failure == MEMIF_ERR_SUCCESS) return true;
  *error = {EIO, std::string("libmemif: ") + memif_strerror(failure)};
  return false;
}

void Port::OnUp() {
  std::string fault;
  auto connection = Connection::Of(handle_, &fault);
  if (!connection) {
    // Not from inside the library's own handler.
    slot_->violated(slot_->generation, fault);
    return;
  }
  for (uint16_t i = 0; i < connection->rx_queues; i++) memif_refill_queue(handle_, i, UINT16_MAX, 0);
  counters_.connects.Add(1);
  PortEvent event = {PortEvent::Type::kUp, connection->peer_name, connection->peer_interface};
  event.rx_queues = connection->rx_queues;
  event.tx_queues = connection->tx_queues;
  event.sealed = true;
  for (const auto& region : connection->regions) event.sealed &= region->SealedAgainstShrinking();
  up_ = event;
  slot_->connection = std::move(connection);
  slot_->generation++;
  Tell(event);
}

Ending Port::TakeEnding() {
  if (ending_) return *std::exchange(ending_, std::nullopt);
  const std::string reason = DisconnectReason(handle_);
  return {Ending::By::kPeer, reason.empty() ? "the peer closed the connection" : reason};
}

void Port::Refuse(const Ending& ending) {
  if (ending.by == Ending::By::kViolation) counters_.violations.Add(1);
  counters_.refused.Add(1);
  PortEvent event = {PortEvent::Type::kRefused, "", ""};
  event.ending = ending;
  if (ending.by != Ending::By::kSelf) Tell(event);
}

/// The library calls it before it unmaps anything, and also when a handshake fails.
void Port::OnDown() {
  const Ending ending = TakeEnding();
  if (!up_) return Refuse(ending);
  if (ending.by == Ending::By::kViolation) counters_.violations.Add(1);
  counters_.disconnects.Add(1);
  PortEvent event = {PortEvent::Type::kDown, up_->peer, up_->peer_interface};
  event.ending = ending;
  up_.reset();
  // What the peer had sent is still delivered.
  if (ending.by != Ending::By::kViolation) {
    for (auto& queue : rx_) queue->TakeRest();
  }
  slot_->connection->End();
  slot_->connection.reset();
  slot_->generation++;
  Tell(event);
}

void Port::Violated(uint32_t generation, const std::string& reason) {
  if (!socket_ || generation != slot_->generation) return;
  if (interface_.session) return interface_.session->Close({Ending::By::kViolation, reason});
  std::unique_lock lock(*socket_->mutex());
  ending_ = Ending{Ending::By::kViolation, reason};
  memif_delete(&handle_);
  ending_.reset();
  OpenError error;
  Create(&error);
}

void Port::Tell(const PortEvent& event) {
  std::erase_if(subscriptions_, [](const auto& weak) { return weak.expired(); });
  for (const auto& weak : subscriptions_) {
    if (auto subscription = weak.lock()) subscription->Push(event);
  }
}

void Port::Subscribe(const std::shared_ptr<memif::Subscription>& subscription) {
  if (!loop_) return;
  loop_->RunSync([&] {
    subscriptions_.push_back(subscription);
    if (up_) subscription->Push(*up_);
  });
}

void Port::Delete() {
  if (!socket_) return;
  if (listener_) listener_->Remove(&interface_);
  listener_.reset();
  if (handle_ != nullptr) {
    std::unique_lock lock(*socket_->mutex());
    ending_ = Ending{Ending::By::kSelf, "closed"};
    memif_delete(&handle_);
  }
  socket_.reset();
}

void Port::Close() {
  if (!loop_) return;
  loop_->RunSync([this] { Delete(); });
  loop_.reset();
}

}  // namespace vpp_punt::libmemif
