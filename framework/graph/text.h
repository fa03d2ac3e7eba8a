// The words and numbers of a graph: formulas, the chain rule, summaries of tensors.
#pragma once

#include "framework/graph/graph.h"

namespace gradus::text {

/// UTF-8 without control characters; what is no UTF-8 becomes U+FFFD.
std::string clean(std::string_view name);
/// How many columns a monospaced font needs.
int columns(std::string_view utf8);
/// At most `most` columns, with an ellipsis where something was cut.
std::string shortened(const std::string& utf8, int most);
/// "60", "0.34567", "1e-05", "nan".
std::string number(double value);

/// What a tensor of any size comes down to.
struct Summary {
  double min = 0;
  double max = 0;
  double mean = 0;
  double norm = 0;             ///< of all elements as one vector
  std::int64_t nonfinite = 0;  ///< elements that are NaN or infinite
  std::vector<double> first;   ///< at most kMostNumbers elements
};
inline constexpr std::size_t kMostNumbers = 100;
Summary summary(const Tensor& tensor);
/// "60", or "mean 0.1, norm 3.2".
std::string brief(const Tensor& tensor);

/// What is written in the picture of one graph, which must outlive it.
class Writer {
 public:
  explicit Writer(const Graph& graph);

  /// "y = x ^ 3"; of what was not computed, its name.
  [[nodiscard]] std::string formula(const Graph::Node& node) const;
  /// "y = x ^ 3 = 2 ^ 3 = 8".
  [[nodiscard]] std::string forward(const Graph::Node& node) const;
  /// "dz/dx", of the target with respect to the node.
  [[nodiscard]] std::string derivative(const Graph::Node& node) const;
  /// The sum over all uses: "dz/dx = dz/dy * dy/dx = 5 * 3 * x ^ 2 = 5 * 12 = 60".
  [[nodiscard]] std::string backward(const Graph::Node& node) const;
  /// The chain rule on one edge, likewise.
  [[nodiscard]] std::string rule(const Graph::Edge& edge) const;
  /// The same in short lines.
  [[nodiscard]] std::vector<std::string> label(const Graph::Edge& edge) const;
  /// "w_new = w - lr * dE/dw = 0.5 - 0.1 * 2 = 0.3", or what fits the optimizer.
  [[nodiscard]] std::string update(const Graph::Node& node) const;

  /// The places in graph.edges of what a node is made of, and of its uses.
  [[nodiscard]] std::span<const std::size_t> inputs(std::size_t node) const;
  [[nodiscard]] std::span<const std::size_t> uses(std::size_t node) const;

 private:
  struct Part {
    std::string symbols;  // "dz/dy * dy/dx"
    std::string formula;  // "5 * 3 * x ^ 2", empty where it says no more than the numbers
    std::string numbers;  // "5 * 12", empty for tensors
  };
  [[nodiscard]] std::vector<std::string> arguments(const Graph::Node& node, bool with_values) const;
  [[nodiscard]] std::string call(const Graph::Node& node, bool with_values) const;
  [[nodiscard]] std::string local_formula(const Graph::Edge& edge) const;
  [[nodiscard]] Part part(const Graph::Edge& edge) const;
  [[nodiscard]] bool is_target(const Graph::Node& node) const;
  [[nodiscard]] std::size_t parts_of(const Graph::Node& node) const;
  [[nodiscard]] const Tensor* seed(const Graph::Node& node) const;

  const Graph& graph_;
  std::string target_;
  std::vector<std::size_t> first_input_, inputs_, first_use_, uses_;
};

}  // namespace gradus::text
