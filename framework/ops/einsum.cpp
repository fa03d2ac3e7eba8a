#include "framework/ops/einsum.h"
#include "framework/ops/apply.h"
#include "framework/ops/contraction.h"
#include "framework/ops/shape.h"

#include <cctype>

namespace gradus {
namespace ops {
namespace {

using Labels = std::vector<int>;

constexpr int kEllipsis = 256;  // the labels of "...", counted from its right end

// One term of an equation, e.g. "b...ij".
struct Term {
  Labels front;
  Labels back;
  bool ellipsis = false;

  explicit Term(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c == '.' && !ellipsis && text.substr(i, 3) == "...") {
        ellipsis = true;
        i += 2;
      } else if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
        (ellipsis ? back : front).push_back(c);
      } else {
        throw ValueError("'" + std::string(1, c) + "' in \"" + std::string(text) +
                         "\" is neither a letter nor part of the one \"...\"");
      }
    }
  }

  [[nodiscard]] std::size_t letters() const { return front.size() + back.size(); }
  // `further`: how many dims "..." stands for.
  [[nodiscard]] Labels labels(int further) const {
    Labels all = front;
    for (int i = ellipsis ? further : 0; i > 0; --i) all.push_back(kEllipsis + i);
    all.insert(all.end(), back.begin(), back.end());
    return all;
  }
};

struct Equation {
  std::vector<Term> inputs;
  std::optional<Term> output;

  explicit Equation(std::string_view text) {
    std::string packed;
    for (const char c : text) {
      if (c != ' ') packed += c;
    }
    std::string_view rest = packed;
    const std::size_t arrow = rest.find("->");
    if (arrow != std::string_view::npos) {
      output.emplace(rest.substr(arrow + 2));
      rest = rest.substr(0, arrow);
    }
    while (true) {
      const std::size_t comma = rest.find(',');
      inputs.emplace_back(rest.substr(0, comma));
      if (comma == std::string_view::npos) break;
      rest = rest.substr(comma + 1);
    }
  }
};

int count(const Labels& labels, int label) {
  return static_cast<int>(std::count(labels.begin(), labels.end(), label));
}

std::string text_of(int label) {
  return label > kEllipsis ? "\"...\"" : "'" + std::string(1, static_cast<char>(label)) + "'";
}

// Takes the diagonal of dims that bear one label, until none does.
Labelled diagonals(Tensor x, Labels labels) {
  for (std::size_t p = 0; p < labels.size(); ++p) {
    while (count(labels, labels[p]) > 1) {
      const auto second =
          std::find(labels.begin() + static_cast<std::ptrdiff_t>(p) + 1, labels.end(), labels[p]);
      const int first_dim = static_cast<int>(p);
      const int second_dim = static_cast<int>(second - labels.begin());
      const std::int64_t size = x.size(first_dim);
      if (x.size(second_dim) != size) {
        throw ShapeError(text_of(labels[p]) + " is repeated over dims of sizes " +
                         std::to_string(size) + " and " + std::to_string(x.size(second_dim)));
      }
      // The two dims as one of size * size: the diagonal is every (size + 1)th element of it.
      Shape order;
      Shape flat;
      for (int d = 0; d < x.dim(); ++d) {
        if (d == first_dim || d == second_dim) continue;
        order.push_back(d);
        flat.push_back(x.size(d));
      }
      order.push_back(first_dim);
      order.push_back(second_dim);
      flat.push_back(size * size);
      x = slice(reshape(permute(x, order), flat), -1, 0, kEnd, size + 1);
      const int label = labels[p];
      labels.erase(second);
      labels.erase(labels.begin() + static_cast<std::ptrdiff_t>(p));
      labels.push_back(label);
      p = 0;
    }
  }
  return {x, labels};
}

std::vector<Labelled> labelled(const Equation& equation, std::span<const Tensor> operands,
                               int& further) {
  if (equation.inputs.size() != operands.size()) {
    throw ValueError("the equation has " + std::to_string(equation.inputs.size()) +
                     " operands, got " + std::to_string(operands.size()));
  }
  std::vector<Labelled> result;
  std::map<int, std::int64_t> sizes;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const Term& term = equation.inputs[i];
    const Tensor& x = operands[i];
    const int own = x.dim() - static_cast<int>(term.letters());
    if (own < 0 || (own > 0 && !term.ellipsis)) {
      throw ShapeError("operand " + std::to_string(i) + " of shape " + to_string(x.sizes()) +
                       " has " + std::to_string(x.dim()) + " dims, the equation gives it " +
                       std::to_string(term.letters()));
    }
    further = std::max(further, own);
    result.push_back(diagonals(x, term.labels(own)));
    for (std::size_t d = 0; d < result.back().labels.size(); ++d) {
      const int label = result.back().labels[d];
      std::int64_t& size = sizes.try_emplace(label, 1).first->second;
      const std::int64_t here = result.back().values.size(static_cast<int>(d));
      if (size != 1 && here != 1 && here != size) {
        throw ShapeError(text_of(label) + " has size " + std::to_string(here) + " in operand " +
                         std::to_string(i) + ", and " + std::to_string(size) + " before");
      }
      if (size == 1) size = here;
    }
  }
  return result;
}

Labels output_labels(const Equation& equation, int further) {
  Labels given;
  for (const Term& term : equation.inputs) {
    const Labels labels = term.labels(further);
    given.insert(given.end(), labels.begin(), labels.end());
  }
  Labels result;
  if (equation.output) {
    result = equation.output->labels(further);
    for (const int label : result) {
      if (count(given, label) == 0) {
        throw ValueError(text_of(label) + " of the output is in no operand");
      }
      if (count(result, label) > 1) {
        throw ValueError(text_of(label) + " is in the output more than once");
      }
    }
    return result;
  }
  for (int i = further; i > 0; --i) result.push_back(kEllipsis + i);
  for (int label = 'A'; label <= 'z'; ++label) {
    if (count(given, label) == 1) result.push_back(label);
  }
  return result;
}

Tensor einsum_of(std::string_view text, std::span<const Tensor> operands) {
  const Equation equation(text);
  int further = 0;
  const std::vector<Labelled> inputs = labelled(equation, operands, further);
  const Labels output = output_labels(equation, further);
  Labelled product = inputs[0];
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    Labels kept = output;
    for (std::size_t later = i + 1; later < inputs.size(); ++later) {
      const Labels& labels = inputs[later].labels;
      kept.insert(kept.end(), labels.begin(), labels.end());
    }
    product = contract(product, inputs[i], kept);
  }
  return arranged(product, output);
}

struct Einsum {
  static constexpr OpInfo kInfo{.name = "einsum",
                                .doc = "The sum of products that an equation of letters tells.",
                                .inputs = kAnyNumber};
  static Samples samples() {
    const auto by = [](const char* equation) {
      return [=](Inputs in) { return einsum(equation, in); };
    };
    const auto two = [](const Shape& a, const Shape& b) {
      return std::vector{sample(a), sample(b)};
    };
    return {.good = {{two({3, 4}, {4, 2}), by("ik,kj->ij")},
                     {two({2, 3, 4}, {2, 4, 2}), by("bik, bkj")},
                     {{sample({3, 3})}, by("ii")},
                     {{sample({2, 3, 3})}, by("...ii->i...")},
                     {two({3}, {2}), by("i,j")},
                     {two({2, 3, 1}, {4, 3, 2}), by("abc,dbc->da")},
                     {{sample({2, 3}), sample({3, 4}), sample({4, 2})}, by("ab,bc,cd->ad")},
                     {two({2, 0}, {0, 3}), by("ik,kj->ij")}},
            .bad = {{two({3, 4}, {3, 2}), by("ik,kj->ij"), "'k' has size 3 in operand 1, and 4"},
                    {two({3, 4}, {4, 2}), by("ik->i"), "has 1 operands, got 2"},
                    {{sample({3, 4})}, by("i->i"), "has 2 dims, the equation gives it 1"},
                    {{sample({3, 4})}, by("ij->ik"), "'k' of the output is in no operand"},
                    {{sample({3, 4})}, by("ij->ii"), "'i' is in the output more than once"},
                    {{sample({3, 4})}, by("ii"), "'i' is repeated over dims of sizes 3 and 4"},
                    {{sample({3, 4})}, by("i2"), "'2' in \"i2\" is neither a letter"},
                    {{sample({3, 4})}, by("...i..."), "neither a letter nor part of the one"}}};
  }
};

struct Tensordot {
  static constexpr OpInfo kInfo{.name = "tensordot",
                                .doc = "The sum of products over pairs of dims of two tensors.",
                                .inputs = 2};
  static Samples samples() {
    const auto over = [](int dims) {
      return [=](Inputs in) { return tensordot(in[0], in[1], dims); };
    };
    const auto pairs = [](const Shape& a, const Shape& b) {
      return [=](Inputs in) { return tensordot(in[0], in[1], a, b); };
    };
    return {.good = {{{sample({2, 3, 4}), sample({3, 4, 2})}, over(2)},
                     {{sample({2}), sample({3})}, over(0)},
                     {{sample({2, 3, 4}), sample({4, 5, 2})}, pairs({0, -1}, {2, 0})}},
            .bad = {{{sample({2, 3}), sample({2, 3})}, over(1), "sizes 3 and 2"},
                    {{sample({2, 3}), sample({3})}, over(2), "dims must be"},
                    {{sample({2, 3}), sample({3})}, pairs({0, 1}, {0}), "as many dims"},
                    {{sample({3, 3}), sample({3, 3})}, pairs({0, 0}, {0, 1}), "given twice"}}};
  }
};

Tensor tensordot_of(const Tensor& a, const Tensor& b, const Shape& dims_a, const Shape& dims_b) {
  if (dims_a.size() != dims_b.size()) {
    throw ValueError("needs as many dims of one tensor as of the other, got " + to_string(dims_a) +
                     " and " + to_string(dims_b));
  }
  Labelled left{a, {}};
  Labelled right{b, {}};
  for (int d = 0; d < a.dim(); ++d) left.labels.push_back(d);
  for (int d = 0; d < b.dim(); ++d) right.labels.push_back(kMaxDims + d);
  for (int i = 0; i < dims_a.size(); ++i) {
    const int of_a = normalize_dim(static_cast<int>(dims_a[i]), a.dim());
    const int of_b = normalize_dim(static_cast<int>(dims_b[i]), b.dim());
    if (a.size(of_a) != b.size(of_b)) {
      throw ShapeError("dims " + std::to_string(of_a) + " and " + std::to_string(of_b) +
                       " have sizes " + std::to_string(a.size(of_a)) + " and " +
                       std::to_string(b.size(of_b)));
    }
    int& label = right.labels[static_cast<std::size_t>(of_b)];
    if (label < kMaxDims || count(right.labels, of_a) > 0) throw ValueError("a dim is given twice");
    label = of_a;
  }
  Labels kept;
  for (const int label : left.labels) {
    if (count(right.labels, label) == 0) kept.push_back(label);
  }
  for (const int label : right.labels) {
    if (label >= kMaxDims) kept.push_back(label);
  }
  return arranged(contract(left, right, kept), kept);
}

const RegisterOps<Einsum, Tensordot> kRegistered;

}  // namespace
}  // namespace ops

Tensor einsum(std::string_view equation, std::span<const Tensor> operands, Location at) {
  return ops::compose("einsum", at, [&] { return ops::einsum_of(equation, operands); });
}

Tensor einsum(std::string_view equation, std::initializer_list<Tensor> operands, Location at) {
  return einsum(equation, std::span(operands.begin(), operands.size()), at);
}

Tensor tensordot(const Tensor& a, const Tensor& b, int dims, Location at) {
  return ops::compose("tensordot", at, [&] {
    if (dims < 0 || dims > std::min(a.dim(), b.dim())) {
      throw ValueError("dims must be between 0 and the number of dims of both tensors, got " +
                       std::to_string(dims));
    }
    Shape dims_a;
    Shape dims_b;
    for (int d = 0; d < dims; ++d) {
      dims_a.push_back(a.dim() - dims + d);
      dims_b.push_back(d);
    }
    return ops::tensordot_of(a, b, dims_a, dims_b);
  });
}

Tensor tensordot(const Tensor& a, const Tensor& b, const Shape& dims_a, const Shape& dims_b,
                 Location at) {
  return ops::compose("tensordot", at, [&] { return ops::tensordot_of(a, b, dims_a, dims_b); });
}

}  // namespace gradus
