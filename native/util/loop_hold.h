// Keeps an environment from going away while handles of its event loop are open.
#pragma once

#include <napi.h>
#include <uv.h>

#include <functional>
#include <memory>

namespace vpp_punt {

/// Exists as long as somebody holds it. When the environment ends before that (process end, worker
/// terminated), `on_env_end` runs on its thread and must see to it that all let go; the environment waits.
class LoopHold {
 public:
  static std::shared_ptr<LoopHold> New(Napi::Env env, std::function<void()> on_env_end) {
    auto hold = std::shared_ptr<LoopHold>(new LoopHold(std::move(on_env_end)));
    if (napi_add_async_cleanup_hook(env, EnvEnds, hold.get(), &hold->hook_) != napi_ok) hold->hook_ = nullptr;
    return hold;
  }

  /// The end of the environment is no longer of interest.
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
    if (hold->armed_) hold->on_env_end_();
  }

  std::function<void()> on_env_end_;
  bool armed_ = true;
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

/// A uv handle with its callback target. Closing is asynchronous in libuv: the memory goes in the close
/// callback, which also lets go of the loop.
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

  /// Whether the handle keeps the event loop running. For an initialized one.
  void SetReferenced(bool referenced) {
    (referenced ? uv_ref : uv_unref)(reinterpret_cast<uv_handle_t*>(&cell_->handle));
  }

 private:
  struct Cell {
    Handle handle;  // first: a handle's address is its cell's
    std::shared_ptr<LoopHold> hold;
  };

  Cell* cell_;
  bool initialized_ = false;
};

}  // namespace vpp_punt
