// Sockets that are opened to be handed to another process.
#pragma once

#include <napi.h>

namespace vpp_punt::descriptor {

/// connectUnix, bindDatagram, removeStaleDatagram, openPacketSocket, networkNamespace, moveDevice: see
/// lib/native.ts.
void InitOpen(Napi::Env env, Napi::Object exports);

}  // namespace vpp_punt::descriptor
