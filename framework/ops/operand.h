// Operand: what the functions and operators of two tensors take on either side.
#pragma once

#include "framework/tensor/creation.h"
#include "framework/tensor/inline_vector.h"

namespace gradus {

/// One side of a binary operation: a tensor or a C++ number, and where the operation was written.
/// It refers to the tensor, so it is for parameters only: it must not outlive the call.
class Operand {
 public:
  Operand(const Tensor& tensor,  // implicit: x + y
          Location at = Location::current())
      : tensor_(&tensor), number_(0), at_(at) {}
  template <class T>
  requires std::is_arithmetic_v<T> Operand(T number, Location at = Location::current())  // implicit
      : Operand(Scalar(number), at) {}
  Operand(Scalar number, Location at = Location::current())  // implicit
      : number_(number), at_(at) {}

  [[nodiscard]] Tensor tensor() const {
    return tensor_ != nullptr ? *tensor_ : wrapped_number(number_);
  }
  /// tensor(), and a number at once in the dtype that it will have beside `other`.
  [[nodiscard]] Tensor tensor_beside(const Operand& other) const;
  [[nodiscard]] const Location& at() const { return at_; }

 private:
  const Tensor* tensor_ = nullptr;
  Scalar number_;
  Location at_;
};

inline Tensor Operand::tensor_beside(const Operand& other) const {
  if (tensor_ != nullptr) return *tensor_;
  if (other.tensor_ != nullptr && other.tensor_->defined()) {
    const DType dtype = other.tensor_->dtype();
    const bool fits = is_floating(dtype) || (dtype != kBool && number_.dtype() == kInt64);
    if (fits) return scalar_tensor(number_, dtype, at_);
  }
  return wrapped_number(number_);
}

namespace ops {

/// The inputs of an op of two operands.
inline InlineVector<Tensor, 3> pair_of(const Operand& a, const Operand& b) {
  return {a.tensor_beside(b), b.tensor_beside(a)};
}

}  // namespace ops
}  // namespace gradus
