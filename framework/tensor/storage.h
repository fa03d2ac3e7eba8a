// Storage: a block of memory that tensors and their views share, and the count of writes to it.
#pragma once

#include "framework/tensor/ref_counted.h"

#include <functional>
#include <memory>

namespace gradus {

/// Every in-place write raises `version`, so that a graph can tell that a value it saved is gone;
/// `writer` names the last one for the error message.
class Storage : public RefCounted {
 public:
  /// Uninitialised; what a number needs lies in the object itself.
  explicit Storage(std::size_t bytes)
      : data_(bytes <= sizeof small_ ? static_cast<void*>(small_) : kernels::allocate(bytes)),
        bytes_(bytes) {}
  /// Borrowed memory; `release_memory` runs when the last tensor is gone.
  Storage(void* data, std::size_t bytes, std::function<void()> release_memory)
      : data_(data),
        bytes_(bytes),
        borrowed_(std::make_unique<std::function<void()>>(std::move(release_memory))) {}
  ~Storage() override {
    if (borrowed_) {
      if (*borrowed_) (*borrowed_)();
    } else if (data_ != small_) {
      kernels::deallocate(data_, bytes_);
    }
  }

  [[nodiscard]] void* data() const { return data_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint32_t version() const { return version_.load(std::memory_order_acquire); }
  [[nodiscard]] const char* writer() const { return writer_; }
  /// `writer` must be a string literal.
  void mark_written(const char* writer) {
    writer_ = writer;
    version_.fetch_add(1, std::memory_order_acq_rel);
  }

 private:
  void* data_;
  std::size_t bytes_;
  std::atomic<std::uint32_t> version_{0};
  std::atomic<const char*> writer_{"nobody"};
  alignas(8) std::byte small_[8];
  std::unique_ptr<std::function<void()>> borrowed_;
};

}  // namespace gradus
