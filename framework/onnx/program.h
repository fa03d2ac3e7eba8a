// A model's computation as a program: the ops that it calls in evaluation, on what, with all sizes
// as functions of the batch's size.
//
// Tracing, rather than an export method in each module, because models are C++ functions that call
// ops: one rule an op covers every layer, every model file and those of users, and a new layer made
// of known ops needs nothing. What tracing cannot see is which numbers are the batch's size. So the
// model runs on three batches of different examples and sizes, and the three traces are laid over
// each other: a size that differs has to be a + b * N; whatever else differs was computed from the
// elements or the batch outside of ops, and is an error that names the reader. What a model reads
// out of elements (item()) goes unseen only where it comes out the same for all ten examples.
#pragma once

#include "framework/nn/module.h"
#include "framework/ops/trace.h"

#include <map>
#include <optional>

namespace gradus::onnx {

/// A number that may depend on the batch: fixed + per_example * N in a batch of N examples.
struct Size {
  std::int64_t fixed = 0;
  std::int64_t per_example = 0;

  [[nodiscard]] bool is_fixed() const { return per_example == 0; }
  friend bool operator==(const Size&, const Size&) = default;
};
using Sizes = std::vector<Size>;
/// "[N, 3, 32]"
std::string to_string(const Sizes& sizes);

using Attribute = std::variant<Size, double, std::string, Sizes, Scalar, DType>;

/// A tensor of the program.
struct Value {
  enum class Kind {
    Input,      ///< the batch
    Parameter,  ///< a parameter or buffer of the model
    Constant,   ///< made while the model ran, but of nothing that came in
    Result      ///< of a call
  };
  Kind kind = Kind::Result;
  std::string name;  ///< of a parameter, as in the state dict
  Sizes sizes;
  DType dtype = kFloat32;
  /// The elements of a parameter or constant. Along dims whose size depends on the batch a
  /// constant's elements are all the same, and this has size 1.
  Tensor elements;
  /// A constant of one element that depends on the batch, instead of `elements`.
  std::optional<Size> number;
};

/// Values are named by their place in Program::values.
using ValueId = std::size_t;

struct Call {
  std::string op;
  bool is_described = true;  ///< whether `attributes` tell all
  std::map<std::string, Attribute, std::less<>> attributes;
  std::vector<ValueId> inputs;
  std::map<std::string, ValueId, std::less<>> tensors;  ///< what it reads besides
  ValueId output = 0;
  std::map<std::string, ValueId, std::less<>> results;  ///< further ones
  std::string module;                                   ///< its name in the model; empty: the model
  std::string place;                                    ///< for messages: module, its type, source
};

struct Program {
  std::vector<Value> values;
  std::vector<Call> calls;  ///< those that the output needs, in the order of computation
  ValueId input = 0;
  ValueId output = 0;
};

/// What the model computes from batches of the form of `examples` [M, ...], M >= 1, in evaluation
/// and without mixed precision. The examples should differ. Throws ValueError for what cannot be
/// told for any batch: sizes that are no multiples, values that ops did not make, writes in place
/// to what is read elsewhere.
Program record(nn::Module& model, const Tensor& examples);

}  // namespace gradus::onnx
