#include "optimizers/lbfgs.h"
#include "framework/autograd/grad_mode.h"
#include "framework/kernels/lanes.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/joining.h"
#include "framework/ops/statistics.h"
#include "framework/train/line_search.h"

#include <cmath>
#include <deque>
#include <limits>

namespace gradus::optim {

template class GroupedOptimizer<LBFGSOptions>;
namespace {

constexpr double kLeastCurvature = 1e-10;  // of a change that is remembered

// Vectors are 1-dim tensors over the elements of all parameters. Sums are in fixed chunks.
double dot(const Tensor& a, const Tensor& b) {
  return kernels::dispatch_floating(a.dtype(), [&]<class T>(T) {
    using C = Compute<T>;
    const T* x = a.data_ptr<T>();
    const T* y = b.data_ptr<T>();
    const kernels::Split chunks(a.numel(), kernels::kGrain);
    std::vector<double> sums(static_cast<std::size_t>(chunks.chunks));
    kernels::parallel_for(chunks.chunks, [&](std::int64_t chunk) {
      const std::int64_t begin = chunks.begin(chunk);
      sums[static_cast<std::size_t>(chunk)] =
          kernels::lane_sum(chunks.end(chunk) - begin,
                            [=](std::int64_t i) -> C { return C{x[begin + i]} * y[begin + i]; });
    });
    double total = 0;
    for (const double sum : sums) total += sum;
    return total;
  });
}

double largest(const Tensor& v) {
  return norm(v, std::numeric_limits<double>::infinity()).item<double>();
}

// The part of `vector` that belongs to a parameter, of whose elements `offset` are before it.
Tensor part_of(const Tensor& vector, std::int64_t offset, const Tensor& parameter) {
  return vector.narrow(0, offset, parameter.numel()).view(parameter.sizes());
}

}  // namespace

struct LBFGS::Memory {
  // What the gradient changed by over a step of the weights.
  struct Change {
    Tensor gradient;
    Tensor weights;
    double inverse_product;
  };
  std::int64_t iterations = 0;
  double evaluations = 0;
  Tensor direction;
  double length = 0;  // of the last step along it
  double scale = 1;   // of the inverse Hessian that the memory starts from
  Tensor gradient;    // where that step began
  std::deque<Change> changes;

  void take_in(const Tensor& now, std::int64_t history_size) {
    const Tensor change = now - gradient;
    const Tensor step = direction * length;
    const double product = dot(change, step);
    if (!(product > kLeastCurvature)) return;
    if (static_cast<std::int64_t>(changes.size()) >= history_size) changes.pop_front();
    changes.push_back({change, step, 1 / product});
    scale = product / dot(change, change);
  }
  // The gradient times minus the inverse Hessian: two loops over the changes.
  [[nodiscard]] Tensor descent(const Tensor& now) const {
    Tensor q = neg(now);
    std::vector<double> alphas(changes.size());
    for (std::size_t i = changes.size(); i-- > 0;) {
      alphas[i] = dot(changes[i].weights, q) * changes[i].inverse_product;
      q.add_(changes[i].gradient, -alphas[i]);
    }
    q.mul_(scale);
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const double beta = dot(changes[i].gradient, q) * changes[i].inverse_product;
      q.add_(changes[i].weights, alphas[i] - beta);
    }
    return q;
  }
};

// One call of step().
class LBFGS::Run {
 public:
  Run(LBFGS& optimizer, const LossClosure& closure)
      : memory_(*optimizer.memory_),
        options_(optimizer.param_groups().front().options),
        parameters_(optimizer.param_groups().front().parameters),
        closure_(closure) {}

  Tensor run() {
    const NoGradGuard no_grad;
    Tensor first = evaluate();
    const std::int64_t most = options_.max_eval > 0 ? options_.max_eval : options_.max_iter * 5 / 4;
    if (!std::isfinite(loss_) || largest(gradient_) <= options_.tolerance_grad) return first;
    for (std::int64_t i = 1; iterate(i == options_.max_iter); ++i) {
      if (i == options_.max_iter || evaluations_ >= most) break;
    }
    return first;
  }

 private:
  // The loss, also in loss_, and its gradient in gradient_.
  Tensor evaluate() {
    const GradModeGuard recording(true);
    Tensor loss = closure_();
    loss_ = loss.item<double>();
    ++evaluations_;
    ++memory_.evaluations;
    const GradModeGuard no_grad(false);
    std::vector<Tensor> parts;
    for (const auto& [name, parameter] : parameters_) {
      const Tensor gradient = parameter.grad();
      parts.push_back(gradient.defined() ? gradient.detach().reshape({parameter.numel()})
                                         : zeros({parameter.numel()}, parameter.dtype()));
    }
    gradient_ = cat(parts);
    return loss;
  }

  void move(double length) const {
    std::int64_t offset = 0;
    for (const auto& [name, parameter] : parameters_) {
      parameter.add_(part_of(memory_.direction, offset, parameter), length);
      parameter.impl()->storage->mark_written("LBFGS.step");
      offset += parameter.numel();
    }
  }

  // Whether another iteration makes sense. The last one need not evaluate what it leads to.
  bool iterate(bool is_last) {
    Memory& m = memory_;
    if (++m.iterations == 1) {
      m.direction = neg(gradient_);
    } else {
      m.take_in(gradient_, options_.history_size);
      m.direction = m.descent(gradient_);
    }
    m.gradient = gradient_;
    m.length = options_.lr;
    if (m.iterations == 1) m.length *= std::min(1.0, 1 / norm(gradient_, 1).item<double>());
    const double slope = dot(gradient_, m.direction);
    if (slope > -options_.tolerance_change) return false;
    const double before = loss_;
    if (options_.line_search_fn == "strong_wolfe") {
      search(slope);
    } else {
      move(m.length);
      if (is_last) return false;
      evaluate();
    }
    return largest(gradient_) > options_.tolerance_grad &&
           largest(m.direction) * std::abs(m.length) > options_.tolerance_change &&
           std::abs(loss_ - before) >= options_.tolerance_change;
  }

  void search(double slope) {
    std::vector<Tensor> start;
    for (const auto& [name, parameter] : parameters_) start.push_back(parameter.clone());
    const auto go_back = [&] {
      for (std::size_t i = 0; i < start.size(); ++i) parameters_[i].tensor.copy_(start[i]);
    };
    const auto at = [&](double length) -> LinePoint {
      move(length);
      try {
        evaluate();
      } catch (...) {
        go_back();
        throw;
      }
      go_back();
      return {length, loss_, dot(gradient_, memory_.direction), gradient_};
    };
    const LinePoint found =
        strong_wolfe(at, {0, loss_, slope, gradient_}, memory_.length, largest(memory_.direction));
    memory_.length = found.step;
    loss_ = found.value;
    gradient_ = found.gradient;
    move(memory_.length);
  }

  Memory& memory_;
  const LBFGSOptions& options_;
  const nn::StateDict& parameters_;
  const LossClosure& closure_;
  double loss_ = 0;
  Tensor gradient_;
  std::int64_t evaluations_ = 0;
};

LBFGS::LBFGS(const nn::StateDict& parameters, const LBFGSOptions& options)
    : GroupedOptimizer(parameters, options) {
  check();
}
LBFGS::LBFGS(const std::vector<Tensor>& parameters, const LBFGSOptions& options)
    : GroupedOptimizer(parameters, options) {
  check();
}
LBFGS::~LBFGS() = default;

void LBFGS::check() const {
  const nn::StateDict& parameters = param_groups().front().parameters;
  std::int64_t numel = 0;
  for (const auto& [name, parameter] : parameters) {
    const auto& [first_name, first] = parameters.front();
    numel += parameter.numel();
    if (parameter.dtype() == first.dtype()) continue;
    throw ValueError("LBFGS: parameters of one dtype only; \"" + first_name + "\" has " +
                     std::string(name_of(first.dtype())) + ", \"" + name + "\" " +
                     std::string(name_of(parameter.dtype())));
  }
  if (numel == 0) throw ValueError("LBFGS: there is no parameter with an element");
}

void LBFGS::step() {
  throw StateError(
      "LBFGS: step() takes a closure, which computes the loss and its gradients anew: "
      "step([&] { optimizer.zero_grad(); ...; loss.backward(); return loss; })");
}

Tensor LBFGS::step(const LossClosure& closure) {
  const LBFGSOptions& options = param_groups().front().options;
  if (options.line_search_fn != "none" && options.line_search_fn != "strong_wolfe") {
    throw ValueError("LBFGS: line_search_fn is \"" + options.line_search_fn +
                     "\", not \"none\" or \"strong_wolfe\"");
  }
  if (!memory_) recall();
  try {
    Tensor loss = Run(*this, closure).run();
    remember();
    if (frees_gradients()) zero_grad();
    return loss;
  } catch (...) {
    forget();
    throw;
  }
}

bool LBFGS::is_number(std::string_view slot) const {
  return slot == "func_evals" || slot == "t" || slot == "H_diag";
}

void LBFGS::forget() {
  memory_.reset();
}

void LBFGS::remember() {
  states_.clear();
  const nn::StateDict& parameters = param_groups().front().parameters;
  const Memory& m = *memory_;
  if (m.iterations == 0) return;
  std::int64_t offset = 0;
  for (const nn::NamedTensor& each : parameters) {
    ParameterState& state = states_[each.name];
    const auto keep = [&](const std::string& slot, const Tensor& vector) {
      state.slots.push_back({slot, part_of(vector, offset, each.tensor)});
    };
    state.step = m.iterations;
    keep("d", m.direction);
    keep("prev_flat_grad", m.gradient);
    for (std::size_t i = 0; i < m.changes.size(); ++i) {
      keep("old_dirs." + std::to_string(i), m.changes[i].gradient);
      keep("old_stps." + std::to_string(i), m.changes[i].weights);
    }
    offset += each.tensor.numel();
  }
  states_[parameters.front().name].numbers = {
      {"func_evals", m.evaluations}, {"t", m.length}, {"H_diag", m.scale}};
}

void LBFGS::recall() {
  const NoGradGuard no_grad;
  auto memory = std::make_unique<Memory>();
  const nn::StateDict& parameters = param_groups().front().parameters;
  const auto vector = [&](const std::string& slot) {
    std::vector<Tensor> parts;
    for (const auto& [name, parameter] : parameters) {
      ParameterState& state = states_[name];
      if (!state.has(slot)) {
        throw ValueError("LBFGS: the state of \"" + name + "\" has no \"" + slot + "\"");
      }
      parts.push_back(state.zeros_at(slot, parameter).reshape({parameter.numel()}));
    }
    return cat(parts);
  };
  if (!states_.empty()) {
    ParameterState& first = states_[parameters.front().name];
    memory->iterations = first.step;
    memory->evaluations = first.number_at("func_evals", 0);
    memory->length = first.number_at("t", 0);
    memory->scale = first.number_at("H_diag", 1);
    memory->direction = vector("d");
    memory->gradient = vector("prev_flat_grad");
    for (std::size_t i = 0; first.has("old_dirs." + std::to_string(i)); ++i) {
      Memory::Change change = {vector("old_dirs." + std::to_string(i)),
                               vector("old_stps." + std::to_string(i)), 0};
      change.inverse_product = 1 / dot(change.gradient, change.weights);
      memory->changes.push_back(std::move(change));
    }
  }
  memory_ = std::move(memory);
}

namespace {

const bool kRegistered = optimizers().add<LBFGSOptions>(
    "lbfgs", "L-BFGS: quasi-Newton steps, each with several evaluations of the loss",
    [](const LBFGSOptions& options, const nn::StateDict& parameters) {
      return std::make_shared<LBFGS>(parameters, options);
    });

}  // namespace
}  // namespace gradus::optim
