// Recurrent layers, as ONNX's own ops, and attention.
#include "framework/kernels/recurrent.h"
#include "framework/onnx/translation.h"
#include "framework/ops/comparison.h"
#include "framework/ops/selection.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace gradus::onnx {
namespace {

using kernels::RecurrentCell;

// ---- Recurrent ------------------------------------------------------------------------------

// Our op takes the share of the inputs in the gates, which a linear layer has computed; ONNX's ops
// have that layer within them. Both are one where the trace shows it.
class RecurrentRule {
 public:
  explicit RecurrentRule(Translation& t)
      : t_(t),
        cell_(static_cast<RecurrentCell>(t.integer("cell"))),
        width_(t.fixed(t.sizes(2)[2], "the size of a state")) {}

  std::string run() {
    check_readers();
    const auto [x, weight, bias] = of_inputs();
    const auto [recurrent, recurrent_bias] = of_states();
    std::string biases;
    if (!bias.empty() || !recurrent_bias.empty()) {
      biases = one_direction(t_.node(
          "Concat", {by_gate(or_zeros(bias)), by_gate(or_zeros(recurrent_bias))}, {{"axis", 0}}));
    }
    const bool is_lstm = cell_ == RecurrentCell::LSTM;
    if (is_lstm) t_.hide_sizes();
    NodeAttributes attributes = {{"hidden_size", width_}};
    if (cell_ == RecurrentCell::GRU) attributes.emplace_back("linear_before_reset", 1);
    if (cell_ == RecurrentCell::ReLU) {
      attributes.emplace_back("activations", std::vector<std::string>{"Relu"});
    }
    return t_.node(is_lstm                       ? "LSTM"
                   : cell_ == RecurrentCell::GRU ? "GRU"
                                                 : "RNN",
                   {x, one_direction(by_gate(weight)), one_direction(by_gate(recurrent)), biases,
                    "", state(0), is_lstm ? state(1) : ""},
                   attributes);
  }

 private:
  struct InputShare {
    std::string x, weight, bias;
  };

  // ONNX's LSTM gives h after each step, [T, 1, N, H], where our op gives h and c.
  void check_readers() const {
    if (cell_ != RecurrentCell::LSTM) return;
    constexpr const char* kReason = ", and ONNX's op gives but its h after each step";
    if (t_.is_output()) t_.refuse(std::string("the states h and c are the output") + kReason);
    for (const Call* each : t_.readers()) {
      const auto is = [&](const char* name, std::int64_t value) {
        const auto* size = std::get_if<Size>(&each->attributes.find(name)->second);
        return size != nullptr && *size == Size{value, 0};
      };
      if (each->op == "slice" && is("dim", 1) && is("start", 0) && is("end", 1)) continue;
      t_.refuse("the states c of an LSTM are read, by " + each->place + kReason);
    }
  }

  [[nodiscard]] std::int64_t gates() const { return kernels::gates_of(cell_) * width_; }

  InputShare of_inputs() {
    const Call* maker = t_.maker_of_input(0);
    if (maker != nullptr && maker->op == "linear") {
      return {t_.name_of(maker->inputs[0]), t_.name_of(maker->inputs[1]),
              maker->inputs.size() == 3 ? t_.name_of(maker->inputs[2]) : ""};
    }
    const Tensor identity = eq(arange(gates()).reshape({-1, 1}), arange(gates())).to(t_.dtype());
    return {t_.in(0), t_.writer().constant(identity), ""};
  }

  // The weight [G * H, H + 1] with the bias as its last column, or [G * H, H] without.
  std::pair<std::string, std::string> of_states() {
    const Sizes& sizes = t_.sizes(1);
    if (sizes[1] == Size{width_, 0}) return {t_.in(1), ""};
    const Call* maker = t_.maker_of_input(1);
    if (maker != nullptr && maker->op == "cat" && maker->inputs.size() == 2 &&
        t_.value_of(maker->inputs[0]).sizes[1] == Size{width_, 0}) {
      return {t_.name_of(maker->inputs[0]), column(maker->inputs[1])};
    }
    const std::string bias = t_.slice(t_.in(1), 1, width_, width_ + 1);
    return {t_.slice(t_.in(1), 1, 0, width_), t_.reshape(bias, {{gates(), 0}})};
  }

  // [G * H, 1] as [G * H]: what it was made of, if that was one.
  std::string column(ValueId value) {
    const Call* maker = t_.maker(value);
    const Sizes flat = {{gates(), 0}};
    if (maker != nullptr && maker->op == "reshape" && t_.value_of(maker->inputs[0]).sizes == flat) {
      return t_.name_of(maker->inputs[0]);
    }
    return t_.reshape(t_.name_of(value), flat);
  }

  std::string or_zeros(const std::string& bias) {
    return bias.empty() ? t_.writer().constant(zeros({gates()}, t_.dtype())) : bias;
  }

  // The rows of the gates in ONNX's order: i, o, f, g of our i, f, g, o; z, r, n of our r, z, n.
  std::string by_gate(const std::string& rows) {
    const std::vector<std::int64_t> order =
        cell_ == RecurrentCell::LSTM  ? std::vector<std::int64_t>{0, 3, 1, 2}
        : cell_ == RecurrentCell::GRU ? std::vector<std::int64_t>{1, 0, 2}
                                      : std::vector<std::int64_t>{0};
    if (order.size() == 1) return rows;
    std::vector<std::int64_t> places;
    for (const std::int64_t gate : order) {
      for (std::int64_t i = 0; i < width_; ++i) places.push_back(gate * width_ + i);
    }
    return t_.node("Gather", {rows, t_.writer().ints(places)}, {{"axis", 0}});
  }

  std::string one_direction(const std::string& value) {
    return t_.node("Unsqueeze", {value, t_.writer().ints({0})});
  }

  // h (0) or c (1) before the first step, [1, N, H]; left out where it is zeros.
  std::string state(std::int64_t which) {
    const Value& states = t_.value(2);
    if (states.kind == Value::Kind::Constant && states.elements.defined()) {
      const std::vector<double> all = states.elements.to_vector<double>();
      if (std::all_of(all.begin(), all.end(), [](double each) { return each == 0; })) return "";
    }
    return t_.slice(t_.in(2), 0, which, which + 1);
  }

  Translation& t_;
  RecurrentCell cell_;
  std::int64_t width_;
};

// ---- Attention ------------------------------------------------------------------------------

// 0 where query i sees key j, -inf where not.
std::string causal_mask(Translation& t, const Size& queries, const Size& keys) {
  constexpr double kLowest = -std::numeric_limits<double>::infinity();
  if (queries.is_fixed() && keys.is_fixed()) {
    const Tensor seen = ge(arange(queries.fixed).reshape({-1, 1}), arange(keys.fixed));
    return t.writer().constant(where(seen, 0.0, kLowest).to(t.dtype()));
  }
  const std::string all = t.node("Expand", {t.number(kLowest), t.writer().sizes({queries, keys})});
  const std::string above = t.writer().constant(full({}, 1, kInt64));
  return t.node("Trilu", {all, above}, {{"upper", 1}});
}

// Of q [..., L, E], k [..., S, E] and v [..., S, Ev], whose dims are `rank`.
std::string attention(Translation& t, const std::string& q, const std::string& k,
                      const std::string& v, int rank, const Size& queries, const Size& keys) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[order.size() - 2], order[order.size() - 1]);
  const std::string scaled = t.node("Mul", {q, t.number(t.real("scale"))});
  std::string scores = t.node("MatMul", {scaled, t.transpose(k, order)});
  if (t.flag("causal")) scores = t.node("Add", {scores, causal_mask(t, queries, keys)});
  return t.node("MatMul", {t.node("Softmax", {scores}, {{"axis", -1}}), v});
}

std::string fused_attention(Translation& t) {
  const auto rows = [&](std::size_t i) { return t.sizes(i)[t.sizes(i).size() - 2]; };
  return attention(t, t.in(0), t.in(1), t.in(2), t.rank(1), rows(0), rows(1));
}

// Of qkv [..., T, 3 * heads * E]: divided, and the heads before the places.
std::string self_attention(Translation& t) {
  const std::int64_t heads = t.integer("heads");
  const std::size_t rank = t.sizes(0).size();
  Sizes parts(t.sizes(0).begin(), t.sizes(0).end() - 1);
  const Size places = parts.back();
  const std::int64_t width = t.fixed(t.sizes(0).back(), "the last size") / 3 / heads;
  parts.insert(parts.end(), {{3, 0}, {heads, 0}, {width, 0}});
  // [..., T, 3, heads, E] -> [3, ..., heads, T, E]
  const auto end = static_cast<std::int64_t>(rank);
  std::vector<std::int64_t> order = {end - 1};
  for (std::int64_t d = 0; d < end - 2; ++d) order.push_back(d);
  order.insert(order.end(), {end, end - 2, end + 1});
  const std::string divided = t.transpose(t.reshape(t.in(0), parts), order);
  const auto part = [&](std::int64_t i) {
    const std::string index = t.writer().constant(full({}, i, kInt64));
    return t.node("Gather", {divided, index}, {{"axis", 0}});
  };
  const std::string q = part(0);
  const std::string k = part(1);
  const std::string v = part(2);
  const std::string y = attention(t, q, k, v, static_cast<int>(rank) + 1, places, places);
  std::vector<std::int64_t> back(rank + 1);
  std::iota(back.begin(), back.end(), 0);
  std::swap(back[rank - 2], back[rank - 1]);
  return t.reshape(t.transpose(y, back), t.result_sizes());
}

const bool kAdded = add_rules({
    {"recurrent", [](Translation& t) { return RecurrentRule(t).run(); }},
    {"fused_attention", fused_attention},
    {"self_attention", self_attention},
});

}  // namespace
}  // namespace gradus::onnx
