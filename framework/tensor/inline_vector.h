// InlineVector: a vector whose first N elements need no allocation. Most ops have at most three
// inputs, and a training step makes thousands of such lists.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace gradus {

/// Elements lie in place up to N of them, on the heap beyond.
template <class T, std::size_t N>
class InlineVector {
 public:
  InlineVector() = default;
  /// The given elements, moved in where they are temporaries (an initializer_list would copy).
  template <class... Values>
  requires(sizeof...(Values) > 0 && (std::convertible_to<Values&&, T> && ...))
      InlineVector(Values&&... values) {  // implicit: {a, b}
    reserve(sizeof...(Values));
    (push_back(T(std::forward<Values>(values))), ...);
  }
  InlineVector(const InlineVector& other) {
    reserve(other.size_);
    for (const T& value : other) push_back(value);
  }
  InlineVector(InlineVector&& other) noexcept { take(other); }
  InlineVector& operator=(InlineVector other) noexcept {
    clear();
    take(other);
    return *this;
  }
  ~InlineVector() {
    std::destroy_n(data_, size_);
    if (data_ != in_place()) std::allocator<T>().deallocate(data_, capacity_);
  }

  static InlineVector filled(std::size_t count, const T& value) {
    InlineVector result;
    result.reserve(count);
    for (std::size_t i = 0; i < count; ++i) result.push_back(value);
    return result;
  }

  void push_back(T value) {
    if (size_ == capacity_) reserve(2 * capacity_);
    std::construct_at(data_ + size_, std::move(value));
    ++size_;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  [[nodiscard]] const T* begin() const { return data_; }
  [[nodiscard]] const T* end() const { return data_ + size_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  operator std::span<const T>() const {  // implicit: it is one
    return {data_, size_};
  }

 private:
  T* in_place() { return reinterpret_cast<T*>(few_); }

  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    T* bigger = std::allocator<T>().allocate(capacity);
    std::uninitialized_move_n(data_, size_, bigger);
    const std::size_t count = size_;
    clear();
    data_ = bigger;
    size_ = count;
    capacity_ = capacity;
  }

  void clear() noexcept {
    std::destroy_n(data_, size_);
    if (data_ != in_place()) std::allocator<T>().deallocate(data_, capacity_);
    data_ = in_place();
    size_ = 0;
    capacity_ = N;
  }

  // Into an empty vector.
  void take(InlineVector& other) noexcept {
    if (other.data_ == other.in_place()) {
      std::uninitialized_move_n(other.data_, other.size_, data_);
      size_ = other.size_;
      other.clear();
      return;
    }
    data_ = std::exchange(other.data_, other.in_place());
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, N);
  }

  alignas(T) std::byte few_[N * sizeof(T)];
  T* data_ = in_place();
  std::size_t size_ = 0;
  std::size_t capacity_ = N;
};

}  // namespace gradus
