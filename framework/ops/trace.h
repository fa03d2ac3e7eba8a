// Tracing: what a thread computes, written down call by call: which op, with which attributes, on
// which tensors. From that a model can be said elsewhere again, as framework/onnx/ does.
//
//   Trace trace;
//   {
//     const TraceGuard tracing(trace);
//     y = model(x);
//   }
//   for (const Trace::Call& call : trace.calls()) std::cout << call.op << "\n";
//
// An op has members for what its inputs do not tell, and names them:
//
//   void describe(Attributes& a) const { a("dim", dim); }
//
// An op without members needs none; one that has members and does not describe them is seen as such
// (Call::is_described), and cannot be said again. Ops that run within another op's computation are
// not seen, and neither is what reads or writes elements directly. apply() looks once a call if
// somebody traces: that is all it costs, a read of a thread-local pointer.
// Thread rules: a trace sees the calls of the thread that made its guard.
#pragma once

#include "framework/tensor/tensor.h"

#include <span>
#include <type_traits>
#include <variant>
#include <vector>

namespace gradus::ops {

/// bool and enumerators are numbers here, and Shape a list of them.
using Attribute =
    std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>, Scalar, DType>;

/// What an op tells of itself.
class Attributes {
 public:
  template <class T>
  void operator()(std::string_view name, const T& value) {
    if constexpr (std::is_same_v<T, Tensor>) {
      tensors.emplace_back(name, value);
    } else if constexpr (std::is_same_v<T, DType> || std::is_same_v<T, double> ||
                         std::is_same_v<T, std::string> || std::is_same_v<T, Scalar>) {
      values.emplace_back(name, value);
    } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      values.emplace_back(name, static_cast<std::int64_t>(value));
    } else {
      values.emplace_back(name, std::vector<std::int64_t>(value.begin(), value.end()));
    }
  }
  /// A second result, beside what forward() returns; undefined ones are left out.
  void result(std::string_view name, const Tensor& tensor) {
    if (tensor.defined()) results.emplace_back(name, tensor);
  }

  /// The op has more settings than it tells.
  void leaves_out() { is_complete = false; }

  bool is_complete = true;
  std::vector<std::pair<std::string_view, Attribute>> values;
  std::vector<std::pair<std::string_view, Tensor>> tensors;  ///< that it reads besides its inputs
  std::vector<std::pair<std::string_view, Tensor>> results;
};

class Trace {
 public:
  /// A tensor, and the version of its memory when it was read or made.
  struct Seen {
    Tensor tensor;
    std::uint32_t version = 0;
  };
  struct NamedSeen {
    std::string_view name;
    Seen seen;
  };
  struct Call {
    std::string_view op;  ///< kWritten: the input's elements were written into the output
    std::vector<std::pair<std::string_view, Attribute>> attributes;
    bool is_described = true;
    std::vector<Seen> inputs;        ///< in the dtypes in which the op took them
    std::vector<NamedSeen> tensors;  ///< the attributes that are tensors
    Seen output;
    std::vector<NamedSeen> results;  ///< further ones
    std::string label;               ///< see label()
    Location at;
  };
  static constexpr std::string_view kWritten = "(written in place)";

  /// The trace that the calls of this thread go to; null for none.
  static Trace* current() { return current_; }

  /// What the next calls belong to, for those who read the trace: a module.
  void set_label(std::string label) { label_ = std::move(label); }
  [[nodiscard]] const std::string& label() const { return label_; }
  [[nodiscard]] const std::vector<Call>& calls() const { return calls_; }

  void add(std::string_view op, Attributes attributes, std::span<const Tensor> inputs,
           const Tensor& output, const Location& at);
  /// `x` has got the elements of `result`.
  void add_write(const Tensor& x, const Tensor& result);

 private:
  friend class TraceGuard;
  friend class TracePause;
  static constinit thread_local Trace* current_;

  std::vector<Call> calls_;
  std::string label_;
};

/// Has the calls of this thread go to a trace.
class TraceGuard {
 public:
  explicit TraceGuard(Trace& trace) : before_(Trace::current_) { Trace::current_ = &trace; }
  ~TraceGuard() { Trace::current_ = before_; }
  TraceGuard(const TraceGuard&) = delete;
  TraceGuard& operator=(const TraceGuard&) = delete;

 private:
  Trace* before_;
};

/// While an op computes, what it calls is not seen.
class TracePause {
 public:
  TracePause() : trace_(Trace::current_) {
    if (trace_ != nullptr) [[unlikely]] {
      Trace::current_ = nullptr;
    }
  }
  ~TracePause() {
    if (trace_ != nullptr) [[unlikely]] {
      Trace::current_ = trace_;
    }
  }
  TracePause(const TracePause&) = delete;
  TracePause& operator=(const TracePause&) = delete;

  /// The trace that goes on afterwards; null for none.
  [[nodiscard]] Trace* trace() const { return trace_; }

 private:
  Trace* trace_;
};

/// Adds the call of an op, after its forward().
template <class O>
[[gnu::cold, gnu::noinline]] void trace_call(Trace& trace, const O& op,
                                             std::span<const Tensor> inputs, const Tensor& output,
                                             const Location& at) {
  Attributes attributes;
  if constexpr (requires { op.describe(attributes); }) {
    op.describe(attributes);
  } else {
    attributes.is_complete = std::is_empty_v<O>;
  }
  trace.add(O::kInfo.name, std::move(attributes), inputs, output, at);
}

}  // namespace gradus::ops
