// Random expression graphs: first and second derivatives against finite differences, and against a
// serial traversal bit for bit; with any number of threads, in place and with recomputation.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <map>
#include <random>
#include <sstream>

namespace gradus {
namespace {

using autograd::Node;
using autograd::node_of;
using indexing::None;
using indexing::Slice;
using Tensors = std::vector<Tensor>;

/// The same numbers on every platform.
struct Random {
  std::mt19937_64 bits;
  std::size_t below(std::size_t end) { return bits() % end; }
  Tensor uniform(const Shape& sizes, DType dtype) {  // in [-1, 1)
    std::vector<double> values(static_cast<std::size_t>(sizes.numel()));
    for (double& each : values) each = static_cast<double>(bits() >> 11U) * 0x1p-52 - 1;
    return tensor(values).reshape(sizes).to(dtype);
  }
};

/// What an op of the pool reads.
struct Args {
  Tensor a, b;  // broadcast to [rows, columns]; absolute values up to about 1.5
  Tensor p, q;  // they, broadcast
  std::int64_t rows, columns;
  int dim;      // 0 or 1
  bool writes;  // in place, where there is such a form

  [[nodiscard]] std::int64_t size() const { return p.size(dim); }
  [[nodiscard]] Tensor places() const { return floor_divide(arange(size()) * 3, 2) % size(); }
  [[nodiscard]] Tensor mask() const { return (arange(columns) * 7 + rows) % 3 != dim; }
  [[nodiscard]] Tensor added() const { return writes ? p.clone().add_(b) : p.clone() + b; }
  [[nodiscard]] Tensor product() const { return writes ? p.clone().mul_(b) : p.clone() * b; }
  [[nodiscard]] Tensor ratio() const {
    const Tensor divisor = sqrt(1 + square(b));
    return writes ? p.clone().div_(divisor) : p.clone() / divisor;
  }
  [[nodiscard]] Tensor convolved() const {
    const Tensor image = pad(p.reshape({1, 1, rows, columns}), {1, 1, 1, 0}, PadMode::Circular);
    return squeeze(conv2d(image, q.slice(0, 0, 2).slice(1, 0, 3).reshape({1, 1, 2, 3})), {0, 1});
  }
};

template <class F>
Tensors map(const Tensors& in, F f) {
  Tensors result;
  for (const Tensor& each : in) result.push_back(f(each));
  return result;
}

struct PoolOp {
  const char* text;
  Tensor (*run)(const Args& x);
};
#define OP(...)                                                       \
  {                                                                   \
#__VA_ARGS__, [](const Args& x) -> Tensor { return __VA_ARGS__; } \
  }

// Smooth, and about as small as what they read.
const PoolOp kPool[] = {
    OP(tanh(x.a + x.b)),
    OP((x.a - x.b) * 0.6),
    OP(tanh(mul(x.a, x.b))),
    OP(x.a / (1.5 + square(x.b))),
    OP(x.added() * 0.6),
    OP(tanh(x.product())),
    OP(x.ratio()),
    OP(hypot(x.a, 1 + square(x.b)) * 0.4),
    OP(pow(1.5 + square(x.a), sin(x.b)) * 0.4),
    OP(atan2(x.a, 1.5 + square(x.b))),
    OP(lerp(x.a, x.b, sigmoid(x.a))),
    OP(tanh(addcmul(x.a, x.a, x.b, 0.7))),
    OP(tanh(x.a) * sigmoid(x.b)),
    OP(exp(tanh(x.a)) * rsqrt(1.5 + square(x.b)) * 0.6),
    OP(log1p(square(x.a)) - log(1.5 + square(x.b))),
    OP(sqrt(1 + square(x.a)) * erf(x.b) * 0.7),
    OP(cos(x.a * 2) * atan(x.b)),
    OP(softplus(x.a) * sin(x.b) * 0.6),
    OP((gelu(x.a) - gelu(x.b, "tanh")) * 0.6),
    OP(tanh(silu(x.a) - mish(x.b))),
    OP(expm1(sin(x.a)) * 0.6),
    OP(mean(mul(x.p, x.b))),
    OP(mean(x.p, {x.dim}, true)),
    OP(tanh(sum(x.p, {x.dim}, true) / x.size())),
    OP(var(x.p, {x.dim}, 0, true)),
    OP(prod(cos(x.p * 0.3), {x.dim}, true)),
    OP(tanh(logsumexp(x.p, {x.dim}, true) * 0.3)),
    OP(tanh(cumsum(x.p, x.dim))),
    OP(cumprod(tanh(x.p), x.dim)),
    OP(softmax(x.p, x.dim)),
    OP(tanh(log_softmax(x.p, x.dim) * 0.3)),
    OP(tanh(layer_norm(x.p, {x.columns}, select(x.q, 0, 0), {}, 0.5))),
    OP(tanh(rms_norm(x.p, {x.columns}, select(x.q, 0, 1), 0.5))),
    OP(tanh(matmul(matmul(x.p, x.q.t()), x.p) / x.rows)),
    OP(tanh(matmul(linear(x.p, x.q) / x.columns, x.q))),
    OP(tanh(einsum("ij,kj,kl->il", {x.p, x.q, x.p}) * 0.1)),
    OP(scaled_dot_product_attention(x.p, x.q, x.p)),
    OP(tanh(x.convolved())),
    OP(x.p.reshape({x.columns, x.rows}).t()),
    OP(reshape(permute(unsqueeze(x.p, 0), {2, 0, 1}), {x.rows, x.columns})),
    OP(cat({slice(x.p, x.dim, 1), slice(x.q, x.dim, 0, 1)}, x.dim)),
    OP(mean(stack({x.p, x.q}, x.dim), {x.dim})),
    OP(roll(flip(x.p, {x.dim}), {1}, {1 - x.dim})),
    OP(cat({index(x.p, {Slice(1)}), index(x.q, {Slice(None, 1), Slice(None, None, 1)})})),
    OP(x.dim == 0 ? index(x.p, {x.places()}) : index(x.p, {Slice(), x.places()})),
    OP(tanh(index_add(x.p, x.dim, x.places(), x.q))),
    OP(unsqueeze(select(x.p, x.dim, -1), x.dim)),
    OP(slice_scatter(x.p, slice(x.q, 1, 1, kEnd, 2), 1, 1, kEnd, 2)),
    OP(tril(x.p) + triu(x.q, 1)),
    OP(where(x.mask(), x.a, x.b)),
    OP(masked_fill(x.p, x.mask(), mean(x.b))),
};
#undef OP

enum class Form { Plain, InPlace, Checkpointed };

/// A function of some leaves to one number, made of random ops. Each leaf takes part.
class Expression {
 public:
  Expression(std::uint64_t seed, const Shape& sizes, DType dtype, std::size_t min_ops)
      : random_{std::mt19937_64(seed)} {
    std::ostringstream text;
    text << "seed " << seed;
    const Shape shapes[] = {sizes, {}, {sizes[1]}, {sizes[0], 1}, {1, sizes[1]}};
    const std::size_t leaves = 2 + random_.below(3);
    for (std::size_t i = 0; i < leaves; ++i) {
      starts_.push_back(random_.uniform(shapes[i == 0 ? 0 : random_.below(5)], dtype));
      text << ", v" << i << " " << to_string(starts_[i].sizes());
    }
    const auto operand = [&](std::size_t values) {  // any, or one of the latest
      return values - 1 - random_.below(random_.below(2) == 0 ? values : 2);
    };
    weights_.resize(leaves + min_ops + random_.below(3 * min_ops + 1));
    std::vector<bool> read(weights_.size());
    for (std::size_t i = leaves; i < weights_.size(); ++i) {
      const PoolOp& op = kPool[random_.below(std::size(kPool))];
      const std::size_t a = operand(i);
      const Step& step = steps_.emplace_back(Step{&op, a, operand(i), random_.below(2) == 0});
      read[a] = true;  // not every op reads b
      text << "\n  v" << i << ": a = v" << a << ", b = v" << step.b << ", dim = " << step.dim
           << ": " << op.text;
    }
    for (std::size_t i = 0; i < read.size(); ++i) {
      if (!read[i]) weights_[i] = random_.uniform(sizes, dtype);
    }
    inner_begin_ = leaves + random_.below(steps_.size());
    inner_end_ = inner_begin_ + 1 + random_.below(weights_.size() - inner_begin_);
    text << "\n  checkpoint: v" << inner_begin_ << " up to v" << inner_end_ - 1;
    text_ = text.str();
  }

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] Tensors leaves() const {
    return map(starts_, [](const Tensor& x) { return x.clone().requires_grad_(); });
  }
  /// Random tensors of the leaves' shapes.
  Tensors directions() {
    return map(starts_, [&](const Tensor& x) { return random_.uniform(x.sizes(), x.dtype()); });
  }
  Tensor operator()(std::span<const Tensor> leaves) const { return values(leaves).back(); }
  /// The leaves, all results, and a weighted sum of the sines of those that no op reads as `a`.
  [[nodiscard]] Tensors values(std::span<const Tensor> leaves, Form form = Form::Plain) const {
    Tensors all(leaves.begin(), leaves.end());
    if (form == Form::Checkpointed) {
      all = run(std::move(all), inner_begin_, false);
      const std::size_t at = steps_[inner_begin_ - starts_.size()].a;
      const auto inner = [this, all, at](const Tensor& x) {
        Tensors values = all;
        values[at] = x;
        return run(std::move(values), inner_end_, false);
      };
      all = checkpoint(inner, all[at]);
    }
    all = run(std::move(all), weights_.size(), form == Form::InPlace);
    Tensor total;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      if (!weights_[i].defined()) continue;
      const Tensor part = sum(sin(all[i]) * weights_[i]);
      total = total.defined() ? total + part : part;
    }
    all.push_back(total);
    return all;
  }

 private:
  struct Step {
    const PoolOp* op;
    std::size_t a, b;
    int dim;
  };
  [[nodiscard]] Tensors run(Tensors values, std::size_t end, bool writes) const {
    const Shape& sizes = starts_[0].sizes();
    while (values.size() < end) {
      const Step& step = steps_[values.size() - starts_.size()];
      const Tensor a = values[step.a];
      const Tensor b = values[step.b];
      const Args args = {
          a,        b,     broadcast_to(a, sizes), broadcast_to(b, sizes), sizes[0], sizes[1],
          step.dim, writes};
      values.push_back(step.op->run(args));
    }
    return values;
  }

  Random random_;
  std::string text_;
  Tensors starts_;
  std::vector<Step> steps_;
  Tensors weights_;  // by value; undefined for those that are read as `a`
  std::size_t inner_begin_ = 0;
  std::size_t inner_end_ = 0;
};

/// The gradients of `inputs`, node by node on this thread. The gradient of a node is the sum over
/// its uses: as an output first, then by its consumers in the order of a depth-first walk.
Tensors serial_grad(const Tensors& outputs, const Tensors& seeds, const Tensors& inputs,
                    bool create_graph = false) {
  const GradModeGuard mode(create_graph);
  std::map<Node*, std::int64_t> number;
  std::map<Node*, std::size_t> waits;
  std::map<Node*, std::map<std::pair<std::int64_t, std::size_t>, Tensor>> uses;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    uses[node_of(outputs[k])][{-1, k}] = seeds[k];
    for (std::vector<Node*> stack = {node_of(outputs[k])}; !stack.empty();) {
      Node* node = stack.back();
      stack.pop_back();
      if (!number.emplace(node, number.size()).second) continue;
      for (std::size_t i = node->inputs().size(); i-- > 0;) {
        if (!node->inputs()[i]) continue;
        stack.push_back(node->inputs()[i].get());
        ++waits[stack.back()];
      }
    }
  }
  std::deque<Node*> ready;
  for (const auto& [node, place] : number) {
    if (waits[node] == 0) ready.push_back(node);
  }
  std::map<Node*, Tensor> totals;
  for (; !ready.empty(); ready.pop_front()) {
    Node* node = ready.front();
    Tensor& total = totals[node];
    for (const auto& [use, part] : uses[node]) total = total.defined() ? total + part : part;
    autograd::Needs needs(node->inputs().size());
    for (std::size_t i = 0; i < needs.size(); ++i) needs[i] = static_cast<bool>(node->inputs()[i]);
    const auto parts = total.defined() ? node->backward(total, needs) : autograd::Gradients();
    for (std::size_t i = 0; i < needs.size(); ++i) {
      if (!needs[i]) continue;
      Node* input = node->inputs()[i].get();
      if (i < parts.size() && parts[i].defined()) uses[input][{number[node], i}] = parts[i];
      if (--waits[input] == 0) ready.push_back(input);
    }
  }
  return map(inputs, [&](const Tensor& x) {
    const Tensor& total = totals[node_of(x)];
    return total.defined() ? total : zeros_like(x);
  });
}

void expect_same_bits(const Tensors& a, const Tensors& b, const char* what) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Tensor x = a[i].detach().contiguous();
    const Tensor y = b[i].detach().contiguous();
    ASSERT_EQ(x.sizes(), y.sizes()) << what << " " << i;
    ASSERT_TRUE(isfinite(x).sum().item<int>() == x.numel()) << what << " " << i;
    EXPECT_EQ(std::memcmp(x.raw().data, y.raw().data, x.nbytes()), 0)
        << what << " " << i << " differ by up to " << abs(x - y).max().item<double>();
  }
}

Tensor dot(const Tensors& a, const Tensors& b) {
  Tensor total = sum(a[0] * b[0]);
  for (std::size_t i = 1; i < a.size(); ++i) total = total + sum(a[i] * b[i]);
  return total;
}

/// The gradient, and its derivative along v.
struct Derivatives {
  Tensors leaves;
  Tensor y;
  Tensors first;
  Tensor slope;  // v times the gradient, in the graph
  Tensors second;
};
Derivatives derivatives(const Expression& f, const Tensors& v, Form form = Form::Plain) {
  Derivatives d;
  d.leaves = f.leaves();
  d.y = f.values(d.leaves, form).back();
  d.first = grad(Tensors{d.y}, d.leaves, {}, {.create_graph = true});
  d.slope = dot(d.first, v);
  d.second = grad(Tensors{d.slope}, d.leaves, {}, {.retain_graph = true});
  return d;
}

/// The derivative of f(leaves + t v) at t = 0, by differences of the fourth order.
template <class F>
Tensors difference(const Tensors& leaves, const Tensors& v, F f) {
  constexpr double kStep = 3e-4;
  Tensors result;
  for (const auto& [t, weight] : {std::pair(-2, 1.0), {-1, -8.0}, {1, 8.0}, {2, -1.0}}) {
    Tensors at;
    for (std::size_t i = 0; i < v.size(); ++i) {
      at.push_back((leaves[i].detach() + v[i] * (t * kStep)).requires_grad_());
    }
    const Tensors values = f(at);
    result.resize(values.size(), tensor(0.0, kFloat64));
    for (std::size_t i = 0; i < values.size(); ++i) {
      result[i] = result[i] + values[i].detach() * (weight / (12 * kStep));
    }
  }
  return result;
}

/// Runs body(expression) for many expressions, up to the first that fails, which it shows.
template <class Body>
void for_each_expression(std::uint64_t count, const Shape& sizes, DType dtype, Body body) {
  for (std::uint64_t seed = 0; seed < count && !testing::Test::HasFailure(); ++seed) {
    Expression f(seed, sizes, dtype, dtype == kFloat64 ? 10 : 3);
    try {
      body(f);
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    if (testing::Test::HasFailure()) ADD_FAILURE() << f.text();
  }
}

TEST(PropertyTest, GradientsAreTheSlopesOfTheFunction) {
  for_each_expression(60, {2, 3}, kFloat64, [](Expression& f) {
    const Tensors x = f.leaves();
    const Tensors g = grad(Tensors{f(x)}, x);
    const Tensors random = f.directions();
    for (std::size_t i = 0; i < x.size(); ++i) {  // along each leaf on its own
      Tensors v = map(x, [](const Tensor& each) { return zeros_like(each); });
      v[i] = random[i];
      const Tensor slope = difference(x, v, [&](const Tensors& at) { return Tensors{f(at)}; })[0];
      const double expected = slope.item<double>();
      const double scale = sum(abs(g[i] * v[i])).item<double>();
      EXPECT_NEAR(dot(g, v).item<double>(), expected, 1e-6 * scale + 1e-11) << "leaf " << i;
      const Tensor moved = jvp(std::cref(f), x, v).second;
      EXPECT_NEAR(moved.item<double>(), dot(g, v).item<double>(), 1e-13 * scale) << "leaf " << i;
    }
  });
}

TEST(PropertyTest, SecondDerivativesAreTheSlopesOfTheGradients) {
  for_each_expression(60, {2, 3}, kFloat64, [](Expression& f) {
    const Tensors v = f.directions();
    const Derivatives d = derivatives(f, v);
    const Tensors expected =
        difference(d.leaves, v, [&](const Tensors& at) { return grad(Tensors{f(at)}, at); });
    const Tensors product = hvp(std::cref(f), d.leaves, v).second;
    for (std::size_t i = 0; i < v.size(); ++i) {
      const double scale = abs(d.second[i]).max().item<double>();
      const double noise = 1e-10 * abs(d.first[i]).max().item<double>() + 1e-13;
      EXPECT_LE(abs(d.second[i] - expected[i]).max().item<double>(), 1e-5 * scale + noise)
          << "leaf " << i << ": " << d.second[i] << ", differences give " << expected[i];
      EXPECT_TRUE(equal(d.second[i], product[i])) << "leaf " << i;
    }
  });
}

TEST(PropertyTest, TheEngineHasTheBitsOfASerialTraversal) {
  for_each_expression(60, {2, 3}, kFloat64, [](Expression& f) {
    const Derivatives d = derivatives(f, f.directions());
    const Tensor one = ones({}, kFloat64);
    expect_same_bits(d.second, serial_grad({d.slope}, {one}, d.leaves), "second derivatives");
    const Tensors values = f.values(d.leaves);
    const Tensor& y = values.back();
    const Tensors expected = serial_grad({y}, {one}, d.leaves);
    expect_same_bits(d.first, serial_grad({d.y}, {one}, d.leaves, true), "with create_graph");
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const Tensors alone = grad({y}, {d.leaves[i]}, {}, {.retain_graph = true});
      expect_same_bits(alone, {expected[i]}, "the gradient on its own");
    }
    const Tensor& inner = values[values.size() / 2];  // an output that another one reads
    const Tensors outputs = {y, inner, y, inner};
    const Tensors seeds = {one / 3, sin(inner.detach()), one / 7, cos(inner.detach())};
    expect_same_bits(grad(outputs, d.leaves, seeds, {.retain_graph = true}),
                     serial_grad(outputs, seeds, d.leaves), "gradients of several outputs");
    y.backward();
    const Tensors kept = map(d.leaves, [](const Tensor& x) { return x.grad(); });
    expect_same_bits(kept, expected, "backward()");
  });
}

TEST(PropertyTest, InPlaceAndCheckpointedFormsHaveTheSameBits) {
  for_each_expression(60, {2, 3}, kFloat64, [](Expression& f) {
    const Tensors v = f.directions();
    const Derivatives plain = derivatives(f, v);
    for (const Form form : {Form::InPlace, Form::Checkpointed}) {
      const char* name = form == Form::InPlace ? "in place" : "checkpointed";
      const Derivatives other = derivatives(f, v, form);
      expect_same_bits(other.first, plain.first, name);
      expect_same_bits(other.second, plain.second, name);
    }
  });
}

// Tensors large enough for tasks of their own.
TEST(PropertyTest, ThreadsDoNotChangeTheBits) {
  const int before = num_threads();
  for_each_expression(12, {182, 181}, kFloat32, [](Expression& f) {
    const Tensors v = f.directions();
    set_num_threads(1);
    const Derivatives one = derivatives(f, v);
    expect_same_bits(one.second, serial_grad({one.slope}, {ones({})}, one.leaves), "serial");
    for (const int threads : {2, 4}) {
      set_num_threads(threads);
      const Derivatives many = derivatives(f, v);
      expect_same_bits(many.first, one.first, "gradients");
      expect_same_bits(many.second, one.second, "second derivatives");
    }
  });
  set_num_threads(before);
}

}  // namespace
}  // namespace gradus
