#include "framework/onnx/trace_reader.h"

#include <algorithm>
#include <unordered_map>

namespace gradus::onnx {
namespace {

using ops::Trace;
using Kind = Value::Kind;

bool is_same_memory(const TensorImpl& a, const TensorImpl& b) {
  return a.storage.get() == b.storage.get() && a.offset == b.offset && a.sizes == b.sizes &&
         a.strides == b.strides && a.dtype == b.dtype;
}

class Reader {
 public:
  explicit Reader(const nn::StateDict& parameters, const Trace::Seen& input) {
    bind(input, add(Kind::Input, "", input.tensor));
    for (const auto& [name, tensor] : parameters) names_.emplace(tensor.impl().get(), name);
  }

  TracedProgram read(const Trace& trace, const Trace::Seen& output) {
    for (const Trace::Call& call : trace.calls()) {
      try {
        read(call);
      } catch (Error& error) {
        error.prepend("op " + std::string(call.op));
        throw;
      }
    }
    program_.output = find(output);
    check_elements();
    return std::move(program_);
  }

 private:
  struct Binding {
    ValueId id;
    Trace::Seen seen;
  };

  void read(const Trace::Call& call) {
    TracedCall traced{.call = &call, .inputs = {}, .results = {}};
    for (const Trace::Seen& each : call.inputs) traced.inputs.push_back(find(each));
    if (call.op == Trace::kWritten) return bind(call.output, traced.inputs[0]);
    for (const auto& [name, seen] : call.tensors) traced.inputs.push_back(find(seen));
    const bool is_constant =
        std::all_of(traced.inputs.begin(), traced.inputs.end(),
                    [&](ValueId id) { return program_.values[id].kind == Kind::Constant; });
    const auto make = [&](const Trace::Seen& seen) {
      const ValueId id = add(is_constant ? Kind::Constant : Kind::Result, "", seen.tensor);
      bind(seen, id);
      traced.results.push_back(id);
    };
    make(call.output);
    for (const auto& [name, seen] : call.results) make(seen);
    if (!is_constant) program_.calls.push_back(std::move(traced));
  }

  ValueId add(Kind kind, const std::string& name, const Tensor& tensor) {
    program_.values.push_back({kind, name, tensor});
    return program_.values.size() - 1;
  }

  void bind(const Trace::Seen& seen, ValueId id) {
    auto& known = bindings_[seen.tensor.impl()->storage.get()];
    std::erase_if(known,
                  [&](const Binding& each) { return each.seen.tensor.is_same(seen.tensor); });
    known.push_back({id, seen});
  }

  ValueId find(const Trace::Seen& seen) {
    const TensorImpl& impl = *seen.tensor.impl();
    const auto known = bindings_.find(impl.storage.get());
    bool is_computed = false;
    bool is_changed = false;
    if (known != bindings_.end()) {
      for (const Binding& each : known->second) {
        const Kind kind = program_.values[each.id].kind;
        is_computed = is_computed || kind == Kind::Input || kind == Kind::Result;
        if (!is_same_memory(*each.seen.tensor.impl(), impl)) continue;
        if (each.seen.version == seen.version) return each.id;
        is_changed = true;
      }
    }
    if (is_changed) {
      throw ValueError(std::string("a tensor that it reads was changed in place by ") +
                       impl.storage->writer() +
                       "; to be exported a model computes new tensors instead");
    }
    if (is_computed) {
      throw ValueError(
          "it reads a view that no op made; to be exported a model makes its views by ops (slice, "
          "reshape, permute)");
    }
    const auto name = names_.find(&impl);
    const ValueId id = name != names_.end() ? add(Kind::Parameter, name->second, seen.tensor)
                                            : add(Kind::Constant, "", seen.tensor);
    bind(seen, id);
    return id;
  }

  // What stands for itself still has the elements that were read.
  void check_elements() const {
    for (const auto& [storage, bindings] : bindings_) {
      for (const Binding& each : bindings) {
        const TracedValue& value = program_.values[each.id];
        const bool is_read = value.kind == Kind::Parameter || value.kind == Kind::Constant;
        if (!is_read || each.seen.version == storage->version()) continue;
        throw ValueError((value.name.empty() ? "a constant" : "\"" + value.name + "\"") +
                         " was changed in place by " + storage->writer() +
                         " after the model had read it");
      }
    }
  }

  TracedProgram program_;
  std::unordered_map<const TensorImpl*, std::string> names_;
  std::unordered_map<const Storage*, std::vector<Binding>> bindings_;
};

}  // namespace

TracedProgram read_trace(const Trace& trace, const nn::StateDict& parameters,
                         const Trace::Seen& input, const Trace::Seen& output) {
  return Reader(parameters, input).read(trace, output);
}

}  // namespace gradus::onnx
