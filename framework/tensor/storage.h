// Storage: a block of memory that tensors and their views share, and the count of writes to it.
#pragma once

#include "framework/tensor/ref_counted.h"

#include <functional>

namespace gradus {

/// Every in-place write raises `version`, so that a graph can tell that a value it saved is gone;
/// `writer` names the last one for the error message.
class Storage : public RefCounted {
 public:
  explicit Storage(std::size_t bytes) : data_(kernels::allocate(bytes)), bytes_(bytes) {}
  /// Borrowed memory; `release_memory` runs when the last tensor is gone.
  Storage(void* data, std::size_t bytes, std::function<void()> release_memory)
      : data_(data), bytes_(bytes), borrowed_(true), release_memory_(std::move(release_memory)) {}
  ~Storage() override {
    if (!borrowed_) {
      kernels::deallocate(data_, bytes_);
    } else if (release_memory_) {
      release_memory_();
    }
  }

  [[nodiscard]] void* data() const { return data_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint32_t version() const { return version_; }
  [[nodiscard]] const char* writer() const { return writer_; }
  /// `writer` must be a string literal.
  void mark_written(const char* writer) {
    ++version_;
    writer_ = writer;
  }

 private:
  void* data_;
  std::size_t bytes_;
  bool borrowed_ = false;
  std::atomic<std::uint32_t> version_{0};
  std::atomic<const char*> writer_{"nobody"};
  std::function<void()> release_memory_;
};

}  // namespace gradus
