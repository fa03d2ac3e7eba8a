#include "framework/onnx/program.h"
#include "framework/autograd/grad_mode.h"
#include "framework/onnx/trace_reader.h"
#include "framework/onnx/watch.h"
#include "framework/ops/indexing.h"
#include "framework/ops/shape.h"
#include "framework/tensor/creation.h"

#include <array>
#include <cstring>

namespace gradus::onnx {
namespace {

using ops::Trace;
using Kind = Value::Kind;

// Batches: small, and of sizes that few other sizes are.
constexpr std::array<std::int64_t, 3> kBatches = {2, 3, 5};
constexpr std::size_t kRuns = kBatches.size();

template <class T>
using Runs = std::array<T, kRuns>;

// The line through three numbers, if there is one.
std::optional<Size> fit(const Runs<std::int64_t>& numbers) {
  const std::int64_t rise = numbers[1] - numbers[0];
  const std::int64_t run = kBatches[1] - kBatches[0];
  if (rise % run != 0) return {};
  const Size size = {numbers[0] - rise / run * kBatches[0], rise / run};
  if (size.fixed + size.per_example * kBatches[2] != numbers[2]) return {};
  return size;
}

std::optional<Sizes> fit(const Runs<std::vector<std::int64_t>>& lists) {
  Sizes result;
  for (std::size_t i = 0; i < lists[0].size(); ++i) {
    Runs<std::int64_t> numbers{};
    for (std::size_t run = 0; run < kRuns; ++run) {
      if (lists[run].size() != lists[0].size()) return {};
      numbers[run] = lists[run][i];
    }
    const std::optional<Size> size = fit(numbers);
    if (!size) return {};
    result.push_back(*size);
  }
  return result;
}

template <class T>
bool are_equal(const T& a, const T& b) {
  return a == b;
}
bool are_equal(double a, double b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}
bool are_equal(const Scalar& a, const Scalar& b) {
  return a.dtype() == b.dtype() && are_equal(a.to_double(), b.to_double());
}

std::optional<Attribute> fit(const Runs<const ops::Attribute*>& values) {
  return std::visit(
      [&]<class T>(const T& first) -> std::optional<Attribute> {
        Runs<T> all = {first, first, first};
        for (std::size_t run = 0; run < kRuns; ++run) {
          const T* value = std::get_if<T>(values[run]);
          if (value == nullptr) return {};
          all[run] = *value;
        }
        if constexpr (std::is_same_v<T, std::int64_t> ||
                      std::is_same_v<T, std::vector<std::int64_t>>) {
          const auto found = fit(all);
          return found ? std::optional<Attribute>(*found) : std::nullopt;
        } else {
          const bool equal = are_equal(all[0], all[1]) && are_equal(all[0], all[2]);
          return equal ? std::optional<Attribute>(first) : std::nullopt;
        }
      },
      *values[0]);
}

bool have_equal_bytes(const Tensor& a, const Tensor& b) {
  if (!(a.sizes() == b.sizes()) || a.dtype() != b.dtype()) return false;
  const Tensor x = a.contiguous();
  const Tensor y = b.contiguous();
  return x.numel() == 0 || std::memcmp(x.raw().data, y.raw().data, x.nbytes()) == 0;
}

// The first example's part of a constant along dims that depend on the batch; undefined unless all
// parts are that one.
Tensor common_part(const Tensor& tensor, const Sizes& sizes) {
  Tensor part = tensor.detach();
  for (int d = 0; d < part.dim(); ++d) {
    if (!sizes[static_cast<std::size_t>(d)].is_fixed()) part = slice(part, d, 0, 1);
  }
  return have_equal_bytes(expand(part, tensor.sizes()), tensor) ? part.contiguous() : Tensor();
}

// Lays the traces of three batches over each other.
class Merger {
 public:
  Merger(Runs<TracedProgram> runs, const ModuleWatch& modules)
      : runs_(std::move(runs)), modules_(modules) {}

  Program merge() {
    Program program;
    check_calls();
    find_needed();
    for (ValueId id = 0; id < first().values.size(); ++id) {
      program.values.push_back(needed_values_[id] ? merge_value(id) : Value());
    }
    for (std::size_t i = 0; i < first().calls.size(); ++i) {
      if (needed_calls_[i]) program.calls.push_back(merge_call(i));
    }
    program.output = first().output;
    return program;
  }

 private:
  [[nodiscard]] const TracedProgram& first() const { return runs_[0]; }

  [[nodiscard]] std::string place_of(const Trace::Call& call) const {
    const std::string source = call.at.line() == 0 ? "" : gradus::to_string(call.at);
    return modules_.describe(call.label) + ": op " + std::string(call.op) +
           (source.empty() ? "" : ", called at " + source + ",");
  }

  [[noreturn]] static void refuse(const std::string& what) {
    throw ValueError(what + ". To be exported, a model does the same for any number of examples");
  }

  // The calls of all runs are the same ones.
  void check_calls() const {
    for (const TracedProgram& run : runs_) {
      for (std::size_t i = 0; i < first().calls.size() || i < run.calls.size(); ++i) {
        if (i >= first().calls.size() || i >= run.calls.size()) {
          const TracedProgram& longer = i < run.calls.size() ? run : first();
          refuse(place_of(*longer.calls[i].call) + " is called for some batches only");
        }
        const TracedCall& a = first().calls[i];
        const TracedCall& b = run.calls[i];
        if (a.call->op == b.call->op && a.inputs == b.inputs && a.results == b.results &&
            a.call->attributes.size() == b.call->attributes.size()) {
          continue;
        }
        refuse("what is computed depends on the batch: " + place_of(*a.call) + ", but " +
               place_of(*b.call));
      }
      if (run.output != first().output) refuse("the output is another one for other batches");
    }
  }

  // Backwards from the output.
  void find_needed() {
    needed_values_.assign(first().values.size(), false);
    needed_calls_.assign(first().calls.size(), false);
    needed_values_[0] = true;
    needed_values_[first().output] = true;
    for (std::size_t i = first().calls.size(); i-- > 0;) {
      const TracedCall& call = first().calls[i];
      for (const ValueId each : call.results) {
        if (needed_values_[each]) needed_calls_[i] = true;
      }
      if (!needed_calls_[i]) continue;
      for (const ValueId each : call.inputs) needed_values_[each] = true;
      for (const ValueId each : call.results) needed_values_[each] = true;
    }
  }

  // Who reads a value, for messages.
  [[nodiscard]] std::string reader_of(ValueId id) const {
    for (const TracedCall& each : first().calls) {
      if (std::find(each.inputs.begin(), each.inputs.end(), id) != each.inputs.end()) {
        return place_of(*each.call);
      }
    }
    return "the model's output";
  }

  [[nodiscard]] Value merge_value(ValueId id) const {
    const TracedValue& value = first().values[id];
    Runs<std::vector<std::int64_t>> sizes;
    for (std::size_t run = 0; run < kRuns; ++run) {
      const Tensor& tensor = runs_[run].values[id].tensor;
      sizes[run].assign(tensor.sizes().begin(), tensor.sizes().end());
    }
    const std::optional<Sizes> fitted = fit(sizes);
    if (!fitted) {
      refuse(reader_of(id) + " takes or makes a tensor whose sizes are no function a + b * N of " +
             "the number N of examples: " + gradus::to_string(value.tensor.sizes()) + " for " +
             std::to_string(kBatches[0]));
    }
    Value result{.kind = value.kind,
                 .name = value.name,
                 .sizes = *fitted,
                 .dtype = value.tensor.dtype(),
                 .elements = {},
                 .number = {}};
    if (value.kind == Kind::Parameter) result.elements = value.tensor.detach().contiguous();
    if (value.kind == Kind::Constant) merge_elements(id, result);
    return result;
  }

  void merge_elements(ValueId id, Value& into) const {
    Runs<Tensor> parts;
    bool equal = true;
    for (std::size_t run = 0; run < kRuns; ++run) {
      parts[run] = common_part(runs_[run].values[id].tensor, into.sizes);
      equal = equal && parts[run].defined() && have_equal_bytes(parts[0], parts[run]);
    }
    if (equal) {
      into.elements = parts[0];
      return;
    }
    into.number = fit_number(id);
    if (into.number) return;
    refuse(reader_of(id) + " reads a tensor " + to_string(into.sizes) +
           " that differs from batch to batch, but was not made of the input by ops: a result that "
           "indices or numbers were read from, or random numbers");
  }

  [[nodiscard]] std::optional<Size> fit_number(ValueId id) const {
    Runs<std::int64_t> numbers{};
    for (std::size_t run = 0; run < kRuns; ++run) {
      const Tensor& tensor = runs_[run].values[id].tensor;
      if (tensor.numel() != 1) return {};
      const auto value = tensor.item<double>();
      numbers[run] = static_cast<std::int64_t>(value);
      if (static_cast<double>(numbers[run]) != value) return {};
    }
    return fit(numbers);
  }

  [[nodiscard]] Call merge_call(std::size_t index) const {
    const TracedCall& traced = first().calls[index];
    const Trace::Call& source = *traced.call;
    Call call;
    call.op = source.op;
    call.is_described = source.is_described;
    call.module = source.label;
    call.place = place_of(source);
    for (std::size_t i = 0; i < source.attributes.size(); ++i) {
      Runs<const ops::Attribute*> values{};
      for (std::size_t run = 0; run < kRuns; ++run) {
        values[run] = &runs_[run].calls[index].call->attributes[i].second;
      }
      const std::string name(source.attributes[i].first);
      const std::optional<Attribute> value = fit(values);
      if (!value) refuse(call.place + ": its \"" + name + "\" differs from batch to batch");
      call.attributes.emplace(name, *value);
    }
    const std::size_t positional = source.inputs.size();
    for (std::size_t i = 0; i < traced.inputs.size(); ++i) {
      if (i < positional) {
        call.inputs.push_back(traced.inputs[i]);
      } else {
        call.tensors.emplace(source.tensors[i - positional].name, traced.inputs[i]);
      }
    }
    call.output = traced.results[0];
    for (std::size_t i = 1; i < traced.results.size(); ++i) {
      call.results.emplace(source.results[i - 1].name, traced.results[i]);
    }
    return call;
  }

  Runs<TracedProgram> runs_;
  const ModuleWatch& modules_;
  std::vector<bool> needed_values_;
  std::vector<bool> needed_calls_;
};

// `count` examples from `first` on, from the start again behind the last one.
Tensor examples_from(const Tensor& examples, std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < count; ++i) rows.push_back((first + i) % examples.size(0));
  return index_select(examples, 0, tensor(rows));
}

Trace::Seen seen_now(const Tensor& tensor) {
  return {tensor, tensor.impl()->storage->version()};
}

// Evaluation mode for a scope.
class Evaluating {
 public:
  explicit Evaluating(nn::Module& model) : model_(model), was_training_(model.is_training()) {
    model.eval();
  }
  ~Evaluating() {
    if (was_training_) model_.train();
  }
  Evaluating(const Evaluating&) = delete;
  Evaluating& operator=(const Evaluating&) = delete;

 private:
  nn::Module& model_;
  bool was_training_;
};

}  // namespace

std::string to_string(const Sizes& sizes) {
  std::string text = "[";
  for (const Size& each : sizes) {
    if (text.size() > 1) text += ", ";
    const std::string times = each.per_example == 1 ? "" : std::to_string(each.per_example) + " * ";
    if (each.is_fixed() || each.fixed != 0) text += std::to_string(each.fixed);
    if (!each.is_fixed()) text += (each.fixed != 0 ? " + " : "") + times + "N";
  }
  return text + "]";
}

Program record(nn::Module& model, const Tensor& examples) {
  if (examples.dim() < 1 || examples.size(0) < 1) {
    throw ValueError("a model is exported by running it on examples [M, ...], got shape " +
                     gradus::to_string(examples.sizes()));
  }
  const NoGradGuard no_grad;
  const AutocastScope no_autocast(false);
  const KeepValuesGuard unfused;  // models that call fused ops themselves do not now
  const Evaluating evaluating(model);
  const ModuleWatch modules(model);
  nn::StateDict parameters = model.named_parameters();
  for (const nn::NamedTensor& each : model.named_buffers()) parameters.push_back(each);
  Runs<Trace> traces;
  Runs<TracedProgram> runs;
  std::int64_t at = 0;
  for (std::size_t run = 0; run < kRuns; ++run) {
    const Tensor batch = examples_from(examples, at, kBatches[run]);
    at += kBatches[run];
    const Trace::Seen input = seen_now(batch);
    Tensor output;
    {
      const ops::TraceGuard tracing(traces[run]);
      output = model(batch);
    }
    runs[run] = read_trace(traces[run], parameters, input, seen_now(output));
  }
  return Merger(std::move(runs), modules).merge();
}

}  // namespace gradus::onnx
