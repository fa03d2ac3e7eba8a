// How ops are said in ONNX: one rule an op, in a table by the op's name.
//
//   const bool kAdded = add_rules({
//       {"leaky_relu", [](Translation& t) {
//          return t.node("LeakyRelu", {t.in(0)}, {{"alpha", t.real("slope")}});
//        }},
//   });
//
// A rule makes nodes of the op's inputs and attributes, and returns the name of the result. What it
// needs to be a number for all batches it asks for as one (integer(), ints()), and an error names
// the op where it is not; what may depend on the batch it asks for as a Size.
// Thread rules: rules are added before main(); a Translation belongs to one thread.
#pragma once

#include "framework/onnx/writer.h"
#include "framework/tensor/creation.h"

#include <functional>

namespace gradus::onnx {

/// The program on its way into a graph: the names of the values that are there already.
struct Names {
  const Program* program = nullptr;
  std::vector<std::string> names;  ///< by value; empty: not yet made
};

class Translation {
 public:
  Translation(const Call& call, Names& names, Writer& writer)
      : call_(call), names_(names), writer_(writer) {}

  // ---- The op's inputs and result: their names in the graph, and what is known of them --------

  [[nodiscard]] std::size_t inputs() const { return call_.inputs.size(); }
  std::string in(std::size_t i) { return name_of(call_.inputs[i]); }
  [[nodiscard]] ValueId input_id(std::size_t i) const { return call_.inputs[i]; }
  [[nodiscard]] const Value& value(std::size_t i) const { return values()[call_.inputs[i]]; }
  [[nodiscard]] const Sizes& sizes(std::size_t i) const { return value(i).sizes; }
  [[nodiscard]] int rank(std::size_t i) const { return static_cast<int>(sizes(i).size()); }
  [[nodiscard]] DType dtype(std::size_t i = 0) const { return value(i).dtype; }
  /// Of the result.
  [[nodiscard]] const Sizes& result_sizes() const { return values()[call_.output].sizes; }
  /// An attribute that is a tensor.
  std::string tensor(std::string_view name) { return name_of(call_.tensors.find(name)->second); }
  [[nodiscard]] const Value& tensor_value(std::string_view name) const {
    return values()[call_.tensors.find(name)->second];
  }
  /// The call that made a value, if one did; and the name of one of its inputs.
  [[nodiscard]] const Call* maker(ValueId value) const;
  [[nodiscard]] const Call* maker_of_input(std::size_t i) const { return maker(call_.inputs[i]); }
  std::string name_of(ValueId value);
  [[nodiscard]] const Value& value_of(ValueId value) const { return values()[value]; }
  /// The calls that read the result; and whether the model gives it out.
  [[nodiscard]] std::vector<const Call*> readers() const;
  [[nodiscard]] bool is_output() const { return call_.output == names_.program->output; }
  /// Gives a further result of the op its name.
  void set_result(std::string_view name, const std::string& value);
  /// The result has other sizes in the graph, which the readers know of.
  void hide_sizes() { has_sizes_ = false; }
  [[nodiscard]] bool has_sizes() const { return has_sizes_; }
  [[nodiscard]] bool has_result(std::string_view name) const {
    return call_.results.contains(name);
  }

  // ---- Attributes -------------------------------------------------------------------------------

  [[nodiscard]] const Size& size(std::string_view name) const { return get<Size>(name); }
  [[nodiscard]] std::int64_t integer(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const { return integer(name) != 0; }
  [[nodiscard]] double real(std::string_view name) const { return get<double>(name); }
  [[nodiscard]] const std::string& text(std::string_view name) const {
    return get<std::string>(name);
  }
  [[nodiscard]] const Scalar& scalar(std::string_view name) const { return get<Scalar>(name); }
  [[nodiscard]] DType dtype_named(std::string_view name) const { return get<DType>(name); }
  [[nodiscard]] std::vector<std::int64_t> ints(std::string_view name) const;
  [[nodiscard]] const Sizes& sizes_named(std::string_view name) const { return get<Sizes>(name); }
  [[nodiscard]] bool has(std::string_view name) const { return call_.attributes.contains(name); }
  /// A dim of input 0, counted from the front.
  [[nodiscard]] std::int64_t dim(std::string_view name) const;
  /// A size that is a number for all batches.
  [[nodiscard]] std::int64_t fixed(const Size& size, const std::string& what) const;
  /// Of the sizes of input `i` from dim `first` on.
  [[nodiscard]] std::vector<std::int64_t> fixed_sizes(std::size_t i, int first) const;
  /// Throws the error of an op that has no form in ONNX.
  [[noreturn]] void refuse(const std::string& reason) const;

  // ---- Making nodes -----------------------------------------------------------------------------

  std::string node(const std::string& type, const std::vector<std::string>& inputs,
                   const NodeAttributes& attributes = {}) {
    return writer_.node(type, inputs, attributes);
  }
  /// A number in the dtype of input 0.
  std::string number(double value) { return writer_.number(value, dtype()); }
  std::string reshape(const std::string& value, const Sizes& sizes);
  std::string transpose(const std::string& value, const std::vector<std::int64_t>& order);
  /// value[begin:end] along a dim.
  std::string slice(const std::string& value, std::int64_t dim, std::int64_t begin,
                    std::int64_t end);
  Writer& writer() { return writer_; }

 private:
  [[nodiscard]] const std::vector<Value>& values() const { return names_.program->values; }
  template <class T>
  const T& get(std::string_view name) const {
    return std::get<T>(call_.attributes.find(name)->second);
  }

  const Call& call_;
  Names& names_;
  Writer& writer_;
  bool has_sizes_ = true;
};

using Rule = std::function<std::string(Translation&)>;

/// All rules, by op.
std::map<std::string, Rule>& rules();
/// Adds some. Returns true, for a namespace-scope constant.
bool add_rules(std::initializer_list<std::pair<const char*, Rule>> more);

/// The rule of an op that is one node of the same inputs.
inline Rule same(const char* type) {
  return [type](Translation& t) {
    std::vector<std::string> inputs;
    for (std::size_t i = 0; i < t.inputs(); ++i) inputs.push_back(t.in(i));
    return t.node(type, inputs);
  };
}

}  // namespace gradus::onnx
