// One backward pass over a graph: planned from the outputs, then run. Internal to the engine.
#pragma once

#include "framework/autograd/node.h"
#include "framework/kernels/parallel.h"

#include <memory>
#include <vector>

namespace gradus::autograd {

/// From nodes to small numbers: an open-addressing table that keeps its memory.
class NodeIndex {
 public:
  static constexpr std::int32_t kNone = -1;

  /// The number of `node`; a node not seen before becomes `next`.
  std::int32_t insert(const Node* node, std::int32_t next);
  /// The number of `node`, or kNone.
  [[nodiscard]] std::int32_t find(const Node* node) const;
  void clear();

 private:
  struct Entry {
    const Node* node = nullptr;
    std::int32_t number = kNone;
    std::uint32_t round = 0;  // of another round: the entry is free
  };
  [[nodiscard]] std::size_t slot_of(const Node* node) const;
  void grow();

  std::vector<Entry> entries_;
  std::size_t used_ = 0;
  std::uint32_t round_ = 1;
};

/// One node's part in a pass.
struct Task {
  Node* node = nullptr;
  std::int32_t uses = 0;     // how many gradients it waits for
  std::int32_t pending = 0;  // how many of them are still to come; counted atomically
  std::int32_t first_slot = 0;
  std::int32_t next_slot = 0;  // while the uses are numbered
  std::int32_t first_edge = 0;
  bool needed = true;
  bool wanted = false;  // its gradient is a result of the pass
  bool heavy = false;   // worth a task of its own
};

/// The memory of a pass, used again by the next one on the same thread: a step of a small graph
/// allocates nothing here.
struct Workspace {
  struct Edge {
    std::int32_t to;
    std::int32_t slot;
  };
  struct Frame {
    std::int32_t task;
    std::int32_t next_input;
  };

  NodeIndex index;
  std::vector<Task> tasks;
  std::vector<std::int32_t> order;  // of tasks, inputs first
  std::vector<Edge> edges;          // of all tasks' inputs, task by task
  std::vector<Tensor> slots;        // a gradient for every use of every node
  std::vector<Tensor> results;      // by task
  std::vector<Frame> stack;
  std::vector<std::int32_t> ready;

  void clear();
  /// Not worth keeping: a large graph went through.
  [[nodiscard]] bool is_large() const { return tasks.capacity() > 4096; }
};

class Pass {
 public:
  Pass(std::span<const Tensor> outputs, std::span<const Tensor> grad_outputs,
       const BackwardOptions& options);
  ~Pass();
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  /// Restricts the pass to what leads to `inputs`.
  void restrict_to(std::span<const Tensor> inputs);
  void run();
  /// Adds the gradients of leaves (and of results that retain theirs) to their tensors.
  void accumulate();
  /// The gradient of a wanted input, zeros if none reached it; undefined if it takes no part.
  Tensor result(const Tensor& input) const;

 private:
  [[nodiscard]] Task& task(std::int32_t i) const {
    return space_->tasks[static_cast<std::size_t>(i)];
  }
  void discover(Node* root);
  std::int32_t enter(Node* node);
  void number_slots(std::span<const Tensor> outputs);
  void put(const Workspace::Edge& edge, Tensor gradient, std::vector<std::int32_t>& ready);
  void run_here(std::vector<std::int32_t>& ready);
  void run_parallel(std::vector<std::int32_t> ready, kernels::TaskGroup& group);
  void run_branch(std::int32_t first, kernels::TaskGroup& group);
  void run_last(std::vector<std::int32_t>& from, std::vector<std::int32_t>& ready);
  void run_node(std::int32_t current, std::vector<std::int32_t>& ready);
  Tensor sum_of_slots(const Task& task);
  Gradients checked_backward(Node& node, const Tensor& gradient, const Needs& needs);

  bool retain_graph_;
  bool create_graph_;
  bool anomaly_;
  bool restricted_ = false;
  bool parallel_ = false;
  std::int64_t heavy_tasks_ = 0;
  std::unique_ptr<Workspace> space_;
  InlineVector<Tensor, 2> seeds_;
  InlineVector<Node*, 2> outputs_;
};

}  // namespace gradus::autograd
