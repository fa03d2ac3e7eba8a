#include "framework/graph/text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace gradus::text {
namespace {

constexpr std::size_t kMostTerms = 6;  // of a written sum
constexpr int kLongLabel = 30;         // columns; a longer line is broken

struct Symbol {
  std::string_view op;
  const char* symbol;
};
constexpr Symbol kInfix[] = {
    {"add", " + "}, {"sub", " - "}, {"mul", " * "}, {"div", " / "}, {"pow", " ^ "}};

bool is_one(const Tensor& tensor) {
  return tensor.defined() && tensor.numel() == 1;
}

// As an operand: a negative number in parentheses.
std::string enclosed(const std::string& term) {
  return term.starts_with('-') ? "(" + term + ")" : term;
}

std::string operand(double value) {
  return enclosed(number(value));
}

std::string operand(const Tensor& one) {
  return operand(one.item<double>());
}

std::string d(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c >= 0x80;
  });
  return plain ? "d" + name : "d(" + name + ")";
}

std::string ratio(const std::string& of, const std::string& by) {
  return d(of) + "/" + d(by);
}

std::string shape_and_brief(const Tensor& tensor) {
  return is_one(tensor) ? brief(tensor) : to_string(tensor.sizes()) + ", " + brief(tensor);
}

// The length of a UTF-8 character by its bytes; 0 for what is none.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80                    ? 1
                             : first >= 0xC2 && first < 0xE0 ? 2
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) >= 0xA0;
  const bool too_large = first == 0xF4 && byte(1) >= 0x90;
  return overlong || surrogate || too_large ? 0 : length;
}

}  // namespace

std::string clean(std::string_view name) {
  std::string result;
  while (!name.empty()) {
    const std::size_t length = character_length(name);
    const bool control =
        length == 1 && (static_cast<unsigned char>(name[0]) < 0x20 || name[0] == 0x7F);
    if (length == 0) {
      result += "\xEF\xBF\xBD";
    } else if (control) {
      result += ' ';
    } else {
      result += name.substr(0, length);
    }
    name.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

int columns(std::string_view utf8) {
  int result = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80) continue;
    result += byte >= 0xE1 ? 2 : 1;  // from U+1000 on, most are wide
  }
  return result;
}

std::string shortened(const std::string& utf8, int most) {
  if (columns(utf8) <= most) return utf8;
  std::string result;
  std::string_view rest = utf8;
  for (int left = most - 1; !rest.empty();) {
    const std::size_t length = std::max<std::size_t>(character_length(rest), 1);
    left -= columns(rest.substr(0, length));
    if (left < 0) break;
    result += rest.substr(0, length);
    rest.remove_prefix(length);
  }
  return result + "\xE2\x80\xA6";
}

std::string number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  if (value == 0) return "0";
  const bool whole = value == std::floor(value) && std::fabs(value) < 1e9;
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, whole ? "%.0f" : "%.5g", value);
  return buffer;
}

Summary summary(const Tensor& tensor) {
  const std::vector<double> values = tensor.to_vector<double>();
  Summary result;
  double sum = 0;
  double squares = 0;
  double low = INFINITY;
  double high = -INFINITY;
  for (const double value : values) {
    sum += value;
    squares += value * value;
    low = std::min(low, value);
    high = std::max(high, value);
    if (!std::isfinite(value)) ++result.nonfinite;
  }
  if (!values.empty()) {
    result.min = low;
    result.max = high;
    result.mean = sum / static_cast<double>(values.size());
    result.norm = std::sqrt(squares);
  }
  const std::size_t count = std::min(values.size(), kMostNumbers);
  result.first.assign(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count));
  return result;
}

std::string brief(const Tensor& tensor) {
  if (tensor.numel() == 0) return "empty";
  if (is_one(tensor)) return number(tensor.item<double>());
  const Summary found = summary(tensor);
  std::string result = "mean " + number(found.mean) + ", norm " + number(found.norm);
  if (found.nonfinite > 0) result += ", " + std::to_string(found.nonfinite) + " not finite";
  return result;
}

Writer::Writer(const Graph& graph) : graph_(graph), target_(graph.target()) {
  const std::size_t nodes = graph.nodes.size();
  first_input_.resize(nodes + 1);
  first_use_.resize(nodes + 1);
  for (const Graph::Edge& edge : graph.edges) {
    ++first_input_[edge.to + 1];
    ++first_use_[edge.from + 1];
  }
  for (std::size_t i = 0; i < nodes; ++i) {
    first_input_[i + 1] += first_input_[i];
    first_use_[i + 1] += first_use_[i];
  }
  inputs_.resize(graph.edges.size());
  uses_.resize(graph.edges.size());
  std::vector<std::size_t> next_input = first_input_;
  std::vector<std::size_t> next_use = first_use_;
  for (std::size_t e = 0; e < graph.edges.size(); ++e) {
    inputs_[next_input[graph.edges[e].to]++] = e;
    uses_[next_use[graph.edges[e].from]++] = e;
  }
}

std::span<const std::size_t> Writer::inputs(std::size_t node) const {
  return std::span(inputs_).subspan(first_input_[node],
                                    first_input_[node + 1] - first_input_[node]);
}

std::span<const std::size_t> Writer::uses(std::size_t node) const {
  return std::span(uses_).subspan(first_use_[node], first_use_[node + 1] - first_use_[node]);
}

std::vector<std::string> Writer::arguments(const Graph::Node& node, bool with_values) const {
  std::vector<std::string> result(node.inputs, "?");
  for (const std::size_t e : inputs(node.id)) {
    const Graph::Edge& edge = graph_.edges[e];
    const Graph::Node& from = graph_.nodes[edge.from];
    const bool literal = from.is_number || with_values;
    result.at(edge.input) = literal ? number(from.value.item<double>()) : from.name;
  }
  return result;
}

std::string Writer::call(const Graph::Node& node, bool with_values) const {
  const std::vector<std::string> all = arguments(node, with_values);
  for (const Symbol& each : kInfix) {
    if (each.op == node.op && all.size() == 2) {
      return enclosed(all[0]) + each.symbol + enclosed(all[1]);
    }
  }
  if (node.op == "neg" && all.size() == 1) return std::string("-").append(enclosed(all[0]));
  std::string list;
  for (const std::string& argument : all) list += (list.empty() ? "" : ", ") + argument;
  return node.op + "(" + list + ")";
}

// d to / d from of the elementary functions, where it is more than a number.
std::string Writer::local_formula(const Graph::Edge& edge) const {
  const Graph::Node& node = graph_.nodes[edge.to];
  std::vector<std::string> all = arguments(node, false);
  for (std::string& argument : all) argument = enclosed(argument);
  const std::string& y = node.name;
  const std::string& op = node.op;
  if (all.size() == 2) {
    const std::string& a = all[0];
    const std::string& b = all[1];
    const bool first = edge.input == 0;
    if (op == "mul") return first ? b : a;
    if (op == "div") return first ? "1 / " + b : "(-" + a + " / " + b + " ^ 2)";
    if (op == "pow" && !first) return y + " * log(" + a + ")";
    if (op != "pow") return "";
    for (const std::size_t e : inputs(node.id)) {
      const Graph::Node& from = graph_.nodes[graph_.edges[e].from];
      if (graph_.edges[e].input != 1 || !from.is_number) continue;
      const double n = from.value.item<double>();
      return n == 2 ? "2 * " + a
                    : enclosed(number(n)) + " * " + a + " ^ " + enclosed(number(n - 1));
    }
    return b + " * " + a + " ^ (" + b + " - 1)";
  }
  if (all.size() != 1) return "";
  if (op == "exp") return y;
  if (op == "log") return "1 / " + all[0];
  if (op == "sqrt") return "1 / (2 * " + y + ")";
  if (op == "sigmoid") return y + " * (1 - " + y + ")";
  if (op == "tanh") return "(1 - " + y + " ^ 2)";
  return "";
}

std::string Writer::formula(const Graph::Node& node) const {
  return node.kind == Graph::Kind::Op ? node.name + " = " + call(node, false) : node.name;
}

std::string Writer::forward(const Graph::Node& node) const {
  std::string result = formula(node);
  if (!node.value.defined()) return result;
  if (!is_one(node.value)) {
    return result + ": " + std::string(name_of(node.dtype)) + " " + shape_and_brief(node.value);
  }
  const std::span<const std::size_t> edges = inputs(node.id);
  const bool known = std::all_of(edges.begin(), edges.end(), [&](std::size_t e) {
    return is_one(graph_.nodes[graph_.edges[e].from].value);
  });
  const bool all_known = known && edges.size() == node.inputs;
  if (node.kind == Graph::Kind::Op && all_known) result += " = " + call(node, true);
  return result + " = " + brief(node.value);
}

std::string Writer::derivative(const Graph::Node& node) const {
  return ratio(target_, node.name);
}

const Tensor* Writer::seed(const Graph::Node& node) const {
  if (!node.is_output) return nullptr;
  for (const Graph::Output& output : graph_.outputs) {
    if (output.node == node.id) return &output.seed;
  }
  return nullptr;
}

bool Writer::is_target(const Graph::Node& node) const {
  return node.is_output && node.name == target_;
}

std::size_t Writer::parts_of(const Graph::Node& node) const {
  std::size_t count = node.is_output ? 1 : 0;
  for (const std::size_t e : uses(node.id)) count += graph_.edges[e].contribution.defined() ? 1 : 0;
  return count;
}

Writer::Part Writer::part(const Graph::Edge& edge) const {
  const Graph::Node& from = graph_.nodes[edge.from];
  const Graph::Node& to = graph_.nodes[edge.to];
  Part result;
  const bool first = is_target(to);
  result.symbols = (first ? "" : derivative(to) + " * ") + ratio(to.name, from.name);
  if (edge.local) {
    const std::string local = local_formula(edge);
    const std::string before = first ? "" : operand(to.gradient) + " * ";
    if (!local.empty() && local != operand(*edge.local)) result.formula = before + local;
    result.numbers = before + (first ? number(*edge.local) : operand(*edge.local));
  }
  return result;
}

std::string Writer::rule(const Graph::Edge& edge) const {
  if (!edge.contribution.defined()) return "";
  const Graph::Node& from = graph_.nodes[edge.from];
  const Part found = part(edge);
  const bool only = parts_of(from) == 1;
  std::string result = only ? derivative(from) : "part of " + derivative(from);
  if (!only) {
    result += ": " + found.symbols;
  } else if (found.symbols != result) {
    result += " = " + found.symbols;
  }
  if (!found.formula.empty()) result += " = " + found.formula;
  const std::string total = shape_and_brief(edge.contribution);
  if (found.numbers.empty()) return result + ": " + total;
  return result + " = " + (found.numbers == total ? "" : found.numbers + " = ") + total;
}

std::vector<std::string> Writer::label(const Graph::Edge& edge) const {
  if (!edge.contribution.defined()) return {};
  const Graph::Node& from = graph_.nodes[edge.from];
  const Part found = part(edge);
  const std::string whole = derivative(from);
  std::vector<std::string> lines;
  if (parts_of(from) > 1 || found.symbols == whole) {
    lines = {found.symbols};
  } else if (columns(whole) + columns(found.symbols) + 3 <= kLongLabel) {
    lines = {whole + " = " + found.symbols};
  } else {
    lines = {whole, "= " + found.symbols};
  }
  if (!found.formula.empty()) lines.push_back("= " + found.formula);
  const std::string total = brief(edge.contribution);
  const bool product = !found.numbers.empty() && found.numbers != total;
  lines.push_back((found.numbers.empty() && !is_one(edge.contribution) ? "" : "= ") +
                  (product ? found.numbers + " = " : "") + total);
  return lines;
}

std::string Writer::backward(const Graph::Node& node) const {
  if (!node.gradient.defined()) return "";
  const std::string whole = derivative(node);
  if (parts_of(node) == 1 && !node.is_output) {
    for (const std::size_t e : uses(node.id)) {
      if (graph_.edges[e].contribution.defined()) return rule(graph_.edges[e]);
    }
  }
  std::vector<Part> parts;
  if (const Tensor* given = seed(node)) {
    const std::string one = is_one(*given) ? number(given->item<double>()) : "";
    parts.push_back({.symbols = one.empty() ? "the weights of " + node.name : one,
                     .formula = "",
                     .numbers = one});
  }
  for (const std::size_t e : uses(node.id)) {
    if (graph_.edges[e].contribution.defined()) parts.push_back(part(graph_.edges[e]));
  }
  std::string symbols;
  std::string numbers;
  bool known = true;
  for (std::size_t i = 0; i < std::min(parts.size(), kMostTerms); ++i) {
    symbols += (i > 0 ? " + " : "") + parts[i].symbols;
    numbers += (i > 0 ? " + " : "") + parts[i].numbers;
    known = known && !parts[i].numbers.empty();
  }
  if (parts.size() > kMostTerms) {
    symbols += " + ... (" + std::to_string(parts.size() - kMostTerms) + " more)";
    known = false;
  }
  const std::string total = shape_and_brief(node.gradient);
  if (!known || !is_one(node.gradient)) return whole + " = " + symbols + ": " + total;
  std::string result = whole;
  for (const std::string& next : {symbols, numbers, total}) {
    if (!result.ends_with(" = " + next)) result += " = " + next;
  }
  return result;
}

std::string Writer::update(const Graph::Node& node) const {
  if (!node.new_value.defined() || !graph_.update) return "";
  const std::string by = graph_.update->optimizer;
  const std::optional<double> lr = graph_.update->learning_rate;
  const std::vector<double> after = node.new_value.to_vector<double>();
  const std::vector<double> before = node.value.to_vector<double>();
  const std::vector<double> gradient =
      node.gradient.defined() ? node.gradient.to_vector<double>() : std::vector<double>();
  bool plain = lr && !gradient.empty();
  double change = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    change += (after[i] - before[i]) * (after[i] - before[i]);
    if (!plain) continue;
    const double step = *lr * gradient[i];
    const double rounding = 2.5e-7 * std::fabs(before[i]) + 1e-3 * std::fabs(step);
    plain = std::fabs(before[i] - step - after[i]) <= rounding;
  }
  plain = plain && change > 0;
  const std::string left = node.name + "_new = " + node.name;
  const std::string rule =
      plain ? left + " - lr * " + derivative(node)
            : left + " + step of " + by + (lr ? " (lr " + number(*lr) + ")" : "");
  if (after.size() != 1) return rule + ": changed by norm " + number(std::sqrt(change));
  const std::string numbers =
      plain ? operand(*lr) + " * " + operand(gradient[0]) : operand(after[0] - before[0]);
  return rule + " = " + number(before[0]) + (plain ? " - " : " + ") + numbers + " = " +
         number(after[0]);
}

}  // namespace gradus::text
