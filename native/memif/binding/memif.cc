#include "memif/binding/memif.h"

#include "backends.h"
#include "memif/binding/endpoint.h"
#include "memif/binding/registry.h"
#include "memif/port/port.h"
#include "util/error.h"
#include "util/fields.h"

#if VPP_PUNT_HAS_LIBMEMIF
#include "libmemif/connection.h"
#endif

namespace vpp_punt {

using namespace memif;

namespace {

/// From NativeMemifSettings of lib/native.ts, which lib/memif/options.ts has checked.
Settings ReadSettings(const Fields& fields) {
  Settings settings;
  settings.role = fields.Boolean("server") ? Role::kServer : Role::kClient;
  settings.socket = fields.Text("socket");
  settings.id = fields.Number("id");
  settings.mode = static_cast<Mode>(fields.Number("mode"));
  settings.secret = fields.Text("secret");
  settings.name = fields.Text("name");
  settings.rx_queues = static_cast<uint16_t>(fields.Number("rxQueues"));
  settings.tx_queues = static_cast<uint16_t>(fields.Number("txQueues"));
  settings.log2_ring_size = static_cast<uint8_t>(fields.Number("log2RingSize"));
  settings.buffer_size = fields.Number("bufferSize");
  settings.spare_buffers = fields.Number("spareBuffers");
  settings.socket_mode = static_cast<int>(fields.Integer("socketMode"));
  settings.reconnect_ms = fields.Number("reconnectMs");
  return settings;
}

Napi::Value Functions(const std::shared_ptr<Endpoint>& endpoint, const Napi::CallbackInfo& info) {
  if (endpoint->Listen(info[1].As<Napi::Function>())) return endpoint->Functions();
  ThrowError(info.Env(), "memif.open", "ERR_NO_EVENT_LOOP", "this environment has no event loop");
  return info.Env().Undefined();
}

/// Opens the port over the engine of the settings. lib/memif/options.ts has checked that this build has it.
std::shared_ptr<Port> OpenPort(const Fields& fields, const std::shared_ptr<Subscription>& subscription,
                               SystemError* error) {
  Handshake::Accept accept;
#if VPP_PUNT_HAS_LIBMEMIF
  if (fields.Boolean("libmemif")) accept = libmemif::Connection::AddTo;
#endif
  return Port::Open(ReadSettings(fields), subscription, error, accept);
}

/// memifOpen(settings, onEvent); a client without a socket's path then gets one by `adopt`
Napi::Value Open(const Napi::CallbackInfo& info) {
  SystemError error;
  auto subscription = std::make_shared<Subscription>();
  auto port = OpenPort(Fields(info.Env(), info[0]), subscription, &error);
  if (!port) {
    Throw(info.Env(), "memif.open", error);
    return info.Env().Undefined();
  }
  const int64_t key = RegisterPort(port);
  return Functions(
      std::make_shared<Endpoint>(info.Env(), std::move(port), std::move(subscription), key, true), info);
}

/// memifAttach(key, onEvent): the same port in another environment; undefined if it is closed.
Napi::Value Attach(const Napi::CallbackInfo& info) {
  const int64_t key = info[0].As<Napi::Number>().Int64Value();
  std::shared_ptr<Port> port = FindPort(key);
  if (!port) return info.Env().Undefined();
  auto subscription = std::make_shared<Subscription>();
  port->Subscribe(subscription);
  return Functions(
      std::make_shared<Endpoint>(info.Env(), std::move(port), std::move(subscription), key, false), info);
}

/// memifShare(keyA, keyB): two client ports get one memory. lib/memif/forward.ts has checked that they can.
void Share(const Napi::CallbackInfo& info) {
  std::shared_ptr<Port> a = FindPort(info[0].As<Napi::Number>().Int64Value());
  std::shared_ptr<Port> b = FindPort(info[1].As<Napi::Number>().Int64Value());
  const int error = a && b ? Port::ShareMemory(*a, *b) : 0;
  if (error != 0) Throw(info.Env(), "memif.forward", SystemError{error, "memory for both ports"});
}

/// detachArrayBuffer(buffer): every view on the buffer is empty from now on.
void Detach(const Napi::CallbackInfo& info) {
  napi_detach_arraybuffer(info.Env(), info[0]);
}

}  // namespace

void InitMemif(Napi::Env env, Napi::Object exports) {
  exports.Set("memifOpen", Napi::Function::New(env, Open, "memifOpen"));
  exports.Set("memifAttach", Napi::Function::New(env, Attach, "memifAttach"));
  exports.Set("memifShare", Napi::Function::New(env, Share, "memifShare"));
  exports.Set("detachArrayBuffer", Napi::Function::New(env, Detach, "detachArrayBuffer"));
}

}  // namespace vpp_punt
