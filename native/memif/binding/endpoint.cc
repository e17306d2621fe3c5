#include "memif/binding/endpoint.h"

#include <sys/socket.h>

#include "descriptor/descriptor.h"
#include "descriptor/expect_socket.h"
#include "memif/binding/functions.h"
#include "memif/binding/memory_buffer.h"
#include "memif/binding/registry.h"
#include "util/callback.h"
#include "util/error.h"
#include "util/fields.h"

namespace vpp_punt::memif {

Endpoint::Endpoint(Napi::Env env, std::shared_ptr<Port> port, std::shared_ptr<Subscription> subscription,
                   int64_t key, bool owner)
    : env_(env),
      port_(std::move(port)),
      key_(key),
      owner_(owner),
      subscription_(std::move(subscription)),
      context_(std::make_unique<Napi::AsyncContext>(env, "vpp-punt:memif")) {}

Endpoint::~Endpoint() {
  Close();
}

bool Endpoint::Listen(const Napi::Function& on_event) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env_, &loop) != napi_ok) return false;
  on_event_ = Napi::Persistent(on_event);
  hold_ = LoopHold::New(env_, [this] { Close(); });
  async_ = std::make_unique<HeldHandle<uv_async_t>>(hold_, this);
  int failed = async_->Initialize([&](uv_async_t* handle) {
    return uv_async_init(loop, handle, [](uv_async_t* async) {
      auto self = static_cast<Endpoint*>(async->data)->shared_from_this();
      self->OnEvents();
    });
  });
  if (failed) return false;
  subscription_->Listen([async = async_->get()] { uv_async_send(async); });
  return true;
}

void Endpoint::OnEvents() {
  for (const PortEvent& event : subscription_->Take()) {
    if (closed_) return;
    if (event.type == PortEvent::Type::kDown) {
      for (size_t i = 0; i < rx_.size(); i++) std::shared_ptr(rx_[i])->FinishOld();
    }
    Deliver(event);
    // By index: a handler may open further queues, or close.
    for (size_t i = 0; i < rx_.size(); i++) rx_[i]->Attach();
    for (size_t i = 0; i < tx_.size(); i++) tx_[i]->Refresh();
  }
}

namespace {

const char* TypeName(PortEvent::Type type) {
  switch (type) {
    case PortEvent::Type::kUp:
      return "up";
    case PortEvent::Type::kDown:
      return "down";
    default:
      return "refused";
  }
}

const char* EndedBy(Ending::By by) {
  switch (by) {
    case Ending::By::kPeer:
      return "peer";
    case Ending::By::kViolation:
      return "violation";
    default:
      return "self";
  }
}

napi_value EventObject(napi_env env, const PortEvent& event) {
  return Record(env)
      .Text("type", TypeName(event.type))
      .Text("peer", event.peer)
      .Text("peerInterface", event.peer_interface)
      .Number("rxQueues", event.rx_queues)
      .Number("txQueues", event.tx_queues)
      .Boolean("sealed", event.sealed)
      .Text("by", EndedBy(event.ending.by))
      .Text("reason", event.ending.reason)
      .object();
}

}  // namespace

void Endpoint::Deliver(const PortEvent& event) {
  Napi::HandleScope scope(env_);
  CallFromLoop(env_, *context_, nullptr, on_event_.Value(), {EventObject(env_, event)});
}

void Endpoint::Close() {
  if (closed_) return;
  closed_ = true;
  subscription_->Cancel();
  async_.reset();
  // The port first: queues let go of a connection that has ended, and keep a connection that goes on.
  if (owner_) {
    UnregisterPort(key_);
    port_->Close();
  }
  for (auto& rx : rx_) rx->Close();
  for (auto& tx : tx_) tx->Close();
  rx_.clear();
  tx_.clear();
  on_event_.Reset();
  context_.reset();
  if (hold_) hold_->Disarm();
  hold_.reset();
}

void Endpoint::SetRef(bool ref) {
  if (closed_) return;
  ref_ = ref;
  if (async_) async_->SetReferenced(ref);
  for (auto& rx : rx_) rx->SetRef(ref);
}

/// openRx(index, options); undefined if the queue is open already. lib/memif/port.ts has checked the index.
Napi::Value Endpoint::OpenRx(const Napi::CallbackInfo& info) {
  const size_t index = info[0].As<Napi::Number>().Uint32Value();
  const bool exists = index < port_->settings().rx_queues;
  if (closed_ || !exists || !port_->rx(index).TryLock()) return info.Env().Undefined();
  auto rx = std::make_shared<RxBinding>(info.Env(), hold_, port_, index, info[1]);
  if (!rx->usable()) {
    if (rx->error()) Throw(info.Env(), "memif.rx", rx->error());
    return info.Env().Undefined();
  }
  rx_.push_back(rx);
  rx->SetRef(ref_);
  rx->Open();
  return rx->Functions();
}

/// openTx(index, options); likewise.
Napi::Value Endpoint::OpenTx(const Napi::CallbackInfo& info) {
  const size_t index = info[0].As<Napi::Number>().Uint32Value();
  const bool exists = index < port_->settings().tx_queues;
  if (closed_ || !exists || !port_->tx(index).TryLock()) return info.Env().Undefined();
  auto tx = std::make_shared<TxBinding>(info.Env(), port_, index, info[1]);
  if (!tx->usable()) return info.Env().Undefined();
  tx_.push_back(tx);
  return tx->Functions();
}

namespace {

/// A counter with its name in JavaScript.
template <typename Counters>
struct Named {
  const char* name;
  Counter Counters::*counter;
};

constexpr Named<RxCounters> kRxCounters[] = {
    {"packets", &RxCounters::packets},
    {"bytes", &RxCounters::bytes},
    {"bursts", &RxCounters::bursts},
    {"chained", &RxCounters::chained},
    {"copied", &RxCounters::copied},
    {"droppedOversize", &RxCounters::dropped_oversize},
    {"droppedEmpty", &RxCounters::dropped_empty},
    {"droppedFilter", &RxCounters::dropped_filter},
    {"lost", &RxCounters::lost},
    {"wakeups", &RxCounters::wakeups},
};

constexpr Named<TxCounters> kTxCounters[] = {
    {"packets", &TxCounters::packets}, {"bytes", &TxCounters::bytes},
    {"bursts", &TxCounters::bursts},   {"doorbells", &TxCounters::doorbells},
    {"refused", &TxCounters::refused}, {"unconsumed", &TxCounters::unconsumed},
};

constexpr Named<PortCounters> kPortCounters[] = {
    {"connects", &PortCounters::connects},
    {"disconnects", &PortCounters::disconnects},
    {"violations", &PortCounters::violations},
    {"refused", &PortCounters::refused},
};

template <typename Counters, size_t kCount>
Napi::Object Values(Napi::Env env, const Counters& counters, const Named<Counters> (&names)[kCount]) {
  Napi::Object object = Napi::Object::New(env);
  for (const auto& [name, counter] : names)
    object.Set(name, static_cast<double>((counters.*counter).value()));
  return object;
}

}  // namespace

Napi::Value Endpoint::Stats(Napi::Env env) {
  Napi::Object object = Values(env, port_->counters(), kPortCounters);
  Napi::Array rx = Napi::Array::New(env), tx = Napi::Array::New(env);
  for (uint32_t i = 0; i < port_->settings().rx_queues; i++)
    rx[i] = Values(env, port_->rx(i).counters(), kRxCounters);
  for (uint32_t i = 0; i < port_->settings().tx_queues; i++)
    tx[i] = Values(env, port_->tx(i).counters(), kTxCounters);
  object.Set("rx", rx);
  object.Set("tx", tx);
  return object;
}

/// adopt(NativeDescriptor): takes over a control socket that is connected to a server
void Endpoint::Adopt(const Napi::CallbackInfo& info) {
  UniqueFd control = descriptor::Descriptor::TakeFrom(info[0]);
  const char* expected = "a UNIX socket of type SOCK_SEQPACKET is expected";
  if (const SystemError failed = descriptor::ExpectUnixSocket(control.get(), SOCK_SEQPACKET, expected)) {
    Throw(info.Env(), "memif.reconnect", failed);
    return;
  }
  if (!closed_) port_->Adopt(std::move(control));
}

Napi::Object Endpoint::Functions() {
  auto self = shared_from_this();
  Napi::Object object = Napi::Object::New(env_);
  auto set = [&](const char* name, auto method) {
    object.Set(name, Napi::Function::New(
                         env_, [self, method](const Napi::CallbackInfo& info) { return method(*self, info); },
                         name));
  };
  set("openRx", [](Endpoint& e, const Napi::CallbackInfo& info) { return e.OpenRx(info); });
  set("openTx", [](Endpoint& e, const Napi::CallbackInfo& info) { return e.OpenTx(info); });
  set("adopt", [](Endpoint& e, const Napi::CallbackInfo& info) { e.Adopt(info); });
  set("stats", [](Endpoint& e, const Napi::CallbackInfo& info) { return e.Stats(info.Env()); });
  set("close", [](Endpoint& e, const Napi::CallbackInfo&) { e.Close(); });
  set("setRef", [](Endpoint& e, const Napi::CallbackInfo& info) { e.SetRef(info[0].ToBoolean()); });
  const Settings& settings = port_->settings();
  object.Set("key", static_cast<double>(key_));
  object.Set("rxQueues", settings.rx_queues);
  object.Set("txQueues", settings.tx_queues);
  object.Set("ringSize", 1u << settings.log2_ring_size);
  object.Set("zeroCopyAllowed", ExternalBuffersAllowed(env_));
  return object;
}

}  // namespace vpp_punt::memif
