// Writer: an ONNX graph under construction, node by node. It knows the format, and nothing of
// models. What it writes: IR version 8, opset 17, weights in raw_data, one input "input" and one
// output "output", whose batch is the dim "N".
#pragma once

#include "framework/onnx/facts.h"
#include "framework/onnx/program.h"

#include <memory>

namespace gradus::onnx {

using NodeAttribute = std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>,
                                   std::vector<std::string>>;
using NodeAttributes = std::vector<std::pair<const char*, NodeAttribute>>;

/// Functions that add something return its name in the graph. What is equal is added once.
class Writer {
 public:
  /// The input of the graph: `batch` of its dims in messages and files.
  Writer(const Sizes& input, DType dtype);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// What the names of the next nodes begin with: a module's name, or nothing.
  void set_prefix(const std::string& prefix) { prefix_ = prefix; }

  /// A node with one output. An input that is left out is "".
  std::string node(const std::string& type, const std::vector<std::string>& inputs,
                   const NodeAttributes& attributes = {});
  /// Elements under a name of their own: a parameter.
  std::string parameter(const std::string& name, const Tensor& elements);
  std::string constant(const Tensor& elements);
  /// One number, 0-dim.
  std::string number(double value, DType dtype);
  /// A list of int64.
  std::string ints(const std::vector<std::int64_t>& values);
  /// The same of sizes, computed from the input's batch where they depend on it.
  std::string sizes(const Sizes& values);
  /// One size as a number, 0-dim.
  std::string size(const Size& value, DType dtype);
  std::string cast(const std::string& value, DType dtype);

  /// Tells what is known of a value.
  void describe(const std::string& value, const Sizes& sizes, DType dtype);
  /// Makes `value` the graph's output and gives the file. Nodes and weights that it does not need
  /// are left out.
  std::string finish(const std::string& value, const Sizes& sizes, DType dtype, const Facts& facts);

 private:
  struct State;

  std::string new_name(const std::string& wanted);
  std::string batch();
  void drop_unused();

  std::unique_ptr<State> state_;
  std::string prefix_;
};

}  // namespace gradus::onnx
