// Operand: what the functions and operators of two tensors take on either side.
#pragma once

#include "framework/tensor/creation.h"

namespace gradus {

/// One side of a binary operation: a tensor or a C++ number, and where the operation was written.
class Operand {
 public:
  Operand(const Tensor& tensor,  // implicit: x + y
          Location at = Location::current())
      : tensor_(tensor), at_(at) {}
  template <class T>
  requires std::is_arithmetic_v<T> Operand(T number, Location at = Location::current())  // implicit
      : Operand(Scalar(number), at) {}
  Operand(Scalar number, Location at = Location::current())  // implicit
      : tensor_(wrapped_number(number)), at_(at) {}

  [[nodiscard]] const Tensor& tensor() const { return tensor_; }
  [[nodiscard]] const Location& at() const { return at_; }

 private:
  Tensor tensor_;
  Location at_;
};

}  // namespace gradus
