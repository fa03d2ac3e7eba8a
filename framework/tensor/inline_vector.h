// InlineVector: a vector whose first N elements need no allocation. Most ops have at most three
// inputs, and a training step makes thousands of such lists.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <vector>

namespace gradus {

/// T is default-constructible. Growing past N moves everything to the heap.
template <class T, std::size_t N>
class InlineVector {
 public:
  InlineVector() = default;
  InlineVector(std::initializer_list<T> values) {
    for (const T& value : values) push_back(value);
  }
  explicit InlineVector(std::size_t count, const T& value = T()) {
    for (std::size_t i = 0; i < count; ++i) push_back(value);
  }

  void push_back(T value) {
    if (size_ < N) {
      few_[size_] = std::move(value);
    } else {
      if (size_ == N) {
        many_.resize(2 * N);
        for (std::size_t i = 0; i < N; ++i) many_[i].value = std::move(few_[i]);
      }
      if (size_ == many_.size()) many_.resize(2 * size_);
      many_[size_].value = std::move(value);
    }
    ++size_;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  T* begin() { return size_ <= N ? few_.data() : &many_.data()->value; }
  T* end() { return begin() + size_; }
  [[nodiscard]] const T* begin() const { return size_ <= N ? few_.data() : &many_.data()->value; }
  [[nodiscard]] const T* end() const { return begin() + size_; }
  T& operator[](std::size_t i) { return begin()[i]; }
  const T& operator[](std::size_t i) const { return begin()[i]; }
  operator std::span<const T>() const {  // implicit: it is one
    return {begin(), size_};
  }

 private:
  struct Cell {  // keeps std::vector<bool> out
    T value{};
  };

  std::array<T, N> few_{};
  std::vector<Cell> many_;
  std::size_t size_ = 0;
};

}  // namespace gradus
