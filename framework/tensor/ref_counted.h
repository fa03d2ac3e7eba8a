// Intrusive reference counting: the count lives in the object, so a handle is one pointer and an
// object one allocation, taken from the caching pool.
#pragma once

#include "framework/kernels/memory.h"

#include <atomic>
#include <concepts>
#include <cstdint>
#include <utility>

namespace gradus {

/// A base whose objects are owned by Ref handles. The count is atomic; the object itself is not.
class RefCounted {
 public:
  RefCounted() = default;
  virtual ~RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  /// For the first handle: no other thread can see the object yet.
  void retain_first() const noexcept { references_.store(1, std::memory_order_relaxed); }
  void retain() const noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    // The only owner needs no atomic subtraction: nobody else can make it two.
    if (references_.load(std::memory_order_acquire) == 1 ||
        references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      destroy();
    }
  }
  [[nodiscard]] std::int32_t use_count() const noexcept {
    return references_.load(std::memory_order_acquire);
  }

  static void* operator new(std::size_t bytes) { return kernels::allocate(bytes); }
  static void operator delete(void* memory, std::size_t bytes) noexcept {
    kernels::deallocate(memory, bytes);
  }

 protected:
  /// What happens when the last handle is gone. Graph nodes defer it (see autograd/node.h).
  virtual void destroy() noexcept { delete this; }

 private:
  mutable std::atomic<std::int32_t> references_{0};
};

/// An owning handle; may be null. T derives from RefCounted.
template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* object) noexcept : object_(object) {
    if (object_ != nullptr) object_->retain();
  }
  /// The first handle of a new object.
  static Ref first(T* object) noexcept {
    object->retain_first();
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  template <class Derived>
  requires std::derived_from<Derived, T> &&
      (!std::is_same_v<Derived, T>)Ref(Ref<Derived>&& other) noexcept  // implicit: it is one
      : object_(other.take()) {}
  Ref(const Ref& other) noexcept : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) object_->release();
  }

  /// Gives up the object without releasing it.
  T* take() noexcept { return std::exchange(object_, nullptr); }
  [[nodiscard]] T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  friend bool operator==(const Ref& a, const Ref& b) { return a.object_ == b.object_; }

 private:
  T* object_ = nullptr;
};

template <class T, class... Args>
Ref<T> make_ref(Args&&... args) {
  return Ref<T>::first(new T(std::forward<Args>(args)...));
}

}  // namespace gradus
