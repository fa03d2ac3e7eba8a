#include "framework/autograd/pass.h"
#include "framework/autograd/anomaly.h"
#include "framework/autograd/engine.h"
#include "framework/autograd/grad_mode.h"
#include "framework/kernels/profile.h"
#include "framework/tensor/creation.h"

#include <atomic>

namespace gradus::autograd {
namespace {

constexpr std::int64_t kHeavy = 32768;  // elements in or out of a node that are worth a task

bool is_heavy(const Node& node) {
  std::int64_t largest = node.is_leaf() ? 0 : node.sizes().numel();
  for (const NodePtr& input : node.inputs()) {
    if (input) largest = std::max(largest, input->sizes().numel());
  }
  return largest >= kHeavy;
}

// Whether nobody else can see the tensor's memory.
bool is_sole_owner(const Tensor& t) {
  return t.impl()->use_count() == 1 && t.impl()->storage->use_count() == 1 &&
         is_dense(t.sizes(), t.strides());
}

std::string describe(const Node& node) {
  return "backward of " + std::string(node.op()) + " (called at " + to_string(node.location()) +
         ")";
}

void run_hooks(const Node& node, Tensor& gradient) {
  try {
    node.run_tensor_hooks(gradient);
  } catch (Error& error) {
    error.prepend(node.is_leaf() ? "hook of a leaf" : "hook at " + describe(node));
    throw;
  }
}

// A rule that breaks this contract would give wrong sums without a word.
void check_gradients(const Node& node, const Gradients& gradients) {
  if (gradients.size() > node.inputs().size()) throw StateError("it gives too many gradients");
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const NodePtr& input = node.inputs()[i];
    if (!gradients[i].defined() || !input) continue;
    if (!(gradients[i].sizes() == input->sizes()) || gradients[i].dtype() != input->dtype()) {
      throw ShapeError("its gradient " + std::to_string(i) + " is " +
                       std::string(name_of(gradients[i].dtype())) + " " +
                       to_string(gradients[i].sizes()) + ", the input " +
                       std::string(name_of(input->dtype())) + " " + to_string(input->sizes()));
    }
  }
}

Tensor seed(const Tensor& output, const Tensor& given) {
  if (!given.defined()) {
    if (output.numel() != 1) {
      throw ShapeError("backward: an output of shape " + to_string(output.sizes()) +
                       " needs a gradient of the same shape; only one element goes without");
    }
    return ones(output.sizes(), output.dtype());
  }
  if (!(given.sizes() == output.sizes())) {
    throw ShapeError("backward: the gradient has shape " + to_string(given.sizes()) +
                     ", the output " + to_string(output.sizes()));
  }
  return given.dtype() == output.dtype() ? given : given.to(output.dtype());
}

// The memory of the last pass on this thread; null while a pass uses it.
thread_local std::unique_ptr<Workspace> t_workspace;

}  // namespace

// ---- NodeIndex ----------------------------------------------------------------------------------

std::size_t NodeIndex::slot_of(const Node* node) const {
  const std::size_t mask = entries_.size() - 1;
  const auto key = reinterpret_cast<std::uintptr_t>(node) / kernels::kAlignment;
  std::size_t at = (key * 0x9E3779B97F4A7C15U >> 20U) & mask;
  while (entries_[at].round == round_ && entries_[at].node != node) at = (at + 1) & mask;
  return at;
}

void NodeIndex::grow() {
  std::vector<Entry> old(std::max<std::size_t>(64, entries_.size() * 2));
  old.swap(entries_);
  for (const Entry& entry : old) {
    if (entry.round == round_) entries_[slot_of(entry.node)] = entry;
  }
}

std::int32_t NodeIndex::insert(const Node* node, std::int32_t next) {
  if (2 * (used_ + 1) > entries_.size()) grow();
  Entry& entry = entries_[slot_of(node)];
  if (entry.round != round_) {
    entry = {node, next, round_};
    ++used_;
  }
  return entry.number;
}

std::int32_t NodeIndex::find(const Node* node) const {
  if (entries_.empty()) return kNone;
  const Entry& entry = entries_[slot_of(node)];
  return entry.round == round_ ? entry.number : kNone;
}

void NodeIndex::clear() {
  used_ = 0;
  if (++round_ != 0) return;
  entries_.clear();
  round_ = 1;
}

void Workspace::clear() {
  index.clear();
  tasks.clear();
  order.clear();
  edges.clear();
  slots.clear();
  results.clear();
  stack.clear();
  ready.clear();
}

// ---- Planning -----------------------------------------------------------------------------------

Pass::Pass(std::span<const Tensor> outputs, std::span<const Tensor> grad_outputs,
           const BackwardOptions& options)
    : retain_graph_(options.retain_graph || options.create_graph),
      create_graph_(options.create_graph),
      anomaly_(AnomalyMode::is_enabled()),
      space_(t_workspace ? std::move(t_workspace) : std::make_unique<Workspace>()) {
  if (grad_outputs.size() > outputs.size()) {
    throw ValueError("backward: " + std::to_string(grad_outputs.size()) + " gradients for " +
                     std::to_string(outputs.size()) + " outputs");
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    seeds_.push_back(seed(outputs[i], i < grad_outputs.size() ? grad_outputs[i] : Tensor()));
    outputs_.push_back(node_of(outputs[i]));
  }
  for (const Tensor& output : outputs) discover(node_of(output));
  number_slots(outputs);
}

Pass::~Pass() {
  space_->clear();
  if (!space_->is_large()) t_workspace = std::move(space_);
}

std::int32_t Pass::enter(Node* node) {
  const auto next = static_cast<std::int32_t>(space_->tasks.size());
  const std::int32_t number = space_->index.insert(node, next);
  if (number != next) return number;
  const bool heavy = is_heavy(*node);
  const auto first_edge = static_cast<std::int32_t>(space_->edges.size());
  space_->tasks.push_back({.node = node, .first_edge = first_edge, .heavy = heavy});
  space_->edges.resize(space_->edges.size() + node->inputs().size(), {NodeIndex::kNone, 0});
  space_->stack.push_back({next, 0});
  if (heavy) ++heavy_tasks_;
  return number;
}

// Lists all nodes below `root`, inputs before outputs, and counts their uses.
void Pass::discover(Node* root) {
  enter(root);
  std::vector<Workspace::Frame>& stack = space_->stack;
  while (!stack.empty()) {
    const std::int32_t current = stack.back().task;
    const std::span<const NodePtr> inputs = task(current).node->inputs();
    const std::int32_t place = stack.back().next_input;
    if (static_cast<std::size_t>(place) == inputs.size()) {
      space_->order.push_back(current);
      stack.pop_back();
      continue;
    }
    ++stack.back().next_input;
    Node* input = inputs[static_cast<std::size_t>(place)].get();
    if (input == nullptr) continue;
    const auto edge = static_cast<std::size_t>(task(current).first_edge + place);
    const std::int32_t found = enter(input);
    space_->edges[edge].to = found;
    ++task(found).uses;
  }
}

// Gives every use of a node a slot, the outputs' own first, then in the order of the edges.
void Pass::number_slots(std::span<const Tensor> outputs) {
  for (const Tensor& output : outputs) ++task(space_->index.find(node_of(output))).uses;
  std::int32_t slots = 0;
  for (Task& each : space_->tasks) {
    each.first_slot = each.next_slot = slots;
    each.pending = each.uses;
    slots += each.uses;
  }
  space_->slots.resize(static_cast<std::size_t>(slots));
  space_->results.resize(space_->tasks.size());
  for (const Tensor& output : outputs) ++task(space_->index.find(node_of(output))).next_slot;
  for (Workspace::Edge& edge : space_->edges) {
    if (edge.to >= 0) edge.slot = task(edge.to).next_slot++;
  }
}

void Pass::restrict_to(std::span<const Tensor> inputs) {
  restricted_ = true;
  for (Task& each : space_->tasks) each.needed = false;
  for (const Tensor& input : inputs) {
    const std::int32_t found = space_->index.find(node_of(input));
    if (found < 0) continue;
    task(found).needed = true;
    task(found).wanted = true;
  }
  for (const std::int32_t i : space_->order) {
    Task& each = task(i);
    for (std::size_t k = 0; k < each.node->inputs().size(); ++k) {
      const std::int32_t to = space_->edges[static_cast<std::size_t>(each.first_edge) + k].to;
      each.needed = each.needed || (to >= 0 && task(to).needed);
    }
  }
}

// ---- Running ------------------------------------------------------------------------------------

void Pass::run() {
  std::vector<std::int32_t>& ready = space_->ready;
  parallel_ = heavy_tasks_ > 1 && num_threads() > 1;
  // An output that is listed twice fills its first slots in turn.
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const std::int32_t to = space_->index.find(outputs_[i]);
    std::int32_t slot = task(to).first_slot;
    for (std::size_t k = 0; k < i; ++k) slot += outputs_[k] == outputs_[i] ? 1 : 0;
    put({to, slot}, std::move(seeds_[i]), ready);
  }
  if (parallel_) {
    kernels::TaskGroup group;
    group.execute([&] { run_parallel(std::move(ready), group); });
  } else {
    run_here(ready);
  }
}

void Pass::put(const Workspace::Edge& edge, Tensor gradient, std::vector<std::int32_t>& ready) {
  space_->slots[static_cast<std::size_t>(edge.slot)] = std::move(gradient);
  std::int32_t& pending = task(edge.to).pending;
  const bool last = parallel_
                        ? std::atomic_ref(pending).fetch_sub(1, std::memory_order_acq_rel) == 1
                        : --pending == 0;
  if (last) ready.push_back(edge.to);
}

void Pass::run_here(std::vector<std::int32_t>& ready) {
  const GradModeGuard mode(create_graph_);
  while (!ready.empty()) run_last(ready, ready);
}

// Light nodes run first, on this thread; that brings heavy ones of other branches to light, which
// then run at once.
void Pass::run_parallel(std::vector<std::int32_t> ready, kernels::TaskGroup& group) {
  const GradModeGuard mode(create_graph_);
  const AnomalyModeGuard anomaly(anomaly_);
  std::vector<std::int32_t> heavy;
  while (!ready.empty()) {
    if (task(ready.back()).heavy && ready.size() + heavy.size() > 1) {
      heavy.push_back(ready.back());
      ready.pop_back();
    } else {
      run_last(ready, ready);
    }
    if (!ready.empty() || heavy.empty()) continue;
    for (; heavy.size() > 1; heavy.pop_back()) {
      group.run([this, first = heavy.back(), &group] { run_branch(first, group); });
    }
    run_last(heavy, ready);
  }
}

void Pass::run_branch(std::int32_t first, kernels::TaskGroup& group) {
  const GradModeGuard mode(create_graph_);
  const AnomalyModeGuard anomaly(anomaly_);
  std::vector<std::int32_t> start = {first};
  std::vector<std::int32_t> ready;
  run_last(start, ready);
  run_parallel(std::move(ready), group);
}

// Takes the last task of `from`, and adds what becomes ready by it to `ready`.
void Pass::run_last(std::vector<std::int32_t>& from, std::vector<std::int32_t>& ready) {
  const std::int32_t current = from.back();
  from.pop_back();
  run_node(current, ready);
}

Tensor Pass::sum_of_slots(const Task& task) {
  Tensor total;
  for (std::int32_t i = 0; i < task.uses; ++i) {
    Tensor part = std::move(space_->slots[static_cast<std::size_t>(task.first_slot + i)]);
    if (!part.defined()) continue;
    if (!total.defined()) {
      total = std::move(part);
    } else if (!create_graph_ && is_sole_owner(total)) {
      add_to_gradient(total, part);
    } else {
      total = add_gradients(total, part);
    }
  }
  return total;
}

void Pass::run_node(std::int32_t current, std::vector<std::int32_t>& ready) {
  const Task& task = this->task(current);
  Node& node = *task.node;
  Tensor gradient = task.needed ? sum_of_slots(task) : Tensor();
  const std::size_t inputs = node.inputs().size();
  const Workspace::Edge* edges = space_->edges.data() + task.first_edge;
  Needs needs(inputs);
  bool any = false;
  for (std::size_t i = 0; i < inputs; ++i) {
    needs[i] = edges[i].to >= 0 && this->task(edges[i].to).needed;
    any = any || needs[i];
  }
  Gradients gradients;
  if (gradient.defined()) {
    run_hooks(node, gradient);
    if (any) gradients = checked_backward(node, gradient, needs);
    if (task.wanted || node.target() != nullptr) {
      space_->results[static_cast<std::size_t>(current)] = std::move(gradient);
    }
  }
  for (std::size_t i = 0; i < inputs; ++i) {
    if (edges[i].to < 0) continue;
    put(edges[i], i < gradients.size() && needs[i] ? std::move(gradients[i]) : Tensor(), ready);
  }
}

Gradients Pass::checked_backward(Node& node, const Tensor& gradient, const Needs& needs) {
  kernels::profile::Scope profiled(node.op(), kernels::profile::Phase::Backward);
  const AutocastScope no_autocast(false);
  try {
    Gradients gradients = node.backward(gradient, needs);
    profiled.add(std::span(&gradient, 1));
    profiled.add(gradients);
    node.run_node_hooks(gradients, gradient);
    check_gradients(node, gradients);
    if (anomaly_) check_finite_gradients(node, gradients, gradient);
    if (!retain_graph_) node.release_saved();
    return gradients;
  } catch (Error& error) {
    error.prepend(describe(node));
    throw;
  }
}

// ---- Results ------------------------------------------------------------------------------------

void Pass::accumulate() {
  const GradModeGuard mode(create_graph_);
  for (std::size_t i = 0; i < space_->tasks.size(); ++i) {
    const Task& task = space_->tasks[i];
    const Tensor gradient = std::move(space_->results[i]);
    if (!gradient.defined() || (restricted_ && !task.wanted)) continue;
    if (GradTarget* target = task.node->target()) target->accumulate(gradient);
  }
}

Tensor Pass::result(const Tensor& input) const {
  const std::int32_t found = space_->index.find(node_of(input));
  if (found < 0) return {};
  const Tensor& gradient = space_->results[static_cast<std::size_t>(found)];
  return gradient.defined() ? gradient : zeros(input.sizes(), input.dtype());
}

}  // namespace gradus::autograd
