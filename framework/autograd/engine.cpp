#include "framework/autograd/engine.h"
#include "framework/autograd/grad_mode.h"
#include "framework/kernels/parallel.h"
#include "framework/tensor/creation.h"

#include <atomic>
#include <unordered_map>

namespace gradus {
namespace autograd {
namespace {

constexpr std::int64_t kHeavy = 32768;  // elements in or out of a node that are worth a task

// One node's part in one backward pass.
struct Task {
  Node* node = nullptr;
  std::int32_t uses = 0;  // how many gradients it waits for
  std::int32_t first_slot = 0;
  std::int32_t next_slot = 0;  // while the uses are numbered
  bool needed = true;
  bool wanted = false;  // its gradient is a result of grad()
  bool heavy = false;   // worth a task of its own
};

// A backward pass over one graph: planned on construction, run once.
class Pass {
 public:
  Pass(std::span<const Tensor> outputs, std::span<const Tensor> grad_outputs,
       BackwardOptions options)
      : options_(options) {
    if (grad_outputs.size() > outputs.size()) {
      throw ValueError("backward: " + std::to_string(grad_outputs.size()) + " gradients for " +
                       std::to_string(outputs.size()) + " outputs");
    }
    for (const Tensor& output : outputs) discover(node_of(output));
    number_slots(outputs);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      seeds_.push_back(seed(outputs[i], i < grad_outputs.size() ? grad_outputs[i] : Tensor()));
    }
  }

  // Restricts the pass to what leads to `inputs`.
  void restrict_to(std::span<const Tensor> inputs) {
    for (Task& task : tasks_) task.needed = false;
    for (const Tensor& input : inputs) {
      const auto found = index_.find(node_of(input));
      if (found == index_.end()) continue;
      task(found->second).needed = true;
      task(found->second).wanted = true;
    }
    for (const std::int32_t i : order_) {
      Task& task = this->task(i);
      for (const NodePtr& input : task.node->inputs()) {
        task.needed = task.needed || (input && this->task(index_.at(input.get())).needed);
      }
    }
  }

  void run(std::span<const Tensor> outputs) {
    std::vector<std::int32_t> ready;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      deliver(index_.at(node_of(outputs[i])), std::move(seeds_[i]), ready);
    }
    if (num_threads() > 1 && heavy_tasks_ > 1) {
      kernels::TaskGroup group;
      group.execute([&] { run_parallel(std::move(ready), group); });
    } else {
      run_here(std::move(ready));
    }
  }

  void accumulate_leaves() {
    const GradModeGuard mode(options_.create_graph);
    for (const Task& task : tasks_) {
      if (!task.node->is_leaf()) continue;
      Tensor gradient = std::move(results_[slot_of(task)]);
      if (gradient.defined()) static_cast<LeafNode*>(task.node)->accumulate(gradient);
    }
  }

  // The gradient of a wanted input; undefined if it takes no part.
  Tensor result(const Tensor& input) {
    const auto found = index_.find(node_of(input));
    if (found == index_.end()) return {};
    return results_[slot_of(task(found->second))];
  }

 private:
  Task& task(std::int32_t i) { return tasks_[static_cast<std::size_t>(i)]; }
  std::size_t slot_of(const Task& task) const {
    return static_cast<std::size_t>(&task - tasks_.data());
  }

  static bool is_heavy(const Node& node) {
    std::int64_t largest = node.is_leaf() ? 0 : node.sizes().numel();
    for (const NodePtr& input : node.inputs()) {
      if (input) largest = std::max(largest, input->sizes().numel());
    }
    return largest >= kHeavy;
  }

  // Lists all nodes below `root`, inputs before outputs, and counts their uses.
  void discover(Node* root) {
    struct Frame {
      std::int32_t task;
      std::size_t next_input;
    };
    const auto enter = [&](Node* node, std::vector<Frame>& stack) {
      const auto [entry, is_new] =
          index_.try_emplace(node, static_cast<std::int32_t>(tasks_.size()));
      if (!is_new) return entry->second;
      tasks_.push_back({.node = node, .heavy = is_heavy(*node)});
      if (tasks_.back().heavy) ++heavy_tasks_;
      stack.push_back({entry->second, 0});
      return entry->second;
    };
    std::vector<Frame> stack;
    enter(root, stack);
    while (!stack.empty()) {
      const std::int32_t current = stack.back().task;
      const std::span<const NodePtr> inputs = task(current).node->inputs();
      if (stack.back().next_input == inputs.size()) {
        order_.push_back(current);
        stack.pop_back();
        continue;
      }
      Node* input = inputs[stack.back().next_input++].get();
      if (input == nullptr) continue;
      const std::int32_t found = enter(input, stack);
      ++task(found).uses;
    }
  }

  // Gives every use of a node a slot, and every task its range of slots.
  void number_slots(std::span<const Tensor> outputs) {
    for (const Tensor& output : outputs) ++task(index_.at(node_of(output))).uses;
    std::int32_t slots = 0;
    for (Task& each : tasks_) {
      each.first_slot = each.next_slot = slots;
      slots += each.uses;
    }
    slots_.resize(static_cast<std::size_t>(slots));
    results_.resize(tasks_.size());
    pending_ = std::vector<std::atomic<std::int32_t>>(tasks_.size());
    edge_begin_.resize(tasks_.size());
    for (const Tensor& output : outputs) {
      output_slots_.push_back(task(index_.at(node_of(output))).next_slot++);
    }
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      pending_[i] = tasks_[i].uses;
      edge_begin_[i] = edges_.size();
      for (const NodePtr& input : tasks_[i].node->inputs()) {
        if (!input) {
          edges_.push_back({-1, -1});
          continue;
        }
        const std::int32_t to = index_.at(input.get());
        edges_.push_back({to, task(to).next_slot++});
      }
    }
  }

  static Tensor seed(const Tensor& output, const Tensor& given) {
    if (!given.defined()) {
      if (output.numel() != 1) {
        throw ShapeError("backward: an output of shape " + to_string(output.sizes()) +
                         " needs a gradient of the same shape; only one element goes without");
      }
      return ones_like(output.detach());
    }
    if (!(given.sizes() == output.sizes())) {
      throw ShapeError("backward: the gradient has shape " + to_string(given.sizes()) +
                       ", the output " + to_string(output.sizes()));
    }
    return given.dtype() == output.dtype() ? given : given.to(output.dtype());
  }

  void deliver(std::int32_t output, Tensor gradient, std::vector<std::int32_t>& ready) {
    put({output, output_slots_[delivered_++]}, std::move(gradient), ready);
  }

  struct Edge {
    std::int32_t to;
    std::int32_t slot;
  };

  void put(const Edge& edge, Tensor gradient, std::vector<std::int32_t>& ready) {
    slots_[static_cast<std::size_t>(edge.slot)] = std::move(gradient);
    auto& pending = pending_[static_cast<std::size_t>(edge.to)];
    if (pending.fetch_sub(1, std::memory_order_acq_rel) == 1) ready.push_back(edge.to);
  }

  void run_here(std::vector<std::int32_t> ready) {
    const GradModeGuard mode(options_.create_graph);
    while (!ready.empty()) run_last(ready);
  }

  // Light nodes run first, on this thread; that brings heavy ones of other branches to light, which
  // then run at once.
  void run_parallel(std::vector<std::int32_t> ready, kernels::TaskGroup& group) {
    const GradModeGuard mode(options_.create_graph);
    std::vector<std::int32_t> heavy;
    while (!ready.empty()) {
      if (task(ready.back()).heavy && ready.size() + heavy.size() > 1) {
        heavy.push_back(ready.back());
        ready.pop_back();
      } else {
        run_last(ready);
      }
      if (!ready.empty() || heavy.empty()) continue;
      for (; heavy.size() > 1; heavy.pop_back()) {
        group.run([this, first = heavy.back(), &group] { run_branch(first, group); });
      }
      run_last(heavy, ready);
    }
  }

  void run_branch(std::int32_t first, kernels::TaskGroup& group) {
    const GradModeGuard mode(options_.create_graph);
    std::vector<std::int32_t> start = {first};
    std::vector<std::int32_t> ready;
    run_last(start, ready);
    run_parallel(std::move(ready), group);
  }

  void run_last(std::vector<std::int32_t>& ready) { run_last(ready, ready); }

  // Takes the last task of `from`, and adds what becomes ready by it to `ready`.
  void run_last(std::vector<std::int32_t>& from, std::vector<std::int32_t>& ready) {
    const std::int32_t current = from.back();
    from.pop_back();
    run_node(current, ready);
  }

  Tensor sum_of_slots(const Task& task) {
    Tensor total;
    for (std::int32_t i = 0; i < task.uses; ++i) {
      Tensor part = std::move(
          slots_[static_cast<std::size_t>(task.first_slot) + static_cast<std::size_t>(i)]);
      if (!part.defined()) continue;
      total = total.defined() ? add_gradients(total, part) : std::move(part);
    }
    return total;
  }

  void run_node(std::int32_t current, std::vector<std::int32_t>& ready) {
    const Task& task = this->task(current);
    Node& node = *task.node;
    Tensor gradient = task.needed ? sum_of_slots(task) : Tensor();
    Needs needs(node.inputs().size());
    bool any = false;
    const std::size_t first_edge = edge_begin_[static_cast<std::size_t>(current)];
    for (std::size_t i = 0; i < needs.size(); ++i) {
      const Edge& edge = edges_[first_edge + i];
      needs[i] = edge.to >= 0 && this->task(edge.to).needed;
      any = any || needs[i];
    }
    Gradients gradients;
    if (gradient.defined() && any) gradients = checked_backward(node, gradient, needs);
    if (gradient.defined() && (node.is_leaf() || task.wanted)) {
      results_[static_cast<std::size_t>(current)] = std::move(gradient);
    }
    for (std::size_t i = 0; i < needs.size(); ++i) {
      const Edge& edge = edges_[first_edge + i];
      if (edge.to < 0) continue;
      put(edge, i < gradients.size() && needs[i] ? std::move(gradients[i]) : Tensor(), ready);
    }
  }

  Gradients checked_backward(Node& node, const Tensor& gradient, const Needs& needs) {
    try {
      Gradients gradients = node.backward(gradient, needs);
      check_gradients(node, gradients);
      if (!options_.retain_graph && !options_.create_graph) node.release_saved();
      return gradients;
    } catch (Error& error) {
      error.prepend(describe(node));
      throw;
    } catch (const std::exception& error) {
      throw Error(describe(node) + ": " + error.what());
    }
  }

  // A rule that breaks this contract would give wrong sums without a word.
  static void check_gradients(const Node& node, const Gradients& gradients) {
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

  static std::string describe(const Node& node) {
    return "backward of " + std::string(node.op()) + " (called at " + to_string(node.location()) +
           ")";
  }

  BackwardOptions options_;
  std::unordered_map<Node*, std::int32_t> index_;
  std::vector<Task> tasks_;
  std::vector<std::int32_t> order_;  // of tasks, inputs first
  std::vector<Edge> edges_;          // of all tasks' inputs, task by task
  std::vector<std::size_t> edge_begin_;
  std::vector<std::atomic<std::int32_t>> pending_;
  std::vector<Tensor> slots_;
  std::vector<Tensor> results_;
  std::vector<Tensor> seeds_;
  std::vector<std::int32_t> output_slots_;
  std::size_t delivered_ = 0;
  std::int64_t heavy_tasks_ = 0;
};

void require_graph(std::span<const Tensor> outputs) {
  for (const Tensor& output : outputs) {
    if (!output.requires_grad()) {
      throw StateError(
          "backward: the tensor requires no gradient: nothing it was computed from has "
          "requires_grad, or it was computed under NoGradGuard");
    }
  }
}

}  // namespace
}  // namespace autograd

void backward(std::span<const Tensor> outputs, std::span<const Tensor> grad_outputs,
              BackwardOptions options) {
  autograd::require_graph(outputs);
  autograd::Pass pass(outputs, grad_outputs, options);
  pass.run(outputs);
  pass.accumulate_leaves();
}

std::vector<Tensor> grad(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                         std::span<const Tensor> grad_outputs, BackwardOptions options,
                         bool allow_unused) {
  autograd::require_graph(outputs);
  for (const Tensor& input : inputs) {
    if (!input.requires_grad()) throw StateError("grad: an input requires no gradient");
  }
  autograd::Pass pass(outputs, grad_outputs, options);
  pass.restrict_to(inputs);
  pass.run(outputs);
  std::vector<Tensor> results;
  for (const Tensor& input : inputs) {
    results.push_back(pass.result(input));
    if (!results.back().defined() && !allow_unused) {
      throw StateError("grad: input " + std::to_string(results.size() - 1) +
                       " takes no part in the outputs (pass allow_unused to get an undefined "
                       "gradient instead)");
    }
  }
  return results;
}

std::vector<Tensor> grad(std::initializer_list<Tensor> outputs,
                         std::initializer_list<Tensor> inputs,
                         std::initializer_list<Tensor> grad_outputs, BackwardOptions options,
                         bool allow_unused) {
  const auto view = [](const std::initializer_list<Tensor>& list) {
    return std::span<const Tensor>(list.begin(), list.size());
  };
  return grad(view(outputs), view(inputs), view(grad_outputs), options, allow_unused);
}

}  // namespace gradus
