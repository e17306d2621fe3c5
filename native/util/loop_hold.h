// Keeps an environment (main thread or worker) while handles of its event loop are open.
#pragma once

#include <napi.h>
#include <uv.h>

#include <functional>
#include <memory>

namespace vpp_punt {

/// The environment waits with its end until the last owner lets go. When it ends (process end, worker
/// terminated), `on_env_end` runs on its thread and must make every owner let go. Without that, libuv would
/// call code of an addon that Node has unloaded.
class LoopHold {
 public:
  static std::shared_ptr<LoopHold> New(Napi::Env env, std::function<void()> on_env_end) {
    auto hold = std::shared_ptr<LoopHold>(new LoopHold(std::move(on_env_end)));
    if (napi_add_async_cleanup_hook(env, EnvEnds, hold.get(), &hold->hook_) != napi_ok) hold->hook_ = nullptr;
    return hold;
  }

  /// The end of the environment calls nothing any more.
  void Disarm() { armed_ = false; }

  ~LoopHold() {
    if (hook_) napi_remove_async_cleanup_hook(hook_);
  }
  LoopHold(const LoopHold&) = delete;
  LoopHold& operator=(const LoopHold&) = delete;

 private:
  explicit LoopHold(std::function<void()> on_env_end) : on_env_end_(std::move(on_env_end)) {}
  static void EnvEnds(napi_async_cleanup_hook_handle, void* self) {
    auto* hold = static_cast<LoopHold*>(self);
    if (!hold->armed_) return;
    const std::function<void()> end = std::move(hold->on_env_end_);  // the call may delete the hold
    end();
  }

  std::function<void()> on_env_end_;
  bool armed_ = true;
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

/// A uv handle and the target of its callbacks. libuv closes a handle asynchronously: the close callback
/// frees the memory and lets go of the loop.
template <typename Handle>
class HeldHandle {
 public:
  HeldHandle(std::shared_ptr<LoopHold> hold, void* data) : cell_(new Cell{{}, std::move(hold)}) {
    cell_->handle.data = data;
  }
  ~HeldHandle() {
    if (!initialized_) {
      delete cell_;
      return;
    }
    auto* handle = reinterpret_cast<uv_handle_t*>(&cell_->handle);
    uv_close(handle, [](uv_handle_t* closed) { delete reinterpret_cast<Cell*>(closed); });
  }
  HeldHandle(const HeldHandle&) = delete;
  HeldHandle& operator=(const HeldHandle&) = delete;

  /// `init` is a uv_*_init call on get(). Returns its result: 0 or a negative errno value.
  template <typename Init>
  int Initialize(Init init) {
    const int result = init(&cell_->handle);
    initialized_ = result == 0;
    return result;
  }

  Handle* get() { return &cell_->handle; }

  /// Whether the handle keeps the event loop running. For an initialized handle.
  void SetReferenced(bool referenced) {
    (referenced ? uv_ref : uv_unref)(reinterpret_cast<uv_handle_t*>(&cell_->handle));
  }

 private:
  struct Cell {
    Handle handle;  // first: the address of a handle is that of its cell
    std::shared_ptr<LoopHold> hold;
  };

  Cell* cell_;
  bool initialized_ = false;
};

}  // namespace vpp_punt
